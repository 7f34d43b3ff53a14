package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/parleyhq/parley/client/live"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// A session: listen, and say something once it is open. The handlers see the
// program's own exchange, too.
func Example() {
	ctx := context.Background()
	c, err := live.New(live.WithBaseURL(baseURL), live.WithSecret(secret))
	if err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Create(ctx, live.ConversationCreateRequest{AgentID: plainAgent, FolderID: 1})
	if err != nil {
		log.Fatal(err)
	}

	// Start a session.
	session := conversation.StartSession(live.SessionOptions{})

	// Listen for answers.
	session.OnExchangeStart(func(exchange *live.ExchangeStream) {
		exchange.OnMessageStart(func(message *live.MessageStream) {
			if message.IsAssistant() {
				message.OnContentPartStart(func(part *live.ContentPartStream) {
					if part.IsMarkdown() {
						part.OnChunk(func(chunk live.Chunk) { fmt.Print(chunk.Data) })
					}
				})
			}
		})
		exchange.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	})

	// Wait until the session is ready, then say something.
	session.OnSessionStarted(func(live.SessionStarted) {
		exchange, err := session.StartExchange(live.ExchangeStart{})
		if err != nil {
			log.Fatal(err)
		}
		if err := exchange.SendMessageWithContentPart(live.Content{Data: "Hello!"}); err != nil {
			log.Fatal(err)
		}
	})

	if err := session.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: You said: Hello!
}

// The same as one series of events.
func ExampleSessionStream_Events() {
	conversation := converse(dial(), plainAgent)
	session := conversation.StartSession(live.SessionOptions{})
	exchange, err := session.StartExchange(live.ExchangeStart{})
	if err != nil {
		log.Fatal(err)
	}
	if err := exchange.SendMessageWithContentPart(live.Content{Data: "Hello!"}); err != nil {
		log.Fatal(err)
	}
	for event, err := range session.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		switch e := event.(type) {
		case live.MessageStarted:
			fmt.Println("the", e.Message.Role(), "says:")
		case live.ContentPartEnded:
			fmt.Println(e.Part.Text())
		case live.ExchangeEnded:
			fmt.Println("it ended:", e.End.Reason())
			conversation.EndSession()
		}
	}
	// Output:
	// the user says:
	// Hello!
	// the assistant says:
	// You said: Hello!
	// it ended: done
}

// A call that asks first is approved, here with another input.
func ExampleToolCallStream_Confirm() {
	provider.Push(fakeprovider.Behaviour{Calls: []fakeprovider.Call{{ID: "1", Name: "pay", Arguments: []string{`{"amount":500}`}}}})
	conversation := converse(dial(), toolsAgent)
	session := conversation.StartSession(live.SessionOptions{})
	session.OnExchangeStart(func(exchange *live.ExchangeStream) {
		exchange.OnMessageStart(func(message *live.MessageStream) {
			message.OnToolCallStart(func(call *live.ToolCallStream) {
				fmt.Printf("may it %s %s?\n", call.ToolName(), call.StartEvent().Input)
				if call.RequiresConfirmation() {
					if err := call.Confirm([]byte(`{"amount":5}`)); err != nil {
						log.Fatal(err)
					}
				}
				call.OnToolCallEnd(func(end live.ToolCallEnd) { fmt.Printf("it gave %s\n", end.Output) })
			})
		})
		exchange.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	})
	exchange, err := session.StartExchange(live.ExchangeStart{})
	if err != nil {
		log.Fatal(err)
	}
	if err := exchange.SendMessageWithContentPart(live.Content{Data: "Pay, please."}); err != nil {
		log.Fatal(err)
	}
	if err := session.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// may it pay {"amount":500}?
	// it gave {"paid":true}
}

// A tool of the program itself: the exchange offers it, and the program runs it.
func ExampleToolCallStream_SendToolCallEnd() {
	provider.Push(fakeprovider.Behaviour{Calls: []fakeprovider.Call{{ID: "1", Name: "locate", Arguments: []string{`{}`}}}})
	conversation := converse(dial(), toolsAgent)
	session := conversation.StartSession(live.SessionOptions{})
	session.OnExchangeStart(func(exchange *live.ExchangeStream) {
		exchange.OnMessageStart(func(message *live.MessageStream) {
			message.OnToolCallStart(func(call *live.ToolCallStream) {
				call.OnExecuting(func(live.ToolCallExecution) {
					if err := call.SendToolCallEnd(live.ToolCallEnd{Output: []byte(`{"city":"Lisbon"}`)}); err != nil {
						log.Fatal(err)
					}
				})
			})
			if message.IsAssistant() {
				message.OnContentPartCompleted(func(part live.CompletedContentPart) { fmt.Println(part.Data) })
			}
		})
		exchange.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	})
	exchange, err := session.StartExchange(live.ExchangeStart{ClientSideTools: []live.ClientSideTool{{Name: "locate"}}})
	if err != nil {
		log.Fatal(err)
	}
	if err := exchange.SendMessageWithContentPart(live.Content{Data: "Where am I?"}); err != nil {
		log.Fatal(err)
	}
	if err := session.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: The tool said: {"city":"Lisbon"}
}

func ExampleError() {
	_, err := dial().Conversation.Get(context.Background(), "unknown")
	if refused, ok := errors.AsType[*live.Error](err); ok {
		fmt.Println(refused.Status, refused.Code)
	}
	// Output: 404 4040
}

func ExampleClient_FeatureFlags() {
	flags, err := dial().FeatureFlags(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("tools of clients:", flags["clientSideTools"])
	// Output: tools of clients: true
}

// A file is uploaded, said in a message, and read again.
func ExampleClient_Download() {
	ctx, c := context.Background(), dial()
	conversation := converse(c, plainAgent)
	file, err := conversation.UploadAttachment(ctx, live.File{Name: "menu.txt", MimeType: "text/plain", Data: []byte("Soup of the day")})
	if err != nil {
		log.Fatal(err)
	}
	session := conversation.StartSession(live.SessionOptions{})
	exchange, err := session.StartExchange(live.ExchangeStart{})
	if err != nil {
		log.Fatal(err)
	}
	message, err := exchange.StartMessage(live.MessageStart{})
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(message.SendContentPart(live.Content{Data: "What is on?"}), message.SendAttachment(file), message.SendMessageEnd(live.MessageEnd{})); err != nil {
		log.Fatal(err)
	}
	exchange.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	if err := session.Run(ctx); err != nil {
		log.Fatal(err)
	}
	stored, err := conversation.Exchanges().Get(ctx, exchange.ID(), live.Ascending)
	if err != nil {
		log.Fatal(err)
	}
	part := stored.Messages[0].ContentParts[1]
	body, err := c.Download(ctx, part.Data.URI)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %s: %s\n", part.Name, part.MimeType, text)
	// Output: menu.txt, text/plain: Soup of the day
}
