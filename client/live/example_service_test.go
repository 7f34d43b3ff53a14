package live_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/client/live"
)

func ExampleConversationService_Create() {
	conversation, err := dial().Conversation.Create(context.Background(), live.ConversationCreateRequest{
		AgentID: plainAgent, FolderID: 1,
		Label:      client.Set("Lunch"),
		AgentInput: &live.AgentInput{Inline: []byte(`{"city":"Lisbon"}`)}, // the agent is told
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conversation.Label, "with agent", conversation.AgentID)
	// Output: Lunch with agent 101
}

func ExampleConversationService_Get() {
	c := dial()
	conversation, err := c.Conversation.Get(context.Background(), converse(c, plainAgent).ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in folder", conversation.FolderID)
	// Output: in folder 1
}

func ExampleConversationService_List() {
	c := external("lister")
	converse(c, plainAgent)
	page, err := c.Conversation.List(context.Background(), live.ConversationListRequest{AgentID: plainAgent, Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "conversation")
	// Output: 1 conversation
}

func ExampleConversationService_All() {
	c := external("collector")
	for range 3 {
		converse(c, plainAgent)
	}
	n := 0
	for _, err := range c.Conversation.All(context.Background(), live.ConversationListRequest{Limit: 2}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "conversations")
	// Output: 3 conversations
}

// Only what is given changes.
func ExampleConversationService_Update() {
	c := dial()
	conversation, err := c.Conversation.Update(context.Background(), converse(c, plainAgent).ID, live.ConversationUpdateRequest{Label: client.Set("Dinner")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conversation.Label)
	// Output: Dinner
}

func ExampleConversationService_Delete() {
	ctx, c := context.Background(), dial()
	conversation := converse(c, plainAgent)
	if _, err := c.Conversation.Delete(ctx, conversation.ID); err != nil {
		log.Fatal(err)
	}
	_, err := c.Conversation.Get(ctx, conversation.ID)
	fmt.Println("it is gone:", err != nil)
	// Output: it is gone: true
}

func ExampleConversationService_CreateAttachment() {
	c := dial()
	upload, err := c.Conversation.CreateAttachment(context.Background(), converse(c, plainAgent).ID, "menu.pdf")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(upload.Access.Verb, upload.Name)
	// Output: PUT menu.pdf
}

func ExampleConversationService_UploadAttachment() {
	c := dial()
	attachment, err := c.Conversation.UploadAttachment(context.Background(), converse(c, plainAgent).ID, live.File{
		Name: "menu.txt", MimeType: "text/plain", Data: []byte("Soup of the day"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(attachment.Name, attachment.Size, strings.HasPrefix(attachment.URI, "urn:"))
	// Output: menu.txt 15 true
}

func ExampleConversationService_StartSession() {
	c := dial()
	session := c.Conversation.StartSession(converse(c, plainAgent).ID, live.SessionOptions{})
	session.OnSessionStarted(func(live.SessionStarted) {
		fmt.Println("open")
		if err := session.End(); err != nil {
			log.Fatal(err)
		}
	})
	if err := session.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: open
}

func ExampleConversationService_GetSession() {
	c := dial()
	conversation := converse(c, plainAgent)
	fmt.Println(c.Conversation.GetSession(conversation.ID) == nil)
	session := conversation.StartSession(live.SessionOptions{})
	fmt.Println(c.Conversation.GetSession(conversation.ID) == session)
	// Output:
	// true
	// true
}

func ExampleConversationService_EndSession() {
	c := dial()
	session := converse(c, plainAgent).StartSession(live.SessionOptions{})
	c.Conversation.EndSession(session.ConversationID())
	fmt.Println(session.Ended())
	// Output: true
}

func ExampleConversationService_Sessions() {
	c := dial()
	converse(c, plainAgent).StartSession(live.SessionOptions{})
	fmt.Println(len(c.Conversation.Sessions()), "session")
	// Output: 1 session
}

func ExampleExchangeService_List() {
	c := dial()
	conversation := converse(c, plainAgent)
	talk(conversation, "Hello!")
	page, err := c.Exchange.List(context.Background(), conversation.ID, live.ExchangeListRequest{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range page.Items[0].Messages {
		fmt.Printf("%s: %s\n", message.Role, message.ContentParts[0].Text())
	}
	// Output:
	// user: Hello!
	// assistant: You said: Hello!
}

func ExampleExchangeService_All() {
	c := dial()
	conversation := converse(c, plainAgent)
	for _, text := range []string{"One", "Two", "Three"} {
		talk(conversation, text)
	}
	for exchange, err := range c.Exchange.All(context.Background(), conversation.ID, live.ExchangeListRequest{Limit: 2, ExchangeSort: live.Ascending}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(exchange.Messages[0].ContentParts[0].Text(), exchange.Status)
	}
	// Output:
	// One done
	// Two done
	// Three done
}

func ExampleExchangeService_Get() {
	c := dial()
	conversation := converse(c, plainAgent)
	exchange, err := c.Exchange.Get(context.Background(), conversation.ID, talk(conversation, "Hello!"), live.Descending)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(exchange.Messages[0].ContentParts[0].Text())
	// Output: You said: Hello!
}

func ExampleExchangeService_CreateFeedback() {
	ctx, c := context.Background(), dial()
	conversation := converse(c, plainAgent)
	id := talk(conversation, "Hello!")
	if err := c.Exchange.CreateFeedback(ctx, conversation.ID, id, live.Feedback{Rating: live.Positive, Comment: "Nice"}); err != nil {
		log.Fatal(err)
	}
	exchange, err := c.Exchange.Get(ctx, conversation.ID, id, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(exchange.FeedbackRating)
	// Output: positive
}

func ExampleMessageService_Get() {
	ctx, c := context.Background(), dial()
	conversation := converse(c, plainAgent)
	exchange, err := c.Exchange.Get(ctx, conversation.ID, talk(conversation, "Hello!"), "")
	if err != nil {
		log.Fatal(err)
	}
	message, err := c.Message.Get(ctx, conversation.ID, exchange.ID, exchange.Messages[1].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Role, len(message.ContentParts))
	// Output: assistant 1
}

func ExampleMessageService_GetContentPart() {
	ctx, c := context.Background(), dial()
	conversation := converse(c, plainAgent)
	exchange, err := c.Exchange.Get(ctx, conversation.ID, talk(conversation, "Hello!"), "")
	if err != nil {
		log.Fatal(err)
	}
	message := exchange.Messages[1]
	part, err := c.Message.GetContentPart(ctx, conversation.ID, exchange.ID, message.ID, message.ContentParts[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(part.MimeType, part.Text())
	// Output: text/markdown You said: Hello!
}

func ExampleAgentService_List() {
	agents, err := dial().Agent.List(context.Background(), 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, agent := range agents {
		fmt.Println(agent.ID, agent.Name)
	}
	// Unordered output:
	// 101 Innkeeper
	// 102 Cashier
}

func ExampleAgentService_Get() {
	agent, err := dial().Agent.Get(context.Background(), plainAgent, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(agent.Name, "-", agent.Description)
	// Output: Innkeeper - Knows the inn
}

func ExampleUserService_Settings() {
	settings, err := external("new").User.Settings(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a name is known:", settings.Name != nil)
	// Output: a name is known: false
}

func ExampleUserService_UpdateSettings() {
	settings, err := external("ann").User.UpdateSettings(context.Background(), live.UserSettingsUpdate{
		Name: client.Set("Ann"), Country: client.Null[string](),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*settings.Name, settings.Country == nil)
	// Output: Ann true
}

// external makes the client of a user whom only this application knows.
func external(user string) *live.Client {
	c, err := live.New(live.WithBaseURL(baseURL), live.WithSecret(secret), live.WithExternalUser(user))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleAgentService_Connections() {
	connections, err := dial().Agent.Connections(context.Background(), plainAgent, 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, connection := range connections {
		fmt.Println("to choose for", connection.ConnectorKey, "-", connection.Connections[0].Name)
	}
	// Output: to choose for crm - Test
}

func ExampleAgentService_SelectConnections() {
	connections, err := external("chooser").Agent.SelectConnections(context.Background(), plainAgent, 1,
		live.ConnectionSelection{ConnectorKey: "crm", ConnectionID: client.Set("test")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("chosen:", *connections[0].CurrentConnectionName)
	// Output: chosen: Test
}
