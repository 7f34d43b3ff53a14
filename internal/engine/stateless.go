package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// StatelessInput is what a turn without a conversation is asked with. Nothing
// of it is stored.
type StatelessInput struct {
	BotID    *string // the bot whose values count where Config has none
	Config   convo.Config
	Messages []NewMessage
	Zone     string
	Front    string
}

// CompleteStateless prepares a turn without a conversation; it runs while it
// is read. With an Idempotency-Key it can be read by repeats too, and its
// answer is kept for a day.
func (e *Engine) CompleteStateless(ctx context.Context, actor convo.Actor, in StatelessInput, ask *Ask) (*Reading, error) {
	if err := account(actor); err != nil {
		return nil, err
	}
	s, err := e.prepareStateless(ctx, actor, in)
	if err != nil {
		return nil, err
	}
	if ask == nil || ask.Key == "" {
		return &Reading{e: e, stateless: s}, nil
	}
	shared, replayed, err := e.share(ctx, actor, ask, s)
	if err != nil {
		return nil, err
	}
	return &Reading{e: e, shared: shared, Replayed: replayed}, nil
}

func (e *Engine) prepareStateless(ctx context.Context, actor convo.Actor, in StatelessInput) (*stateless, error) {
	if len(in.Messages) == 0 {
		return nil, convo.Errorf(convo.Invalid, "messages must hold at least one message")
	}
	config, err := e.resolveConfig(ctx, actor.Tenant, in.BotID, in.Config)
	if err != nil {
		return nil, err
	}
	h := history{backstory: text(config.Backstory), now: note{at: now(), zone: in.Zone}}
	for _, m := range in.Messages {
		if err := e.checkMessage(actor, m); err != nil {
			return nil, err
		}
		h.messages = append(h.messages, convo.Message{MessageFields: m.MessageFields, Text: m.Text})
	}
	if err := e.checkText(h.backstory); err != nil {
		return nil, err
	}
	choice, err := e.models.Resolve(ctx, text(config.Model))
	if err != nil {
		return nil, err
	}
	h.latest, h.window = choice.MaxMessages, choice.Window
	p, err := assemble(h)
	return &stateless{e: e, front: in.Front, choice: choice, messages: p.messages}, err
}

// stateless is a turn that lives as long as somebody reads it.
type stateless struct {
	e        *Engine
	front    string
	choice   model.Choice
	messages []model.Message
	emit     func([]convo.Event) error
	batch    []convo.Event // what leaves together; reused
}

// maxTogether is how many events of a stateless turn leave together at most.
const maxTogether = 64

// each runs the turn on the caller's goroutine.
func (s *stateless) each(ctx context.Context, emit func([]convo.Event) error) error {
	if err := s.e.enter(&s.e.read); err != nil {
		return err
	}
	defer s.e.read.Done()
	return s.carryOut(ctx, emit)
}

// carryOut is each for a caller whom a drain waits for already.
func (s *stateless) carryOut(ctx context.Context, emit func([]convo.Event) error) error {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.e.ctx, func() { cancel(context.Cause(s.e.ctx)) })()
	s.emit = emit

	run, observed := s.e.observer.TurnStarted(run, TurnStart{Front: s.front})
	end := convo.TurnEnded{Reason: convo.EndStopped}
	defer func() { observed.Ended(TurnEnd{Choice: s.choice, Ended: end}) }()
	if err := s.write(convo.TurnStarted{}, true); err != nil {
		return err
	}
	a := &answer{choice: s.choice, limit: s.e.limits.Answer, sink: s}
	failed := a.run(a.observe(run, s.e.observer, "", s.messages), s.messages)
	if ctx.Err() != nil || isSinkError(failed) {
		a.abandon(failed)
		return errors.Join(context.Cause(ctx), failed) // nobody reads any more
	}
	usage, err := a.finish(failed)
	if err != nil {
		return err
	}
	end = s.e.ending(run, failed, a.stopped)
	end.Usage = usage
	return s.write(end, false)
}

func (s *stateless) messageID() string { return "" }

func (s *stateless) place() int64 { return 0 }

// write passes events on that follow each other without waiting together.
func (s *stateless) write(body convo.Body, more bool) error {
	s.batch = append(s.batch, convo.Event{At: now(), Body: body})
	if more && len(s.batch) < maxTogether {
		return nil
	}
	return s.flush()
}

// flush passes on what waits for more.
func (s *stateless) flush() error {
	if len(s.batch) == 0 {
		return nil
	}
	err := s.emit(s.batch)
	clear(s.batch)
	s.batch = s.batch[:0]
	if err != nil {
		return sinkError{err}
	}
	return nil
}

// sinkError tells the failure of a reader from that of the model.
type sinkError struct{ error }

func (e sinkError) Unwrap() error { return e.error }

func isSinkError(err error) bool {
	_, ok := errors.AsType[sinkError](err)
	return ok
}
