package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// How long to wait between tries. A server that wants more time than maxWait
// gets none: its error goes to the caller, who can do better than sleep.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = 4 * time.Second
	maxWait   = time.Minute
)

// retry does work until it succeeds, or fails in a way that will not pass.
func (s *settings) retry(ctx context.Context, r *request, work func() error) error {
	for try := 0; ; try++ {
		err := work()
		if err == nil || try >= s.retries || !s.retryable(ctx, r, err) {
			return err
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

// retryable reports whether the same request may do better in a moment, and can
// do no harm. A request without an answer is made again as the npm package does
// it, with its key; one whose answer broke off only where the key is honoured.
func (s *settings) retryable(ctx context.Context, r *request, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		return passing(refused.Status)
	}
	if _, ok := errors.AsType[*malformedError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*cutError](err); ok {
		return r.method == http.MethodGet || s.keyOf(r) != "" && s.honoured(ctx, r)
	}
	return true
}

// passing reports whether a status is one that passes.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// honoured finds out whether the server joins the repeat of a request by its
// key. Those that number their lines do; whether this one does is known from
// such a line, or asked of the conversation that the request names.
func (s *settings) honoured(ctx context.Context, r *request) bool {
	if s.parley.Load() {
		return true
	}
	path, err := conversationPath(r.conversation, "events")
	if err != nil {
		return false
	}
	probe, err := get(path, url.Values{"take": {"1"}})
	if err != nil {
		return false
	}
	var page struct {
		Cursor string `json:"cursor"` // a number, also where no line stands for it
	}
	patient := *s // a server that was cut off may need as long to come back as a stream waits
	patient.retries = max(s.retries, s.resumes)
	err = patient.retry(ctx, probe, func() error {
		resp, err := s.once(ctx, probe)
		if err != nil {
			return err
		}
		return decode(ctx, resp, &page)
	})
	if err != nil {
		return false
	}
	seq, err := strconv.ParseInt(page.Cursor, 10, 64)
	if err != nil || seq <= 0 {
		return false
	}
	s.parley.Store(true)
	return true
}

// pause lets time pass before the next try after err: longer each time, by a
// part that is left to chance so that many clients do not come back at once, and
// as long as the server asked for. It returns err if there is no sense in
// waiting, and the cause if ctx ends.
func pause(ctx context.Context, try int, err error) error {
	wait := min(firstWait<<min(try, 10), lastWait)
	wait = wait/2 + rand.N(wait/2)
	if refused, ok := errors.AsType[*Error](err); ok {
		if refused.RetryAfter > maxWait {
			return err
		}
		wait = max(wait, refused.RetryAfter)
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		return err // it says more than the deadline would
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
