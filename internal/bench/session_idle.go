package bench

import (
	"context"
	"time"
)

// sessionIdle is a row about the memory of sessions in which nothing happens.
type sessionIdle struct {
	sessions int
	settle   time.Duration // until garbage was given back
}

func (m sessionIdle) measure(ctx context.Context, b *bench, r *Result) error {
	if resident("self") == 0 {
		return errNoResident
	}
	files, err := openFiles()
	if err != nil {
		return err
	}
	if room := int(min(files, 1<<20)) - spareFiles; room < m.sessions {
		r.notef("%d sessions instead of %d: a process may have only %d files open (ulimit -n)", room, m.sessions, files)
		m.sessions = room
	}
	goals := []goal{
		{name: "resident memory of a session", unit: "KiB", kind: Alone, limit: 15},
		{name: "of its memory, stacks", unit: "KiB", kind: Alone},
		{name: "of its memory, live heap", unit: "KiB", kind: Alone},
		{name: "the reference's, of a socket", unit: "KiB", kind: Alone},
	}
	return b.rounds(ctx, r, false, goals, func(last bool) ([]pair, error) {
		defer b.release(len(b.open))
		s, err := b.newSessionStack(ctx)
		if err != nil {
			return nil, err
		}
		ids, err := s.conversations(m.sessions)
		if err != nil {
			return nil, err
		}
		server, live, err := m.grown(ctx, s, s.server, ids)
		if err != nil {
			return nil, err
		}
		if last {
			if err := b.heap(s.server.process); err != nil {
				return nil, err
			}
		}
		reference, _, err := m.grown(ctx, s, s.reference, ids)
		each := func(bytes float64) float64 { return bytes / 1024 / float64(m.sessions) }
		return []pair{
			{subject: each(float64(server.Resident))}, {subject: each(float64(server.Stacks))},
			{subject: each(live)}, {subject: each(float64(reference.Resident))},
		}, err
	})
}

// warmSessions are opened first, so that what a process needs once is not counted.
const warmSessions = 100

// grown is what the sessions add to a process's memory; live is of its heap.
func (m sessionIdle) grown(ctx context.Context, s *sessionStack, e *endpoint, ids []string) (u Usage, live float64, err error) {
	few := ids[:min(warmSessions, len(ids))]
	if err := s.load.call("attach", attachSpec{To: e.address, Conversations: few, Readers: 1}, nil); err != nil {
		return u, 0, err
	}
	if err := s.load.call("detach", nil, nil); err != nil {
		return u, 0, err
	}
	before, liveBefore, err := m.settled(ctx, e)
	if err != nil {
		return u, 0, err
	}
	if err := s.load.call("attach", attachSpec{To: e.address, Conversations: ids, Readers: 1}, nil); err != nil {
		return u, 0, err
	}
	after, liveAfter, err := m.settled(ctx, e)
	if err != nil {
		return u, 0, err
	}
	u.Resident = after.Resident - before.Resident
	u.Stacks = after.Stacks - before.Stacks
	return u, liveAfter - liveBefore, s.load.call("detach", nil, nil)
}

// settled is a process's usage when nothing has happened for a while.
func (m sessionIdle) settled(ctx context.Context, e *endpoint) (u Usage, live float64, err error) {
	if err := e.call("collect", nil, &live); err != nil {
		return u, 0, err
	}
	if !sleep(ctx, m.settle) {
		return u, 0, context.Cause(ctx)
	}
	u, err = e.usage()
	return u, live, err
}
