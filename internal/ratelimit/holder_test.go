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
		for i := range 50 {
			admit("new "+strconv.Itoa(i), false)
		}
		if n := len(l.tokens.holders); n != 51 {
			t.Errorf("%d are remembered, not the stream and the new ones alone", n)
		}
		streaming.Release()
		time.Sleep(2 * time.Minute)
		for i := range 30 {
			admit("newer "+strconv.Itoa(i), false)
		}
		if n := len(l.tokens.holders); n != 30 {
			t.Errorf("%d are remembered after the stream", n)
		}
	})
}
