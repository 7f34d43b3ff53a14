package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// bodies are all kinds of events.
var bodies = []convo.Body{
	convo.ConversationCreated{}, convo.ConversationChanged{}, convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{}, convo.TurnWaiting{},
	convo.TurnResumed{}, convo.TurnEnded{}, convo.MessageGiven{}, convo.MessageStarted{}, convo.Delta{}, convo.MessageEnded{}, convo.MessageChanged{},
	convo.MessageDeleted{}, convo.ModelAsked{}, convo.ModelAnswered{}, convo.Rated{}, convo.Restarted{}, convo.ToolRequested{}, convo.ToolStarted{},
	convo.ToolEnded{}, convo.ToolAnswered{}, convo.ToolOffered{}, convo.PartStarted{}, convo.PartEnded{}, convo.Cited{}, convo.InterruptStarted{},
	convo.InterruptEnded{}, convo.PassedOn{},
}

// noTexts are the members of events that say nothing of a person: ids, names of kinds
// and of models, and configuration, which is stored as it is given and masked on its
// way to the model.
var noTexts = []string{
	"*.ID", "*Started.Message", "*Ended.Message", "Delta.Message", "Rated.Message", "Cited.Message", "ToolAnswered.Message", "ToolOffered.Message", "ToolRequested.Message", "*.Left[0].Message", "*.Part", "*.Alias", "*.Call", "*.Front", "*.Type", "*.Types", "*.Kind", "*.Code", "TurnEnded.Reason", "*.Outcome", "*.Runs",
	"*.Channel", "*.To", "*.Interrupt", "*.Model", "*.Force", "*.Zone", "*.Relabelled", "*.Tenant", "*.File", "*.MediaType", "*.PageNumber", "*.Signature",
	"*.Asked.Asks", "*.Asked.Input", "*.Asked.Output", // schemas
	"*.BotID", "*.ContactID", "*.TaskID", "*.SpaceID", "Conversation*.Fields.Meta", "*.Backstory", "*.DatasetID", "*.SkillsetID",
	"*.Owner", "*.TraceID", "*.JobKey", "*.LocalJob", "*.JobStart", "ToolRequested.Name", "ToolStarted.Name", "ToolEnded.Name", "ToolAnswered.Name", "TurnWaiting.Left[0].Name",
}

// Whoever adds a member to an event says whether it is masked.
func TestEachTextOfAnEventIsMaskedOrSaidToBeNone(t *testing.T) {
	t.Parallel()
	seen := map[convo.EventKind]bool{}
	for _, body := range bodies {
		seen[body.Kind()] = true
		filled := reflect.New(reflect.TypeOf(body)).Elem()
		var texts []string
		fill(filled, filled.Type().Name(), &texts)
		given, ok := filled.Interface().(convo.Body)
		if !ok {
			t.Fatal(filled.Type())
		}
		m := &marker{}
		rewrite(given, m)
		for _, path := range texts {
			if visited, none := m.seen[path], isNone(path); visited == none && !ofModel(path) {
				t.Errorf("%s: masked %v, said to be no text %v", path, visited, none)
			}
		}
		if !masked(given) && len(m.seen) > 0 && given.Kind() != convo.KindDelta {
			t.Errorf("%T has texts, and is not looked at", body)
		}
	}
	for kind := range convo.EventKind(31) {
		if kind > 0 && kind != 19 && !seen[kind] { // which is free
			t.Errorf("no event of the kind %d is looked at", kind)
		}
	}
}

// ofModel tells what a model says, which is masked before it is written.
func ofModel(path string) bool { return path == "MessageEnded.Text" }

func isNone(path string) bool {
	return slices.ContainsFunc(noTexts, func(p string) bool {
		begin, end, any := strings.Cut(p, "*")
		return p == path || any && strings.HasPrefix(path, begin) && strings.HasSuffix(path, end)
	})
}

// marker is a rewriter that remembers what it is given.
type marker struct{ seen map[string]bool }

func (m *marker) text(s string) string {
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	m.seen[s] = true
	return s
}

func (m *marker) json(j convo.JSON) convo.JSON { m.text(string(j)); return j }

// fill gives each text in a value its own path.
func fill(v reflect.Value, path string, texts *[]string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(path)
		*texts = append(*texts, path)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path, texts)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(path))
			*texts = append(*texts, path)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path+"[0]", texts)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			name := path + "." + v.Type().Field(i).Name
			if v.Type().Field(i).Anonymous {
				name = path
			}
			fill(v.Field(i), name, texts)
		}
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint8, reflect.Float64:
	default:
		panic(fmt.Sprint("no value is known for ", v.Type()))
	}
}
