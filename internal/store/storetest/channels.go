package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func channelChecks() []check {
	return []check{
		{"messages of a channel come back in the order of their numbers", publishedBack},
		{"a channel belongs to its tenant", channelOfTenant},
		{"what a failed update published is not there", publishedWithFailure},
		{"a message is published together with what its transaction writes", publishedWithEvents},
		{"messages of many callers have numbers without gaps", publishedByMany},
		{"a channel keeps its newest messages up to a number", channelKeepsNumber},
		{"a channel keeps its newest messages up to a size, and the newest one always", channelKeepsSize},
		{"a page of long messages is short", longPublished},
		{"pruning removes what is old", prunedChannel},
		{"many channels are pruned at once", manyPruned},
		{"a channel that was pruned away gives no number twice", channelNumbersStay},
		{"a closed store has no channels", closedChannels},
	}
}

const weather = "weather-0123456789"

// publish publishes messages on a channel, each in an update of its own, one
// second after the other.
func publish(t testing.TB, s store.Store, tenant, channel string, from time.Time, messages ...string) (seqs []int64) {
	t.Helper()
	for i, m := range messages {
		_, err := s.Update(t.Context(), tenant, "channel:"+channel, store.Buffered, func(tx store.Tx) error {
			seq, err := tx.Publish(channel, convo.JSON(m), from.Add(time.Duration(i)*time.Second))
			seqs = append(seqs, seq)
			return err
		})
		must(t, err)
	}
	return seqs
}

// published reads a channel and gives it as "number message".
func published(t testing.TB, s store.Store, tenant, channel string, after int64, limit int) (list []string) {
	t.Helper()
	messages, err := s.Published(t.Context(), tenant, channel, after, limit)
	must(t, err)
	for _, m := range messages {
		list = append(list, fmt.Sprintf("%d %s", m.Seq, m.Message))
	}
	return list
}

func span(t testing.TB, s store.Store, tenant, channel string) convo.ChannelSpan {
	t.Helper()
	got, err := s.ChannelSpan(t.Context(), tenant, channel)
	must(t, err)
	return got
}

func publishedBack(t *testing.T, d Driver) {
	s := d.Open(t)
	equal(t, "span of an unknown channel", span(t, s, "a", weather), convo.ChannelSpan{First: 1})
	equal(t, "unknown channel", published(t, s, "a", weather, 0, 10), nil)
	equal(t, "numbers", publish(t, s, "a", weather, start(), `{"a":1.50}`, `"ü\u0000"`, `null`), []int64{1, 2, 3})
	equal(t, "all", published(t, s, "a", weather, 0, 10), []string{`1 {"a":1.50}`, `2 "ü\u0000"`, `3 null`})
	equal(t, "a page", published(t, s, "a", weather, 1, 1), []string{`2 "ü\u0000"`})
	equal(t, "the end", published(t, s, "a", weather, 3, 10), nil)
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{First: 1, Last: 3})
	messages, err := s.Published(t.Context(), "a", weather, 0, 1)
	must(t, err)
	equal(t, "time", messages[0].At, start())
}

func channelOfTenant(t *testing.T, d Driver) {
	s := d.Open(t)
	publish(t, s, "a", weather, start(), `1`)
	equal(t, "numbers of the other tenant", publish(t, s, "b", weather, start(), `2`), []int64{1})
	equal(t, "one tenant's", published(t, s, "a", weather, 0, 10), []string{"1 1"})
	equal(t, "the other one's", published(t, s, "b", weather, 0, 10), []string{"1 2"})
	equal(t, "another channel", published(t, s, "a", weather+"x", 0, 10), nil)
}

func publishedWithFailure(t *testing.T, d Driver) {
	s := d.Open(t)
	failed := errors.New("no")
	_, err := s.Update(t.Context(), "a", "c", store.Durable, func(tx store.Tx) error {
		_, err := tx.Publish(weather, convo.JSON(`1`), start())
		must(t, err)
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	equal(t, "channel", published(t, s, "a", weather, 0, 10), nil)
	equal(t, "the next number", publish(t, s, "a", weather, start(), `2`), []int64{1})
}

func publishedWithEvents(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	_, err := w.update(func(tx store.Tx) error {
		for i, m := range []string{`1`, `2`} {
			seq, err := tx.Publish(weather, convo.JSON(m), start())
			must(t, err)
			equal(t, "number", seq, int64(i+1))
		}
		seq, err := tx.Publish("other-0123456789", convo.JSON(`3`), start())
		equal(t, "number in the other channel", seq, 1)
		must(t, err)
		return tx.Append(w.event("", given("m", 1, "hello")))
	})
	must(t, err)
	equal(t, "channel", published(t, s, "a", weather, 0, 10), []string{"1 1", "2 2"})
	equal(t, "the other", published(t, s, "a", "other-0123456789", 0, 10), []string{"1 3"})
	equal(t, "messages", ids(w.messages(store.MessageQuery{})), []string{"m"})
}

func publishedByMany(t *testing.T, d Driver) {
	s := d.Open(t)
	const callers, each = 8, 25
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range each {
				publish(t, s, "a", weather, start(), `{}`)
			}
		})
	}
	group.Wait()
	var want []string
	for i := range callers * each {
		want = append(want, fmt.Sprint(i+1, " {}"))
	}
	equal(t, "channel", published(t, s, "a", weather, 0, 1<<20), want)
}

func channelKeepsNumber(t *testing.T, d Driver) {
	s := d.Open(t)
	_, err := s.Update(t.Context(), "a", "c", store.Buffered, func(tx store.Tx) error {
		for range store.ChannelMessages + 5 {
			if _, err := tx.Publish(weather, convo.JSON(`{}`), start()); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
	want := convo.ChannelSpan{First: 6, Last: store.ChannelMessages + 5}
	equal(t, "span", span(t, s, "a", weather), want)
	publish(t, s, "a", weather, start(), `{}`)
	want.First, want.Last = want.First+1, want.Last+1
	equal(t, "span", span(t, s, "a", weather), want)
	equal(t, "the first ones", published(t, s, "a", weather, 0, 2), []string{"7 {}", "8 {}"})
}

func channelKeepsSize(t *testing.T, d Driver) {
	s := d.Open(t)
	long := `"` + strings.Repeat("x", store.ChannelBytes/4) + `"`
	publish(t, s, "a", weather, start(), long, long, long, long, `1`, `2`)
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{First: 2, Last: 6})
	publish(t, s, "a", weather, start(), `"`+strings.Repeat("x", store.ChannelBytes)+`"`)
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{First: 7, Last: 7})
	publish(t, s, "a", weather, start(), `3`)
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{First: 8, Last: 8})
}

func longPublished(t *testing.T, d Driver) {
	s := d.Open(t)
	long := `"` + strings.Repeat("x", store.PublishedBytes/2) + `"`
	publish(t, s, "a", weather, start(), long, long, long, long)
	for after, want := range map[int64]int{0: 2, 1: 2, 2: 2, 3: 1, 4: 0} {
		equal(t, fmt.Sprint("messages after ", after), len(published(t, s, "a", weather, after, 10)), want)
	}
}

func prunedChannel(t *testing.T, d Driver) {
	s := d.Open(t)
	publish(t, s, "a", weather, start(), `1`, `2`, `3`)
	publish(t, s, "b", weather, start().Add(time.Hour), `1`)
	must(t, s.PruneChannels(t.Context(), start()))
	equal(t, "nothing is older", span(t, s, "a", weather), convo.ChannelSpan{First: 1, Last: 3})
	must(t, s.PruneChannels(t.Context(), start().Add(2*time.Second)))
	equal(t, "channel", published(t, s, "a", weather, 0, 10), []string{"3 3"})
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{First: 3, Last: 3})
	equal(t, "the next number", publish(t, s, "a", weather, start().Add(time.Minute), `4`), []int64{4})
	must(t, s.PruneChannels(t.Context(), start().Add(time.Minute)))
	equal(t, "channel", published(t, s, "a", weather, 0, 10), []string{"4 4"})
	equal(t, "the other tenant's", published(t, s, "b", weather, 0, 10), []string{"1 1"})
}

func manyPruned(t *testing.T, d Driver) {
	s := d.Open(t)
	_, err := s.Update(t.Context(), "a", "c", store.Buffered, func(tx store.Tx) error {
		for i := range 120 {
			for range 20 {
				if _, err := tx.Publish(fmt.Sprint(weather, i), convo.JSON(`{}`), start()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	must(t, err)
	publish(t, s, "a", fmt.Sprint(weather, 7), start().Add(time.Hour), `"new"`)
	must(t, s.PruneChannels(t.Context(), start().Add(time.Minute)))
	for i := range 120 {
		var want []string
		if i == 7 {
			want = []string{`21 "new"`}
		}
		equal(t, "channel", published(t, s, "a", fmt.Sprint(weather, i), 0, 10), want)
	}
}

func channelNumbersStay(t *testing.T, d Driver) {
	s := d.Open(t)
	publish(t, s, "a", weather, start(), `1`, `2`, `3`)
	publish(t, s, "a", "other-0123456789", start(), `1`)
	must(t, s.PruneChannels(t.Context(), start().Add(time.Hour)))
	equal(t, "channel", published(t, s, "a", weather, 0, 10), nil)
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{Start: 3, First: 4, Last: 3})
	s = d.Restart(t, s)
	equal(t, "the next number", publish(t, s, "a", weather, start(), `4`), []int64{4})
	equal(t, "span", span(t, s, "a", weather), convo.ChannelSpan{Start: 3, First: 4, Last: 4})
}

func closedChannels(t *testing.T, d Driver) {
	s := d.Open(t)
	must(t, s.Close())
	_, err := s.ChannelSpan(t.Context(), "a", weather)
	mustBe(t, err, convo.Unavailable)
	_, err = s.Published(t.Context(), "a", weather, 0, 1)
	mustBe(t, err, convo.Unavailable)
	_, err = s.Dispatch(t.Context(), "a", weather)
	mustBe(t, err, convo.Unavailable)
	_, err = s.ExpiredDispatches(t.Context(), start(), 1)
	mustBe(t, err, convo.Unavailable)
	mustBe(t, s.PruneChannels(t.Context(), start()), convo.Unavailable)
}
