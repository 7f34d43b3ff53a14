package modeltest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

func testCallBounds(t *testing.T, b *bench) {
	many := make([]fakeprovider.Call, 65)
	for i := range many {
		many[i] = fakeprovider.Call{ID: "call_" + strconv.Itoa(i), Name: "f", Arguments: []string{"{}"}}
	}
	long := []string{`{"x":"`}
	for range 33 {
		long = append(long, strings.Repeat("x", 8<<10))
	}
	for name, calls := range map[string][]fakeprovider.Call{
		"65 calls": many, "a call of 264 KiB": {{ID: "call_a", Name: "f", Arguments: append(long, `"}`)}},
	} {
		got := b.ask(fakeprovider.Behaviour{Calls: calls})
		if failed, ok := errors.AsType[*model.Error](got.err); !ok || failed.Kind != model.Malformed || got.calls != nil {
			t.Errorf("%s: got %d calls and error %v, want an error", name, len(got.calls), got.err)
		}
	}
	if got := b.ask(fakeprovider.Behaviour{Calls: many[:64]}); got.err != nil || len(got.calls) != 64 {
		t.Errorf("got %d calls and error %v, want all 64", len(got.calls), got.err)
	}
}

// forcing is a request that forces the second of two tools.
func forcing(name string) *model.Request {
	return &model.Request{
		Model: name, Messages: hello().Messages, Force: "$price",
		Tools: append(tools(), model.Tool{Name: "$price", Parameters: convo.JSON(`{"type":"object","properties":{"of":{"type":"string"},"in":{"enum":["EUR"]}},"required":["of","in"]}`)}),
	}
}

// testForce asks models of several generations, which are forced in different
// ways, and one after the result of another call.
func testForce(t *testing.T, b *bench) {
	p := b.provider()
	for _, name := range []string{"fake-1", "gpt-5", "gemini-3-flash", "claude-sonnet-5", "claude-opus-5-5"} {
		got := read(t, p.Stream(t.Context(), forcing(name)))
		if got.err != nil || len(got.calls) != 1 || got.calls[0].Name != "$price" || !strings.Contains(got.calls[0].Arguments, `"in":"EUR"`) {
			t.Errorf("%s: got %+v, want a call of $price", name, got)
		}
	}
	later := forcing("fake-1")
	later.Messages = dialogue()[:9]
	if got := read(t, p.Stream(t.Context(), later)); got.err != nil || len(got.calls) != 1 || got.calls[0].Name != "$price" {
		t.Errorf("got %+v after the result of another tool, want a call of $price", got)
	}
	free := forcing("fake-1")
	free.Force = "unknown"
	if got := read(t, p.Stream(t.Context(), free)); got.err != nil || got.calls != nil {
		t.Errorf("got %+v with a forced tool that is not offered, want an answer", got)
	}
}

// continued is a request that goes on after calls, under other IDs, as an engine
// sends them.
func continued(name string, got answer) *model.Request {
	said := model.Message{Role: model.Assistant, Text: got.text}
	var results []model.Message
	for i, c := range got.calls {
		c.ID = "0196f000-0000-7000-8000-00000000000" + strconv.Itoa(i)
		said.Calls = append(said.Calls, c)
		results = append(results, model.Message{Role: model.ToolResult, Call: c.ID, Text: `{"ok":true}`})
	}
	messages := slices.Concat(hello().Messages, []model.Message{said}, results)
	return &model.Request{Model: name, Messages: messages, Tools: tools()}
}

func thinking() fakeprovider.Behaviour {
	calls := twoCalls()
	calls[1].Name = calls[0].Name
	return fakeprovider.Behaviour{Reasoning: []string{"Let me", " think."}, Hidden: true, Text: []string{"I look."}, Calls: calls}
}

// testSignatures goes on after two calls of one answer, of which only the first
// has a signature.
func testSignatures(t *testing.T, b *bench) {
	for _, name := range []string{"fake-1", "gemini-3-flash", "claude-sonnet-5", "deepseek-v4"} {
		b.fake.Push(thinking())
		req := hello()
		req.Model, req.Tools = name, tools()
		first := read(t, b.provider().Stream(t.Context(), req))
		if first.err != nil || len(first.calls) != 2 || first.calls[0].Signature == "" != b.lack(NoSignatures) || first.calls[1].Signature != "" {
			t.Fatalf("got %+v, want two calls, the first one signed", first)
		}
		second := read(t, b.provider().Stream(t.Context(), continued(name, first)))
		all := b.fake.Requests()
		if signed := all[len(all)-1].Signed; second.err != nil || signed == 0 != b.lack(NoSignatures) {
			t.Errorf("%s: got error %v, and %d of what the provider gave came back", name, second.err, signed)
		}
	}
}

func testOtherSignatures(t *testing.T, b *bench) {
	b.fake.Push(thinking())
	req := hello()
	req.Tools = tools()
	first := read(t, b.provider().Stream(t.Context(), req))
	for name, signature := range map[string]string{
		"another model's": first.calls[0].Signature, "another provider's": `{"of":"other/m","value":{"x":1}}`, "no JSON": "c2lnbmVk",
		"another shape": strings.ReplaceAll(first.calls[0].Signature, `"value":`, `"value":[1],"x":`),
	} {
		first.calls[0].Signature = signature
		got := read(t, b.provider().Stream(t.Context(), continued("gemini-3-deepseek", first)))
		all := b.fake.Requests()
		if got.err != nil || all[len(all)-1].Signed != 0 {
			t.Errorf("%s: got error %v, and %d signatures were sent", name, got.err, all[len(all)-1].Signed)
		}
	}
}
