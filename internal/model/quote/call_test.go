package quote_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/quote"
)

var parameters = convo.JSON(`{"type":"object","required":["city","days","unit","at","all"],"properties":{
	"city":{"type":"string"},"days":{"type":["integer","null"]},"unit":{"anyOf":[{"enum":["celsius","kelvin"]},{"type":"null"}]},"more":{"type":"string"},
	"at":{"type":"object","required":["list","exact","kind"],"properties":{"list":{"type":"array"},"exact":{"type":"number"},"kind":{"const":"x"}}},"all":{"type":"boolean"}}}`)

// called asks once with a tool, and gives what was called, and the text.
func called(t *testing.T, req *model.Request) (call *model.Call, text string) {
	t.Helper()
	req.Tools = []model.Tool{{Name: "other"}, {Name: "get_weather", Parameters: parameters}}
	var stop model.StopReason
	for e, err := range (quote.Provider{}).Stream(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == model.ToolCall {
			call = e.Call
		}
		text += e.Text
		stop = e.Stop
	}
	if (call != nil) != (stop == model.StopCalls) || (call != nil) == (text != "") {
		t.Fatalf("got the call %+v, the text %q and the stop %d", call, text, stop)
	}
	return call, text
}

func user(text string) []model.Message { return []model.Message{{Role: model.User, Text: text}} }

func TestCallsWhatIsForcedWithWhatIsRequired(t *testing.T) {
	t.Parallel()
	got, _ := called(t, &model.Request{Messages: user("Paris, 12.5 days"), Force: "get_weather"})
	const want = `{"all":true,"at":{"exact":12.5,"kind":"x","list":[]},"city":"Paris, 12.5 days","days":12,"unit":"celsius"}`
	if got == nil || got.ID == "" || got.Name != "get_weather" || got.Arguments != want {
		t.Errorf("got %+v, want %s", got, want)
	}
	if got, _ := called(t, &model.Request{Force: "other"}); got == nil || got.Arguments != "{}" {
		t.Errorf("got %+v for a prompt without a user, want a call without arguments", got)
	}
}

func TestCallsWhatTheUserNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`Please call get_weather {"city":"Rome"} now`: `{"city":"Rome"}`,
		`get_weather({"city":"Rome"})`:                `{"city":"Rome"}`,
		`(get_weather)`:                               `"city":"(get_weather)"`,
		`get_weather {"city"`:                         `"city":"get_weather {\"city\""`,
	} {
		if got, _ := called(t, &model.Request{Messages: user(text)}); got == nil || got.Name != "get_weather" || !strings.Contains(got.Arguments, want) {
			t.Errorf("%s: got %+v, want %s", text, got, want)
		}
	}
	for _, text := range []string{"What is the weather?", "my_get_weather", "get_weathers", "Get_Weather"} {
		if got, _ := called(t, &model.Request{Messages: user(text)}); got != nil {
			t.Errorf("%s: got the call %+v, want an answer", text, got)
		}
	}
}

func TestQuotesWhatToolsAnswered(t *testing.T) {
	t.Parallel()
	prompt := append(user("get_weather and other"),
		model.Message{Role: model.Assistant, Calls: []model.Call{{ID: "0", Name: "other", Arguments: "{}"}}},
		model.Message{Role: model.ToolResult, Call: "0", Text: "earlier"},
		model.Message{Role: model.Assistant, Calls: []model.Call{{ID: "1", Name: "get_weather", Arguments: "{}"}, {ID: "2", Name: "other", Arguments: "{}"}}},
		model.Message{Role: model.ToolResult, Call: "1", Text: `{"celsius":21}`},
		model.Message{Role: model.ToolResult, Call: "2", Text: strings.Repeat("é", 2000)},
		model.Message{Role: model.Information, Text: "It is Monday."})
	_, text := called(t, &model.Request{Messages: prompt})
	if !strings.Contains(text, `“{"celsius":21}” “é`) || strings.Contains(text, "earlier") || len(text) > 1200 {
		t.Errorf("got %q", text)
	}
	again := append(prompt, model.Message{Role: model.Assistant, Text: text}, model.Message{Role: model.User, Text: "Thanks"})
	if _, text := called(t, &model.Request{Messages: again}); strings.Contains(text, "celsius") {
		t.Errorf("got %q for a new message", text)
	}
	if got, _ := called(t, &model.Request{Messages: prompt, Force: "other"}); got == nil || got.ID != "call_4" {
		t.Errorf("got %+v, want the call that is forced after others", got)
	}
}

func FuzzArguments(f *testing.F) {
	f.Add("Paris, -007.50 days", string(parameters))
	f.Add(`f {"a":1}`, `{"required":["a"],"properties":{"a":{"type":["object"],"required":["a","a"],"enum":[]}}}`)
	f.Fuzz(func(t *testing.T, text, schema string) {
		req := &model.Request{Messages: user(text), Tools: []model.Tool{{Name: "f", Parameters: convo.JSON(schema)}}, Force: "f"}
		for e, err := range (quote.Provider{}).Stream(t.Context(), req) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Type == model.ToolCall && !json.Valid([]byte(e.Call.Arguments)) {
				t.Errorf("%s is not JSON", e.Call.Arguments)
			}
		}
	})
}

// TestAFieldThatIsRequiredOftenIsMadeOnce would not end otherwise.
func TestAFieldThatIsRequiredOftenIsMadeOnce(t *testing.T) {
	t.Parallel()
	often := `"required":["a"` + strings.Repeat(`,"a"`, 1000) + `]`
	schema := `{"type":"object",` + often + `}`
	for range 6 {
		schema = `{"type":"object",` + often + `,"properties":{"a":` + schema + `}}`
	}
	req := &model.Request{Force: "f", Tools: []model.Tool{{Name: "f", Parameters: convo.JSON(schema)}}}
	for _, err := range (quote.Provider{}).Stream(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCitesTheSourcesOfAResult(t *testing.T) {
	t.Parallel()
	prompt := append(user("get_weather"),
		model.Message{Role: model.Assistant, Calls: []model.Call{{ID: "1", Name: "get_weather", Arguments: `{}`}}},
		model.Message{Role: model.ToolResult, Call: "1", Text: `{"celsius":21}` + "\n\nSources:\n2: Weather\n3: Paris: a city\nCite them."})
	if _, got := called(t, &model.Request{Messages: prompt}); !strings.HasSuffix(got, `“{"celsius":21}” [2][3]`) {
		t.Errorf("it says %s", got)
	}
}
