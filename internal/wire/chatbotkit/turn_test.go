package chatbotkit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model/scripted"
)

const jsonl = "application/jsonl"

// line is one line of a stream.
type line struct {
	Type string
	Data json.RawMessage
	Seq  int64
	Turn string
}

func (l line) token(t *testing.T) string {
	t.Helper()
	var data struct{ Token string }
	unmarshal(t, string(l.Data), &data)
	return data.Token
}

// stream is an answer that is read line by line.
type stream struct {
	t    *testing.T
	res  *http.Response
	read *bufio.Reader
}

func (b *bundle) stream(q request) *stream {
	b.t.Helper()
	q.accept = jsonl
	res := b.start(q)
	b.t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 {
		body, _ := io.ReadAll(res.Body)
		b.t.Fatalf("%d %s", res.StatusCode, body)
	}
	return &stream{b.t, res, bufio.NewReader(res.Body)}
}

// next gives the next line, and ok false at the end.
func (s *stream) next() (l line, ok bool) {
	s.t.Helper()
	text, err := s.read.ReadString('\n')
	if err == io.EOF && text == "" {
		return l, false
	}
	must(s.t, err)
	unmarshal(s.t, text, &l)
	answered := answer{s.res.StatusCode, s.res.Header, text}
	if err := contractOf(s.t).check(s.res.Request.Method, s.res.Request.URL.Path, "", answered); err != nil {
		s.t.Error(err)
	}
	return l, true
}

// until reads up to the first line of a type, and gives all that it read.
func (s *stream) until(kind string) (lines []line) {
	s.t.Helper()
	for {
		l, ok := s.next()
		if !ok {
			s.t.Fatalf("no %s came: %s", kind, types(lines))
		}
		if lines = append(lines, l); l.Type == kind {
			return lines
		}
	}
}

// rest reads to the end.
func (s *stream) rest() (lines []line) {
	s.t.Helper()
	for {
		l, ok := s.next()
		if !ok {
			return lines
		}
		lines = append(lines, l)
	}
}

func types(lines []line) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Type)
	}
	return strings.Join(all, " ")
}

func text(t *testing.T, lines []line) string {
	t.Helper()
	out := ""
	for _, l := range lines {
		if l.Type == "token" {
			out += l.token(t)
		}
	}
	return out
}

func TestATokenIsSeenBeforeTheAnswerEnds(t *testing.T) {
	t.Parallel()
	for _, stateful := range []bool{false, true} {
		more := make(chan struct{})
		b := setup(t, scripted.Script{scripted.Text("first "), scripted.Wait(more), scripted.Text("last")})
		path := "/v1/conversation/complete"
		if stateful {
			path = "/v1/conversation/" + b.conversation() + "/complete"
		}
		s := b.stream(request{path: path, body: `{"text":"Hi"}`})
		for name, want := range map[string]string{"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
			if got := s.res.Header.Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		lines := s.until("token")
		close(more)
		lines = append(lines, s.rest()...)
		if got := text(t, lines); got != "first last" {
			t.Errorf("got %q", got)
		}
		if got := types(lines); got != "completeBegin token token message usage completeEnd result" {
			t.Errorf("got %s", got)
		}
	}
}

func TestAStreamBeginsWhileItsTurnIsQueued(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("one"), scripted.Wait(more)}, scripted.Script{scripted.Text("two")})
	path := "/v1/conversation/" + b.conversation() + "/complete"
	first := b.stream(request{path: path, body: `{"text":"1"}`})
	first.until("token")
	second := b.stream(request{path: path, body: `{"text":"2"}`}) // its headers are here
	close(more)
	if got := types(second.rest()); got != "completeBegin token message usage completeEnd result" {
		t.Errorf("got %s", got)
	}
	first.rest()
}

func TestStopEndsATurnWithItsPartialText(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("partial"), scripted.Wait(nil)})
	id := b.conversation()
	s := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`})
	lines := s.until("token")
	queued := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Next"}`})

	if a := b.post("/v1/conversation/"+id+"/stop", `{}`); a.body != fmt.Sprintf(`{"id":%q,"stopped":1}`, id) {
		t.Errorf("stop: %d %s", a.status, a.body)
	}
	lines = append(lines, s.rest()...)
	if got := types(lines); got != "completeBegin token message usage abort completeEnd result" {
		t.Fatalf("got %s", got)
	}
	message, result := string(lines[2].Data), string(lines[6].Data)
	if !strings.Contains(message, `"text":"partial"`) || !strings.Contains(message, `"incomplete":true`) {
		t.Errorf("message: %s", message)
	}
	if string(lines[4].Data) != `{"reason":"stopped"}` || !strings.Contains(result, `"end":{"reason":"abort"}`) || !strings.Contains(result, `"text":"partial"`) {
		t.Errorf("abort: %s, result: %s", lines[4].Data, result)
	}
	if got := text(t, queued.rest()); got != "You said: Next" {
		t.Errorf("the queued turn said %q", got)
	}
	call, err := b.model.Await(t.Context(), 1)
	must(t, err)
	if !call.Cancelled() {
		t.Error("the model was not cancelled")
	}
}

func TestAStatefulTurnOutlivesItsReader(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("one "), scripted.Wait(more), scripted.Text("two")})
	id := b.conversation()
	ctx, leave := context.WithCancel(t.Context())
	b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`, ctx: ctx}).until("token")
	leave()
	events := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true"})
	close(more)
	lines := events.until("result")
	if got := text(t, lines); got != "one two" {
		t.Errorf("got %q", got)
	}
	if got := b.messages(id); got != `user "Hi", bot "one two"` {
		t.Errorf("stored: %s", got)
	}
}

func TestAStatelessTurnEndsWithItsReader(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"", jsonl} {
		b := setup(t, scripted.Script{scripted.Text("one "), scripted.Wait(nil)})
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/v1/conversation/complete", strings.NewReader(`{"text":"Hi"}`))
			if err != nil {
				return
			}
			r.Header.Set("Authorization", "Bearer "+b.secret)
			r.Header.Set("Accept", accept)
			if res, err := b.client.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		}()
		call, err := b.model.Await(t.Context(), 1)
		must(t, err)
		leave()
		if !call.Cancelled() {
			t.Error("the model was not cancelled")
		}
		<-done
	}
}

func TestARepeatOfABrokenRequestJoinsItsTurn(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"", jsonl} {
		more := make(chan struct{})
		b := setup(t, scripted.Script{scripted.Text("one "), scripted.Wait(more), scripted.Text("two")})
		id := b.conversation()
		q := request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`}
		b.breakOff(q)
		res := make(chan answer, 1)
		q.accept = accept
		go func() { res <- b.do(q) }()
		b.follow(id, "token")
		close(more)
		a := <-res
		if a.status != 200 || a.header.Get("Idempotent-Replayed") != "true" || !strings.Contains(a.body, `"text":"one two"`) {
			t.Errorf("%d, replayed %q: %s", a.status, a.header.Get("Idempotent-Replayed"), a.body)
		}
		if got := b.messages(id); got != `user "Hi", bot "one two"` {
			t.Errorf("stored: %s", got)
		}
		// What was answered completely is not repeated.
		if a := b.do(q); a.header.Get("Idempotent-Replayed") != "" || !strings.Contains(a.body, "You said: Hi") {
			t.Errorf("the same words again were taken for a repeat: %s", a.body)
		}
	}
}

// breakOff sends a turn, reads its first token and breaks the connection; it
// returns when the server has noticed.
func (b *bundle) breakOff(q request) {
	b.t.Helper()
	ctx, leave := context.WithCancel(b.t.Context())
	q.ctx = ctx
	b.stream(q).until("token")
	leave()
	b.log.await(b.t, "gone=true", 1)
}

// follow reads a conversation's log until a line of a type.
func (b *bundle) follow(id, kind string) []line {
	b.t.Helper()
	s := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true"})
	defer func() { _ = s.res.Body.Close() }()
	return s.until(kind)
}

func TestARepeatedStopDoesNotStopTheTurnAfterIt(t *testing.T) {
	t.Parallel()
	wait := scripted.Script{scripted.Text("partial"), scripted.Wait(nil)}
	b := setup(t, wait, wait)
	id := b.conversation()
	first := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"one"}`})
	first.until("token")
	second := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"two"}`})
	stop := request{path: "/v1/conversation/" + id + "/stop", body: `{}`, header: map[string]string{"Idempotency-Key": "k"}}
	once := b.do(stop)
	second.until("token")
	again := b.do(stop)
	if once.body != again.body || !strings.Contains(once.body, `"stopped":1`) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s, then %s %v", once.body, again.body, again.header)
	}
	// A stop of its own still finds the second turn running.
	if a := b.post("/v1/conversation/"+id+"/stop", `{}`); !strings.Contains(a.body, `"stopped":1`) {
		t.Errorf("the second turn: %s", a.body)
	}
	first.rest()
	second.rest()
}
