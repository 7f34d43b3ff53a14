package engine

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// queue is one whose work waits until the test lets it go on.
type queue struct {
	*indexing
	group sync.WaitGroup
	mu    sync.Mutex
	ran   []string
	next  chan error
	tries []time.Duration
	begin time.Time
}

func newQueue() *queue {
	q := &queue{next: make(chan error), begin: time.Now()}
	q.indexing = newIndexing(q.run, func() bool { q.group.Add(1); return true }, q.group.Done, func(indexJob, error) {})
	return q
}

func (q *queue) run(job indexJob) error {
	q.mu.Lock()
	q.ran = append(q.ran, job.tenant+job.file)
	q.tries = append(q.tries, time.Since(q.begin))
	q.mu.Unlock()
	return <-q.next
}

func (q *queue) want(jobs ...string) {
	for _, job := range jobs {
		q.indexing.want(indexJob{tenant: job[:1], dataset: "d", file: job[1:]})
	}
}

func (q *queue) wantRan(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	q.mu.Lock()
	defer q.mu.Unlock()
	ran := slices.Clone(q.ran)
	slices.Sort(ran) // two that begin together do so in any order
	if !slices.Equal(ran, want) {
		t.Errorf("%q ran, want %q", q.ran, want)
	}
}

func TestFewFilesAreIndexedAtOnceAndOneOfATenantWhileOthersWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.want("a1", "a2", "a3")
		q.wantRan(t, "a1", "a2") // nobody else waits
		q.want("b1", "b2")
		q.next <- nil
		q.wantRan(t, "a1", "a2", "b1")
		q.next <- nil // of either: the next one is of the tenant of whom none runs, or the oldest
		q.next <- nil
		q.next <- nil
		q.next <- nil
		q.group.Wait()
		if len(q.jobs) != 0 || len(q.waiting) != 0 || len(q.running) != 0 {
			t.Errorf("%v, %v and %v are left", q.jobs, q.waiting, q.running)
		}
	})
}

func TestAFileThatIsWantedWhileItIsIndexedIsLookedAtOnceMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.want("a1")
		synctest.Wait()
		q.want("a1", "a1", "a1")
		q.wantRan(t, "a1")
		q.next <- nil
		q.wantRan(t, "a1", "a1")
		q.next <- nil
		q.group.Wait()
		q.wantRan(t, "a1", "a1")
	})
}

func TestAFileThatMetAnErrorIsTriedAgainAfterLongerAndLongerRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.want("a1")
		for range 9 {
			q.next <- errors.New("no")
		}
		q.next <- nil
		q.group.Wait()
		last := q.tries[len(q.tries)-1] - q.tries[len(q.tries)-2]
		if first := q.tries[1] - q.tries[0]; first != firstRest || last != longestRest {
			t.Errorf("the rests were %s and at last %s", first, last)
		}
	})
}

func TestAClosedQueueBeginsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.want("a1", "a2", "a3")
		synctest.Wait()
		q.close()
		q.next <- errors.New("no")
		q.next <- nil
		q.want("a4")
		time.Sleep(time.Hour)
		q.group.Wait()
		q.wantRan(t, "a1", "a2")
	})
}
