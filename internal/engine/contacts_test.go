package engine_test

import (
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

func TestRequestsForOneContactAtOnceMakeOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	contacts := func() int {
		page, err := b.ListObjects(t.Context(), b.actor, engine.Contacts(), engine.List{Take: 100})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Items)
	}
	for i, request := range []func(conversation string) (convo.Object, error){
		func(id string) (convo.Object, error) {
			return b.UpsertContact(t.Context(), b.actor, id, func(d *engine.Draft) { d.Body = convo.Contact{Email: new("ann@x")} }, nil)
		},
		func(id string) (convo.Object, error) {
			return b.UpsertContact(t.Context(), b.actor, id, func(d *engine.Draft) { d.Alias = new("ben") }, nil)
		},
		func(string) (convo.Object, error) {
			draft := engine.Draft{ObjectFields: convo.ObjectFields{Alias: new("cy")}, Body: convo.Contact{}}
			return b.EnsureContact(t.Context(), b.actor, draft, nil)
		},
	} {
		var all sync.Map
		var wg sync.WaitGroup
		for range 10 {
			id := b.conversation(convo.Fields{})
			wg.Go(func() {
				made, err := request(id)
				if err != nil {
					t.Error(err)
				}
				all.Store(made.ID, true)
			})
		}
		wg.Wait()
		n := 0
		all.Range(func(any, any) bool { n++; return true })
		if got := contacts(); n != 1 || got != i+1 {
			t.Errorf("request %d gives %d contacts, and there are %d", i, n, got)
		}
	}
}
