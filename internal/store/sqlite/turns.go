package sqlite

import (
	"context"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// states are the turns' states as they are stored, by number. Those below ended
// are open: an index of the schema says so too.
func states() []convo.TurnState {
	return []convo.TurnState{
		convo.StateOpen, convo.StateQueued, convo.StateRunning, convo.StateWaiting, convo.StateEnded,
	}
}

const writeTurnSQL = `
	INSERT INTO turns (id, conversation, key, state, slot, next, context_from, reason, failure,
		input, cached, reasoning, output, estimated, started, ended, calls, reruns, rated)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
	ON CONFLICT (id) DO UPDATE SET state = ?4, slot = ?5, next = ?6, context_from = ?7, reason = ?8, failure = ?9,
		input = ?10, cached = ?11, reasoning = ?12, output = ?13, estimated = ?14, started = ?15, ended = ?16,
		calls = ?17, reruns = ?18, rated = ?19`

// writeTurn writes a turn as it is now.
func writeTurn(conn *sqlite.Conn, conversation int64, t *convo.Turn) error {
	failure, err := record.EncodeFailure(t.Failure)
	if err != nil {
		return err
	}
	q := ask(conn, writeTurnSQL).int(rowID(conversation, t.OpenedSeq)).int(conversation).key(t.ID).
		int(int64(slices.Index(states(), t.State))).int(t.Slot).int(t.Next).int(t.ContextFrom)
	if t.Reason == "" {
		q.null()
	} else {
		q.text(string(t.Reason))
	}
	q.blob(failure).
		int(t.Usage.Input.N).int(t.Usage.Cached.N).int(t.Usage.Reasoning.N).int(t.Usage.Output.N).
		int(record.EstimatedBits(t.Usage)).time(t.Started).time(t.Ended).
		blob(appendCalls(t)).int(int64(t.Reruns))
	if t.RatedSeq == 0 {
		q.null()
	} else {
		q.int(t.RatedSeq)
	}
	return q.exec()
}

// turnColumns are what turnReader.scan reads.
const turnColumns = `
	t.id, t.key, t.state, t.slot, t.next, t.context_from, t.reason, t.failure,
	t.input, t.cached, t.reasoning, t.output, t.estimated, t.started, t.ended, t.calls, t.reruns, t.rated,
	l.at, l.origin, l.data`

// turnReader makes turns of their rows and of the events that these point to.
type turnReader struct {
	conn                 *sqlite.Conn
	texts                *unpacker
	tenant, conversation string
}

func (r *turnReader) scan(q *query) (convo.Turn, error) {
	t := convo.Turn{Tenant: r.tenant, Conversation: r.conversation}
	id := q.readInt()
	t.OpenedSeq = id & (1<<32 - 1)
	t.ID = q.readKey()
	if n := q.readInt(); n >= 0 && n < int64(len(states())) {
		t.State = states()[n]
	}
	t.Slot, t.Next, t.ContextFrom = q.readInt(), q.readInt(), q.readInt()
	t.Reason = convo.EndReason(q.readText())
	failure, err := record.DecodeFailure(q.readBlob())
	if err != nil {
		return t, err
	}
	t.Failure = failure
	t.Usage = record.UsageOf(q.readInt(), q.readInt(), q.readInt(), q.readInt(), q.readInt())
	t.Started, t.Ended = q.readTime(), q.readTime()
	calls := q.readBlob()
	t.Reruns, t.RatedSeq = int(q.readInt()), q.readInt()
	t.Opened, t.Origin = fromMilli(q.readInt()), q.readKey()
	body, err := record.Decode(record.Record{Kind: convo.KindTurnOpened, Data: q.readBlob()})
	if opened, ok := body.(convo.TurnOpened); ok {
		t.Front, t.Zone, t.Background = opened.Front, opened.Zone, opened.Background
		t.Alias, t.Metadata, t.Implied = opened.Alias, opened.Metadata, opened.Implied
	}
	if err != nil {
		return t, err
	}
	return t, r.rest(&t, id>>32, calls)
}

// rest reads what a turn's row only points to.
func (r *turnReader) rest(t *convo.Turn, conversation int64, calls []byte) error {
	log := &logReader{conn: r.conn, texts: r.texts, conversation: conversation}
	if calls != nil {
		if err := log.calls(t, calls); err != nil {
			return err
		}
	}
	if t.RatedSeq > 0 {
		body, err := log.at(t.RatedSeq)
		if err != nil {
			return err
		}
		if b, ok := body.(convo.Rated); ok {
			t.Rate(t.RatedSeq, b)
		}
	}
	if t.State == convo.StateOpen || t.State == convo.StateQueued {
		return log.coming(t)
	}
	return nil
}

const (
	turnByKey = `
		SELECT ` + turnColumns + ` FROM turns t JOIN log l ON l.id = t.id
		WHERE t.conversation = ? AND t.key = ?`
	turnsBySlot = `
		SELECT ` + turnColumns + ` FROM turns t JOIN log l ON l.id = t.id
		WHERE t.conversation = ? AND t.slot > 0 AND t.slot >= ? ORDER BY t.slot`
	turnsOpen = `
		SELECT ` + turnColumns + ` FROM turns t JOIN log l ON l.id = t.id
		WHERE t.conversation = ? AND t.state < 4 ORDER BY t.id`
	turnsOpenEverywhere = `
		SELECT c.tenant, c.key, ` + turnColumns + `
		FROM turns t JOIN conversations c ON c.id = t.conversation JOIN log l ON l.id = t.id
		WHERE t.state < 4 ORDER BY t.conversation, t.id`
)

// all reads all rows.
func (r *turnReader) all(q *query) ([]convo.Turn, error) {
	var list []convo.Turn
	for q.next() {
		t, err := r.scan(q)
		if err != nil {
			return nil, errorsFirst(err, q.done())
		}
		list = append(list, t)
	}
	return list, q.done()
}

// one reads one turn of the conversation with that number; ok is false if there
// is none.
func (r *turnReader) one(c int64, id string) (convo.Turn, bool, error) {
	list, err := r.all(ask(r.conn, turnByKey).int(c).key(id))
	if err != nil || len(list) == 0 {
		return convo.Turn{}, false, err
	}
	return list[0], true, nil
}

// Turn implements store.Reader.
func (s *reader) Turn(ctx context.Context, tenant, conversation, id string) (t convo.Turn, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		var ok bool
		t, ok, err = (&turnReader{conn, s.texts, tenant, conversation}).one(c, id)
		if err == nil && !ok {
			err = noTurn(id)
		}
		return err
	})
	return t, err
}

// Turns implements store.Reader.
func (s *reader) Turns(ctx context.Context, tenant, conversation string, from int64) (list []convo.Turn, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		list, err = (&turnReader{conn, s.texts, tenant, conversation}).all(ask(conn, turnsBySlot).int(c).int(from))
		return err
	})
	return list, err
}

// OpenTurns implements store.Reader.
func (s *reader) OpenTurns(ctx context.Context) (list []convo.Turn, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, turnsOpenEverywhere)
		for q.next() {
			t, err := (&turnReader{conn, s.texts, q.readText(), q.readKey()}).scan(q)
			if err != nil {
				return errorsFirst(err, q.done())
			}
			list = append(list, t)
		}
		return q.done()
	})
	return list, err
}

func noTurn(id string) error { return convo.Errorf(convo.NotFound, "there is no turn %q", id) }
