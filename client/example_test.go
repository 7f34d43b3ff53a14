package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// A conversation with an answer that is shown while it is written.
func Example() {
	ctx := context.Background()
	c, err := client.New(client.WithBaseURL(baseURL), client.WithSecret(apiSecret))
	if err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Create(ctx, client.ConversationCreateRequest{
		Backstory: client.Set("You are the cook of a small inn."),
	})
	if err != nil {
		log.Fatal(err)
	}
	stream := c.Conversation.CompleteStream(ctx, conversation.ID, client.CompleteRequest{Text: client.Set("What is on the menu?")})
	for token, err := range stream.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token)
	}
	fmt.Println()
	fmt.Println("It ended with", stream.Result().End.Reason)
	// Output:
	// You said: What is on the menu?
	// It ended with stop
}

func ExampleError() {
	c := dial()
	_, err := c.Conversation.Fetch(context.Background(), "unknown")
	if refused, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(refused.Status, refused.Code)
	}
	// Output: 404 NOT_FOUND
}

// Only what is given changes.
func ExampleOptional() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{Name: client.Set("Lunch"), Description: client.Set("At noon")})
	_, err := c.Conversation.Update(ctx, id, client.ConversationUpdateRequest{
		Description: client.Null[string](), // cleared
		Backstory:   client.Set(""),        // given, and empty
	})
	if err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conversation.Name.Or("no name"))
	fmt.Println(conversation.Description.Or("no description"))
	_, ok := conversation.Backstory.Get()
	fmt.Println("a backstory is given:", ok)
	// Output:
	// Lunch
	// no description
	// a backstory is given: true
}

func ExampleClient_Fetch() {
	response, err := dial().Fetch(context.Background(), "/api/v1/platform/model/list", client.FetchOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var page client.Page[client.Model]
	if err := response.Decode(&page); err != nil {
		log.Fatal(err)
	}
	fmt.Println("there are models:", len(page.Items) > 0)
	// Output: there are models: true
}

func ExampleModelService_List() {
	page, err := dial().Platform.Model.List(context.Background(), client.ListRequest{Order: client.Ascending, Take: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, model := range page.Items {
		fmt.Println(model.ID, "from", model.Provider)
	}
	// Output:
	// fake-1 from openai
	// fake-2 from openai
}

func ExampleModelService_All() {
	models := 0
	for _, err := range dial().Platform.Model.All(context.Background(), client.ListRequest{Take: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		models++
	}
	fmt.Println("there are several:", models > 1)
	// Output: there are several: true
}

func ExampleModelService_ListStream() {
	for model, err := range dial().Platform.Model.ListStream(context.Background(), client.ListRequest{Order: client.Ascending}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(model.ID)
		break // the rest is not read
	}
	// Output: fake-1
}

// dial makes the client of the examples.
func dial() *client.Client {
	c, err := client.New(client.WithBaseURL(baseURL), client.WithSecret(apiSecret))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// create makes a conversation for an example.
func create(c *client.Client, in client.ConversationCreateRequest) string {
	created, err := c.Conversation.Create(context.Background(), in)
	if err != nil {
		log.Fatal(err)
	}
	return created.ID
}

// talk makes a conversation of messages: of the user, of the bot, and so on.
func talk(c *client.Client, texts ...string) string {
	var in client.ConversationCreateRequest
	for i, text := range texts {
		in.Messages = append(in.Messages, client.Message{Type: []client.MessageType{client.MessageUser, client.MessageBot}[i%2], Text: text})
	}
	return create(c, in)
}
