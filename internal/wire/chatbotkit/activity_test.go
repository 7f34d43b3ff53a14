package chatbotkit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// rendered gives the lines of events that are numbered from 1 on, and holds
// each against the document.
func rendered(t *testing.T, bodies ...convo.Body) []string {
	t.Helper()
	events := make([]convo.Event, len(bodies))
	for i, body := range bodies {
		events[i] = convo.Event{Seq: int64(i + 1), Turn: "t", Body: body}
	}
	text := chatbotkit.RenderTurn(events...)
	checkLines(t, text)
	a := answer{200, http.Header{"Content-Type": {jsonl}}, text}
	if err := contractOf(t).check(http.MethodPost, "/v1/conversation/c/complete", "", a); err != nil {
		t.Error(err)
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	compare(t, strings.Join(got, "\n"), strings.Join(want, "\n"))
}

const channel = "weather-0123456789abcdef"

// waiter is a function whose result is awaited on channel.
const waiter = `{"name":"get_weather","result":{"channel":"` + channel + `"}}`

var paris = convo.JSON(`{"location":"Paris"}`)

func TestACallIsShownAsItsActivities(t *testing.T) {
	t.Parallel()
	compareLines(t, rendered(t,
		convo.ToolRequested{ID: "k1", Message: "m1", Name: "get_weather", Arguments: paris, Runs: convo.RunsServer},
		convo.ToolStarted{ID: "k1", Message: "m1", Name: "get_weather", Input: paris},
		convo.ToolEnded{ID: "k1", Message: "m2", Name: "get_weather", Arguments: paris, Output: convo.JSON(`{"celsius":21}`), Outcome: convo.ToolDone},
		convo.TurnEnded{Reason: convo.EndCaller},
	), []string{
		`{"type":"message","data":{"id":"m1","type":"activity","text":"","meta":{"activity":{"type":"request","function":{"name":"get_weather","arguments":{"location":"Paris"},"id":"k1"}}}},"seq":1}`,
		`{"type":"message","data":{"id":"m2","type":"activity","text":"","meta":{"activity":{"type":"response","function":{"name":"get_weather","arguments":{"location":"Paris"},"result":"{\"celsius\":21}","id":"k1"}}}},"seq":3}`,
		`{"type":"completeEnd","data":{}}`,
		`{"type":"result","data":{"id":"m2","text":"","usage":{"token":0,"input":0,"cached":0,"reasoning":0,"output":0,"source":"reported"},"end":{"reason":"activity"}},"seq":4}`,
	})
}

func TestAWaitForAChannelIsShownBetweenItsActivities(t *testing.T) {
	t.Parallel()
	compareLines(t, rendered(t,
		convo.ToolStarted{ID: "k1", Message: "m1", Name: "get_weather", Channel: channel, Input: paris},
		convo.ToolEnded{ID: "k1", Message: "m2", Name: "get_weather", Arguments: paris, Channel: channel, Output: convo.JSON(`null`), Outcome: convo.ToolDone},
	), []string{
		`{"type":"waitForChannelMessageBegin","data":{"channel":"weather-0123456789abcdef","function":{"name":"get_weather","args":{"location":"Paris"}}},"seq":1}`,
		`{"type":"waitForChannelMessageEnd","data":{"channel":"weather-0123456789abcdef","function":{"name":"get_weather","args":{"location":"Paris"}}}}`,
		`{"type":"message","data":{"id":"m2","type":"activity","text":"","meta":{"activity":{"type":"response","function":{"name":"get_weather","arguments":{"location":"Paris"},"result":"null","id":"k1"}}}},"seq":2}`,
	})
}

func TestWhatACallAsksItsUserIsNotShown(t *testing.T) {
	t.Parallel()
	asked := convo.Asked{Asks: convo.AsksInterrupt, Input: convo.JSON(`{"title":"hidden"}`)}
	compareLines(t, rendered(t,
		convo.ToolRequested{ID: "k1", Message: "m1", Name: "get_weather", Arguments: paris, Runs: convo.RunsClient, Asked: asked},
		convo.InterruptStarted{ID: "i", Call: "k1", Message: "m1", Type: "hidden", Value: convo.JSON(`{"hidden":1}`)},
		convo.TurnWaiting{},
		convo.ToolOffered{ID: "k1", Message: "m1", To: "hidden"},
		convo.InterruptEnded{ID: "i", Call: "k1", Message: "m1", Value: convo.JSON(`{"hidden":1}`)},
		convo.ToolAnswered{ID: "k1", Message: "m1", Name: "get_weather", Approved: true, Input: convo.JSON(`{"location":"Rome"}`)},
		convo.ToolStarted{ID: "k1", Message: "m1", Name: "get_weather", Input: convo.JSON(`{"location":"Rome"}`), To: "hidden"},
		convo.ToolEnded{ID: "k1", Message: "m2", Name: "get_weather", Arguments: convo.JSON(`{"location":"Rome"}`), Output: convo.JSON(`{"meta":"Expired"}`), Outcome: convo.ToolExpired},
		convo.MessageStarted{ID: "b", Type: convo.Bot},
		convo.Cited{Message: "b", Citation: convo.Citation{ID: "hidden", Length: 3, Sources: []convo.Source{{Title: "A", Number: 1, URL: "https://a.example"}}}},
		convo.Delta{Message: "b", Type: convo.Bot, Text: "[1]"},
		convo.MessageEnded{ID: "b", Type: convo.Bot, Text: "[1]", Citations: []convo.Citation{{ID: "hidden", Length: 3, Sources: []convo.Source{{Title: "A", Number: 1, URL: "https://a.example"}}}}},
	), []string{
		`{"type":"message","data":{"id":"m1","type":"activity","text":"","meta":{"activity":{"type":"request","function":{"name":"get_weather","arguments":{"location":"Paris"},"id":"k1"}}}},"seq":1}`,
		`{"type":"message","data":{"id":"m2","type":"activity","text":"","meta":{"activity":{"type":"response","function":{"name":"get_weather","arguments":{"location":"Rome"},"result":"{\"meta\":\"Expired\"}","id":"k1"}}}},"seq":8}`,
		`{"type":"token","data":{"token":"[1]"},"seq":11}`,
		`{"type":"message","data":{"id":"b","type":"bot","text":"[1]","meta":{"citations":[{"number":1,"title":"A","url":"https://a.example","offset":0,"length":3}]}},"seq":12}`,
	})
}

func TestAnErasedCallIsShownEmpty(t *testing.T) {
	t.Parallel()
	compareLines(t, rendered(t,
		convo.ToolRequested{ID: "k1", Message: "m1"},
		convo.ToolStarted{ID: "k1", Message: "m1", Channel: "weather-0123456789abcdef"},
		convo.ToolEnded{ID: "k1", Message: "m2"},
	), []string{
		`{"type":"message","data":{"id":"m1","type":"activity","text":"","meta":{"activity":{"type":"request","function":{"name":"","arguments":{},"id":"k1"}}}},"seq":1}`,
		`{"type":"waitForChannelMessageBegin","data":{"channel":"weather-0123456789abcdef","function":{"name":"","args":{}}},"seq":2}`,
		`{"type":"message","data":{"id":"m2","type":"activity","text":"","meta":{"activity":{"type":"response","function":{"name":"","arguments":{},"result":"null","id":"k1"}}}},"seq":3}`,
	})
}

func TestTheResultOfATurnNamesItsBotMessageElseItsLast(t *testing.T) {
	t.Parallel()
	call := convo.ToolRequested{ID: "k1", Message: "m1", Name: "f", Runs: convo.RunsCaller}
	said := convo.MessageEnded{ID: "m0", Type: convo.Bot, Text: "Let me look."}
	for _, c := range []struct {
		bodies []convo.Body
		want   string
	}{
		{[]convo.Body{convo.TurnEnded{Reason: convo.EndLimit}}, `{"id":"c","text":"",`},
		{[]convo.Body{call, convo.TurnEnded{Reason: convo.EndLimit}}, `{"id":"m1","text":"",`},
		{[]convo.Body{said, call, convo.TurnEnded{Reason: convo.EndCaller}}, `{"id":"m0","text":"",`},
		{[]convo.Body{said, call, convo.TurnEnded{Reason: convo.EndDone}}, `{"id":"m0","text":"Let me look.",`},
	} {
		lines := rendered(t, c.bodies...)
		if last := lines[len(lines)-1]; !strings.Contains(last, c.want) {
			t.Errorf("got %s, want %s", last, c.want)
		}
	}
}

// words are what lines are, in short: of activities and waits what they say.
func words(t *testing.T, lines []line) string {
	t.Helper()
	var all []string
	for _, l := range lines {
		var data struct {
			Type string
			Meta struct {
				Activity struct {
					Type     string
					Function struct{ Result string }
				}
			}
		}
		unmarshal(t, string(l.Data), &data)
		word := l.Type
		if data.Type == "activity" {
			word = data.Meta.Activity.Type + data.Meta.Activity.Function.Result
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

func TestAStopDuringAWaitClosesItsCall(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("I look."), scripted.Calls("k1", "get_weather", `{}`)})
	id := b.conversation()
	s := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi","functions":[` + waiter + `]}`})
	lines := s.until("waitForChannelMessageBegin")
	if a := b.post("/v1/conversation/"+id+"/stop", `{}`); !strings.Contains(a.body, `"stopped":1`) {
		t.Fatalf("stop: %s", a.body)
	}
	lines = append(lines, s.rest()...)
	want := `completeBegin token message request waitForChannelMessageBegin waitForChannelMessageEnd response{"error":"cancelled"} usage abort completeEnd result`
	if got := words(t, lines); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, l := range lines {
		if (l.Seq == 0) != (l.Type == "waitForChannelMessageEnd" || l.Type == "abort" || l.Type == "completeEnd") {
			t.Errorf("%s has the number %d", l.Type, l.Seq)
		}
	}
	// Nobody waits any more, and the conversation goes on.
	b.post("/v1/channel/"+channel+"/publish", `{"message":{"late":true}}`)
	if a := b.post("/v1/conversation/"+id+"/complete", `{"text":"And now?"}`); !strings.Contains(a.body, "You said: And now?") {
		t.Errorf("got %s", a.body)
	}
}

func TestAReaderOfTheLogSeesAWaitingTurnGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Calls("k1", "get_weather", `{"location":"Paris"}`)}, scripted.Script{scripted.Text("21 degrees.")})
	id := b.conversation()
	ctx, leave := context.WithCancel(t.Context())
	own := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi","functions":[` + waiter + `]}`, ctx: ctx})
	seen := own.until("waitForChannelMessageBegin")
	leave()
	last := seen[len(seen)-1].Seq
	log := b.stream(request{path: fmt.Sprintf("/v1/conversation/%s/events?after=%d&live=true", id, last)})
	b.post("/v1/channel/"+channel+"/publish", `{"message":{"data":21}}`)
	lines := log.until("result")
	if got, want := words(t, lines), "waitForChannelMessageEnd response21 usage token message usage completeEnd result"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	result := string(lines[len(lines)-1].Data)
	if !strings.Contains(result, `"text":"21 degrees."`) || !strings.Contains(result, `"end":{"reason":"stop"}`) {
		t.Errorf("the result is %s", result)
	}
}

// Callers send what they were sent: a result of any size that a function may have.
func TestWhatACallGaveMayBeBroughtBack(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Calls("k1", "f", `{}`)}, scripted.Script{scripted.Text("Long.")})
	quotes := strings.Repeat(`"`, 120<<10) // each takes two bytes as JSON, and four in the text of a result
	data, err := json.Marshal(quotes)
	must(t, err)
	s := b.stream(request{path: "/v1/conversation/complete", body: fmt.Sprintf(`{"text":"Hi","functions":[{"name":"f","result":{"data":%s}}]}`, data)})
	messages := []string{`{"type":"user","text":"Hi"}`}
	for _, l := range s.rest() {
		if l.Type == "message" {
			messages = append(messages, string(l.Data))
		}
	}
	if a := b.post("/v1/conversation/complete", `{"messages":[`+strings.Join(messages, ",")+`],"text":"And?"}`); a.status != 200 {
		t.Errorf("without a conversation: %d %.200s", a.status, a.body)
	}
	id := b.create("/v1/conversation/create", `{"messages":[`+strings.Join(messages, ",")+`]}`)
	stored := b.create("/v1/conversation/"+id+"/message/create", messages[2])
	if a := b.post("/v1/conversation/"+id+"/message/"+stored+"/update", `{"name":"long"}`); a.status != 200 {
		t.Errorf("a name for it: %d %.200s", a.status, a.body)
	}
	if a := b.post("/v1/conversation/"+id+"/message/create", `{"type":"context","text":"x","meta":{"x":`+string(data)+`}}`); a.status != 413 {
		t.Errorf("as much in the meta of something else: %d %.200s", a.status, a.body)
	}
}
