package ratelimit

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Limits{TokenRate: 10, TokenStreams: 1})
		l.tokens.max = 100
		admit := func(id string, stream bool) Pass {
			p, err := l.Admit(convo.Actor{Tenant: "t", Token: id}, stream)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		streaming := admit("streaming", true)
		for i := range 1000 {
			admit(strconv.Itoa(i), false)
		}
		if n := len(l.tokens.holders); n > 100 {
			t.Errorf("%d are remembered", n)
		}
		if _, err := l.Admit(convo.Actor{Tenant: "t", Token: "streaming"}, true); err == nil {
			t.Error("one that streams was forgotten")
		}
		time.Sleep(2 * time.Minute) // all but the stream are idle
		admit("new", false)
		if n := len(l.tokens.holders); n != 2 {
			t.Errorf("%d are remembered, not the stream and the new one alone", n)
		}
		streaming.Release()
		time.Sleep(2 * time.Minute)
		admit("newer", false)
		if n := len(l.tokens.holders); n != 1 {
			t.Errorf("%d are remembered after the stream", n)
		}
	})
}
