package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// fanout is a row that compares what an event costs that goes to many readers
// of a conversation with one that goes to a single reader.
type fanout struct {
	readers int
	answer  answerSpec
}

func (m fanout) measure(ctx context.Context, b *bench, r *Result) error {
	s, err := b.newStack(ctx, "")
	if err != nil {
		return err
	}
	goals := []goal{{name: "CPU per event delivered", unit: "µs", kind: Ratio, limit: 0.2}}
	return b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		one, err := m.cost(s, 1)
		if err != nil {
			return nil, err
		}
		var many float64
		err = s.profiled(last, s.server.process, func() (err error) {
			many, err = m.cost(s, m.readers)
			return err
		})
		return []pair{{many, one}}, err
	})
}

// cost is the processor time of an event that arrives, in microseconds. That of
// the turn itself is in it.
func (m fanout) cost(s *stack, readers int) (float64, error) {
	var ids []string
	if err := s.load.call("create", createSpec{s.server.address, 1}, &ids); err != nil {
		return 0, err
	}
	var events int64
	cpu, err := s.server.during(func() error {
		return s.load.call("follow", followSpec{s.server.address, ids[0], readers, m.answer}, &events)
	})
	return micros(cpu) / float64(events), err
}

// followSpec asks for one answer in a conversation and for readers of its log.
type followSpec struct {
	To           address
	Conversation string
	Readers      int
	Answer       answerSpec
}

// followConversation gives how many events arrived, all readers together. Each
// of them has to get the whole answer and every number once, in order.
func followConversation(ctx context.Context, s followSpec) (any, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	readers := make([]*follower, s.Readers)
	var reading sync.WaitGroup
	for i := range readers {
		f, err := s.follow(ctx)
		if err != nil {
			return nil, err
		}
		readers[i] = f
		reading.Go(func() {
			defer f.conn.close()
			if err := f.read(); err != nil {
				cancel(fmt.Errorf("reader %d: %w", i, err))
			}
		})
	}
	if err := s.ask(ctx); err != nil {
		cancel(err)
	}
	reading.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	events := int64(0)
	for _, f := range readers {
		events += f.events
		if f.last != readers[0].last {
			return nil, fmt.Errorf("one reader's log ends with %d, another's with %d", f.last, readers[0].last)
		}
	}
	return events, nil
}

// ask has the model answer. Who asks reads the result only: it would be a
// reader that nobody counts.
func (s followSpec) ask(ctx context.Context) error {
	c, err := dial(ctx, s.To)
	if err != nil {
		return err
	}
	defer c.close()
	body, err := c.ask("POST", "/v1/conversation/"+s.Conversation+"/complete", "application/json", fmt.Appendf(nil, `{"text":%q}`, s.Answer))
	if err != nil {
		return err
	}
	result, err := io.ReadAll(body)
	if err == nil && !bytes.Contains(result, []byte(`"reason":"stop"`)) {
		err = fmt.Errorf("the answer was not completed: %.300s", result)
	}
	return err
}

// follower is a reader of a log.
type follower struct {
	conn   *conn
	body   io.Reader
	check  *checker
	events int64
	last   int64 // the number of the last event
}

func (s followSpec) follow(ctx context.Context) (*follower, error) {
	c, err := dial(ctx, s.To)
	if err != nil {
		return nil, err
	}
	f := &follower{conn: c, check: newChecker(s.Answer)}
	f.body, err = c.do("GET", "/v1/conversation/"+s.Conversation+"/events?live=true", nil)
	if err != nil {
		c.close()
	}
	return f, err
}

// errTurnEnded ends the reading of a log that has no end.
var errTurnEnded = errors.New("the turn has ended")

func (f *follower) read() error {
	err := f.conn.lines(f.body, f.line)
	switch {
	case errors.Is(err, errTurnEnded):
		return f.check.end()
	case err == nil:
		return errors.New("the log ended before the turn")
	}
	return err
}

func (f *follower) line(line []byte) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil // nothing happened for a while
	}
	if err := f.number(line); err != nil {
		return err
	}
	if text, ok := bytes.CutPrefix(line, []byte(tokenLine)); ok {
		token, _, _ := bytes.Cut(text, []byte{'"'})
		return f.check.take(token)
	}
	if bytes.HasPrefix(line, []byte(resultLine)) {
		return errTurnEnded
	}
	return nil
}

// number counts the event that a line completes. Not every event has a line,
// but none comes twice, and none after a later one.
func (f *follower) number(line []byte) error {
	_, rest, ok := bytes.Cut(line, []byte(`,"seq":`))
	if !ok {
		return nil // another line of the same event follows
	}
	digits := rest[:len(rest)-len(bytes.TrimLeft(rest, "0123456789"))]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || n <= f.last {
		return fmt.Errorf("event %q follows %d", digits, f.last)
	}
	f.last = n
	f.events++
	return nil
}
