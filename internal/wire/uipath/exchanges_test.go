package uipath_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
)

func TestAnExchangeIsReadAsItWasSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Reasoning("Hm. "), scripted.Text("Hello ", "there."), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	x := b.exchanged()
	at := "/conversation/" + id
	x.do(request{path: at + "/exchange"})
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(id)
	ann.ask(id, "X", "Hi 🗼")
	ann.until(`"endExchange"`)
	list := x.do(request{path: at + "/exchange"}).object(t)
	x.do(request{path: at + "/exchange/X?messageSort=descending"})
	exchange, _ := list["data"].([]any)[0].(map[string]any)
	messages, _ := exchange["messages"].([]any)
	answer, _ := messages[1].(map[string]any)
	of := at + "/exchange/X/message/" + answer["messageId"].(string)
	x.do(request{path: of})
	x.do(request{path: of + "/contentPart/" + answer["messageId"].(string)})
	x.do(request{path: at + "/exchange/X/feedback", body: `{"rating":"positive","comment":"Nice"}`})
	x.do(request{path: at + "/exchange/X/feedback", body: `{"rating":"negative"}`})
	if rated := b.want(http.StatusOK, request{path: at + "/exchange/X"}).object(t); rated["feedbackRating"] != "negative" {
		t.Errorf("the rating is %v", rated["feedbackRating"])
	}
	x.golden("text")
}

func TestWhatIsNotThereHasACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("Hello."), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`"endExchange"`)
	at := "/conversation/" + id
	for _, c := range []struct {
		code int
		q    request
	}{
		{4040, request{path: "/conversation/x/exchange"}}, {4040, request{path: "/conversation/x/exchange/X"}},
		{4043, request{path: at + "/exchange/Y"}}, {4043, request{path: at + "/exchange/x"}},
		{4043, request{path: at + "/exchange/Y/message/M"}}, {4044, request{path: at + "/exchange/X/message/M"}},
		{4043, request{path: at + "/exchange/Y/feedback", body: `{"rating":"positive"}`}},
		{4040, request{path: "/conversation/x/exchange/Y/feedback", body: `{"rating":"positive"}`}},
		{4107, request{path: at + "/exchange/X/feedback", body: `{}`}}, {4107, request{path: at + "/exchange/X/feedback", body: `{"rating":"great"}`}},
		{4107, request{path: at + "/exchange/X/feedback", body: `{"rating":1}`}},
		{4108, request{path: at + "/exchange/X/feedback", body: `{"rating":"positive","comment":5}`}},
		{4005, request{path: at + "/exchange?exchangeSort=up"}}, {4005, request{path: at + "/exchange?messageSort=up"}},
		{4005, request{path: at + "/exchange/X?messageSort=up"}}, {4003, request{path: at + "/exchange?cursor=x"}},
		{4004, request{path: at + "/exchange?limit=0"}}, {4004, request{path: at + "/exchange?limit=x"}}, {4004, request{path: at + "/exchange?limit=-1"}},
	} {
		b.refused(c.code, c.q)
	}
}

// complete asks for a turn over the other API, and waits for its end.
func (b *bundle) complete(conversation, text string) {
	b.t.Helper()
	actor := b.actor(b.secret)
	r, err := b.engine.Complete(b.t.Context(), actor, conversation, engine.TurnInput{Text: &text}, nil)
	must(b.t, err)
	must(b.t, r.Each(b.t.Context(), func([]convo.Event) error { return nil }))
}

func TestMessagesOfTheOtherAPIAreInExchanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	actor := b.actor(b.secret)
	add := func(kind convo.MessageType, text string) string {
		m, err := b.engine.CreateMessage(t.Context(), actor, id, engine.NewMessage{MessageFields: convo.MessageFields{Type: kind}, Text: text}, nil)
		must(t, err)
		return m.ID
	}
	add(convo.User, "adopted")
	add(convo.Context, "of the other API")
	add(convo.Bot, "stored")
	deleted := add(convo.User, "deleted")
	b.complete(id, "asked")
	changed := add(convo.User, "not changed yet")
	add(convo.User, "asked by nobody")
	b.complete(id, "asked again")
	must(t, b.engine.DeleteMessage(t.Context(), actor, id, deleted, nil))
	must(t, b.engine.UpdateMessage(t.Context(), actor, id, changed, func(_ *convo.MessageFields, text *string) { *text = "changed" }, nil, nil))
	add(convo.User, "of no turn")
	x := b.exchanged()
	x.do(request{path: "/conversation/" + id + "/exchange?exchangeSort=ascending"})
	x.golden("adopted")
}

func TestAPageOfLargeExchangesIsShorter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	large := strings.Repeat("x", 200<<10)
	for range 30 { // of 400 KiB each, with the answer
		b.said(id, large)
	}
	path := "/conversation/" + id + "/exchange?limit=30"
	seen, pages := 0, 0
	for cursor := ""; ; pages++ {
		page := b.want(http.StatusOK, request{path: path + cursor}).object(t)
		seen += len(page["data"].([]any))
		next, more := page["cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if seen != 30 || pages == 0 {
		t.Errorf("%d exchanges on %d pages", seen, pages+1)
	}
}

// said stores a turn with a text and as long an answer, which no model could give.
func (b *bundle) said(conversation, text string) {
	b.t.Helper()
	at := time.Now()
	_, err := b.store.Update(b.t.Context(), tenantOne, conversation, store.Buffered, func(tx store.Tx) error {
		slot := tx.Head().NextSlot
		turn := fmt.Sprintf("turn-%d", slot)
		for _, body := range []convo.Body{
			convo.TurnOpened{Front: "test"},
			convo.MessageGiven{ID: turn + "-q", Place: 0, Fields: convo.MessageFields{Type: convo.User}, Text: text},
			convo.TurnQueued{}, convo.TurnStarted{Slot: slot},
			convo.MessageStarted{ID: turn + "-a", Place: convo.Place(slot, 1), Type: convo.Bot},
			convo.MessageEnded{ID: turn + "-a", Place: convo.Place(slot, 1), Type: convo.Bot, Text: text},
			convo.TurnEnded{Reason: convo.EndDone},
		} {
			if err := tx.Append(convo.Event{At: at, Turn: turn, Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
	must(b.t, err)
}

func TestListsOfExchangesGoOnFromTheirCursors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for range 5 {
		b.complete(id, "asked")
	}
	for _, order := range []string{"", "&exchangeSort=ascending"} {
		path := "/conversation/" + id + "/exchange?limit=2" + order
		var pages int
		seen := map[string]bool{}
		for cursor := ""; ; pages++ {
			page := b.want(http.StatusOK, request{path: path + cursor}).object(t)
			for _, item := range page["data"].([]any) {
				seen[item.(map[string]any)["exchangeId"].(string)] = true
			}
			next, more := page["cursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
			b.refused(4003, request{path: "/conversation/" + id + "/exchange?messageSort=descending" + cursor})
			b.refused(4003, request{path: "/conversation?" + cursor})
			if strings.Contains(order, "asc") {
				b.want(http.StatusOK, request{path: "/conversation/" + id + "/exchange?limit=2" + cursor})
			}
		}
		if pages != 2 || len(seen) != 5 {
			t.Errorf("%q: %d exchanges on %d pages", order, len(seen), pages+1)
		}
	}
}
