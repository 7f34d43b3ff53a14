package compat_test

import (
	"encoding/json"
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

// TestThePublishedLoopsRunUnmodified runs the scripts with functions.
func TestThePublishedLoopsRunUnmodified(t *testing.T) {
	folder := examples(t)
	setup(t)
	b := newBench(t)
	shop := newWorkshop(t, folder)
	run := func(l loop) {
		t.Run(l.script, func(t *testing.T) {
			b.fake.Push(l.model...)
			inOrder(t, shop.run(t, b, l.script), l.prints)
		})
	}
	for _, l := range functionLoops(t) {
		run(l)
	}
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
