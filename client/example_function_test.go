package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// getWeather is a function that this program carries out itself.
func getWeather() client.Tool {
	type place struct{ Location string }
	return client.Tool{
		Name:        "get_weather",
		Description: "The weather of a place",
		Parameters: &client.Parameters{
			Properties: map[string]any{"location": map[string]any{"type": "string"}},
			Required:   []string{"location"},
		},
		Handle: client.Typed(func(_ context.Context, in place) (any, error) {
			return map[string]any{"location": in.Location, "celsius": 21}, nil
		}),
	}
}

// The model of these examples does what it is told: to call a function once.
const callOnce = "fake:calls n=1"

func ExampleConversationService_Run() {
	c := dial()
	id := create(c, client.ConversationCreateRequest{})
	result, err := c.Conversation.Run(context.Background(), id, client.RunRequest{
		CompleteRequest: client.CompleteRequest{Text: client.Set(callOnce)},
		Tools:           []client.Tool{getWeather()},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	// Output: The tool said: {"celsius":21,"location":"Paris 1"}
}

func ExampleConversationService_RunStream() {
	c := dial()
	id := create(c, client.ConversationCreateRequest{})
	stream := c.Conversation.RunStream(context.Background(), id, client.RunRequest{
		CompleteRequest: client.CompleteRequest{Text: client.Set(callOnce)},
		Tools:           []client.Tool{getWeather()},
	})
	for event, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch e := event.(type) {
		case client.MessageEvent:
			if call, ok := e.Message.Activity(); ok {
				fmt.Printf("%s(%s)\n", call.Function.Name, call.Function.Arguments)
			}
		case client.ResultEvent:
			fmt.Printf("%s %q\n", e.Result.End.Reason, e.Result.Text)
		}
	}
	// Output:
	// get_weather({"location":"Paris 1"})
	// activity ""
	// stop "The tool said: {\"celsius\":21,\"location\":\"Paris 1\"}"
}

// A function whose result is known already needs nobody to carry it out.
func ExampleFunction() {
	result, err := dial().Conversation.CompleteStateless(context.Background(), client.CompleteStatelessRequest{
		Text: client.Set(callOnce),
		Functions: []client.Function{{
			Name:   "get_weather",
			Result: &client.FunctionResult{Data: client.Set[any](map[string]int{"celsius": 21})},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	// Output: The tool said: {"celsius":21}
}

// Whoever keeps the messages himself brings the result of a function along.
func ExampleActivity_Respond() {
	ctx, c := context.Background(), dial()
	in := client.CompleteStatelessRequest{
		Messages:  []client.Message{{Type: client.MessageUser, Text: callOnce}},
		Functions: []client.Function{{Name: "get_weather"}},
	}
	stream := c.Conversation.CompleteStatelessStream(ctx, in)
	for event, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		if e, ok := event.(client.MessageEvent); ok {
			in.Messages = append(in.Messages, e.Message)
		}
	}
	call, ok := in.Messages[len(in.Messages)-1].Activity()
	if !ok || stream.Result().End.Reason != client.EndActivity {
		log.Fatal("no function was called")
	}
	response, err := call.Respond("sunny")
	if err != nil {
		log.Fatal(err)
	}
	in.Messages = append(in.Messages, response.Message())
	result, err := c.Conversation.CompleteStateless(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	// Output: The tool said: "sunny"
}
