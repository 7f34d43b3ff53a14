package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

func ExampleMessageService_List() {
	c := dial()
	id := talk(c, "Hello", "Hello!", "Bye")
	page, err := c.Conversation.Message.List(context.Background(), id, client.ListRequest{Order: client.Descending, Take: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range page.Items {
		fmt.Println(message.Type, message.Text)
	}
	// Output: user Bye
}

func ExampleMessageService_All() {
	c := dial()
	id := talk(c, "Hello", "Hello!", "Bye")
	for message, err := range c.Conversation.Message.All(context.Background(), id, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Type, message.Text)
	}
	// Output:
	// user Hello
	// bot Hello!
	// user Bye
}

func ExampleMessageService_ListStream() {
	c := dial()
	id := talk(c, "Hello", "Hello!")
	for message, err := range c.Conversation.Message.ListStream(context.Background(), id, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Type, message.Text)
	}
	// Output:
	// user Hello
	// bot Hello!
}

func ExampleMessageService_Create() {
	c := dial()
	id := talk(c, "When do you open?")
	stored, err := c.Conversation.Message.Create(context.Background(), id, client.MessageCreateRequest{
		Type: client.MessageContext, Text: "The inn opens at noon.",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stored.ID != "")
	// Output: true
}

// message adds one to a new conversation and gives both ids.
func message(c *client.Client, text string) (conversation, id string) {
	conversation = talk(c)
	stored, err := c.Conversation.Message.Create(context.Background(), conversation, client.MessageCreateRequest{
		Type: client.MessageBot, Text: text,
	})
	if err != nil {
		log.Fatal(err)
	}
	return conversation, stored.ID
}

func ExampleMessageService_Fetch() {
	c := dial()
	conversation, id := message(c, "Hello!")
	found, err := c.Conversation.Message.Fetch(context.Background(), conversation, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Type, found.Text)
	// Output: bot Hello!
}

func ExampleMessageService_Update() {
	ctx, c := context.Background(), dial()
	conversation, id := message(c, "Helo!")
	_, err := c.Conversation.Message.Update(ctx, conversation, id, client.MessageUpdateRequest{Text: client.Set("Hello!")})
	if err != nil {
		log.Fatal(err)
	}
	found, err := c.Conversation.Message.Fetch(ctx, conversation, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Type, found.Text)
	// Output: bot Hello!
}

func ExampleMessageService_Delete() {
	ctx, c := context.Background(), dial()
	conversation, id := message(c, "Hello!")
	if _, err := c.Conversation.Message.Delete(ctx, conversation, id); err != nil {
		log.Fatal(err)
	}
	_, err := c.Conversation.Message.Fetch(ctx, conversation, id)
	fmt.Println(err != nil)
	// Output: true
}

func ExampleMessageService_Upvote() {
	c := dial()
	conversation, id := message(c, "Hello!")
	rated, err := c.Conversation.Message.Upvote(context.Background(), conversation, id, client.VoteRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rated.ID == id)
	// Output: true
}

func ExampleMessageService_Downvote() {
	c := dial()
	conversation, id := message(c, "Hm.")
	rated, err := c.Conversation.Message.Downvote(context.Background(), conversation, id, client.VoteRequest{Value: client.Set(-1)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rated.ID == id)
	// Output: true
}

// The audio is at the URL.
func ExampleMessageService_Synthesize() {
	ctx, c := context.Background(), dial()
	conversation, id := message(c, "Hello!")
	spoken, err := c.Conversation.Message.Synthesize(ctx, conversation, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(spoken.Type, spoken.Size, spoken.URL != "")
	// Output: audio/mpeg 25 true
}
