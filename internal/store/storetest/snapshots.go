package storetest

import (
	"context"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func snapshotChecks() []check {
	return []check{
		{"a snapshot does not see what is written after it", snapshotStays},
		{"a snapshot keeps what is deleted after it", snapshotKeeps},
		{"a snapshot has the pieces of messages that end after it", snapshotOfPieces},
		{"a snapshot lists the tenants that have conversations", snapshotTenants},
		{"a cancelled read does not end a snapshot", snapshotOutlivesReads},
		{"few snapshots may be open at once", snapshotsAreBounded},
		{"a closed snapshot is unavailable, its store is not", closedSnapshot},
		{"a store that closes closes its snapshots", closedWithSnapshot},
	}
}

func freeze(t testing.TB, s store.Store) store.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, snap.Close()) })
	return snap
}

// seen is everything that a reader shows of a conversation.
type seen struct {
	Head     convo.Head
	Messages []convo.Message
	Turns    []convo.Turn
	Events   []convo.Event
	Listed   []convo.Conversation
	Open     []convo.Turn
}

func look(t testing.TB, r store.Reader, tenant, id string) seen {
	t.Helper()
	ctx := t.Context()
	var s seen
	var err error
	s.Head, err = r.Head(ctx, tenant, id)
	must(t, err)
	s.Messages, err = r.Messages(ctx, tenant, id, store.MessageQuery{Limit: 100})
	must(t, err)
	s.Turns, err = r.Turns(ctx, tenant, id, 0)
	must(t, err)
	s.Events, err = r.Events(ctx, tenant, id, 0, 1000)
	must(t, err)
	s.Listed, err = r.Conversations(ctx, tenant, store.ConversationQuery{Limit: 100})
	must(t, err)
	s.Open, err = r.OpenTurns(ctx)
	must(t, err)
	return s
}

func snapshotStays(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.turn(uuid(10), 1, "hello", uuid(11), "he", "llo")
	w.append(uuid(12), convo.TurnOpened{Front: "test"}, convo.TurnQueued{})
	snap := freeze(t, s)
	before := look(t, snap, "a", uuid(1))
	equal(t, "what the store has", look(t, s, "a", uuid(1)), before)
	w.append(uuid(12), convo.TurnStarted{Slot: 2}, convo.TurnEnded{Reason: convo.EndDone})
	w.append("", given("later", 3, "later"), convo.ConversationChanged{Fields: convo.Fields{Name: new("changed")}})
	converse(t, s, "a", uuid(2))
	equal(t, "what the snapshot has", look(t, snap, "a", uuid(1)), before)
	_, err := snap.Conversation(t.Context(), "a", uuid(2))
	mustBe(t, err, convo.NotFound)
	equal(t, "messages of the store", len(w.messages(store.MessageQuery{})), 3)
}

func snapshotKeeps(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.append("", given("m", 1, "to be deleted"), given("n", 2, "another"))
	snap := freeze(t, s)
	before := look(t, snap, "a", uuid(1))
	w.append("", convo.MessageDeleted{ID: "m"})
	_, err := w.update(store.Tx.Delete)
	must(t, err)
	equal(t, "what the snapshot has", look(t, snap, "a", uuid(1)), before)
	equal(t, "text", before.Messages[0].Text, "to be deleted")
}

func snapshotOfPieces(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	place := convo.Place(1, 0)
	w.append("", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot})
	w.append("", convo.Delta{Message: "m", Type: convo.Bot, Text: "one "})
	snap := freeze(t, s)
	before := look(t, snap, "a", uuid(1))
	equal(t, "events", len(before.Events), 3)
	w.append("", convo.Delta{Message: "m", Type: convo.Bot, Text: "two"})
	equal(t, "while the message comes", look(t, snap, "a", uuid(1)), before)
	w.append("", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: "one two"})
	w.append("", convo.MessageDeleted{ID: "m"})
	equal(t, "when it is gone", look(t, snap, "a", uuid(1)), before)
	after := look(t, freeze(t, s), "a", uuid(1))
	equal(t, "events of a later snapshot", after.Events, w.events())
}

func snapshotTenants(t *testing.T, d Driver) {
	s := d.Open(t)
	empty, err := freeze(t, s).Tenants(t.Context())
	must(t, err)
	equal(t, "tenants of an empty store", len(empty), 0)
	for n, tenant := range []string{"b", "", "a", "b", "ab"} {
		converse(t, s, tenant, uuid(n))
	}
	list, err := freeze(t, s).Tenants(t.Context())
	must(t, err)
	equal(t, "tenants", list, []string{"", "a", "ab", "b"})
}

func snapshotOutlivesReads(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	snap := freeze(t, s)
	if _, err := snap.Head(cancelled(t), "a", uuid(1)); err == nil {
		t.Fatal("a cancelled read gave no error")
	}
	w.append("", given("later", 1, "later"))
	equal(t, "what the snapshot has", look(t, snap, "a", uuid(1)).Head.LastSeq, int64(1))
	ctx, cancel := context.WithCancel(t.Context())
	short, err := s.Snapshot(ctx)
	must(t, err)
	cancel() // ends no more than the call that it was for
	equal(t, "what the later snapshot has", look(t, short, "a", uuid(1)).Head.LastSeq, int64(2))
	must(t, short.Close())
}

func snapshotsAreBounded(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	var last store.Snapshot
	for range store.MaxSnapshots {
		last = freeze(t, s)
	}
	_, err := s.Snapshot(t.Context())
	mustBe(t, err, convo.Unavailable)
	w.append("", given("m", 1, "writers go on"))
	must(t, last.Close())
	must(t, last.Close())
	freeze(t, s)
	_, err = s.Snapshot(t.Context())
	mustBe(t, err, convo.Unavailable)
}

func closedSnapshot(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	snap := freeze(t, s)
	must(t, snap.Close())
	_, err := snap.Head(t.Context(), "a", uuid(1))
	mustBe(t, err, convo.Unavailable)
	_, err = snap.Tenants(t.Context())
	mustBe(t, err, convo.Unavailable)
	equal(t, "LastSeq in the store", w.head().LastSeq, int64(1))
}

func closedWithSnapshot(t *testing.T, d Driver) {
	s := d.Open(t)
	converse(t, s, "a", uuid(1))
	snap := freeze(t, s)
	must(t, s.Close())
	_, err := snap.Head(t.Context(), "a", uuid(1))
	mustBe(t, err, convo.Unavailable)
	_, err = s.Snapshot(t.Context())
	mustBe(t, err, convo.Unavailable)
}
