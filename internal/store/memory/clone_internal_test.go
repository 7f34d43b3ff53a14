package memory

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Whoever adds a member to an event sees that its copy shares nothing with it.
func TestACopyOfAnEventSharesNothingWithIt(t *testing.T) {
	t.Parallel()
	for _, body := range []convo.Body{
		convo.ConversationCreated{}, convo.ConversationChanged{}, convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{}, convo.TurnWaiting{},
		convo.TurnResumed{}, convo.TurnEnded{}, convo.MessageGiven{}, convo.MessageStarted{}, convo.Delta{}, convo.MessageEnded{}, convo.MessageChanged{},
		convo.MessageDeleted{}, convo.ModelAsked{}, convo.ModelAnswered{}, convo.Rated{}, convo.Restarted{}, convo.ToolRequested{}, convo.ToolStarted{},
		convo.ToolEnded{}, convo.ToolAnswered{}, convo.ToolOffered{}, convo.PartStarted{}, convo.PartEnded{}, convo.Cited{}, convo.InterruptStarted{},
		convo.InterruptEnded{}, convo.PassedOn{},
	} {
		filled := reflect.New(reflect.TypeOf(body)).Elem()
		fill(filled)
		copied := reflect.ValueOf(cloneBody(filled.Interface().(convo.Body)))
		if !reflect.DeepEqual(filled.Interface(), copied.Interface()) {
			t.Errorf("%T is copied as another", body)
		}
		shared(t, filled.Type().Name(), filled, copied)
	}
}

// fill puts something behind each pointer and into each list.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[time.Time]() {
				fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(fmt.Sprint(v.Type()))
	default:
	}
}

func shared(t *testing.T, path string, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Pointer:
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
		}
		shared(t, path, a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
		}
		shared(t, path, a.Index(0), b.Index(0))
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type() != reflect.TypeFor[time.Time]() {
				shared(t, path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		}
	default:
	}
}
