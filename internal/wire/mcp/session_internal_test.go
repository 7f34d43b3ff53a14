package mcp

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

func TestASessionThatNobodyUsesEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(10, 10, 30*time.Minute)
		var ended atomic.Int32
		end := func() error { ended.Add(1); return nil }
		for _, id := range []string{"a", "b"} {
			if err := s.add(id, "me", end); err != nil {
				t.Fatal(err)
			}
		}
		over := s.contextOf("b")
		leave, _, err := s.enter("a", "me") // a long answer
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		if ended.Load() != 1 || over.Err() == nil {
			t.Errorf("%d have ended, want the one that nobody uses", ended.Load())
		}
		leave()
		time.Sleep(29 * time.Minute)
		again, _, err := s.enter("a", "me")
		if err != nil {
			t.Fatalf("it ends before its time: %v", err)
		}
		again()
		time.Sleep(30*time.Minute + time.Second)
		synctest.Wait()
		if _, _, err := s.enter("a", "me"); convo.ErrorKind(err) != convo.NotFound || ended.Load() != 2 {
			t.Errorf("after its time: %v, %d ended", err, ended.Load())
		}
		s.close()
	})
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSessions(4, 2, time.Hour)
	defer s.close()
	end := func() error { return nil }
	for _, owner := range []string{"a", "b"} {
		for i := range 2 {
			if err := s.add(fmt.Sprint(owner, i), owner, end); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.add("c0", "c", end); convo.ErrorKind(err) != convo.Unavailable {
		t.Errorf("one more in all: %v", err)
	}
	for _, id := range []string{"a0", "a1"} {
		leave, _, err := s.enter(id, "a")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	if err := s.add("a2", "a", end); convo.ErrorKind(err) != convo.RateLimited {
		t.Errorf("one more of a token whose others are busy: %v", err)
	}
	if err := s.add("b2", "b", end); err != nil {
		t.Errorf("one more in the place of an idle one: %v", err)
	}
	if len(s.open) != 4 {
		t.Errorf("%d are open", len(s.open))
	}
}

func TestNoSessionBeginsWhenTheServerEnds(t *testing.T) {
	t.Parallel()
	s := newSessions(4, 2, time.Hour)
	ended := false
	if err := s.add("a", "me", func() error { ended = true; return nil }); err != nil {
		t.Fatal(err)
	}
	s.close()
	if !ended {
		t.Error("a session goes on")
	}
	if err := s.add("b", "me", func() error { return nil }); convo.ErrorKind(err) != convo.Unavailable {
		t.Errorf("another one begins: %v", err)
	}
}

func FuzzMayLast(f *testing.F) {
	for _, seed := range []string{`{"method":"tools/call"}`, `[{"method":"ping"},{"method":"tools/call"}]`, `{`, `null`, `[null]`, `"x"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, body []byte) { mayLast(body) }) // must not panic
}
