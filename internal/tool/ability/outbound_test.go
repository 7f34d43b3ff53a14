package ability_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool/ability"
)

// rebinding is a resolver whose first answer is allowed and whose others are
// this machine.
type rebinding struct{ asked atomic.Int64 }

func (r *rebinding) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if r.asked.Add(1) == 1 {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1"), netip.MustParseAddr("169.254.169.254")}, nil
}

func TestANameThatBecomesALocalAddressIsRefusedAtTheSecondCall(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "here")
	})
	rules, err := outbound.ParseRules([]string{u.host}) // it stands for a public address
	if err != nil {
		t.Fatal(err)
	}
	resolver := &rebinding{}
	client := outbound.New(outbound.Options{Allow: rules, Resolver: resolver})
	t.Cleanup(client.Close)
	s := ability.New(objects{}, client, nil)
	a := fetchBlock("GET http://rebind.example:" + u.host[len("127.0.0.1:"):])
	if got, err := call(t, s, a, "{}"); err != nil || got != `"here"` {
		t.Fatalf("the first call gives %s, %v", got, err)
	}
	if got, err := call(t, s, a, "{}"); convo.ErrorKind(err) != convo.Forbidden {
		t.Errorf("the second call gives %s, %v", got, err)
	}
	if n := resolver.asked.Load(); n != 2 {
		t.Errorf("the name was looked up %d times for two connections", n)
	}
}
