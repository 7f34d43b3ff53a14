package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// remembered makes a contact of whom something is remembered, and gives both ids.
func remembered(c *client.Client, example string) (contact, id string) {
	contact = guest(c, example)
	memory, err := c.Memory.Create(context.Background(), client.MemoryCreateRequest{Text: "Ann likes fish.", ContactID: client.Set(contact)})
	if err != nil {
		log.Fatal(err)
	}
	return contact, memory.ID
}

// A turn with the feature is told what fits its question.
func ExampleMemoryService_Create() {
	ctx, c := context.Background(), dial()
	contact, conversation := lunchWith(c, "memory")
	_, err := c.Memory.Create(ctx, client.MemoryCreateRequest{Text: "Ann likes fish.", ContactID: client.Set(contact)})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Conversation.Complete(ctx, conversation, client.CompleteRequest{
		Text: client.Set("What does Ann like?"), Extensions: &client.Extensions{Features: []client.ExtensionFeature{{Name: "memory"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for message, err := range c.Conversation.Message.All(ctx, conversation, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Type)
	}
	// Output:
	// user
	// context
	// bot
}

func ExampleMemoryService_List() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "list")
	page, err := c.Memory.List(ctx, client.MemoryListRequest{ContactID: contact})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Text)
	}
	// Output: Ann likes fish.
}

func ExampleMemoryService_All() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "all")
	for item, err := range c.Memory.All(ctx, client.MemoryListRequest{ContactID: contact}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Text)
	}
	// Output: Ann likes fish.
}

func ExampleMemoryService_ListStream() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "stream")
	for item, err := range c.Memory.ListStream(ctx, client.MemoryListRequest{ContactID: contact}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Text)
	}
	// Output: Ann likes fish.
}

func ExampleMemoryService_Export() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "export")
	for item, err := range c.Memory.Export(ctx, client.MemoryListRequest{ContactID: contact}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.ContactID == contact)
	}
	// Output: true
}

func ExampleMemoryService_ExportCSV() {
	table, err := dial().Memory.ExportCSV(context.Background(), client.MemoryListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(heading(table))
	// Output: id,createdAt,updatedAt,name,description,text,contactId,botId,meta
}

func ExampleMemoryService_Fetch() {
	ctx, c := context.Background(), dial()
	_, id := remembered(c, "fetch")
	memory, err := c.Memory.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(memory.Text)
	// Output: Ann likes fish.
}

func ExampleMemoryService_Update() {
	ctx, c := context.Background(), dial()
	_, id := remembered(c, "update")
	if _, err := c.Memory.Update(ctx, id, client.MemoryUpdateRequest{Text: client.Set("Ann likes soup.")}); err != nil {
		log.Fatal(err)
	}
	memory, err := c.Memory.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(memory.Text)
	// Output: Ann likes soup.
}

func ExampleMemoryService_Delete() {
	ctx, c := context.Background(), dial()
	_, id := remembered(c, "delete")
	gone, err := c.Memory.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

func ExampleMemoryService_Search() {
	ctx, c := context.Background(), dial()
	contact, id := remembered(c, "search")
	found, err := c.Memory.Search(ctx, client.MemorySearchRequest{Search: "fish", ContactID: contact})
	if err != nil {
		log.Fatal(err)
	}
	for _, memory := range found.Items {
		fmt.Println(memory.Text, memory.ID == id)
	}
	// Output: Ann likes fish. true
}

func ExampleContactMemoryService_List() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "contact list")
	page, err := c.Contact.Memory.List(ctx, contact, client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Text)
	}
	// Output: Ann likes fish.
}

func ExampleContactMemoryService_All() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "contact all")
	for item, err := range c.Contact.Memory.All(ctx, contact, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Text)
	}
	// Output: Ann likes fish.
}

func ExampleContactMemoryService_ListStream() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "contact stream")
	for item, err := range c.Contact.Memory.ListStream(ctx, contact, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Text)
	}
	// Output: Ann likes fish.
}

func ExampleContactMemoryService_Search() {
	ctx, c := context.Background(), dial()
	contact, _ := remembered(c, "contact search")
	found, err := c.Contact.Memory.Search(ctx, contact, client.OwnMemorySearchRequest{Search: "fish"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Items[0].Text)
	// Output: Ann likes fish.
}

func ExampleBotMemoryService_Search() {
	ctx, c := context.Background(), dial()
	bot, err := c.Bot.Create(ctx, client.BotCreateRequest{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Memory.Create(ctx, client.MemoryCreateRequest{Text: "Fish is delivered on Fridays.", BotID: client.Set(bot.ID)})
	if err != nil {
		log.Fatal(err)
	}
	found, err := c.Bot.Memory.Search(ctx, bot.ID, client.OwnMemorySearchRequest{Search: "fish"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Items[0].Text)
	// Output: Fish is delivered on Fridays.
}
