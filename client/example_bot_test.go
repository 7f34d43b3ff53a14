package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// innkeeper makes a bot and gives its id. The meta tells it from others.
func innkeeper(c *client.Client, example string) string {
	bot, err := c.Bot.Create(context.Background(), client.BotCreateRequest{
		Name: client.Set("Innkeeper"), Backstory: client.Set("You keep an inn."), Meta: client.Set(client.Meta{"example": example}),
	})
	if err != nil {
		log.Fatal(err)
	}
	return bot.ID
}

// Conversations take the values of their bot as they are when a turn starts.
func ExampleBotService_Create() {
	ctx, c := context.Background(), dial()
	bot, err := c.Bot.Create(ctx, client.BotCreateRequest{
		Name: client.Set("Innkeeper"), Backstory: client.Set("You keep an inn."), Model: client.Set("fake-1"),
	})
	if err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Create(ctx, client.ConversationCreateRequest{BotID: client.Set(bot.ID)})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := c.Conversation.Complete(ctx, conversation.ID, client.CompleteRequest{Text: client.Set("Hello!")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	// Output: You said: Hello!
}

func ExampleBotService_List() {
	ctx, c := context.Background(), dial()
	innkeeper(c, "BotService List")
	page, err := c.Bot.List(ctx, client.ListRequest{Meta: map[string]string{"example": "BotService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleBotService_All() {
	ctx, c := context.Background(), dial()
	innkeeper(c, "BotService All")
	for item, err := range c.Bot.All(ctx, client.ListRequest{Meta: map[string]string{"example": "BotService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleBotService_ListStream() {
	ctx, c := context.Background(), dial()
	innkeeper(c, "BotService ListStream")
	for item, err := range c.Bot.ListStream(ctx, client.ListRequest{Meta: map[string]string{"example": "BotService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleBotService_Fetch() {
	ctx, c := context.Background(), dial()
	bot, err := c.Bot.Fetch(ctx, innkeeper(c, "fetch"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bot.Name.Or(""), bot.Backstory.Or(""))
	// Output: Innkeeper You keep an inn.
}

func ExampleBotService_Update() {
	ctx, c := context.Background(), dial()
	id := innkeeper(c, "update")
	if _, err := c.Bot.Update(ctx, id, client.BotUpdateRequest{Name: client.Null[string](), Privacy: client.Set(false)}); err != nil {
		log.Fatal(err)
	}
	bot, err := c.Bot.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	_, named := bot.Name.Get()
	fmt.Println(named, bot.Backstory.Or(""))
	// Output: false You keep an inn.
}

func ExampleBotService_Delete() {
	ctx, c := context.Background(), dial()
	id := innkeeper(c, "delete")
	gone, err := c.Bot.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

func ExampleBotService_Clone() {
	ctx, c := context.Background(), dial()
	clone, err := c.Bot.Clone(ctx, innkeeper(c, "clone"))
	if err != nil {
		log.Fatal(err)
	}
	bot, err := c.Bot.Fetch(ctx, clone.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bot.Backstory.Or(""))
	// Output: You keep an inn.
}

func ExampleBotService_Upvote() {
	ctx, c := context.Background(), dial()
	id := innkeeper(c, "upvote")
	voted, err := c.Bot.Upvote(ctx, id, client.VoteRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(voted.ID == id)
	// Output: true
}

func ExampleBotService_Downvote() {
	ctx, c := context.Background(), dial()
	id := innkeeper(c, "downvote")
	voted, err := c.Bot.Downvote(ctx, id, client.VoteRequest{Value: client.Set(-20), Reason: "It was rude."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(voted.ID == id)
	// Output: true
}

func ExampleBotService_Usage() {
	ctx, c := context.Background(), dial()
	id := innkeeper(c, "usage")
	if _, err := c.Conversation.Create(ctx, client.ConversationCreateRequest{BotID: client.Set(id)}); err != nil {
		log.Fatal(err)
	}
	usage, err := c.Bot.Usage(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(usage.Conversations, usage.Tokens)
	// Output: 1 0
}

func ExampleBotSessionService_Create() {
	ctx, c := context.Background(), dial()
	session, err := c.Bot.Session.Create(ctx, innkeeper(c, "session"), client.BotSessionCreateRequest{
		Messages: []client.Message{{Type: client.MessageBot, Text: "Welcome!"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	browser, err := client.New(client.WithBaseURL(baseURL), client.WithSecret(session.Token))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := browser.Conversation.Complete(ctx, session.ConversationID, client.CompleteRequest{Text: client.Set("Hello!")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	// Output: You said: Hello!
}
