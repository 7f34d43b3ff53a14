package compat_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// loop is a published script with functions, what the model does in it, and
// what it prints in this order.
type loop struct {
	script string
	model  []fakeprovider.Behaviour
	prints []string
}

// calling is an answer that calls functions with arguments, by their names.
func calling(t *testing.T, calls ...any) fakeprovider.Behaviour {
	t.Helper()
	var b fakeprovider.Behaviour
	for i := 0; i < len(calls); i += 2 {
		arguments, err := json.Marshal(calls[i+1])
		if err != nil {
			t.Fatal(err)
		}
		name := calls[i].(string)
		b.Calls = append(b.Calls, fakeprovider.Call{ID: "call_" + name, Name: name, Arguments: []string{string(arguments)}})
	}
	return b
}

func saying(text string) fakeprovider.Behaviour {
	return fakeprovider.Behaviour{Text: strings.SplitAfter(text, " ")}
}

type args map[string]any

// TestThePublishedLoopsRunUnmodified runs the scripts with functions, and those
// of the agent package with that package as it stands in the same checkout.
func TestThePublishedLoopsRunUnmodified(t *testing.T) {
	folder := examples(t)
	setup(t)
	shop := newWorkshop(t, folder)
	shop.addAgent(t, filepath.Join(folder, "..", ".."))
	for _, l := range append(functionLoops(t), agentLoops(t)...) {
		t.Run(l.script+" "+l.prints[len(l.prints)-1], func(t *testing.T) {
			t.Parallel()
			b := newBench(t) // whose model does what this script needs and nothing else
			b.fake.Push(l.model...)
			inOrder(t, shop.run(t, b, l.script), l.prints)
		})
	}
}

// agentLoops are the scripts of the folder examples/agent. The calls of one
// answer run at the same time, so that they are looked for in one place only.
func agentLoops(t *testing.T) []loop {
	var all []loop
	for _, script := range []string{"stateless-agent.js", "stateful-agent.js"} {
		all = append(all, loop{script, []fakeprovider.Behaviour{
			calling(t, "plan", args{"steps": []string{"look"}}, "getWeather", args{"location": "San Francisco, CA"}),
			calling(t, "getTime", args{"timezone": "America/Los_Angeles"}),
			saying("It is sunny, and half past two."),
		}, []string{
			"[Iteration 1]", `Calling getWeather with {"location":"San Francisco, CA"}`, `Completed getWeather: {"location":"San Francisco, CA","temperature":72`,
			"[Iteration 2]", `Completed getTime: {"timezone":"America/Los_Angeles","time":"2:30 PM"`,
			"[Iteration 3]", "Exit code: 0", "Bot: It is sunny, and half past two.",
		}}, loop{script, []fakeprovider.Behaviour{
			calling(t, "exit", args{"code": 3, "message": "Enough."}),
		}, []string{"[Iteration 1]", "Completed exit", "Exit code: 3", "Exit message: Enough."}})
	}
	return all
}

// functionLoops are the scripts of the folder examples/sdk.
func functionLoops(t *testing.T) []loop {
	weather, clock := args{"location": "New York"}, args{"timezone": "America/New_York"}
	answer := "It is 10:30 AM and 42 degrees."
	return []loop{
		{"function-pure-caller-handled.js", []fakeprovider.Behaviour{
			calling(t, "search_products", args{"query": "wireless headphones"}),
			calling(t, "add_to_cart", args{"productId": "WH-1000XM5", "quantity": 1}),
			saying("They are in your cart."),
		}, []string{
			"[Iteration 1] End reason: activity", "Function call detected: search_products",
			"[Iteration 2] End reason: activity", "Function call detected: add_to_cart", `Result: {"success":true`,
			"[Iteration 3] End reason: stop", "Bot: They are in your cart.", "Conversation completed naturally",
		}},
		{"stateless-agentic-loop.js", []fakeprovider.Behaviour{
			calling(t, "get_weather", weather, "get_time", clock), saying(answer),
		}, []string{"[Iteration 1]", "End reason: iteration", "[Iteration 2]", "End reason: stop", "Bot: " + answer}},
		{"stateful-agentic-loop.js", []fakeprovider.Behaviour{
			calling(t, "get_weather", weather), calling(t, "get_time", clock), saying(answer),
		}, []string{"[Iteration 1]", "End reason: iteration", "[Iteration 2]", "End reason: iteration", "[Iteration 3]", "End reason: stop", "User: What is the weather", "Bot: " + answer}},
		{"function-channel-stream.js", []fakeprovider.Behaviour{
			calling(t, "get_current_time", clock, "get_weather", weather), saying(answer),
		}, []string{"Channel function call: get_weather", "Result published", "Bot: " + answer, "Conversation completed"}},
		{"function-channel-dispatch.js", []fakeprovider.Behaviour{
			calling(t, "get_current_time", clock, "get_weather", weather), saying(answer),
		}, []string{"Conversation dispatched", "Channel function call: get_weather", "Result published", "Bot: " + answer, "Conversation completed"}},
		{"conversation-dispatch.js", []fakeprovider.Behaviour{
			calling(t, "submit_analysis", args{"topic": "artificial intelligence in healthcare", "insights": []args{
				{"title": "Images", "description": "Read at once.", "category": "current-impact"},
			}}),
		}, []string{"Conversation dispatched to channel", "Analysis Complete!", "Topic: artificial intelligence in healthcare", "1. Images"}},
	}
}

// inOrder fails unless a text has all parts, one behind the other.
func inOrder(t *testing.T, text string, parts []string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, behind, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%q is not printed, or not in its place", part)
		}
		rest = behind
	}
}

// addAgent puts the agent package and its scripts into the workshop. It asks
// for the other packages by a protocol that only its own repository knows, so it
// is copied rather than installed.
func (w workshop) addAgent(t *testing.T, checkout string) {
	t.Helper()
	own := filepath.Join(w.folder, "node_modules", "@chatbotkit", "agent")
	if err := os.CopyFS(own, os.DirFS(filepath.Join(checkout, "packages", "agent"))); err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob(filepath.Join(checkout, "examples", "agent", "*.js"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts of the agent package: %v", err)
	}
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, filepath.Base(script), data)
	}
}
