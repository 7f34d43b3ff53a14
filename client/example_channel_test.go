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
