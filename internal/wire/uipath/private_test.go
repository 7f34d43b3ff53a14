package uipath_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// confidant is a model that looks something up and then speaks of what the user said,
// by the placeholders that it is given. It keeps what it is sent.
type confidant struct {
	mu   sync.Mutex
	sent string
}

var holder = regexp.MustCompile(`\b[a-z0-9]{11}\b`)

func (c *confidant) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (c *confidant) Stream(_ context.Context, r *model.Request) iter.Seq2[model.Event, error] {
	c.mu.Lock()
	c.sent += fmt.Sprintf("%+v\n", *r)
	c.mu.Unlock()
	last := r.Messages[len(r.Messages)-1]
	known := ""
	for _, m := range r.Messages {
		if found := holder.FindString(m.Text); m.Role == model.User && found != "" {
			known = found
		}
	}
	events := []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "1", Name: "look", Arguments: `{"to":"` + known + `"}`}}}
	if last.Role == model.ToolResult {
		events = nil
		for _, sign := range "🗼 " + known + " [1], **" + strings.ToUpper(known) + "** [1]." {
			events = append(events, model.Event{Type: model.Text, Text: string(sign)})
		}
	}
	return func(yield func(model.Event, error) bool) {
		for _, e := range append(events, model.Event{Type: model.Finish, Stop: model.StopEnd}) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// contact is a tool whose source says something of a person.
type contact struct{ got *string }

func (contact) Spec() tool.Spec {
	return tool.Spec{Name: "look", Description: "Looks", Parameters: convo.JSON(`{"type":"object","properties":{"to":{"type":"string","pattern":"@"}}}`), Asks: convo.AsksConfirm}
}

func (c contact) Call(_ context.Context, call tool.Call) (tool.Result, error) {
	*c.got = string(call.Arguments)
	return tool.Result{Output: convo.JSON(`{"phone":"+49 30 901820","sources":[{"title":"Page of ann.other@mail.example.com","url":"https://example.org/t"}]}`)}, nil
}

// What a session and REST show of a private conversation is what was said, with
// citations where they stand in that.
func TestAPrivateExchangeIsShownAsItWasSaid(t *testing.T) {
	t.Parallel()
	const mail, other, edited = "ann.example@mail.example.com", "ann.other@mail.example.com", "ben.example@mail.example.com"
	secretly, got := &confidant{}, ""
	b := setupEngine(t, func(o *engine.Options) {
		models, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{
			{Name: "confidant", Kind: "scripted", Provider: secretly, Models: []string{"confidant"}, Window: 32000},
		}})
		must(t, err)
		t.Cleanup(models.Close)
		o.Models, o.Tools = models, toolbox{contact{&got}}
	}, func(*uipath.Options) {})
	must(t, b.engine.DeclareBots(t.Context(), tenantOne, []engine.DeclaredBot{{
		ID: "support", Number: 1, Folder: 7, Name: new("Support"), Config: convo.Config{Privacy: new(true)},
	}}))
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Write to "+mail)
	asked := ann.until(`"requireConfirmation":true`)
	if !strings.Contains(asked, `"to":"`+mail+`"`) {
		t.Errorf("who approves sees %s", asked)
	}
	ann.reply(id, asked, `"confirmToolCall":{"approved":true,"input":{"to":"`+edited+`"}}`)
	ann.until(`"endExchange"`)
	ben.until(`"endExchange"`)
	want := "🗼 " + mail + " [1], **" + mail + "** [1]."
	for _, p := range []*peer{ann, ben} {
		said, cited := p.answer()
		if said != want || len(cited) != 2 || cited[0] != "[1]" || cited[1] != "[1]" {
			t.Errorf("%s reads %q, citing %q", p.name, said, cited)
		}
		if all := strings.Join(p.told, "\n"); !strings.Contains(all, other) || !strings.Contains(all, "+49 30 901820") || !strings.Contains(all, edited) {
			t.Errorf("%s was told %s", p.name, all)
		}
	}
	if strings.Contains(got, "@") || !holder.MatchString(got) {
		t.Errorf("the tool got %s", got)
	}
	b.readsPrivately(id, want, mail, other)
	secretly.mu.Lock()
	defer secretly.mu.Unlock()
	for _, value := range []string{mail, other, edited, "901820"} {
		if strings.Contains(secretly.sent, value) {
			t.Errorf("the model was sent %q: %s", value, secretly.sent)
		}
	}
	events, err := b.store.Events(t.Context(), tenantOne, id, 0, 1000)
	must(t, err)
	for _, e := range events {
		text, err := json.Marshal(e.Body)
		must(t, err)
		if s := string(text); strings.Contains(s, "@mail") || strings.Contains(s, "901820") {
			t.Errorf("stored: %s", s)
		}
	}
}

// answer puts together what a client was told of the model's words, and the pieces of
// it that are cited.
func (p *peer) answer() (said string, cited []string) {
	p.t.Helper()
	for _, told := range p.told {
		var e struct {
			Exchange struct {
				Message struct {
					MessageID   string
					ContentPart struct {
						Chunk struct {
							Data     string
							Citation *struct {
								StartCitation, EndCitation *struct{}
							}
						}
					}
				}
			}
		}
		must(p.t, json.Unmarshal([]byte(told), &e))
		m := e.Exchange.Message
		if m.MessageID == "X-M" {
			continue
		}
		chunk := m.ContentPart.Chunk
		said += chunk.Data
		switch c := chunk.Citation; {
		case c != nil && c.StartCitation != nil:
			cited = append(cited, chunk.Data)
		case c != nil:
			cited[len(cited)-1] += chunk.Data
		}
	}
	return said, cited
}

// readsPrivately reads the exchange over REST.
func (b *bundle) readsPrivately(id, want, mail, other string) {
	b.t.Helper()
	read := b.want(http.StatusOK, request{path: "/conversation/" + id + "/exchange/X"})
	var x struct {
		Messages []struct {
			ContentParts []struct {
				Data      struct{ Inline string }
				Citations []struct {
					Offset, Length int
					Sources        []struct{ Title string }
				}
			}
		}
	}
	must(b.t, json.Unmarshal([]byte(read.body), &x))
	cited := 0
	for _, m := range x.Messages {
		for _, p := range m.ContentParts {
			units := utf16.Encode([]rune(want))
			for _, c := range p.Citations {
				cited++
				if mark := string(utf16.Decode(units[c.Offset : c.Offset+c.Length])); mark != "[1]" || p.Data.Inline != want || c.Sources[0].Title != "Page of "+other {
					b.t.Errorf("cited is %q, of %+v", mark, p)
				}
			}
		}
	}
	if cited != 2 || !strings.Contains(read.body, "Write to "+mail) {
		b.t.Errorf("read: %s", read.body)
	}
}
