package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// rated makes a conversation with a contact, who liked it, and gives the contact's id.
func rated(c *client.Client, example string) string {
	contact, conversation := lunchWith(c, example)
	_, err := c.Conversation.Upvote(context.Background(), conversation, client.VoteRequest{Reason: "Tasty."})
	if err != nil {
		log.Fatal(err)
	}
	return contact
}

func ExampleContactRatingService_List() {
	ctx, c := context.Background(), dial()
	page, err := c.Contact.Rating.List(ctx, rated(c, "ratings"), client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, rating := range page.Items {
		fmt.Println(rating.Value, rating.Reason)
	}
	// Output: 100 Tasty.
}

func ExampleContactRatingService_All() {
	ctx, c := context.Background(), dial()
	for rating, err := range c.Contact.Rating.All(ctx, rated(c, "all ratings"), client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rating.Value, rating.Reason)
	}
	// Output: 100 Tasty.
}

func ExampleContactRatingService_ListStream() {
	ctx, c := context.Background(), dial()
	for rating, err := range c.Contact.Rating.ListStream(ctx, rated(c, "rating stream"), client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rating.Value, rating.Reason)
	}
	// Output: 100 Tasty.
}
