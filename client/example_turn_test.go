package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

func ExampleConversationService_Complete() {
	c := dial()
	id := create(c, client.ConversationCreateRequest{})
	result, err := c.Conversation.Complete(context.Background(), id, client.CompleteRequest{Text: client.Set("Hello")},
		client.WithTimezone("Europe/Sofia"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	fmt.Println(result.End.Reason, result.Usage.Token > 0)
	// Output:
	// You said: Hello
	// stop true
}

func ExampleConversationService_CompleteStream() {
	c := dial()
	id := create(c, client.ConversationCreateRequest{})
	stream := c.Conversation.CompleteStream(context.Background(), id, client.CompleteRequest{Text: client.Set("Hello")})
	for event, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch e := event.(type) {
		case client.TokenEvent:
			// A piece of the answer: print it at once.
		case client.MessageEvent:
			fmt.Println(e.Message.Type, e.Message.Text)
		case client.UsageEvent:
			fmt.Println("tokens:", e.InputTokensUsed > 0, e.OutputTokensUsed > 0)
		case client.ResultEvent:
			fmt.Println(e.Result.End.Reason)
		}
	}
	// Output:
	// bot You said: Hello
	// tokens: true true
	// stop
}

func ExampleConversationService_CompleteStateless() {
	result, err := dial().Conversation.CompleteStateless(context.Background(), client.CompleteStatelessRequest{
		Backstory: client.Set("You are a parrot."),
		Messages: []client.Message{
			{Type: client.MessageUser, Text: "Hello"},
			{Type: client.MessageBot, Text: "Hello!"},
			{Type: client.MessageUser, Text: "Polly"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	// Output: You said: Polly
}

func ExampleConversationService_CompleteStatelessStream() {
	stream := dial().Conversation.CompleteStatelessStream(context.Background(), client.CompleteStatelessRequest{Text: client.Set("Polly")})
	for token, err := range stream.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token)
	}
	fmt.Println()
	// Output: You said: Polly
}

func ExampleConversationService_Send() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	sent, err := c.Conversation.Send(ctx, id, client.SendRequest{Text: "Are you there?"})
	if err != nil {
		log.Fatal(err)
	}
	message, err := c.Conversation.Message.Fetch(ctx, id, sent.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Type, message.Text)
	// Output: user Are you there?
}

func ExampleConversationService_SendStream() {
	c := dial()
	id := create(c, client.ConversationCreateRequest{})
	for sent, err := range c.Conversation.SendStream(context.Background(), id, client.SendRequest{Text: "Are you there?"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(sent.ID != "", len(sent.Entities))
	}
	// Output: true 0
}

func ExampleConversationService_Receive() {
	c := dial()
	id := talk(c, "Polly")
	result, err := c.Conversation.Receive(context.Background(), id, client.ReceiveRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	// Output: You said: Polly
}

func ExampleConversationService_ReceiveStream() {
	c := dial()
	id := talk(c, "Polly")
	stream := c.Conversation.ReceiveStream(context.Background(), id, client.ReceiveRequest{})
	for token, err := range stream.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token)
	}
	fmt.Println()
	// Output: You said: Polly
}

func ExampleConversationService_Stop() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	stream := c.Conversation.CompleteStream(ctx, id, client.CompleteRequest{Text: client.Set("fake:slow n=10000 rate=100")})
	asked := false
	for event, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		if _, ok := event.(client.TokenEvent); ok && !asked {
			asked = true
			stopped, err := c.Conversation.Stop(ctx, id, client.StopRequest{})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("turns stopped:", stopped.Stopped)
		}
	}
	fmt.Println(stream.Result().End.Reason)
	// Output:
	// turns stopped: 1
	// abort
}

func ExampleConversationService_Events() {
	ctx, c := context.Background(), dial()
	id := talk(c, "Hello", "Hello!")
	page, err := c.Conversation.Events(ctx, id, client.EventsRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range page.Items {
		if e, ok := event.(client.MessageEvent); ok {
			fmt.Println(e.Kind, e.Message.Text)
		}
	}
	next, err := c.Conversation.Events(ctx, id, client.EventsRequest{After: page.Cursor})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("behind the cursor:", len(next.Items))
	// Output:
	// message Hello
	// message Hello!
	// behind the cursor: 0
}

// The log of a conversation shows what everybody does in it.
func ExampleConversationService_EventStream() {
	ctx, c := context.Background(), dial()
	id := talk(c, "Hello", "Hello!")
	for event, err := range c.Conversation.EventStream(ctx, id, client.EventStreamRequest{Live: true}) {
		if err != nil {
			log.Fatal(err)
		}
		switch e := event.(type) {
		case client.MessageEvent:
			fmt.Println(e.Message.Text)
			if e.Message.Type == client.MessageBot {
				if _, err := c.Conversation.Delete(ctx, id); err != nil {
					log.Fatal(err)
				}
			}
		case client.ConversationDeletedEvent:
			fmt.Println("It is gone.")
		}
	}
	// Output:
	// Hello
	// Hello!
	// It is gone.
}
