package convo_test

import (
	"reflect"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

func TestEraseLeavesNothingOfWhatWasSaid(t *testing.T) {
	t.Parallel()
	said := "said"
	fields := convo.MessageFields{Type: convo.Bot, Name: &said, Description: &said, Meta: convo.JSON(`{"a":1}`)}
	for _, c := range []struct{ body, want convo.Body }{
		{
			convo.MessageGiven{ID: "m", Place: 5, Fields: fields, Text: said},
			convo.MessageGiven{ID: "m", Place: 5, Fields: convo.MessageFields{Type: convo.Bot}},
		},
		{convo.Delta{Message: "m", Type: convo.Bot, Text: said}, convo.Delta{Message: "m", Type: convo.Bot}},
		{
			convo.MessageEnded{ID: "m", Place: 5, Type: convo.Bot, Text: said, Meta: fields.Meta, Incomplete: true},
			convo.MessageEnded{ID: "m", Place: 5, Type: convo.Bot, Incomplete: true},
		},
		{
			convo.MessageChanged{ID: "m", Fields: fields, Text: &said},
			convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.Bot}, Text: new(string)},
		},
		{
			convo.MessageChanged{ID: "m", Fields: fields},
			convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.Bot}},
		},
	} {
		got, ok := convo.Erase(c.body, "m")
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v became %+v (%v), want %+v", c.body, got, ok, c.want)
		}
		if got, ok := convo.Erase(c.body, "other"); ok || !reflect.DeepEqual(got, c.body) {
			t.Errorf("another message's %+v became %+v (%v)", c.body, got, ok)
		}
	}
	if said != "said" {
		t.Error("what the body pointed to was changed")
	}
	for _, b := range []convo.Body{convo.MessageStarted{ID: "m"}, convo.MessageDeleted{ID: "m"}, convo.TurnEnded{}} {
		if _, ok := convo.Erase(b, "m"); ok {
			t.Errorf("%T is erased", b)
		}
	}
}
