package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// StatelessInput is what a turn without a conversation is asked with. Nothing
// of it is stored.
type StatelessInput struct {
	BotID  *string // the bot whose values count where Config has none
	Config convo.Config
	// ContactID says whom the turn is for, by an id or a fingerprint; or Contact, as
	// EnsureContact takes it. nil = nobody in particular.
	ContactID *string
	Contact   *Draft
	Messages  []NewMessage
	// Attachments are files of the last message of the user, up to [MaxAttachments].
	Attachments []Content
	// Entities are what the caller knows of the texts, as those of [NewMessage].
	Entities []convo.Entity
	Given    Given
	Zone     string
	Front    string
}

// contact is how the caller names whom the turn is for; nil = it does not.
func (in *StatelessInput) contact() *string {
	if in.Contact != nil {
		return in.Contact.Alias
	}
	return in.ContactID
}

// CompleteStateless prepares a turn without a conversation; it runs while it
// is read. With an Idempotency-Key it can be read by repeats too, and its
// answer is kept for a day.
func (e *Engine) CompleteStateless(ctx context.Context, actor convo.Actor, in StatelessInput, ask *Ask) (*Reading, error) {
	if err := account(actor); err != nil {
		return nil, err
	}
	prepare := func() (*stateless, error) { return e.prepareHeld(ctx, actor, in) }
	if ask == nil || ask.Key == "" {
		s, err := prepare()
		return &Reading{e: e, stateless: s}, err
	}
	shared, replayed, err := e.share(ctx, actor, ask, prepare)
	if err != nil {
		return nil, err
	}
	return &Reading{e: e, shared: shared, Replayed: replayed}, nil
}

// prepareHeld is prepareStateless for a turn whose files are in memory.
func (e *Engine) prepareHeld(ctx context.Context, actor convo.Actor, in StatelessInput) (*stateless, error) {
	if err := checkAttachments(in.Attachments); err != nil {
		return nil, err
	}
	b, err := e.hold(ctx, in.Attachments)
	if err != nil {
		return nil, err
	}
	s, err := e.prepareStateless(ctx, actor, in, b)
	if err == nil {
		err = e.show(ctx, &s.loop.history, b.own)
	}
	return s, err
}

func (e *Engine) prepareStateless(ctx context.Context, actor convo.Actor, in StatelessInput, b brought) (*stateless, error) {
	if len(in.Messages) == 0 {
		return nil, convo.Errorf(convo.Invalid, "messages must hold at least one message")
	}
	if err := errOr(checkEntities(in.Entities), e.checkGiven(in.Given)); err != nil {
		return nil, err
	}
	bot, config, err := e.resolveConfig(ctx, actor.Tenant, in.BotID, in.Config)
	if err != nil {
		return nil, err
	}
	s := &stateless{e: e, id: newID(), bot: bot, front: in.Front, next: int64(len(in.Messages))}
	h := history{backstory: in.Given.backstory(config.Backstory), now: note{at: now(), zone: in.Zone}, turn: newID()}
	for i, m := range in.Messages {
		if err := e.checkMessage(actor, m); err != nil {
			return nil, err
		}
		h.messages = append(h.messages, convo.Message{Place: int64(i), MessageFields: m.MessageFields, Text: m.Text})
	}
	if err := e.checkText(text(config.Backstory)); err != nil {
		return nil, err
	}
	choice, err := e.models.Resolve(ctx, text(config.Model))
	if err != nil {
		return nil, err
	}
	in.Given.Alone = true // what it waits for would end with its reader
	k, err := e.newKit(ctx, actor.Tenant, in.Given, setting{bot: bot, contact: in.contact(), config: config})
	if err != nil {
		return nil, err
	}
	h.latest, h.window, h.tools, h.shows = choice.MaxMessages, choice.Window, k.tokens(), e.imagesFor(choice)
	if err := e.attachTo(ctx, h.messages, config, reachOf(choice), b); err != nil {
		return nil, err
	}
	h.foreshow()
	s.loop = &loop{e: e, key: hub.Key{Tenant: actor.Tenant}, choice: choice, kit: k, sink: s, told: newInbox(), history: h, asked: lastSaidIn(in.Messages)}
	if own := text(in.Config.DatasetID); own != "" {
		if _, err := e.dataset(ctx, actor.Tenant, own); err != nil {
			return nil, err
		}
	}
	p, err := assemble(h)
	if err != nil {
		return nil, err
	}
	s.claim = newClaim(actor.Tenant, bot, choice, count(p.messages)+h.tools)
	if err := e.quotas.check(ctx, s.claim); err != nil {
		return nil, err
	}
	if s.loop.secrets, err = e.keeps(ctx, s.loop.key, config); err != nil {
		return nil, err
	}
	s.loop.secrets.know(in.Entities)
	s.loop.secrets.messages(s.loop.history.messages)
	if err := e.judge(ctx, s.loop.key, config, in.Entities, lastSaidIn(in.Messages)); err != nil {
		return nil, err
	}
	s.contact, err = e.statelessContact(ctx, actor, in)
	s.loop.lookup = e.lookupFor(actor.Tenant, setting{bot: bot, contact: s.contact, config: config}, &in.Given)
	return s, err
}

// lastSaidIn is the last thing that the user says, which is judged: what stands before
// it was when it was new.
func lastSaidIn(messages []NewMessage) string {
	for _, m := range slices.Backward(messages) {
		if m.Type == convo.User {
			return m.Text
		}
	}
	return ""
}

// statelessContact gives the id of whom a turn is for. A contact is made only when
// nothing else is wrong with the turn.
func (e *Engine) statelessContact(ctx context.Context, actor convo.Actor, in StatelessInput) (*string, error) {
	switch {
	case in.Contact != nil:
		made, err := e.EnsureContact(ctx, actor, *in.Contact, nil)
		return &made.ID, err
	case text(in.ContactID) != "":
		found, err := e.store.Object(ctx, actor.Tenant, convo.ObjectContact, *in.ContactID)
		return &found.ID, unknownReference("contactId", convo.ObjectContact, *in.ContactID, err)
	}
	return nil, nil
}

// stateless is a turn that lives as long as somebody reads it.
type stateless struct {
	e       *Engine
	id      string  // for its reservation
	bot     *string // the id of the bot that answers
	claim   claim
	front   string
	contact *string // the id of whom it is for
	loop    *loop
	next    int64           // place of the turn's next message
	reader  context.Context // of who reads it
	emit    func([]convo.Event) error
	batch   []convo.Event // what leaves together; reused
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
	s.reader, s.emit = ctx, emit
	if err := s.e.quotas.admit(ctx, s.id, s.claim); err != nil {
		return err
	}
	defer s.e.quotas.drop(s.id)

	run, observed := s.e.observer.TurnStarted(run, TurnStart{Front: s.front})
	end := convo.TurnEnded{Reason: convo.EndStopped}
	defer func() { observed.Ended(TurnEnd{Choice: s.loop.choice, Ended: end}) }()
	if err := s.write(convo.TurnStarted{}, true); err != nil {
		return err
	}
	reason, failed := s.loop.start(run, false)
	if failed != nil && s.lost(failed) {
		s.spend()
		return errors.Join(context.Cause(ctx), failed) // nobody reads any more
	}
	if failed != nil {
		if err := s.loop.fail(); err != nil {
			return err
		}
	}
	end = s.e.ending(run, reason, failed)
	end.Usage = s.loop.progress.usage
	s.spend()
	return s.write(end, false)
}

func (s *stateless) messageID() string { return "" }

func (s *stateless) place() int64 {
	s.next++
	return s.next - 1
}

func (s *stateless) part() { s.next++ }

// lost implements turnSink: the turn ends with its reader.
func (s *stateless) lost(err error) bool { return s.reader.Err() != nil || isSinkError(err) }

// commit implements turnSink: it passes the events on, for nothing is stored.
func (s *stateless) commit(bodies []convo.Body) ([]convo.Event, error) {
	events := make([]convo.Event, len(bodies))
	for i, body := range bodies {
		events[i] = convo.Event{At: now(), Body: body}
		if err := s.write(body, true); err != nil {
			return nil, err
		}
	}
	return events, s.flush()
}

// wait implements turnSink. A turn without a log cannot be left.
func (s *stateless) wait(context.Context, convo.TurnWaiting) (bool, error) { return false, nil }

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
	s.loop.secrets.restore(s.batch)
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
