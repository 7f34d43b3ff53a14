package bench

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// durable is a row that compares whole turns, from the question to the synced
// end, with the bare rows of one: the same events and the same record of the
// request, through the same driver, in two commits one after the other.
type durable struct{ callers, turns int }

func (m durable) measure(ctx context.Context, b *bench, r *Result) error {
	writer, err := b.start(ctx, "turns", nil, nil)
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "turns a second", unit: "/s", kind: Ratio, limit: 0.5, floor: true},
		{name: "CPU per turn", unit: "µs", kind: Ratio},
	}
	return b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		raw, rawCPU, err := m.rate(b, writer, true)
		if err != nil {
			return nil, err
		}
		var rate, cpu float64
		err = b.profiled(last, writer, func() (err error) {
			rate, cpu, err = m.rate(b, writer, false)
			return err
		})
		return []pair{{rate, raw}, {cpu, rawCPU}}, err
	})
}

// rate gives the turns a second, and the processor time of one.
func (m durable) rate(b *bench, writer *process, raw bool) (rate, cpu float64, err error) {
	folder, err := b.newFolder()
	if err != nil {
		return 0, 0, err
	}
	var took time.Duration
	spent, err := writer.during(func() error {
		return writer.call("turns", turnsSpec{folder, m.callers, m.turns, raw}, &took)
	})
	return float64(m.turns) / took.Seconds(), micros(spent) / float64(m.turns), err
}

// turnsSpec asks for turns in a new store.
type turnsSpec struct {
	Folder         string
	Callers, Turns int
	Raw            bool
}

func writeTurns(context.Context, json.RawMessage) (any, map[string]operation, error) {
	return nil, map[string]operation{"turns": decoded(runTurns)}, nil
}

// runTurns gives how long the turns took. In the end it counts them, because
// one that was not stored costs nothing.
func runTurns(ctx context.Context, s turnsSpec) (_ any, err error) {
	data, err := sqlite.Open(ctx, filepath.Join(s.Folder, "data"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	var turns []turner
	if s.Raw {
		turns, err = rawTurns(ctx, data, s.Callers)
	} else {
		var stop func()
		turns, stop, err = engineTurns(ctx, data, s.Callers)
		defer stop()
	}
	if err != nil {
		return nil, err
	}
	took, err := s.run(ctx, turns)
	if err != nil {
		return nil, err
	}
	return took, s.count(ctx, data, turns)
}

// turner is a caller with a conversation.
type turner struct {
	conversation string
	turn         func(ctx context.Context) error
}

func (s turnsSpec) run(ctx context.Context, turns []turner) (time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for _, t := range turns {
		all.Go(func() {
			for next.Add(1) <= int64(s.Turns) && ctx.Err() == nil {
				if err := t.turn(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began), context.Cause(ctx)
}

func (s turnsSpec) count(ctx context.Context, data store.Store, turns []turner) error {
	done := 0
	for _, t := range turns {
		stored, err := data.Turns(ctx, benchTenant, t.conversation, 0)
		if err != nil {
			return err
		}
		for _, turn := range stored {
			if turn.Reason == convo.EndDone {
				done++
			}
		}
	}
	if done != s.Turns {
		return fmt.Errorf("%d of %d turns are stored", done, s.Turns)
	}
	return nil
}

const (
	benchTenant = "default/default"
	question    = "How many guests can the inn take on a winter's night?"
	reply       = "It has eleven rooms, so about twenty, and the stable."
)

// engineTurns are callers of an engine.
func engineTurns(ctx context.Context, data store.Store, callers int) ([]turner, func(), error) {
	box, err := seal.New(make([]byte, 32))
	if err != nil {
		return nil, func() {}, err
	}
	e := engine.New(engine.Options{Store: data, Hub: hub.New(), Models: instant{}, Sealer: box, Limits: engine.DefaultLimits()})
	if err := e.Start(ctx); err != nil {
		return nil, func() {}, err
	}
	stop := func() { e.Drain(context.WithoutCancel(ctx)) }
	turns := make([]turner, callers)
	actor := convo.Actor{Tenant: benchTenant, Token: newID()}
	for i := range turns {
		created, err := e.CreateConversation(ctx, actor, engine.NewConversation{}, nil)
		if err != nil {
			return nil, stop, err
		}
		id, text := created.Conversation.ID, question
		body := sha256.Sum256([]byte(text))
		turns[i] = turner{id, func(ctx context.Context) error {
			ask := &engine.Ask{Operation: "POST /v1/conversation/" + id + "/complete", Body: body}
			r, err := e.Complete(ctx, actor, id, engine.TurnInput{Text: &text, Front: "chatbotkit"}, ask)
			if err != nil {
				return err
			}
			defer ask.Delivered()
			defer ask.Written()
			return r.Each(ctx, func([]convo.Event) error { return nil })
		}}
	}
	return turns, stop, nil
}

// rawTurns are callers of a store, who write what a turn writes.
func rawTurns(ctx context.Context, data store.Store, callers int) ([]turner, error) {
	turns := make([]turner, callers)
	for i := range turns {
		w := rawWriter{data: data, id: newID(), token: newID()}
		if err := w.write(ctx, nil, "", convo.ConversationCreated{}); err != nil {
			return nil, err
		}
		turns[i] = turner{w.id, w.turn}
	}
	return turns, nil
}

// rawWriter writes the rows of turns in one conversation.
type rawWriter struct {
	data  store.Store
	id    string
	token string
	slot  int64
}

func (w *rawWriter) turn(ctx context.Context) error {
	w.slot++
	turn, bot := newID(), newID()
	request := &convo.Request{
		ID: sha256.Sum256([]byte(w.id)), Body: sha256.Sum256([]byte(question)), Attempt: newID(),
		Tenant: benchTenant, Conversation: w.id, Turn: turn, Created: time.Now().UTC(),
	}
	err := w.write(ctx, request, turn,
		convo.TurnOpened{Front: "chatbotkit"},
		convo.MessageGiven{ID: newID(), Fields: convo.MessageFields{Type: convo.User}, Text: question},
		convo.TurnQueued{}, convo.TurnStarted{Slot: w.slot})
	if err != nil {
		return err
	}
	usage := convo.Usage{Input: convo.Tokens{N: 14, Estimated: true}, Output: convo.Tokens{N: 13, Estimated: true}}
	return w.write(ctx, nil, turn,
		convo.ModelAsked{Model: "m", Prompt: 14},
		convo.MessageStarted{ID: bot, Place: convo.Place(w.slot, 1), Type: convo.Bot},
		convo.Delta{Message: bot, Type: convo.Bot, Text: reply},
		convo.MessageEnded{ID: bot, Place: convo.Place(w.slot, 1), Type: convo.Bot, Text: reply},
		convo.ModelAnswered{Model: "m", Usage: usage},
		convo.TurnEnded{Reason: convo.EndDone, Usage: usage})
}

func (w *rawWriter) write(ctx context.Context, request *convo.Request, turn string, bodies ...convo.Body) error {
	_, err := w.data.Update(ctx, benchTenant, w.id, store.Durable, func(tx store.Tx) error {
		for _, body := range bodies {
			if err := tx.Append(convo.Event{At: time.Now().UTC(), Turn: turn, Origin: w.token, Body: body}); err != nil {
				return err
			}
		}
		if request == nil {
			return nil
		}
		return tx.PutRequest(*request)
	})
	return err
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// instant is a model that answers at once, with a window of ten messages.
type instant struct{}

func (instant) Resolve(context.Context, string) (model.Choice, error) {
	return model.Choice{Provider: instant{}, Name: "m", ID: "m", Window: 32_000, MaxMessages: 10}, nil
}

func (instant) List(context.Context) []model.Listed { return nil }

func (instant) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (instant) Stream(context.Context, *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		_ = yield(model.Event{Type: model.Text, Text: reply}, nil) && yield(model.Event{Type: model.Finish, Stop: model.StopEnd}, nil)
	}
}
