package engine

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/memory"
)

func TestQuotasForgetTurnsThatHaveEnded(t *testing.T) {
	t.Parallel()
	s := memory.New()
	defer s.Close()
	q := newQuotas([]Quota{{Tokens: 100, Per: Daily}}, s)
	c := claim{tenant: "t", bot: "b", tokens: 10}
	for range 5 {
		if err := q.admit(t.Context(), "turn", c); err != nil {
			t.Fatal(err)
		}
		q.end("turn", 10)
	}
	if len(q.open)+len(q.spent) != 0 || q.reading != 0 {
		t.Errorf("kept: %+v", q)
	}
	// What ends while a quota is read counts, though the store has not told of it.
	q.reserve("turn", claim{tenant: "t", bot: "b", tokens: 1})
	err := q.hold(t.Context(), c, func(read []quotaRead) error {
		q.mu.Unlock()
		q.end("turn", 100)
		q.mu.Lock()
		return q.decide(read, 0)
	})
	if convo.ErrorKind(err) != convo.QuotaReached {
		t.Errorf("got %v at %v", err, time.Now())
	}
	if len(q.spent) != 0 {
		t.Errorf("kept: %+v", q.spent)
	}
}
