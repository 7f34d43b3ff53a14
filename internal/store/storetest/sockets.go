package storetest

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func socketChecks() []check {
	return []check{{"socket sessions are kept until nobody was seen for long", keepSockets}}
}

func keepSockets(t *testing.T, d Driver) {
	s := d.Open(t)
	_, err := s.Socket(t.Context(), "nobody")
	mustBe(t, err, convo.NotFound)

	old := store.SocketSession{ID: "old", Tenant: "a", Owner: "u", Seen: start(), State: []byte("one")}
	must(t, s.PutSocket(t.Context(), old))
	old.State = []byte("two")
	must(t, s.PutSocket(t.Context(), old))
	fresh := store.SocketSession{ID: "fresh", Tenant: "b", Seen: start(), State: []byte{}}
	must(t, s.PutSocket(t.Context(), fresh))

	got, err := s.Socket(t.Context(), "old")
	must(t, err)
	if got.Tenant != "a" || got.Owner != "u" || string(got.State) != "two" || !got.Seen.Equal(start()) {
		t.Errorf("got %+v", got)
	}

	later := start().Add(time.Minute)
	must(t, s.TouchSockets(t.Context(), []string{"fresh", "nobody"}, later))
	must(t, s.PruneSockets(t.Context(), later))
	_, err = s.Socket(t.Context(), "old")
	mustBe(t, err, convo.NotFound)
	_, err = s.Socket(t.Context(), "nobody")
	mustBe(t, err, convo.NotFound)
	got, err = s.Socket(t.Context(), "fresh")
	must(t, err)
	if !got.Seen.Equal(later) {
		t.Errorf("seen %s, want %s", got.Seen, later)
	}

	must(t, s.TouchSockets(t.Context(), nil, later.Add(time.Hour)))
	must(t, s.PruneSockets(t.Context(), later.Add(time.Hour)))
	_, err = s.Socket(t.Context(), "fresh")
	must(t, err)
}
