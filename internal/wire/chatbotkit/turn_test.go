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
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
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
	for !strings.Contains(b.log.String(), "gone=true") {
		if b.t.Context().Err() != nil {
			b.t.Fatal("the server did not notice")
		}
		time.Sleep(time.Millisecond) // the log is the only sign
	}
}

// follow reads a conversation's log until a line of a type.
func (b *bundle) follow(id, kind string) []line {
	b.t.Helper()
	s := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true"})
	defer func() { _ = s.res.Body.Close() }()
	return s.until(kind)
}

func TestTwoReadersSeeTheSameAlsoAfterACut(t *testing.T) {
	t.Parallel()
	pieces := make([]scripted.Step, 0, 41)
	step := make(chan struct{})
	want := ""
	for i := range 20 {
		piece := fmt.Sprintf("pièce %d ", i)
		want += piece
		pieces = append(pieces, scripted.Text(piece), scripted.Wait(step))
	}
	b := setup(t, scripted.Script(pieces))
	id := b.conversation()
	own := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`})
	whole := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true"})
	seen := own.until("token")
	for i := range 5 {
		step <- struct{}{}
		for !strings.Contains(text(t, seen), fmt.Sprintf("pièce %d ", i)) {
			l, _ := own.next()
			seen = append(seen, l)
		}
	}
	_ = own.res.Body.Close() // cut off
	go func() {
		for range 15 {
			step <- struct{}{}
		}
	}()
	rest := b.stream(request{path: fmt.Sprintf("/v1/conversation/%s/events?live=true&after=%d", id, seen[len(seen)-1].Seq)}).until("result")
	all := whole.until("result")
	if got := text(t, seen) + text(t, rest); got != want {
		t.Errorf("the cut reader got %q", got)
	}
	if got := text(t, all); got != want {
		t.Errorf("the other reader got %q", got)
	}
	last := int64(0)
	for _, l := range all {
		if l.Seq != 0 && l.Seq <= last {
			t.Errorf("%s has number %d after %d", l.Type, l.Seq, last)
		}
		last = max(last, l.Seq)
	}
	if string(all[len(all)-1].Data) != string(rest[len(rest)-1].Data) {
		t.Errorf("the results differ: %s, %s", all[len(all)-1].Data, rest[len(rest)-1].Data)
	}
}

func TestDeletionEndsLiveReadersAndTurns(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("partial"), scripted.Wait(nil)})
	id := b.conversation()
	live := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true"})
	turn := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`})
	turn.until("token")
	if a := b.post("/v1/conversation/"+id+"/delete", `{}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	lines := live.rest()
	if last := lines[len(lines)-1]; last.Type != "conversationDeleted" || !strings.Contains(string(last.Data), id) || last.Seq != 0 {
		t.Errorf("the last line is %+v", last)
	}
	lines = turn.rest()
	if last := lines[len(lines)-1]; last.Type != "result" || !strings.Contains(string(last.Data), `"reason":"abort"`) {
		t.Errorf("the last line is %s %s", last.Type, last.Data)
	}
	if a := b.do(request{path: "/v1/conversation/" + id + "/events?live=true", accept: jsonl}); a.status != 404 {
		t.Errorf("afterwards: %d", a.status)
	}
}

func TestALiveStreamStopsAfterAsManyEventsAsWereAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	live := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true&take=3"})
	for range 5 {
		b.post("/v1/conversation/"+id+"/send", `{"text":"x"}`)
	}
	if lines := live.rest(); len(lines) != 2 || lines[1].Seq != 3 { // event 1 has no line
		t.Errorf("got %+v", lines)
	}
}

func TestASessionDoesNotSeeWhatIsHiddenInTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.make()
	b.post("/v1/conversation/"+m.conversation+"/update", `{"backstory":"hidden words"}`)
	b.post("/v1/conversation/"+m.conversation+"/message/create", `{"type":"instruction","text":"hidden words"}`)
	b.post("/v1/conversation/"+m.conversation+"/send", `{"text":"open"}`)
	for _, accept := range []string{"", jsonl} {
		a := b.do(request{path: "/v1/conversation/" + m.conversation + "/events", accept: accept, token: m.session})
		if a.status != 200 || strings.Contains(a.body, "hidden") || !strings.Contains(a.body, "open") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := b.do(request{path: "/v1/conversation/" + m.conversation + "/events"}); strings.Count(a.body, "hidden words") != 2 {
		t.Errorf("the account sees %s", a.body)
	}
}

// TestEveryEndOfATurnHasItsTail writes turns into the log that this version of
// the engine does not make by itself.
func TestEveryEndOfATurnHasItsTail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		end  convo.TurnEnded
		tail string
	}{
		{convo.TurnEnded{Reason: convo.EndDone}, `result {"id":"m","text":"said","usage":0,"end":"stop"}`},
		{convo.TurnEnded{Reason: convo.EndLength}, `result {"id":"m","text":"said","usage":0,"end":"length"}`},
		{convo.TurnEnded{Reason: convo.EndCaller}, `result {"id":"m","text":"","usage":0,"end":"activity"}`},
		{convo.TurnEnded{Reason: convo.EndLimit}, `result {"id":"m","text":"","usage":0,"end":"iteration"}`},
		{convo.TurnEnded{Reason: convo.EndStopped}, `abort {"reason":"stopped"}, result {"id":"m","text":"said","usage":0,"end":"abort"}`},
		{convo.TurnEnded{Reason: convo.EndStopped, Failure: &convo.Failure{}}, `abort {"reason":"shutdown"}, result {"id":"m","text":"said","usage":0,"end":"abort"}`},
		{convo.TurnEnded{Reason: convo.EndInterrupted}, `error SERVICE_UNAVAILABLE, result {"id":"m","text":"said","usage":0,"end":"error"}`},
		{convo.TurnEnded{Reason: convo.EndFailed}, `error INTERNAL_SERVER_ERROR, result {"id":"m","text":"said","usage":0,"end":"error"}`},
		{convo.TurnEnded{Reason: convo.EndFailed, Failure: &convo.Failure{Kind: convo.UpstreamTimeout, Message: "silent"}}, `error GATEWAY_TIMEOUT, result {"id":"m","text":"said","usage":0,"end":"error"}`},
	} {
		id := b.conversation()
		b.write(id, convo.TurnOpened{Front: "test"}, convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
			convo.MessageStarted{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot}, convo.Delta{Message: "m", Type: convo.Bot, Text: "said"},
			convo.MessageEnded{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot, Text: "said"}, c.end)
		for _, after := range []int{0, 1, 5, 6, 7} {
			a := b.do(request{path: fmt.Sprintf("/v1/conversation/%s/events?after=%d", id, after), accept: jsonl})
			if got := tail(t, a.body); got != c.tail {
				t.Errorf("%s after %d: got %s, want %s", c.end.Reason, after, got, c.tail)
			}
		}
	}
}

// write appends events of one turn to a conversation's log.
func (b *bundle) write(id string, bodies ...convo.Body) {
	b.t.Helper()
	_, err := b.store.Update(b.t.Context(), "one", id, store.Durable, func(tx store.Tx) error {
		for _, body := range bodies {
			if err := tx.Append(convo.Event{At: time.Now(), Turn: "turn-" + id, Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
	must(b.t, err)
}

// tail sums up the last lines of a turn, and checks that only the last one has
// a number.
func tail(t *testing.T, body string) string {
	t.Helper()
	var out []string
	for text := range strings.Lines(body) {
		var l line
		unmarshal(t, text, &l)
		var data struct {
			ID, Text, Reason, Code string
			Usage                  struct{ Token int }
			End                    struct{ Reason string }
		}
		unmarshal(t, string(l.Data), &data)
		switch l.Type {
		case "abort":
			out = append(out, fmt.Sprintf(`abort {"reason":%q}`, data.Reason))
		case "error":
			out = append(out, "error "+data.Code)
		case "result":
			out = append(out, fmt.Sprintf(`result {"id":%q,"text":%q,"usage":%d,"end":%q}`, data.ID, data.Text, data.Usage.Token, data.End.Reason))
		}
		if numbered := l.Seq != 0; numbered == (l.Type == "abort" || l.Type == "error" || l.Type == "completeEnd") {
			t.Errorf("%s has number %d", l.Type, l.Seq)
		}
	}
	return strings.Join(out, ", ")
}

func TestSkippedNumbersAreSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	b.post("/v1/conversation/"+id+"/send", `{"text":"before"}`)
	b.store.Restart()
	b.post("/v1/conversation/"+id+"/send", `{"text":"after"}`)
	a := b.do(request{path: "/v1/conversation/" + id + "/events", accept: jsonl})
	if !strings.Contains(a.body, `{"type":"restarted","data":{"from":3,"to":1000002},"seq":1000002,`) || !strings.Contains(a.body, `"seq":1000003`) {
		t.Errorf("got %s", a.body)
	}
}

func TestAPageOfTheLogIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	text := strings.Repeat("x", 250<<10)
	for range 40 {
		b.post("/v1/conversation/"+id+"/send", `{"text":"`+text+`"}`)
	}
	seen, cursor := 0, "0"
	for pages := 0; ; pages++ {
		var page struct {
			Items  []line
			Cursor string
		}
		decode(t, b.do(request{path: "/v1/conversation/" + id + "/events?after=" + cursor}), &page)
		if page.Cursor == cursor {
			if seen != 40 || pages < 2 {
				t.Errorf("%d events came in %d pages", seen, pages)
			}
			return
		}
		seen, cursor = seen+len(page.Items), page.Cursor
	}
}
