package audit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/memory"
)

// liar shows a snapshot as a store whose data was damaged would.
type liar struct {
	store.Snapshot
	conversation func(*convo.Head)
	message      func(*convo.Message)
	turn         func(*convo.Turn)
	events       func([]convo.Event) []convo.Event
}

func (l liar) Head(ctx context.Context, tenant, id string) (convo.Head, error) {
	h, err := l.Snapshot.Head(ctx, tenant, id)
	if l.conversation != nil {
		l.conversation(&h)
	}
	return h, err
}

func (l liar) Messages(ctx context.Context, tenant, id string, q store.MessageQuery) ([]convo.Message, error) {
	list, err := l.Snapshot.Messages(ctx, tenant, id, q)
	for i := range list {
		if l.message != nil {
			l.message(&list[i])
		}
	}
	return list, err
}

func (l liar) Turns(ctx context.Context, tenant, id string, from int64) ([]convo.Turn, error) {
	list, err := l.Snapshot.Turns(ctx, tenant, id, from)
	for i := range list {
		if l.turn != nil {
			l.turn(&list[i])
		}
	}
	return list, err
}

func (l liar) Events(ctx context.Context, tenant, id string, after int64, limit int) ([]convo.Event, error) {
	list, err := l.Snapshot.Events(ctx, tenant, id, after, limit)
	if l.events != nil {
		list = l.events(list)
	}
	return list, err
}

// snapshot is one of a store with a conversation in it.
func snapshot(t *testing.T) store.Snapshot {
	t.Helper()
	s := memory.New()
	request := convo.ToolRequested{ID: "c", Message: "request", Place: convo.Place(3, 0), Name: "f", Arguments: convo.JSON(`{"a":1}`)}
	_, err := s.Update(t.Context(), "a", "c", store.Buffered, func(tx store.Tx) error {
		for _, b := range []convo.Body{
			convo.ConversationCreated{}, convo.TurnOpened{Front: "test"},
			convo.MessageGiven{ID: "m", Fields: convo.MessageFields{Type: convo.User}, Text: "text"},
			convo.TurnStarted{Slot: 1}, convo.TurnEnded{Reason: convo.EndDone},
			convo.MessageGiven{ID: "gone", Place: convo.Place(2, 0), Text: "a secret"}, convo.MessageDeleted{ID: "gone"},
			convo.TurnOpened{Front: "test", Background: true}, convo.TurnStarted{Slot: 3},
			request, convo.ToolStarted{ID: "c", Message: "request", Name: "f"},
		} {
			turn := "t"
			if h := tx.Head(); h != nil && h.LastSeq >= 7 {
				turn = "u"
			}
			if err := tx.Append(convo.Event{At: time.UnixMilli(1), Turn: turn, Body: b}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func findings(t *testing.T, snap store.Snapshot) []audit.Finding {
	t.Helper()
	var list []audit.Finding
	counts, err := audit.Run(t.Context(), snap, audit.Options{Found: func(f audit.Finding) { list = append(list, f) }})
	if err != nil || counts.Conversations != 1 {
		t.Fatalf("looked at %+v, %v", counts, err)
	}
	return list
}

func TestAnAuditFindsNothingInASoundStore(t *testing.T) {
	t.Parallel()
	if list := findings(t, snapshot(t)); len(list) > 0 {
		t.Errorf("found %+v", list)
	}
}

func TestAnAuditFindsWhatReadsDifferentlyFromTheLog(t *testing.T) {
	t.Parallel()
	snap := snapshot(t)
	for says, damaged := range map[string]liar{
		"next slot":                {conversation: func(h *convo.Head) { h.NextSlot = 9 }},
		"goes on to 9":             {conversation: func(h *convo.Head) { h.LastSeq = 9 }},
		"not as the log says: Tex": {message: func(m *convo.Message) { m.Text = "other" }},
		`"m" is missing`:           {message: func(m *convo.Message) { m.ID = "x" }},
		`"x" is listed`:            {message: func(m *convo.Message) { m.ID = "x" }},
		"as the log says: Calls":   {turn: func(turn *convo.Turn) { turn.Calls = nil }},
		"as the log says: Reruns":  {turn: func(turn *convo.Turn) { turn.Reruns++ }},
		"State":                    {turn: func(turn *convo.Turn) { turn.State = convo.StateRunning }},
		`turn "x" is listed`:       {turn: func(turn *convo.Turn) { turn.ID = "x" }},
		"listed wrongly":           {turn: func(turn *convo.Turn) { turn.ID = "x" }},
		"the number 2 comes next":  {events: func(list []convo.Event) []convo.Event { return append(list[:1:1], list[2:]...) }},
		"the log is empty":         {events: func([]convo.Event) []convo.Event { return nil }},
		"still holds": {events: func(list []convo.Event) []convo.Event {
			list[5].Body = convo.MessageGiven{ID: "gone", Place: convo.Place(2, 0), Text: "a secret"}
			return list
		}},
	} {
		damaged.Snapshot = snap
		found := false
		for _, f := range findings(t, damaged) {
			found = found || strings.Contains(f.Text, says) && f.Conversation == "c" && f.Remedy != ""
		}
		if !found {
			t.Errorf("%s: found %+v", says, findings(t, damaged))
		}
	}
}

func TestAnAuditEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := audit.Run(ctx, snapshot(t), audit.Options{Found: func(f audit.Finding) { t.Errorf("found %+v", f) }})
	if err == nil {
		t.Error("no error")
	}
}
