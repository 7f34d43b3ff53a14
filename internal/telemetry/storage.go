package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Store gives a store that measures how long the calls take that turns and
// readers wait for. Everything else goes straight to the inner one.
func (t *Telemetry) Store(inner store.Store) store.Store {
	m := t.metrics
	s := &storage{
		Store:    inner,
		buffered: m.updateSeconds.WithLabelValues("buffered"), durable: m.updateSeconds.WithLabelValues("durable"),
		updateErrors: m.storeErrors.WithLabelValues("update"),
	}
	for op, name := range readNames() {
		s.reads[op] = m.readSeconds.WithLabelValues(name)
		s.readErrors[op] = m.storeErrors.WithLabelValues(name)
	}
	return s
}

// Committed notes that so many updates shared a commit.
func (t *Telemetry) Committed(updates int) { t.metrics.commitUpdates.Observe(float64(updates)) }

// The reads that are told apart.
const (
	readConversation = iota
	readHead
	readConversations
	readMessage
	readMessages
	readTurn
	readTurns
	readEvents
	readOpenTurns
	readUsage
	readToken
	readRequest
	readObject
	readCount
)

func readNames() [readCount]string {
	return [readCount]string{
		readConversation: "conversation", readHead: "head", readConversations: "conversations",
		readMessage: "message", readMessages: "messages", readTurn: "turn", readTurns: "turns",
		readEvents: "events", readOpenTurns: "open_turns", readUsage: "usage", readToken: "token", readRequest: "request",
		readObject: "object",
	}
}

// storage measures a store. Its series are looked up once, so that a call costs
// two looks at the clock and no memory.
type storage struct {
	store.Store
	buffered, durable prometheus.Observer
	updateErrors      prometheus.Counter
	reads             [readCount]prometheus.Observer
	readErrors        [readCount]prometheus.Counter
}

// Update implements store.Log.
func (s *storage) Update(ctx context.Context, tenant, conversation string, sync store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	start := time.Now()
	events, err := s.Store.Update(ctx, tenant, conversation, sync, fn)
	took := s.buffered
	if sync == store.Durable {
		took = s.durable
	}
	took.Observe(time.Since(start).Seconds())
	if broken(ctx, err) {
		s.updateErrors.Inc()
	}
	return events, err
}

// UpdateAll implements store.Log. What is handed in together takes as long as
// the slowest.
func (s *storage) UpdateAll(ctx context.Context, changes []*store.Change) {
	start := time.Now()
	s.Store.UpdateAll(ctx, changes)
	seconds := time.Since(start).Seconds()
	for _, c := range changes {
		took := s.buffered
		if c.Sync == store.Durable {
			took = s.durable
		}
		took.Observe(seconds)
		if broken(ctx, c.Err) {
			s.updateErrors.Inc()
		}
	}
}

// read notes a read that began at start.
func (s *storage) read(ctx context.Context, op int, start time.Time, err error) {
	s.reads[op].Observe(time.Since(start).Seconds())
	if broken(ctx, err) {
		s.readErrors[op].Inc()
	}
}

// broken tells the database's failures from answers like "not found" and from
// callers that went away. What the function of an update returns for its own
// reasons counts too if it has no kind: none of them is expected.
func broken(ctx context.Context, err error) bool {
	return err != nil && convo.ErrorKind(err) == convo.Internal && ctx.Err() == nil
}

// Conversation implements store.Reader.
func (s *storage) Conversation(ctx context.Context, tenant, id string) (convo.Conversation, error) {
	start := time.Now()
	c, err := s.Store.Conversation(ctx, tenant, id)
	s.read(ctx, readConversation, start, err)
	return c, err
}

// Head implements store.Reader.
func (s *storage) Head(ctx context.Context, tenant, id string) (convo.Head, error) {
	start := time.Now()
	h, err := s.Store.Head(ctx, tenant, id)
	s.read(ctx, readHead, start, err)
	return h, err
}

// Conversations implements store.Reader.
func (s *storage) Conversations(ctx context.Context, tenant string, q store.ConversationQuery) ([]convo.Conversation, error) {
	start := time.Now()
	list, err := s.Store.Conversations(ctx, tenant, q)
	s.read(ctx, readConversations, start, err)
	return list, err
}

// Message implements store.Reader.
func (s *storage) Message(ctx context.Context, tenant, conversation, id string) (convo.Message, error) {
	start := time.Now()
	m, err := s.Store.Message(ctx, tenant, conversation, id)
	s.read(ctx, readMessage, start, err)
	return m, err
}

// Messages implements store.Reader.
func (s *storage) Messages(ctx context.Context, tenant, conversation string, q store.MessageQuery) ([]convo.Message, error) {
	start := time.Now()
	list, err := s.Store.Messages(ctx, tenant, conversation, q)
	s.read(ctx, readMessages, start, err)
	return list, err
}

// Turn implements store.Reader.
func (s *storage) Turn(ctx context.Context, tenant, conversation, id string) (convo.Turn, error) {
	start := time.Now()
	t, err := s.Store.Turn(ctx, tenant, conversation, id)
	s.read(ctx, readTurn, start, err)
	return t, err
}

// Turns implements store.Reader.
func (s *storage) Turns(ctx context.Context, tenant, conversation string, from int64) ([]convo.Turn, error) {
	start := time.Now()
	list, err := s.Store.Turns(ctx, tenant, conversation, from)
	s.read(ctx, readTurns, start, err)
	return list, err
}

// Events implements store.Reader.
func (s *storage) Events(ctx context.Context, tenant, conversation string, after int64, limit int) ([]convo.Event, error) {
	start := time.Now()
	list, err := s.Store.Events(ctx, tenant, conversation, after, limit)
	s.read(ctx, readEvents, start, err)
	return list, err
}

// OpenTurns implements store.Reader.
func (s *storage) OpenTurns(ctx context.Context) ([]convo.Turn, error) {
	start := time.Now()
	list, err := s.Store.OpenTurns(ctx)
	s.read(ctx, readOpenTurns, start, err)
	return list, err
}

// Usage implements store.Reader.
func (s *storage) Usage(ctx context.Context, tenant, conversation string, from, to time.Time) (store.Usage, error) {
	start := time.Now()
	u, err := s.Store.Usage(ctx, tenant, conversation, from, to)
	s.read(ctx, readUsage, start, err)
	return u, err
}

// Object implements store.ObjectReader: turns of bots wait for it.
func (s *storage) Object(ctx context.Context, tenant string, kind convo.ObjectKind, name string) (convo.Object, error) {
	start := time.Now()
	o, err := s.Store.Object(ctx, tenant, kind, name)
	s.read(ctx, readObject, start, err)
	return o, err
}

// TokenByHash implements store.Tokens.
func (s *storage) TokenByHash(ctx context.Context, hash convo.TokenHash) (convo.Token, error) {
	start := time.Now()
	t, err := s.Store.TokenByHash(ctx, hash)
	s.read(ctx, readToken, start, err)
	return t, err
}

// Request implements store.Requests.
func (s *storage) Request(ctx context.Context, id convo.RequestID) (convo.Request, bool, error) {
	start := time.Now()
	r, ok, err := s.Store.Request(ctx, id)
	s.read(ctx, readRequest, start, err)
	return r, ok, err
}
