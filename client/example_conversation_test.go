package client_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/parleyhq/parley/client"
)

func ExampleConversationService_Create() {
	created, err := dial().Conversation.Create(context.Background(), client.ConversationCreateRequest{
		Name:     client.Set("Support"),
		Model:    client.Set("fake-1/temperature=0.2"),
		Meta:     client.Set(client.Meta{"customer": 17}),
		Messages: []client.Message{{Type: client.MessageBot, Text: "Hello, what can I do for you?"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.ID != "", len(created.Messages))
	// Output: true 1
}

func ExampleConversationService_Fetch() {
	c := dial()
	id := create(c, client.ConversationCreateRequest{Name: client.Set("Support")})
	conversation, err := c.Conversation.Fetch(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conversation.Name.Or(""), conversation.ID == id, conversation.CreatedAt.IsZero())
	// Output: Support true false
}

func ExampleConversationService_Update() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{Name: client.Set("Support")})
	if _, err := c.Conversation.Update(ctx, id, client.ConversationUpdateRequest{Name: client.Set("Solved")}); err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conversation.Name.Or(""))
	// Output: Solved
}

func ExampleConversationService_Delete() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	deleted, err := c.Conversation.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Conversation.Fetch(ctx, id)
	fmt.Println(deleted.ID == id, err != nil)
	// Output: true true
}

func ExampleConversationService_List() {
	ctx, c := context.Background(), dial()
	for _, name := range []string{"one", "two", "three"} {
		create(c, client.ConversationCreateRequest{Name: client.Set(name), Meta: client.Set(client.Meta{"shelf": "list"})})
	}
	in := client.ListRequest{Take: 2, Meta: map[string]string{"shelf": "list"}}
	page, err := c.Conversation.List(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	in.Cursor = page.Cursor
	next, err := c.Conversation.List(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	for _, conversation := range append(page.Items, next.Items...) {
		fmt.Println(conversation.Name.Or(""))
	}
	// Output:
	// three
	// two
	// one
}

func ExampleConversationService_All() {
	c := dial()
	for _, name := range []string{"one", "two", "three"} {
		create(c, client.ConversationCreateRequest{Name: client.Set(name), Meta: client.Set(client.Meta{"shelf": "all"})})
	}
	in := client.ListRequest{Take: 2, Order: client.Ascending, Meta: map[string]string{"shelf": "all"}}
	for conversation, err := range c.Conversation.All(context.Background(), in) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(conversation.Name.Or(""))
	}
	// Output:
	// one
	// two
	// three
}

func ExampleConversationService_ListStream() {
	c := dial()
	for _, name := range []string{"one", "two"} {
		create(c, client.ConversationCreateRequest{Name: client.Set(name), Meta: client.Set(client.Meta{"shelf": "stream"})})
	}
	in := client.ListRequest{Meta: map[string]string{"shelf": "stream"}}
	for conversation, err := range c.Conversation.ListStream(context.Background(), in) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(conversation.Name.Or(""))
	}
	// Output:
	// two
	// one
}

func ExampleConversationService_Export() {
	c := dial()
	create(c, client.ConversationCreateRequest{Name: client.Set("one"), Meta: client.Set(client.Meta{"shelf": "export"})})
	in := client.ListRequest{Meta: map[string]string{"shelf": "export"}}
	for conversation, err := range c.Conversation.Export(context.Background(), in) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(conversation.Name.Or(""))
	}
	// Output: one
}

func ExampleConversationService_ExportCSV() {
	c := dial()
	create(c, client.ConversationCreateRequest{Name: client.Set("one"), Meta: client.Set(client.Meta{"shelf": "csv"})})
	table, err := c.Conversation.ExportCSV(context.Background(), client.ListRequest{Meta: map[string]string{"shelf": "csv"}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	rows := 0
	for lines := bufio.NewScanner(table); lines.Scan(); rows++ {
		if rows == 0 {
			fmt.Println(strings.Join(strings.Split(lines.Text(), ",")[:4], ","))
		}
	}
	fmt.Println(rows, "rows")
	// Output:
	// id,createdAt,updatedAt,name
	// 2 rows
}

func ExampleConversationService_Usage() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	if _, err := c.Conversation.Complete(ctx, id, client.CompleteRequest{Text: client.Set("Hello")}); err != nil {
		log.Fatal(err)
	}
	usage, err := c.Conversation.Usage(ctx, id, client.UsageRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(usage.Messages, usage.Tokens > 0)
	// Output: 2 true
}

func ExampleConversationService_Upvote() {
	c := dial()
	id := talk(c, "Hello", "Hello!")
	rated, err := c.Conversation.Upvote(context.Background(), id, client.VoteRequest{Reason: "polite"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rated.ID == id)
	// Output: true
}

func ExampleConversationService_Downvote() {
	c := dial()
	id := talk(c, "Hello", "Hm.")
	rated, err := c.Conversation.Downvote(context.Background(), id, client.VoteRequest{Value: client.Set(-20), Reason: "curt"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rated.ID == id)
	// Output: true
}

// A session's token may be given to a browser.
func ExampleSessionService_Create() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	session, err := c.Conversation.Session.Create(ctx, id, client.SessionCreateRequest{DurationInSeconds: 1800})
	if err != nil {
		log.Fatal(err)
	}
	browser := client.WithSecret(session.Token) // for these calls only
	result, err := c.Conversation.Complete(ctx, session.ID, client.CompleteRequest{Text: client.Set("Hello")}, browser)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text)
	_, err = c.Conversation.Delete(ctx, session.ID, browser)
	fmt.Println(err)
	// Output:
	// You said: Hello
	// a session token may not do this; use an API secret (403 NOT_AUTHORIZED)
}

// What stands before the summary is kept, and not given to the model any more.
func ExampleConversationService_Compact() {
	ctx, c := context.Background(), dial()
	id := talk(c, "Is there soup?", "Yes.", "And fish?", "On Fridays.")
	compacted, err := c.Conversation.Compact(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	message, err := c.Conversation.Message.Fetch(ctx, id, compacted.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Type, compacted.Usage.Token > 0)
	// Output: checkpoint true
}

func ExampleConversationService_CompactStateless() {
	ctx, c := context.Background(), dial()
	compacted, err := c.Conversation.CompactStateless(ctx, client.CompactStatelessRequest{Messages: []client.Message{
		{Type: client.MessageUser, Text: "Is there soup?"}, {Type: client.MessageBot, Text: "Yes."},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(compacted.Text != "")
	// Output: true
}
