package chatbotkit_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
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
	const channel = "weather-0123456789abcdef"
	compareLines(t, rendered(t,
		convo.ToolStarted{ID: "k1", Message: "m1", Name: "get_weather", Channel: channel, Input: paris},
		convo.ToolEnded{ID: "k1", Message: "m2", Name: "get_weather", Arguments: paris, Channel: channel, Output: convo.JSON(`null`), Outcome: convo.ToolDone},
	), []string{
		`{"type":"waitForChannelMessageBegin","data":{"channel":"weather-0123456789abcdef","function":{"name":"get_weather","args":{"location":"Paris"}}},"seq":1}`,
		`{"type":"waitForChannelMessageEnd","data":{"channel":"weather-0123456789abcdef","function":{"name":"get_weather","args":{"location":"Paris"}}}}`,
		`{"type":"message","data":{"id":"m2","type":"activity","text":"","meta":{"activity":{"type":"response","function":{"name":"get_weather","arguments":{"location":"Paris"},"result":"null","id":"k1"}}}},"seq":2}`,
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
