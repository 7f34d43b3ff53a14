package engine

import (
	"errors"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// How much a client may say in one exchange.
const (
	maxMessages  = 16 // of an exchange that has not begun
	maxParts     = 64 // of a message
	maxCitations = 64 // of a part
)

// utterance is one transaction in which a client speaks.
type utterance struct {
	e      *Engine
	tx     store.Tx
	saying Saying
	known  *knowledge
	view   *prospect
	at     time.Time
	errs   []error

	ids      map[string]string // of exchanges that have not ended, by what clients call them
	over     map[string]bool   // exchanges that have, and those that were refused here
	started  *run
	open     []string     // turns whose input has grown
	complete []string     // turns whose input is complete
	closed   []convo.Turn // turns that ended without having run
	stops    []string     // turns that are to be stopped
	done     []func(committed bool)
	orders   map[string][]order // messages of turns that ended here and are not the user's
	strange  map[int]string     // answers to calls that are not open, with their turns
}

// undo takes back what a transaction has done outside of the store.
func (u *utterance) undo() {
	if u == nil {
		return
	}
	u.e.unregister(u.started)
	for _, done := range u.done {
		done(false)
	}
}

// all writes everything that was said. An error of one thing is that thing's own,
// unless nothing can be written any more.
func (u *utterance) all() error {
	u.ids, u.over, u.strange = map[string]string{}, map[string]bool{}, map[int]string{}
	u.orders = map[string][]order{}
	for i, said := range u.saying.Said {
		err := u.say(i, said)
		if _, ok := errors.AsType[*Refused](err); err != nil && !ok && !errors.Is(err, ErrLate) {
			return err
		}
		u.errs[i] = err
	}
	return nil
}

func (u *utterance) say(i int, said Said) error {
	switch s := said.(type) {
	case SaidExchange:
		return u.sayExchange(s)
	case SaidMessage:
		return u.sayMessage(s)
	case SaidPart:
		return u.sayPart(s)
	case SaidText:
		return u.sayText(s)
	case SaidPartEnd:
		return u.sayPartEnd(s)
	case SaidMessageEnd:
		return u.sayMessageEnd(s)
	case SaidStop:
		return u.sayStop(s)
	case SaidAside:
		return u.sayAside(s)
	case SaidAnswer:
		return u.answer(i, s.Exchange)
	case SaidOutput:
		return u.answer(i, s.Exchange)
	case SaidInterruptEnd:
		return u.answer(i, s.Exchange)
	}
	return nil
}

// append adds an event of a turn that the client caused.
func (u *utterance) append(turn string, body convo.Body) error {
	return u.tx.Append(convo.Event{At: u.at, Turn: turn, Origin: u.saying.From, Body: body})
}

// find gives the exchange that clients know by that name: nil if it has ended, or
// never was (unknown).
func (u *utterance) find(name string) (t *convo.Turn, unknown bool, err error) {
	if u.over[name] {
		return nil, false, nil
	}
	head := u.tx.Head()
	if id, ok := u.ids[name]; ok {
		return head.Turn(id), false, nil
	}
	i := slices.IndexFunc(head.Open, func(t convo.Turn) bool { return t.Alias == name })
	if i < 0 {
		i = slices.IndexFunc(head.Open, func(t convo.Turn) bool { return t.ID == name })
	}
	if i >= 0 {
		u.ids[name] = head.Open[i].ID
		return &head.Open[i], false, nil
	}
	for _, look := range []func(string) (convo.Turn, error){u.tx.TurnByAlias, u.tx.Turn} {
		switch _, err := look(name); convo.ErrorKind(err) {
		case "":
			u.over[name] = true
			return nil, false, nil
		case convo.NotFound:
		default:
			return nil, false, err
		}
	}
	return nil, true, nil
}

func (u *utterance) sayExchange(s SaidExchange) error {
	t, unknown, err := u.find(s.Exchange)
	switch {
	case err != nil:
		return err
	case unknown:
		_, err := u.openExchange(s, false)
		return err
	case t == nil: // over
		return nil
	case t.Implied: // its start was lost, and comes late
		return u.startLate(t, s)
	}
	return refused(ExchangeTaken, convo.Conflict, "the exchange %q has begun already; give a new one an id of its own", clip(s.Exchange))
}

// startLate takes what the start of an exchange says that has begun without it, if
// that is still of use.
func (u *utterance) startLate(t *convo.Turn, s SaidExchange) error {
	if t.State != convo.StateOpen || len(s.Tools) == 0 || u.e.checkExchange(s) != nil {
		return nil
	}
	sealed, err := u.e.sealInput(t.ID, givenOf(s))
	if err != nil {
		return err
	}
	return putInput(u.tx, t.ID, sealed)
}

// openExchange opens a turn, whose input is not complete.
func (u *utterance) openExchange(s SaidExchange, implied bool) (*convo.Turn, error) {
	if err := u.e.checkExchange(s); err != nil {
		u.over[s.Exchange] = true
		return nil, err
	}
	if waiting(u.tx.Head()) >= u.e.limits.Queue {
		u.over[s.Exchange] = true
		return nil, refused(QueueFull, convo.Conflict, "%d exchanges wait in this conversation already; try again when one has ended", u.e.limits.Queue)
	}
	id := newID()
	sealed, err := u.e.sealInput(id, givenOf(s))
	if err != nil {
		return nil, err
	}
	opened := convo.TurnOpened{Front: u.saying.Front, Zone: u.known.zone, Alias: s.Exchange, Metadata: s.Metadata, Implied: implied}
	if err := u.append(id, opened); err != nil {
		return nil, err
	}
	u.ids[s.Exchange] = id
	u.open = append(u.open, id)
	return u.tx.Head().Turn(id), putInput(u.tx, id, sealed)
}

// givenOf is what an exchange is given by the client that opens it.
func givenOf(s SaidExchange) Given { return Given{ClientTools: s.Tools} }

// input gives the exchange that something of a user's message belongs to, and opens
// it if its start was lost, but not for what is refused whatever stands in the log.
// nil: it has ended.
func (u *utterance) input(exchange string, refused error) (*convo.Turn, error) {
	t, unknown, err := u.find(exchange)
	switch {
	case !unknown:
		return t, err
	case refused != nil:
		return nil, refused
	}
	return u.openExchange(SaidExchange{Exchange: exchange}, true)
}

func (u *utterance) sayMessage(s SaidMessage) error {
	t, err := u.input(s.Exchange, u.e.checkSaidMessage(s))
	if err != nil || t == nil {
		return err
	}
	_, err = u.openMessage(t.ID, s)
	return err
}

// openMessage gives the message with that name, and opens it if it is new. nil: it
// has ended.
func (u *utterance) openMessage(turn string, s SaidMessage) (*convo.Coming, error) {
	t := u.tx.Head().Turn(turn)
	if m := coming(t, s.Message); m != nil {
		return m, nil
	}
	switch _, err := u.tx.MessageByAlias(turn, s.Message); convo.ErrorKind(err) {
	case "":
		return nil, nil
	case convo.NotFound:
	default:
		return nil, err
	}
	kind, err := u.mayOpen(t, s)
	if err != nil {
		return nil, err
	}
	id := newID()
	started := convo.MessageStarted{ID: id, Place: t.Next, Type: kind, Alias: s.Message, Meta: s.Meta}
	if err := u.append(turn, started); err != nil {
		return nil, err
	}
	u.open = append(u.open, turn)
	return u.tx.Head().Turn(turn).ComingMessage(id), nil
}

// coming is the message that comes piece by piece and that its client calls so.
func coming(t *convo.Turn, name string) *convo.Coming {
	i := slices.IndexFunc(t.Coming, func(m convo.Coming) bool { return m.Alias == name })
	if i < 0 {
		return nil
	}
	return &t.Coming[i]
}

// mayOpen says what a new message of a client is, if it may be.
func (u *utterance) mayOpen(t *convo.Turn, s SaidMessage) (convo.MessageType, error) {
	if err := u.e.checkSaidMessage(s); err != nil {
		return "", err
	}
	kind := typeOf(s.Role)
	user := slices.ContainsFunc(t.Coming, func(m convo.Coming) bool { return m.Type == convo.User })
	switch {
	case t.State != convo.StateOpen:
		return "", refused(BadMessage, convo.Conflict, "the user's message of this exchange has ended; say more in a new exchange")
	case kind == convo.User && user:
		return "", refused(BadMessage, convo.Conflict, "an exchange has one message of the user; say more in another part of it")
	case t.Next >= maxMessages:
		return "", refused(BadMessage, convo.TooLarge, "an exchange may begin with up to %d messages", maxMessages)
	}
	return kind, nil
}

// answer takes an answer to a call or an interrupt of an exchange.
func (u *utterance) answer(i int, exchange string) error {
	t, unknown, err := u.find(exchange)
	switch {
	case err != nil:
		return err
	case unknown:
		return unknownExchange(exchange)
	case t == nil:
		return ErrLate
	case u.known.refusals[i] != nil:
		return u.known.refusals[i]
	}
	turn := t.ID
	done, err := u.e.answerAsked(u.tx, turn, u.known.replies[i], u.saying.From)
	if errors.Is(err, errNotOpen) {
		u.strange[i] = turn
		return nil
	}
	if err == nil {
		u.done = append(u.done, done)
	}
	return err
}

func (u *utterance) sayAside(s SaidAside) error {
	if err := u.e.checkSaidMeta(BadAside, s.Body); err != nil {
		return err
	}
	turn := ""
	if s.Exchange != "" {
		t, _, err := u.find(s.Exchange)
		if err != nil || t == nil {
			return err
		}
		turn = t.ID
	}
	return u.append(turn, convo.PassedOn{Front: s.Front, Body: s.Body})
}
