package chatbotkit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
)

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
