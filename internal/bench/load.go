package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// loadSpec is what the load asks for.
type loadSpec struct {
	To            address
	Protocol      protocol
	Conversations []string      // of the streams, with stored
	Streams       int           // callers at once
	Answers       int           // that each asks for, one after the other; 0 = one
	Spread        time.Duration // over which the callers begin
	Answer        answerSpec
}

// protocol says what is asked.
type protocol string

const (
	bare      protocol = "bare"      // the provider's own API, as the proxy passes it on
	stateless protocol = "stateless" // ChatBotKit's, nothing stored
	stored    protocol = "stored"    // ChatBotKit's, in conversations
)

// loadReport is what the load saw. All answers were whole.
type loadReport struct {
	Tokens int64
	First  quantiles // from the request to its first token
	Late   quantiles // from the provider to the client, for tokens with a stamp
}

// quantiles sum up durations.
type quantiles struct {
	N        int
	P50, P99 time.Duration
	Max      time.Duration
}

func sumUp(all []time.Duration) quantiles {
	if len(all) == 0 {
		return quantiles{}
	}
	slices.Sort(all)
	at := func(p int) time.Duration { return all[(len(all)-1)*p/100] }
	return quantiles{N: len(all), P50: at(50), P99: at(99), Max: all[len(all)-1]}
}

// makeLoad is the role of the clients.
func makeLoad(context.Context, json.RawMessage) (any, map[string]operation, error) {
	a := &audience{}
	return nil, map[string]operation{
		"attach": decoded(a.attach),
		"expect": decoded(a.expect),
		"heard":  decoded(a.heard),
		"detach": decoded(a.detach),
		"ask":    decoded(askAll),
		"run":    decoded(runLoad),
		"create": decoded(createConversations),
		"pages":  decoded(readPages),
		"follow": decoded(followConversation),
	}, nil
}

// decoded makes an operation of a function with a typed argument.
func decoded[In any](f func(context.Context, In) (any, error)) operation {
	return func(ctx context.Context, in json.RawMessage) (any, error) {
		var typed In
		if err := json.Unmarshal(in, &typed); err != nil {
			return nil, err
		}
		return f(ctx, typed)
	}
}

// runLoad asks for all answers. The first one that is not as it should be ends
// the others.
func runLoad(ctx context.Context, s loadSpec) (any, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	callers := make([]*caller, s.Streams)
	var all sync.WaitGroup
	for i := range callers {
		callers[i] = newCaller(s, i)
		all.Go(func() {
			if !sleep(ctx, s.Spread*time.Duration(i)/time.Duration(s.Streams)) {
				return
			}
			if err := callers[i].run(ctx, max(s.Answers, 1)); err != nil {
				cancel(fmt.Errorf("stream %d: %w", i, err))
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	var report loadReport
	var first, late []time.Duration
	for _, c := range callers {
		report.Tokens += c.tokens
		first, late = append(first, c.first...), append(late, c.late...)
	}
	report.First, report.Late = sumUp(first), sumUp(late)
	return report, nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// caller is one client.
type caller struct {
	loadSpec
	path string
	body []byte

	tokens      int64
	first, late []time.Duration
}

func newCaller(s loadSpec, i int) *caller {
	c := &caller{loadSpec: s}
	switch s.Protocol {
	case bare:
		c.path = "/v1/chat/completions"
		c.body = fmt.Appendf(nil, `{"model":"m","stream":true,"messages":[{"role":"user","content":%q}]}`, s.Answer)
	case stateless:
		c.path = "/v1/conversation/complete"
		c.body = fmt.Appendf(nil, `{"messages":[{"type":"user","text":%q}]}`, s.Answer)
	case stored:
		c.path = "/v1/conversation/" + s.Conversations[i] + "/complete"
		c.body = fmt.Appendf(nil, `{"text":%q}`, s.Answer)
	}
	return c
}

func (c *caller) run(ctx context.Context, answers int) error {
	conn, err := dial(ctx, c.To)
	if err != nil {
		return err
	}
	defer conn.close()
	for range answers {
		if err := c.answer(conn); err != nil {
			return err
		}
	}
	return nil
}

// answer asks once and reads to the end.
func (c *caller) answer(conn *conn) error {
	asked := time.Now()
	body, err := conn.do("POST", c.path, c.body)
	if err != nil {
		return err
	}
	check := newChecker(c.Answer)
	s := &answerReader{protocol: c.Protocol, check: check}
	s.onToken = func() {
		c.first = append(c.first, time.Since(asked))
		s.onToken = nil
	}
	if err := conn.lines(body, s.line); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil { // to the end, so that the connection can be used again
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	c.tokens += int64(check.seen)
	c.late = append(c.late, check.late...)
	return nil
}
