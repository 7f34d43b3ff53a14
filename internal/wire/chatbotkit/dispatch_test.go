package chatbotkit_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// dispatch sends a turn off and gives the path of its channel.
func (b *bundle) dispatch(path, body string) string {
	b.t.Helper()
	var dispatched struct{ ChannelID string }
	decode(b.t, b.post(path, body), &dispatched)
	return "/v1/channel/" + dispatched.ChannelID
}

// rest reads a subscription to its end.
func (s *subscriber) rest() (lines []string) {
	s.t.Helper()
	text, err := io.ReadAll(s.lines)
	must(s.t, err)
	checkLines(s.t, string(text))
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestTheLinesOfADispatchedTurnAreMessagesOfItsChannel(t *testing.T) {
	t.Parallel()
	b := setup(t, scripts("hello"), scripts("hello"))
	want := []string{
		`{"type":"message","data":{"type":"completeBegin","data":{}},"seq":1}`,
		`{"type":"message","data":{"type":"token","data":{"token":"Hello 21 \u00b0C \ud83d\ude42"}},"seq":2}`,
		`{"type":"message","data":{"type":"message","data":{"type":"bot","text":"Hello 21 \u00b0C \ud83d\ude42"}},"seq":3}`,
		`{"type":"message","data":{"type":"usage","data":{"model":"` + scripted.Name + `","inputTokensUsed":10,"outputTokensUsed":5,"cachedTokensUsed":0,"reasoningTokensUsed":0,"source":"reported"}},"seq":4}`,
		`{"type":"message","data":{"type":"completeEnd","data":{}},"seq":5}`,
	}
	channel := b.dispatch("/v1/conversation/dispatch", `{"messages":[{"type":"user","text":"Hi"}]}`)
	first := b.subscribe(channel, `{}`).rest()
	if len(first) != 6 || strings.Join(first[:5], "\n") != strings.Join(want, "\n") {
		t.Fatalf("it went\n%s\nwant\n%s", strings.Join(first, "\n"), strings.Join(want, "\n"))
	}
	if !strings.HasPrefix(first[5], `{"type":"message","data":{"type":"result","data":{"text":"Hello 21`) || !strings.HasSuffix(first[5], `"end":{"reason":"stop"}}},"seq":6}`) {
		t.Errorf("the result is %s", first[5])
	}
	for after := range 8 {
		got := b.subscribe(channel, fmt.Sprintf(`{"after":%d,"historyLength":0}`, after)).rest()
		if strings.Join(got, "\n") != strings.Join(first[min(after, 6):], "\n") {
			t.Errorf("after %d there are %v", after, got)
		}
	}

	id := b.conversation()
	channel = b.dispatch("/v1/conversation/"+id+"/dispatch", `{"text":"Hi"}`)
	stored := b.subscribe(channel, `{}`).rest()
	var result struct {
		Data struct{ Data struct{ ID string } }
	}
	must(t, json.Unmarshal([]byte(stored[len(stored)-1]), &result))
	kept := b.do(request{path: "/v1/conversation/" + id + "/message/" + result.Data.Data.ID + "/fetch"})
	if len(stored) != 6 || kept.status != 200 || stored[0] != `{"type":"message","data":{"type":"completeBegin","data":{},"seq":5},"seq":1}` {
		t.Errorf("the stored turn went\n%s\nand left %s", strings.Join(stored, "\n"), kept.body)
	}
}

func TestADispatchAnswersBeforeItsTurnHasEnded(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("One, "), scripted.Wait(gate), scripted.Text("two."), scripted.Finish(model.StopEnd)})
	channel := b.dispatch("/v1/conversation/dispatch", `{"text":"Count.","channelId":"mine-0123456789abcdef"}`)
	if channel != "/v1/channel/mine-0123456789abcdef" {
		t.Errorf("the channel is %s", channel)
	}
	again := b.post("/v1/conversation/dispatch", `{"text":"Count.","channelId":"mine-0123456789abcdef"}`)
	other := b.post("/v1/conversation/dispatch", `{"text":"Sing.","channelId":"mine-0123456789abcdef"}`)
	if again.status != 200 || again.body != `{"channelId":"mine-0123456789abcdef"}` || other.status != 409 {
		t.Errorf("the repeat gets %d %s, another body %d %s", again.status, again.body, other.status, other.body)
	}
	live := b.subscribe(channel, `{}`)
	for {
		if strings.Contains(live.next(), `"token":"One, "`) {
			break
		}
	}
	if a := b.post(channel+"/publish", `{"message":{}}`); a.status != 409 {
		t.Errorf("publishing gets %d %s", a.status, a.body)
	}
	close(gate)
	rest := live.rest()
	if last := rest[len(rest)-1]; !strings.Contains(last, `"text":"One, two."`) {
		t.Errorf("the last line is %s", last)
	}
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestADispatchIsStoppedByItsChannel(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("Half"), scripted.Wait(nil)})
	id := b.conversation()
	channel := b.dispatch("/v1/conversation/"+id+"/dispatch", `{"text":"x"}`)
	live := b.subscribe(channel, `{}`)
	for !strings.Contains(live.next(), "Half") {
	}
	want := fmt.Sprintf(`{"id":"%s","stopped":`, strings.TrimPrefix(channel, "/v1/channel/"))
	if a := b.post(channel+"/stop", `{}`); a.body != want+"1}" {
		t.Errorf("stopping gives %d %s", a.status, a.body)
	}
	if all := strings.Join(live.rest(), "\n"); !strings.Contains(all, `"incomplete":true`) || !strings.Contains(all, `"end":{"reason":"abort"}`) {
		t.Errorf("its reader saw %s", all)
	}
	if a := b.post(channel+"/stop", `{"any":1}`); a.body != want+"0}" {
		t.Errorf("stopping again gives %d %s", a.status, a.body)
	}
	if a := b.post(weather+"/stop", `{}`); a.status != 404 {
		t.Errorf("a channel without a turn: %d %s", a.status, a.body)
	}
}

func TestADispatchWithAKeyHappensOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := request{path: "/v1/conversation/dispatch", body: `{"text":"x"}`, header: map[string]string{"Idempotency-Key": "k"}}
	first, again := b.do(q), b.do(q)
	if first.body != again.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, then %s", first.body, again.body)
	}
	if other := b.post("/v1/conversation/dispatch", `{"text":"x"}`); other.body == first.body {
		t.Error("a new request is taken for a repeat")
	}
}

func TestADispatchRefusesWhatACompletionRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for _, bad := range []struct {
		path, body string
		status     int
	}{
		{"/v1/conversation/dispatch", `{}`, 400},
		{"/v1/conversation/dispatch", `{"messages":[]}`, 400},
		{"/v1/conversation/dispatch", `{"text":"x","model":"nobody/knows"}`, 400},
		{"/v1/conversation/dispatch", `{"text":"x","channelId":"short"}`, 400},
		{"/v1/conversation/dispatch", `{"text":"x","limits":{"iterations":0}}`, 400},
		{"/v1/conversation/" + id + "/dispatch", `{"functions":[{"name":"f"},{"name":"f"}]}`, 400},
		{"/v1/conversation/nowhere/dispatch", `{"text":"x"}`, 404},
	} {
		if a := b.post(bad.path, bad.body); a.status != bad.status {
			t.Errorf("%s %s: %d %s", bad.path, bad.body, a.status, a.body)
		}
	}
	if n := len(b.model.Calls()); n != 0 {
		t.Errorf("the model was asked %d times", n)
	}
}

// A function in the background whose result somebody publishes: what a caller sees
// who uses channels for all of it.
func TestADispatchedTurnWaitsForAMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Calls("m", "weather", `{"city":"Paris"}`)}, scripts("hello"))
	channel := b.dispatch("/v1/conversation/dispatch",
		`{"text":"How warm is it?","functions":[{"name":"weather","parameters":{},"result":{"channel":"weather-0123456789"}}]}`)
	live := b.subscribe(channel, `{}`)
	for !strings.Contains(live.next(), `"type":"waitForChannelMessageBegin","data":{"channel":"weather-0123456789","function":{"name":"weather","args":{"city":"Paris"}}}`) {
	}
	b.publish(weather, `{"data":21}`)
	all := strings.Join(live.rest(), "\n")
	for _, want := range []string{`"type":"waitForChannelMessageEnd"`, `"result":"21"`, `"text":"Hello 21`, `"end":{"reason":"stop"}`} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is missing in %s", want, all)
		}
	}
}

func TestManyReadersOfADispatchSeeTheSame(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	script := scripted.Script{scripted.Reasoning("Hm."), scripted.Wait(gate)}
	for i := range 200 {
		script = append(script, scripted.Text(fmt.Sprint(i, " ")))
	}
	b := setup(t, append(script, scripted.Finish(model.StopEnd)))
	channel := b.dispatch("/v1/conversation/dispatch", `{"text":"Count."}`)
	const readers = 5
	seen := make(chan string, readers)
	for range readers {
		s := b.subscribe(channel, `{}`)
		go func() {
			text, _ := io.ReadAll(bufio.NewReader(s.lines))
			seen <- string(text)
		}()
	}
	close(gate)
	first := <-seen
	for range readers - 1 {
		if other := <-seen; other != first {
			t.Error("two readers saw different lines")
		}
	}
	if later := strings.Join(b.subscribe(channel, `{}`).rest(), "\n") + "\n"; later != first {
		t.Errorf("who comes later sees\n%s\nwant\n%s", later, first)
	}
}
