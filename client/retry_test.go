package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/client"
)

// answers is a transport that gives one answer after the other, and keeps the
// requests. Without a network, tests can run it in a bubble.
type answers struct {
	all  []func(*http.Request) (*http.Response, error)
	keys []string
	at   []time.Time
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.keys = append(a.keys, r.Header.Get("Idempotency-Key"))
	a.at = append(a.at, time.Now())
	n := min(len(a.keys), len(a.all))
	return a.all[n-1](r)
}

// status answers with a status and headers, given as names and values.
func status(code int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{
			StatusCode: code, Status: http.StatusText(code), Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

func refused(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

func scripted(t *testing.T, a *answers, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{
		client.WithBaseURL("http://parley.test"), client.WithHTTPClient(&http.Client{Transport: a}),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type response = func(*http.Request) (*http.Response, error)

func TestWhatPassesIsTriedAgainUnderOneKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &answers{all: []response{refused, status(503, ``), status(502, ``), status(200, `{"id":"c1"}`)}}
		c := scripted(t, a)
		created, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{})
		if err != nil || created.ID != "c1" {
			t.Fatalf("got %v, %v", created, err)
		}
		if len(a.keys) != 4 || a.keys[0] == "" || a.keys[0] != a.keys[3] {
			t.Errorf("the keys are %q", a.keys)
		}
		for i, least := range []time.Duration{125, 250, 500} {
			least *= time.Millisecond
			if wait := a.at[i+1].Sub(a.at[i]); wait < least || wait > 2*least {
				t.Errorf("wait %d was %v", i, wait)
			}
		}
		if _, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{}); err != nil || a.keys[4] == a.keys[0] {
			t.Errorf("a second call has the key of the first: %q, %v", a.keys, err)
		}
	})
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for n, want := range map[int]int{0: 1, 2: 3} {
			a := &answers{all: []response{status(429, `{"message":"slowly","code":"TOO_MANY_REQUESTS"}`, "X-Request-Id", "r1")}}
			_, err := scripted(t, a, client.WithRetries(n)).Conversation.Fetch(t.Context(), "c1")
			refused, ok := errors.AsType[*client.Error](err)
			if !ok || refused.Status != 429 || refused.Code != client.CodeTooManyRequests || refused.Message != "slowly" || refused.RequestID != "r1" {
				t.Errorf("got %#v", err)
			}
			if len(a.at) != want {
				t.Errorf("%d retries made %d requests", n, len(a.at))
			}
		}
	})
}

func TestWhatDoesNotPassIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]response{
		"a refusal":          status(404, `{"message":"no such conversation","code":"NOT_FOUND"}`),
		"a failure":          status(500, `{}`),
		"a page":             status(200, `<html>`),
		"a redirect":         status(302, ``, "Location", "https://elsewhere"),
		"an answer cut off":  func(r *http.Request) (*http.Response, error) { return cut(r, `{"id":`) },
		"a stateless repeat": func(r *http.Request) (*http.Response, error) { return cut(r, ``) },
	} {
		a := &answers{all: []response{answer}}
		_, err := scripted(t, a).Conversation.CompleteStateless(t.Context(), client.CompleteStatelessRequest{Text: client.Set("hi")})
		if err == nil || len(a.at) != 1 {
			t.Errorf("%s: %d requests, %v", name, len(a.at), err)
		}
	}
}

// cut is an answer that breaks off.
func cut(r *http.Request, body string) (*http.Response, error) {
	resp, err := status(200, "")(r)
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), broken{}))
	return resp, err
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// What a caller reads by itself breaks as all other answers do.
func TestAnAnswerThatBreaksWhileItsCallerReadsItSaysSo(t *testing.T) {
	t.Parallel()
	c := scripted(t, &answers{all: []response{func(r *http.Request) (*http.Response, error) { return cut(r, "id\n") }}})
	for name, why := range map[string]error{"a cut": io.ErrUnexpectedEOF, "the end of its context": errors.New("enough")} {
		ctx, cancel := context.WithCancelCause(t.Context())
		table, e1 := c.Conversation.ExportCSV(ctx, client.ListRequest{})
		body, e2 := c.Fetch(ctx, "/api/v1/bot/list", client.FetchOptions{})
		object, e3 := c.Fetch(ctx, "/api/v1/bot/list", client.FetchOptions{})
		if err := errors.Join(e1, e2, e3); err != nil {
			t.Fatal(err)
		}
		if name != "a cut" {
			cancel(why)
		}
		_, e1 = io.ReadAll(table)
		_, e2 = io.ReadAll(body.Body)
		e3 = object.Decode(new(client.Reference))
		for i, err := range []error{e1, e2, e3} {
			if !errors.Is(err, why) || strings.Count(err.Error(), "the connection was lost") > 1 {
				t.Errorf("%s: reader %d gets %v", name, i, err)
			}
		}
		if err := errors.Join(table.Close(), body.Body.Close()); err != nil {
			t.Error(err)
		}
		cancel(nil)
	}
}

// A queued turn has no number yet when its server is restarted.
func TestAStreamWithoutANumberWaitsForAServerThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := slices.Repeat([]response{refused}, 6)
		all := []response{func(r *http.Request) (*http.Response, error) { return cut(r, " ") }}
		all = append(append(all, away...), status(200, `{"items":[],"cursor":"4"}`))
		all = append(append(all, away...), status(200, lineBegin+lineToken+lineResult))
		a := &answers{all: all}
		result, err := scripted(t, a).Conversation.CompleteStream(t.Context(), "c1", say("hi")).Wait()
		if err != nil || result.Text != "one two" || len(a.keys) != len(all) {
			t.Errorf("after %d requests of %d: %+v, %v", len(a.keys), len(all), result, err)
		}
		keys := slices.DeleteFunc(a.keys, func(key string) bool { return key == "" })
		if len(keys) != 8 || len(slices.Compact(keys)) != 1 {
			t.Errorf("the keys are %q", keys)
		}
		a = &answers{all: []response{refused}}
		if _, err := scripted(t, a).Conversation.CompleteStream(t.Context(), "c1", say("hi")).Wait(); err == nil || len(a.keys) != 4 {
			t.Errorf("a server that was never there was asked %d times, %v", len(a.keys), err)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
		a := &answers{all: []response{status(503, ``, "Retry-After", "7"), status(503, ``, "Retry-After", date), status(200, `{}`)}}
		begun := time.Now()
		if _, err := scripted(t, a).Conversation.Fetch(t.Context(), "c1"); err != nil {
			t.Fatal(err)
		}
		if first, all := a.at[1].Sub(begun), a.at[2].Sub(begun); first != 7*time.Second || all < 19*time.Second || all > 21*time.Second {
			t.Errorf("it waited %v, then %v", first, all)
		}
		a = &answers{all: []response{status(503, ``, "Retry-After", "3600")}}
		_, err := scripted(t, a).Conversation.Fetch(t.Context(), "c1")
		if refused, ok := errors.AsType[*client.Error](err); !ok || refused.RetryAfter != time.Hour || len(a.at) != 1 {
			t.Errorf("%d requests, %v", len(a.at), err)
		}
	})
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		a := &answers{all: []response{func(*http.Request) (*http.Response, error) {
			cancel(why)
			return nil, context.Canceled
		}}}
		if _, err := scripted(t, a).Conversation.Fetch(ctx, "c1"); !errors.Is(err, why) || len(a.at) != 1 {
			t.Errorf("%d requests, %v", len(a.at), err)
		}
		hangs := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		c := scripted(t, &answers{all: []response{hangs}}, client.WithTimeout(time.Hour))
		begun := time.Now()
		_, err := c.Conversation.Fetch(t.Context(), "c1", client.WithTimeout(time.Minute))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Minute {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		begun = time.Now()
		_, err = c.Conversation.CompleteStream(t.Context(), "c1", say("hi")).Wait()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Hour {
			t.Errorf("a stream after %v: %v", time.Since(begun), err)
		}
	})
}
