package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// The sizes of the rows pages and folder, whole, and of what pages compares.
const (
	wholeStore   = 1_000_000 // conversations
	smallStore   = 1_000
	messagesEach = 20
	meanText     = 1000
)

// pages is a row that compares pages of lists in a large store with the same
// pages in a small one.
type pages struct{ conversations, small, requests int }

func (m pages) measure(ctx context.Context, b *bench, r *Result) error {
	m.conversations = max(int(b.Scale*float64(m.conversations)), m.small)
	r.notef("%d conversations with %d messages against %d with %d (--scale %g)",
		m.conversations, m.conversations*messagesEach, m.small, m.small*messagesEach, b.Scale)
	large, err := m.serve(ctx, b, m.conversations)
	if err != nil {
		return err
	}
	small, err := m.serve(ctx, b, m.small)
	if err != nil {
		return err
	}
	load, err := b.start(ctx, "load", nil, nil)
	if err != nil {
		return err
	}
	var goals []goal
	for _, kind := range pageKinds() {
		goals = append(goals, goal{name: kind.name + ", p50", unit: "ms", kind: Ratio, limit: 2},
			goal{name: kind.name + ", p99", unit: "ms", kind: Ratio})
	}
	return b.rounds(ctx, r, true, goals, func(last bool) (pairs []pair, err error) {
		for _, kind := range pageKinds() {
			base, err := m.read(load, small, kind, m.small)
			if err != nil {
				return nil, err
			}
			var got quantiles
			err = b.profiled(last && kind.profiled, large.process, func() (err error) {
				got, err = m.read(load, large, kind, m.conversations)
				return err
			})
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, pair{millis(got.P50), millis(base.P50)}, pair{millis(got.P99), millis(base.P99)})
		}
		return pairs, nil
	})
}

// serve starts a server on a filled store.
func (m pages) serve(ctx context.Context, b *bench, conversations int) (*endpoint, error) {
	store, err := b.store(ctx, storeOf(conversations))
	if err != nil {
		return nil, err
	}
	return b.endpoint(ctx, "server", serverSpec{Data: store.data})
}

// pageKind is a request for a page. Its path may depend on a conversation.
type pageKind struct {
	name     string
	path     func(conversation string) string
	items    int
	profiled bool
}

func pageKinds() []pageKind {
	list := func(query string) func(string) string {
		return func(id string) string {
			path := "/v1/conversation/list?take=25&" + query
			if query == "cursor=" {
				path += id
			}
			return path
		}
	}
	history := func(query string) func(string) string {
		return func(id string) string { return "/v1/conversation/" + id + "/message/list?" + query }
	}
	return []pageKind{
		{name: "newest conversations", path: list("order=desc"), items: 25},
		{name: "oldest conversations", path: list("order=asc"), items: 25},
		{name: "conversations from anywhere", path: list("cursor="), items: 25},
		{name: "history", path: history("take=20"), items: 20, profiled: true},
		{name: "end of the history", path: history("take=5&order=desc"), items: 5},
	}
}

func (m pages) read(load *process, from *endpoint, kind pageKind, conversations int) (q quantiles, err error) {
	spec := pagesSpec{To: from.address, Items: kind.items}
	for range m.requests {
		// Anywhere, but with a whole page behind it.
		i := kind.items + rand.IntN(conversations-kind.items)
		spec.Paths = append(spec.Paths, kind.path(conversationID(i)))
	}
	err = load.call("pages", spec, &q)
	return q, err
}

// pagesSpec asks for pages, one after the other.
type pagesSpec struct {
	To    address
	Paths []string
	Items int // that each has to have
}

// readPages gives how long they took to arrive.
func readPages(ctx context.Context, s pagesSpec) (any, error) {
	c, err := dial(ctx, s.To)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var took []time.Duration
	for _, path := range s.Paths {
		asked := time.Now()
		body, err := c.ask("GET", path, "application/json", nil)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(asked))
		var page struct {
			Items []struct{ ID string }
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, err
		}
		if len(page.Items) != s.Items || page.Items[0].ID == "" {
			return nil, fmt.Errorf("%s: %d items instead of %d", path, len(page.Items), s.Items)
		}
	}
	return sumUp(took), nil
}
