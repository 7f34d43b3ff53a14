package storetest

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func tokenChecks() []check {
	return []check{
		{"a token comes back as it was stored", tokenBack},
		{"a hash or an id is stored once", tokenOnce},
		{"session tokens are in no list and go with their conversation", sessionTokens},
		{"a revoked token keeps its first time", revoked},
		{"a deleted token is gone and may come back", deletedToken},
		{"pruning removes what expired and lives short", pruneTokens},
	}
}

func hashOf(n byte) convo.TokenHash { return convo.TokenHash{n, 7, 31: n} }

func tokenBack(t *testing.T, d Driver) {
	s := d.Open(t)
	want := convo.Token{
		ID: uuid(1), Tenant: "a", Hash: hashOf(1), Name: "näme", Source: "api", Conversation: "", App: "shop",
		Created: start(), Expires: start().Add(time.Hour), Revoked: start().Add(time.Minute),
	}
	must(t, s.PutToken(t.Context(), want))
	got, err := s.TokenByHash(t.Context(), want.Hash)
	must(t, err)
	equal(t, "token", got, want)
	_, err = s.TokenByHash(t.Context(), hashOf(2))
	mustBe(t, err, convo.NotFound)

	other := convo.Token{ID: uuid(1), Tenant: "b", Hash: hashOf(2), Source: "config", Created: start().Add(-1e9)}
	must(t, s.PutToken(t.Context(), other))
	for tenant, tokens := range map[string][]convo.Token{"a": {want}, "b": {other}, "": {other, want}, "c": nil} {
		list, err := s.Tokens(t.Context(), tenant)
		must(t, err)
		equal(t, "tokens of "+tenant, list, tokens)
	}
}

func tokenOnce(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	must(t, s.PutToken(t.Context(), convo.Token{ID: "x", Tenant: "a", Hash: hashOf(1)}))
	for _, token := range []convo.Token{
		{ID: "y", Tenant: "a", Hash: hashOf(1)}, {ID: "y", Tenant: "b", Hash: hashOf(1)}, {ID: "x", Tenant: "a", Hash: hashOf(2)},
	} {
		mustBe(t, s.PutToken(t.Context(), token), convo.Conflict)
		_, err := w.update(func(tx store.Tx) error { return tx.PutToken(token) })
		mustBe(t, err, convo.Conflict)
	}
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.PutToken(convo.Token{ID: "z", Tenant: "a", Hash: hashOf(3)}))
		return tx.PutToken(convo.Token{ID: "zz", Tenant: "a", Hash: hashOf(3)})
	})
	mustBe(t, err, convo.Conflict)
	_, err = s.TokenByHash(t.Context(), hashOf(3))
	mustBe(t, err, convo.NotFound)
}

func sessionTokens(t *testing.T, d Driver) {
	s := d.Open(t)
	for i, tenant := range []string{"a", "b"} {
		w := converse(t, s, tenant, uuid(1))
		_, err := w.update(func(tx store.Tx) error {
			return tx.PutToken(convo.Token{
				ID: "s", Tenant: tenant, Hash: hashOf(byte(i)), Source: "session", Conversation: w.id, Created: start(),
			})
		})
		must(t, err)
		must(t, s.PutToken(t.Context(), convo.Token{ID: "t", Tenant: tenant, Hash: hashOf(byte(10 + i)), Source: "api"}))
	}
	list, err := s.Tokens(t.Context(), "a")
	must(t, err)
	equal(t, "tokens", len(list), 1)
	token, err := s.TokenByHash(t.Context(), hashOf(0))
	must(t, err)
	equal(t, "conversation", token.Conversation, uuid(1))
	_, err = s.Update(t.Context(), "a", uuid(1), store.Buffered, store.Tx.Delete)
	must(t, err)
	_, err = s.TokenByHash(t.Context(), hashOf(0))
	mustBe(t, err, convo.NotFound)
	for _, hash := range []convo.TokenHash{hashOf(1), hashOf(10)} {
		_, err = s.TokenByHash(t.Context(), hash)
		must(t, err)
	}
}

func revoked(t *testing.T, d Driver) {
	s := d.Open(t)
	must(t, s.PutToken(t.Context(), convo.Token{ID: "x", Tenant: "a", Hash: hashOf(1)}))
	mustBe(t, s.RevokeToken(t.Context(), "b", "x", start()), convo.NotFound)
	must(t, s.RevokeToken(t.Context(), "a", "x", start()))
	must(t, s.RevokeToken(t.Context(), "a", "x", start().Add(time.Hour)))
	got, err := s.TokenByHash(t.Context(), hashOf(1))
	must(t, err)
	equal(t, "revoked", got.Revoked, start())
}

func deletedToken(t *testing.T, d Driver) {
	s := d.Open(t)
	token := convo.Token{ID: "x", Tenant: "a", Hash: hashOf(1)}
	must(t, s.PutToken(t.Context(), token))
	mustBe(t, s.DeleteToken(t.Context(), "b", "x"), convo.NotFound)
	must(t, s.DeleteToken(t.Context(), "a", "x"))
	mustBe(t, s.DeleteToken(t.Context(), "a", "x"), convo.NotFound)
	_, err := s.TokenByHash(t.Context(), hashOf(1))
	mustBe(t, err, convo.NotFound)
	must(t, s.PutToken(t.Context(), token))
}

func pruneTokens(t *testing.T, d Driver) {
	s := d.Open(t)
	tokens := []convo.Token{
		{ID: "gone", Source: "session", Conversation: "c", Expires: start().Add(-1e6)},
		{ID: "gone too", Source: "console", Expires: start().Add(-1e6)},
		{ID: "now", Source: "session", Expires: start()},
		{ID: "never", Source: "session"},
		{ID: "api", Source: "api", Expires: start().Add(-1e6)},
	}
	for i, token := range tokens {
		token.Tenant, token.Hash = "a", hashOf(byte(i))
		must(t, s.PutToken(t.Context(), token))
	}
	must(t, s.PruneTokens(t.Context(), start()))
	for i := range tokens {
		_, err := s.TokenByHash(t.Context(), hashOf(byte(i)))
		if gone := convo.ErrorKind(err) == convo.NotFound; gone != (i < 2) {
			t.Errorf("token %q: %v", tokens[i].ID, err)
		}
	}
}

func requestChecks() []check {
	return []check{
		{"a record comes back as it was stored", requestBack},
		{"a record is replaced by one with its ID", requestReplaced},
		{"an answer is marked as written, of its own attempt only", markWritten},
		{"pruning removes old records whose turns have ended", pruneRequests},
		{"a record outlives its conversation", requestStays},
	}
}

func requestBack(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	want := convo.Request{
		ID: convo.RequestID{1, 31: 9}, Keyed: true, Body: [32]byte{2}, Attempt: uuid(3), Tenant: "a",
		Conversation: w.id, Turn: uuid(2), Answer: []byte{0, 255}, Created: start(),
	}
	_, err := w.update(func(tx store.Tx) error {
		if _, ok, err := tx.Request(want.ID); ok || err != nil {
			t.Errorf("a record before it was stored (%v)", err)
		}
		must(t, tx.PutRequest(want))
		got, ok, err := tx.Request(want.ID)
		must(t, err)
		equal(t, "found in the transaction", ok, true)
		equal(t, "in the transaction", got, want)
		return nil
	})
	must(t, err)
	got, ok, err := s.Request(t.Context(), want.ID)
	must(t, err)
	equal(t, "found", ok, true)
	equal(t, "record", got, want)
	_, ok, err = s.Request(t.Context(), convo.RequestID{9})
	must(t, err)
	equal(t, "unknown", ok, false)
}

func requestReplaced(t *testing.T, d Driver) {
	s := d.Open(t)
	for _, attempt := range []string{"1", "2"} {
		must(t, s.PutRequest(t.Context(), convo.Request{Attempt: attempt, Answer: []byte(attempt), Created: start()}))
	}
	got, _, err := s.Request(t.Context(), convo.RequestID{})
	must(t, err)
	equal(t, "attempt", got.Attempt, "2")
}

func markWritten(t *testing.T, d Driver) {
	s := d.Open(t)
	for i := range byte(3) {
		must(t, s.PutRequest(t.Context(), convo.Request{ID: convo.RequestID{i}, Attempt: "1", Created: start()}))
	}
	s.MarkWritten(convo.RequestID{0}, "1")
	s.MarkWritten(convo.RequestID{1}, "other")
	s.MarkWritten(convo.RequestID{9}, "1")
	must(t, s.PutRequest(t.Context(), convo.Request{ID: convo.RequestID{8}, Created: start()})) // a later commit
	for i, want := range []bool{true, false, false} {
		got, _, err := s.Request(t.Context(), convo.RequestID{byte(i)})
		must(t, err)
		equal(t, "written", got.Written, want)
	}
}

func pruneRequests(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.turn("ended", 1, "q", "m", "a")
	w.append("runs", convo.TurnOpened{})
	keyed, unkeyed := start().Add(-time.Hour), start()
	records := []struct {
		r    convo.Request
		gone bool
	}{
		{convo.Request{Keyed: true, Created: keyed.Add(-1e6)}, true},
		{convo.Request{Keyed: true, Created: keyed}, false},
		{convo.Request{Created: unkeyed.Add(-1e6)}, true},
		{convo.Request{Created: unkeyed}, false},
		{convo.Request{Created: keyed.Add(-1e9), Conversation: w.id, Turn: "ended"}, true},
		{convo.Request{Created: keyed.Add(-1e9), Conversation: w.id, Turn: "runs"}, false},
		{convo.Request{Created: keyed.Add(-1e9), Conversation: "deleted", Turn: "runs"}, true},
	}
	for i, c := range records {
		c.r.ID, c.r.Tenant = convo.RequestID{byte(i)}, "a"
		must(t, s.PutRequest(t.Context(), c.r))
	}
	must(t, s.PruneRequests(t.Context(), keyed, unkeyed))
	for i, c := range records {
		_, ok, err := s.Request(t.Context(), convo.RequestID{byte(i)})
		must(t, err)
		if ok == c.gone {
			t.Errorf("record %d: there %v", i, ok)
		}
	}
	const many = 1200 // more than a driver may remove at once
	for i := range many {
		id := convo.RequestID{100, byte(i), byte(i >> 8)}
		must(t, s.PutRequest(t.Context(), convo.Request{ID: id, Created: keyed}))
	}
	must(t, s.PruneRequests(t.Context(), keyed, unkeyed))
	_, ok, err := s.Request(t.Context(), convo.RequestID{100, byte((many - 1) & 255), byte((many - 1) >> 8)})
	must(t, err)
	equal(t, "the last of many", ok, false)
}

func requestStays(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	_, err := w.update(func(tx store.Tx) error {
		return tx.PutRequest(convo.Request{ID: convo.RequestID{1}, Tenant: "a", Conversation: w.id, Created: start()})
	})
	must(t, err)
	_, err = w.update(store.Tx.Delete)
	must(t, err)
	_, ok, err := s.Request(t.Context(), convo.RequestID{1})
	must(t, err)
	equal(t, "there", ok, true)
}
