package outbound_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
)

func TestATenantLeavesRoomForTheOthers(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}, 8), make(chan struct{})
	u := serve(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-leave })
	c := client(t, outbound.Options{Allow: rules(t, u.Host), Concurrency: 3, Share: 2})
	ask := func(ctx context.Context, tenant string) error {
		_, err := fetch(c, request(t, "GET", u.String(), "").WithContext(outbound.WithTenant(ctx, tenant)))
		return err
	}
	var running sync.WaitGroup
	begin := func(tenant string) {
		running.Go(func() {
			if err := ask(t.Context(), tenant); err != nil {
				t.Error(err)
			}
		})
		<-arrived
	}
	begin("a")
	begin("a")
	begin("b")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, ask(gone, "a"), convo.Unavailable)
	close(leave)
	running.Wait()
	for _, tenant := range []string{"a", "a", "a", "b"} {
		if err := ask(t.Context(), tenant); err != nil {
			t.Errorf("%s, after the others: %v", tenant, err)
		}
	}
}
