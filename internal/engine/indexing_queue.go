package engine

import (
	"slices"
	"sync"
	"time"
)

// indexJob is a file whose records in a dataset are to be made, or removed; or, without
// one, a dataset whose records are to be embedded. In [convo.MemoryDataset] it is a
// contact that is gone and whose memories are to be removed, or, without one, all of
// these.
type indexJob struct{ tenant, dataset, file string }

// indexing knows which files wait. What is to be done with one, and how far it has
// got, stands in the store: an entry here only says that it is to be looked at, so
// that one too many costs nothing.
//
// Few files are indexed at once, because each is read whole: of one tenant a single
// one while another one's wait.
type indexing struct {
	work   func(indexJob) error
	begin  func() bool // counts a worker; false = no more work is begun
	end    func()
	failed func(indexJob, error)

	mu      sync.Mutex
	waiting []indexJob
	jobs    map[indexJob]*jobState // those that wait or run
	running map[string]int         // by tenant
	workers int
	closed  bool
}

type jobState struct {
	runs     bool
	again    bool // it was wanted once more meanwhile
	failures int
	cause    error       // of the last of them
	timer    *time.Timer // of the next try
}

// How many files are indexed at once, and how long one rests that met an error of the
// server.
const (
	indexers    = 2
	firstRest   = time.Second
	longestRest = time.Minute
)

func newIndexing(work func(indexJob) error, begin func() bool, end func(), failed func(indexJob, error)) *indexing {
	return &indexing{work: work, begin: begin, end: end, failed: failed, jobs: map[indexJob]*jobState{}, running: map[string]int{}}
}

// want has a file looked at. It never waits.
func (q *indexing) want(job indexJob) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if s := q.jobs[job]; s != nil {
		s.again = s.runs
		return
	}
	q.jobs[job] = &jobState{}
	q.enqueue(job)
}

// enqueue needs the lock.
func (q *indexing) enqueue(job indexJob) {
	q.waiting = append(q.waiting, job)
	if q.closed || q.workers == indexers || !q.begin() {
		return
	}
	q.workers++
	go q.run()
}

func (q *indexing) run() {
	defer q.end()
	for {
		job, ok := q.next()
		if !ok {
			return
		}
		q.done(job, q.work(job))
	}
}

// next takes the file that has waited longest of a tenant of whom none is indexed; if
// there is no such tenant, that has waited longest.
func (q *indexing) next() (indexJob, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.waiting) == 0 {
		q.workers--
		return indexJob{}, false
	}
	i := max(0, slices.IndexFunc(q.waiting, func(job indexJob) bool { return q.running[job.tenant] == 0 }))
	job := q.waiting[i]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.jobs[job].runs = true
	q.running[job.tenant]++
	return job, true
}

// done ends a job, or has it tried again after a rest.
func (q *indexing) done(job indexJob, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running[job.tenant]--; q.running[job.tenant] == 0 {
		delete(q.running, job.tenant)
	}
	s := q.jobs[job]
	s.runs = false
	switch {
	case q.closed:
	case err != nil:
		rest := min(firstRest<<min(s.failures, 10), longestRest)
		s.failures++
		s.cause = err
		s.again = false
		s.timer = time.AfterFunc(rest, func() { q.retry(job) })
		q.failed(job, err)
	case s.again:
		s.again, s.failures, s.cause = false, 0, nil
		q.waiting = append(q.waiting, job)
	default:
		delete(q.jobs, job)
	}
}

func (q *indexing) retry(job indexJob) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.enqueue(job)
	}
}

// trouble is why a job failed that is going to be tried again; nil if none did.
func (q *indexing) trouble(job indexJob) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if s := q.jobs[job]; s != nil {
		return s.cause
	}
	return nil
}

// close lets no more work begin. What runs sees the end of its context.
func (q *indexing) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, s := range q.jobs {
		if s.timer != nil {
			s.timer.Stop()
		}
	}
}
