package storetest

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func dispatchChecks() []check {
	return []check{
		{"a dispatch comes back as it was stored", dispatchBack},
		{"a channel has one dispatch and no messages beside it", dispatchOnce},
		{"a dispatch goes with its conversation", dispatchGoes},
		{"hidden dispatches expire with the end of their turn", dispatchExpires},
	}
}

func dispatchOf(n int, hidden bool) convo.Dispatch {
	return convo.Dispatch{
		Tenant: "a", Channel: weather, Conversation: uuid(n), Turn: uuid(n + 100), Hidden: hidden,
		Body: [32]byte{1, 31: 2}, Created: start(),
	}
}

// dispatch stores a dispatch in its conversation.
func dispatch(t testing.TB, w *writer, d convo.Dispatch) {
	t.Helper()
	_, err := w.update(func(tx store.Tx) error { return tx.PutDispatch(d) })
	must(t, err)
}

func dispatchBack(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	want := dispatchOf(1, true)
	_, err := s.Dispatch(t.Context(), "a", weather)
	mustBe(t, err, convo.NotFound)
	_, err = w.update(func(tx store.Tx) error {
		_, ok, err := tx.Dispatch(weather)
		equal(t, "there before", ok, false)
		must(t, err)
		must(t, tx.PutDispatch(convo.Dispatch{Channel: weather, Turn: want.Turn, Hidden: true, Body: want.Body, Created: want.Created}))
		got, ok, err := tx.Dispatch(weather)
		equal(t, "there after", ok, true)
		equal(t, "dispatch in its transaction", got, want)
		return err
	})
	must(t, err)
	got, err := s.Dispatch(t.Context(), "a", weather)
	must(t, err)
	equal(t, "dispatch", got, want)
	_, err = s.Dispatch(t.Context(), "b", weather)
	mustBe(t, err, convo.NotFound)
}

func dispatchOnce(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	dispatch(t, w, dispatchOf(1, false))
	_, err := w.update(func(tx store.Tx) error { return tx.PutDispatch(dispatchOf(1, false)) })
	mustBe(t, err, convo.Conflict)
	_, err = w.update(func(tx store.Tx) error {
		_, err := tx.Publish(weather, convo.JSON(`1`), start())
		return err
	})
	mustBe(t, err, convo.Conflict)

	publish(t, s, "a", "other-0123456789", start(), `1`)
	other := dispatchOf(1, false)
	other.Channel = "other-0123456789"
	_, err = w.update(func(tx store.Tx) error { return tx.PutDispatch(other) })
	mustBe(t, err, convo.Conflict)
	other.Channel = "third-0123456789"
	_, err = w.update(func(tx store.Tx) error {
		_, err := tx.Publish(other.Channel, convo.JSON(`1`), start())
		must(t, err)
		return tx.PutDispatch(other)
	})
	mustBe(t, err, convo.Conflict)
	_, err = s.Update(t.Context(), "a", uuid(9), store.Buffered, func(tx store.Tx) error { return tx.PutDispatch(other) })
	mustBe(t, err, convo.NotFound)
	_, err = s.Dispatch(t.Context(), "a", other.Channel)
	mustBe(t, err, convo.NotFound)
	equal(t, "another tenant's channel", publish(t, s, "b", weather, start(), `1`), []int64{1})
}

func dispatchGoes(t *testing.T, d Driver) {
	s := d.Open(t)
	w, stays := converse(t, s, "a", uuid(1)), converse(t, s, "b", uuid(1))
	dispatch(t, w, dispatchOf(1, false))
	dispatch(t, stays, dispatchOf(1, false))
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Delete())
		_, ok, err := tx.Dispatch(weather)
		equal(t, "there in the transaction that deletes", ok, false)
		return err
	})
	must(t, err)
	_, err = s.Dispatch(t.Context(), "a", weather)
	mustBe(t, err, convo.NotFound)
	_, err = s.Dispatch(t.Context(), "b", weather)
	must(t, err)
	equal(t, "the channel is free", publish(t, s, "a", weather, start(), `1`), []int64{1})
}

func dispatchExpires(t *testing.T, d Driver) {
	s := d.Open(t)
	expired := func(before time.Time) (channels []string) {
		t.Helper()
		list, err := s.ExpiredDispatches(t.Context(), before, 10)
		must(t, err)
		for _, d := range list {
			channels = append(channels, d.Channel)
		}
		return channels
	}
	add := func(n int, channel string, hidden, ends bool) *writer {
		w := converse(t, s, "a", uuid(n))
		d := dispatchOf(n, hidden)
		d.Channel = channel
		dispatch(t, w, d)
		w.append(d.Turn, convo.TurnOpened{Front: "test", Background: true}, convo.TurnQueued{})
		if ends {
			w.append(d.Turn, convo.TurnStarted{Slot: 1}, convo.TurnEnded{Reason: convo.EndDone})
		}
		return w
	}
	first := add(1, "one-0123456789abc", true, true)
	add(2, "two-0123456789abc", true, false)
	add(3, "three-0123456789a", false, true)
	equal(t, "at their end", expired(first.now), nil)
	equal(t, "later", expired(first.now.Add(time.Second)), []string{"one-0123456789abc"})
	list, err := s.ExpiredDispatches(t.Context(), first.now.Add(time.Hour), 0)
	must(t, err)
	equal(t, "none were asked for", len(list), 0)
}
