// Command consumer is a program of somebody else: README's example.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/parleyhq/parley/client"
)

func main() {
	ctx := context.Background()
	c, err := client.New(client.WithBaseURL(os.Getenv("PARLEY_URL")), client.WithSecret(os.Getenv("PARLEY_SECRET")))
	if err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Create(ctx, client.ConversationCreateRequest{
		Backstory: client.Set("The inn opens at noon."),
	})
	if err != nil {
		log.Fatal(err)
	}
	stream := c.Conversation.CompleteStream(ctx, conversation.ID, client.CompleteRequest{
		Text: client.Set("When does the inn open?"),
	})
	for token, err := range stream.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token)
	}
	fmt.Println()
}
