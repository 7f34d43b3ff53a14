package modeltest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// sent gives the bytes of a request as the provider got them.
func sent(t *testing.T, b *bench, req *model.Request) []byte {
	t.Helper()
	if got := read(t, b.provider().Stream(t.Context(), req)); got.err != nil {
		t.Fatalf("the request was refused: %v", got.err)
	}
	requests := b.fake.Requests()
	return requests[len(requests)-1].Body
}

// dialogue is a long prompt: all kinds of messages, in the order in which an
// engine sends them.
func dialogue() []model.Message {
	return []model.Message{
		{Role: model.System, Text: "You are <kind> & brief."},
		{Role: model.User, Text: "Hello"},
		{Role: model.Information, Text: "Current date and time: Monday"},
		{Role: model.Assistant, Text: "Hi."},
		{Role: model.User, Text: "What is the weather in Paris and Rome?"},
		{Role: model.Information, Text: "Current date and time: Tuesday"},
		{Role: model.Assistant, Text: "I look.", Calls: []model.Call{
			{ID: "c1", Name: "get_weather", Arguments: `{"city":"Paris"}`},
			{ID: "c2", Name: "get_weather", Arguments: `{"city":"Rome"}`},
		}},
		{Role: model.ToolResult, Call: "c1", Text: `{"celsius":21}`},
		{Role: model.ToolResult, Call: "c2", Text: "not reachable", Error: true},
		{Role: model.Assistant, Text: "21 degrees in Paris."},
		{Role: model.System, Text: "Answer in French from here on."},
		{Role: model.User, Text: "Thanks"},
		{Role: model.User, Text: "Bye"},
		{Role: model.Assistant, Text: "Au revoir."},
		{Role: model.User, Text: "One more"},
	}
}

func tools() []model.Tool {
	return []model.Tool{{Name: "get_weather", Description: "The weather", Parameters: convo.JSON(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)}}
}

func testSameBytes(t *testing.T, b *bench) {
	req := &model.Request{Model: "fake-1", Messages: dialogue(), Tools: tools()}
	first, second := sent(t, b, req), sent(t, b, req)
	if !bytes.Equal(first, second) {
		t.Errorf("equal requests differ:\n%s\n%s", first, second)
	}
}

// testPrefix compares whole bodies. What closes the last text of the shorter
// prompt is left out, because the longer one goes on inside the brackets.
func testPrefix(t *testing.T, b *bench) {
	all := dialogue()
	var before []byte
	for _, n := range []int{2, 3, 5, 6, 9, 12, 13, 15} {
		body := sent(t, b, &model.Request{Model: "fake-1", Messages: all[:n:n], Tools: tools()})
		if !bytes.HasPrefix(body, before) {
			t.Errorf("the prompt of %d messages does not begin as the one before:\n%s\n%s", n, body, before)
		}
		before = bytes.TrimRight(body, "\"]}\n")
	}
}

func testUntidy(t *testing.T, b *bench) {
	call := model.Call{ID: "an id/that is far too long and has odd characters: ünïcödé", Name: "$gone", Arguments: "not JSON"}
	for name, messages := range map[string][]model.Message{
		"an answer comes first":       {{Role: model.Assistant, Text: "Welcome!"}, {Role: model.User, Text: "Hi"}},
		"an answer comes last":        {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Text: "Once upon"}},
		"only a system message":       {{Role: model.System, Text: "Greet the user."}},
		"only facts":                  {{Role: model.System, Text: "Be kind."}, {Role: model.Information, Text: "It rains."}},
		"answers follow each other":   {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Text: "A"}, {Role: model.Assistant, Text: "B"}, {Role: model.User, Text: "C"}},
		"an order after an answer":    {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Text: "A"}, {Role: model.System, Text: "Go on."}},
		"blank texts":                 {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Text: " \n"}, {Role: model.User, Text: " "}, {Role: model.User, Text: "C"}},
		"a call whose tool is gone":   {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Calls: []model.Call{call}}, {Role: model.ToolResult, Call: call.ID, Text: ""}},
		"facts between call and user": {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Calls: []model.Call{call}}, {Role: model.ToolResult, Call: call.ID, Text: "x"}, {Role: model.Information, Text: "y"}, {Role: model.User, Text: "z"}},
		"calls in messages of their own": {{Role: model.User, Text: "Hi"}, {Role: model.Assistant, Text: "A"}, {Role: model.Assistant, Calls: []model.Call{call}}, {Role: model.ToolResult, Call: call.ID, Text: "x"},
			{Role: model.Assistant, Calls: []model.Call{{ID: "2", Name: "$gone", Arguments: `{}`}}}, {Role: model.ToolResult, Call: "2", Text: "y"}},
	} {
		kept := slices.Clone(messages)
		got := read(t, b.provider().Stream(t.Context(), &model.Request{Model: "fake-1", Messages: messages}))
		if got.err != nil {
			t.Errorf("%s: refused: %v", name, got.err)
		}
		if !slices.EqualFunc(kept, messages, func(a, b model.Message) bool { return a.Text == b.Text && a.Role == b.Role }) {
			t.Errorf("%s: the driver changed the caller's messages", name)
		}
	}
}

// testImages shows images in one message, and goes on behind it.
func testImages(t *testing.T, b *bench) {
	png := func(text string) model.Image { return model.Image{MediaType: "image/png", Data: []byte(text)} }
	prompt := []model.Message{
		{Role: model.System, Text: "Be brief."},
		{Role: model.User, Text: "What is on these?", Images: []model.Image{png("\x89PNG one"), png("\x89PNG two")}},
		{Role: model.Information, Text: "Current date and time: Monday"},
		{Role: model.Assistant, Text: "Cats."},
		{Role: model.User, Images: []model.Image{png("three")}},
		{Role: model.Assistant, Text: "A dog.", Calls: []model.Call{{ID: "c1", Name: "get_weather", Arguments: `{}`}}},
		{Role: model.ToolResult, Call: "c1", Text: "rain"},
		{Role: model.User, Text: "And this?", Images: []model.Image{png("four")}},
	}
	var before []byte
	for _, c := range []struct{ messages, images int }{{3, 2}, {5, 3}, {7, 3}, {8, 4}} {
		body := sent(t, b, &model.Request{Model: "fake-1", Messages: prompt[:c.messages:c.messages], Tools: tools()})
		requests := b.fake.Requests()
		if got := requests[len(requests)-1].Images; len(got) != c.images || string(got[0]) != "\x89PNG one" || string(got[1]) != "\x89PNG two" {
			t.Errorf("a prompt of %d messages shows %q, want %d images", c.messages, got, c.images)
		}
		if !bytes.HasPrefix(body, before) {
			t.Errorf("the prompt of %d messages does not begin as the one before:\n%s\n%s", c.messages, body, before)
		}
		before = bytes.TrimRight(body, "\"]}\n")
	}
}

func testParams(t *testing.T, b *bench) {
	most, seed, warm, penalty := int64(77), int64(5), 0.25, 0.5
	body := sent(t, b, &model.Request{Model: "fake-1", Messages: hello().Messages, Params: model.Params{
		MaxTokens: &most, Seed: &seed, Temperature: &warm, FrequencyPenalty: &penalty, PresencePenalty: &penalty,
	}})
	if got := b.fake.Requests()[0]; got.MaxTokens == nil || *got.MaxTokens != most || got.Temperature == nil || *got.Temperature != warm {
		t.Errorf("got %s, want a limit of 77 tokens and a temperature of 0.25", body)
	}
	if plain := sent(t, b, hello()); bytes.Contains(plain, []byte(`"temperature"`)) || bytes.Contains(plain, []byte(`"seed"`)) {
		t.Errorf("parameters that were not set were sent: %s", plain)
	}
}
