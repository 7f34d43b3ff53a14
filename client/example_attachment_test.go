package client_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/parleyhq/parley/client"
)

// withMenu makes a conversation with a file and gives its id.
func withMenu(c *client.Client) string {
	id := create(c, client.ConversationCreateRequest{})
	_, err := c.Conversation.Attachment.Upload(context.Background(), id, client.FileUploadRequest{
		File: &client.File{Name: "menu.txt", Type: "text/plain", Data: []byte("Soup 4, fish 9.\n")},
	})
	if err != nil {
		log.Fatal(err)
	}
	return id
}

// The next message of the user has the file.
func ExampleConversationAttachmentService_Upload() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	uploaded, err := c.Conversation.Attachment.Upload(ctx, id, client.FileUploadRequest{URL: "data:text/plain,Soup%204"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(uploaded.ID != "")
	// Output: true
}

func ExampleConversationAttachmentService_List() {
	ctx, c := context.Background(), dial()
	page, err := c.Conversation.Attachment.List(ctx, withMenu(c), client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range page.Items {
		fmt.Println(file.Name, file.Type, file.Size)
	}
	// Output: menu.txt text/plain 16
}

func ExampleConversationAttachmentService_All() {
	ctx, c := context.Background(), dial()
	for file, err := range c.Conversation.Attachment.All(ctx, withMenu(c), client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(file.Name)
	}
	// Output: menu.txt
}

func ExampleConversationAttachmentService_ListStream() {
	ctx, c := context.Background(), dial()
	for file, err := range c.Conversation.Attachment.ListStream(ctx, withMenu(c), client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(file.Name)
	}
	// Output: menu.txt
}

// Files may come with the message itself, by their addresses or as data: URLs.
func ExampleAttachment() {
	ctx, c := context.Background(), dial()
	result, err := c.Conversation.CompleteStateless(ctx, client.CompleteStatelessRequest{
		Text:        client.Set("What is on the menu?"),
		Attachments: []client.Attachment{{URL: "data:text/plain,Soup%204"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(result.Text, "Soup 4"))
	// Output: true
}
