package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

func ExampleChannelService_Publish() {
	ctx, c := context.Background(), dial()
	published, err := c.Channel.Publish(ctx, "kitchen-0123456789", client.ChannelPublishRequest{
		Message: map[string]any{"dish": "soup", "ready": true},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(published.ID)
	// Output: kitchen-0123456789
}

// What was published before is given first, as far as it was asked for.
func ExampleChannelService_Subscribe() {
	ctx, c := context.Background(), dial()
	const channel = "orders-0123456789abcdef"
	for _, dish := range []string{"soup", "bread"} {
		if _, err := c.Channel.Publish(ctx, channel, client.ChannelPublishRequest{Message: map[string]string{"dish": dish}}); err != nil {
			log.Fatal(err)
		}
	}
	for message, err := range c.Channel.Subscribe(ctx, channel, client.ChannelSubscribeRequest{HistoryLength: 2}) {
		if err != nil {
			log.Fatal(err)
		}
		var order struct{ Dish string }
		if err := message.Decode(&order); err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Seq, order.Dish)
		if order.Dish == "bread" {
			break // else it would wait for the next one
		}
	}
	// Output:
	// 1 soup
	// 2 bread
}

// The caller can leave: the turn is read when somebody likes to.
func ExampleConversationService_Dispatch() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	dispatched, err := c.Conversation.Dispatch(ctx, id, client.DispatchRequest{
		CompleteRequest: client.CompleteRequest{Text: client.Set("What is on the menu?")},
	})
	if err != nil {
		log.Fatal(err)
	}
	result, err := c.Channel.TurnStream(ctx, dispatched.ChannelID).Wait()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	// Output: You said: What is on the menu?
}

func ExampleConversationService_DispatchStateless() {
	ctx, c := context.Background(), dial()
	dispatched, err := c.Conversation.DispatchStateless(ctx, client.DispatchStatelessRequest{
		CompleteStatelessRequest: client.CompleteStatelessRequest{
			Messages: []client.Message{{Type: client.MessageUser, Text: "What is on the menu?"}},
		},
		ChannelID: "menu-0123456789abcdef", // of one's own, so that a repeat is the same turn
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dispatched.ChannelID)
	// Output: menu-0123456789abcdef
}

func ExampleChannelService_TurnStream() {
	ctx, c := context.Background(), dial()
	dispatched, err := c.Conversation.DispatchStateless(ctx, client.DispatchStatelessRequest{
		CompleteStatelessRequest: client.CompleteStatelessRequest{Text: client.Set("What is on the menu?")},
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 { // every reader gets all of it
		for token, err := range c.Channel.TurnStream(ctx, dispatched.ChannelID).Text() {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(token)
		}
		fmt.Println()
	}
	// Output:
	// You said: What is on the menu?
	// You said: What is on the menu?
}

func ExampleChannelService_Stop() {
	ctx, c := context.Background(), dial()
	dispatched, err := c.Conversation.DispatchStateless(ctx, client.DispatchStatelessRequest{
		CompleteStatelessRequest: client.CompleteStatelessRequest{Text: client.Set("What is on the menu?")},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Channel.TurnStream(ctx, dispatched.ChannelID).Wait(); err != nil {
		log.Fatal(err)
	}
	stopped, err := c.Channel.Stop(ctx, dispatched.ChannelID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stopped.Stopped, "were still running")
	// Output: 0 were still running
}
