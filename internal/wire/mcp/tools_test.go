package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func TestAClientHoldsAConversation(t *testing.T) {
	t.Parallel()
	eachVersion(t, testAClientHoldsAConversation)
}

func testAClientHoldsAConversation(t *testing.T, version string) {
	b := setup(t, nil, scripted.Script{scripted.Text("At ", "noon.")})
	b.version = version
	s := b.connect(b.secret, nil)

	var first, second answer
	result := call(t, s, "send_message", object{"text": "When does the inn open?"}, &first)
	if first.Text != "At noon." || first.Reason != "stop" || first.ConversationID == "" || first.MessageID == "" {
		t.Errorf("the answer is %+v", first)
	}
	// Some clients show a model nothing but the texts.
	texts := strings.Split(said(result), "\n")
	if texts[0] != "At noon." || !strings.Contains(texts[1], first.ConversationID) {
		t.Errorf("the texts are %q", texts)
	}
	call(t, s, "send_message", object{"text": "Thank you.", "conversationId": first.ConversationID}, &second)
	if second.ConversationID != first.ConversationID || second.Text != "You said: Thank you." {
		t.Errorf("the second answer is %+v", second)
	}

	var read struct {
		Messages []struct{ ID, Type, Text, Created string }
		Cursor   string
	}
	call(t, s, "read_messages", object{"conversationId": first.ConversationID, "take": 3}, &read)
	var got []string
	for _, m := range read.Messages {
		got = append(got, m.Type+": "+m.Text)
	}
	if want := []string{"user: When does the inn open?", "bot: At noon.", "user: Thank you."}; !slices.Equal(got, want) {
		t.Errorf("the messages are %q", got)
	}
	call(t, s, "read_messages", object{"conversationId": first.ConversationID, "take": 3, "cursor": read.Cursor}, &read)
	if len(read.Messages) != 1 || read.Messages[0].ID != second.MessageID {
		t.Errorf("the last page is %+v", read)
	}
	call(t, s, "read_messages", object{"conversationId": first.ConversationID, "newest": true, "take": 1}, &read)
	if len(read.Messages) != 1 || read.Messages[0].ID != second.MessageID {
		t.Errorf("the newest message is %+v", read)
	}
}

// Nobody could answer: the caller's protocol has no word for it.
func TestATurnGetsNoToolThatAsks(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, scripted.Script{scripted.Calls("1", "pay", `{}`)})
	var got answer
	call(t, b.connect(b.secret, nil), "send_message", object{"text": "Pay."}, &got)
	if offered := b.model.Calls()[0].Request.Tools; len(offered) != 0 {
		t.Errorf("the model is offered %+v", offered)
	}
	if got.Text != "You said: Pay." || got.Reason != "stop" {
		t.Errorf("the answer is %+v", got)
	}
}

func TestConversationsAreBegunAndListed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.connect(b.secret, nil)
	var list struct {
		Conversations []struct{ ID, Name, Model, Created, Updated string }
		Cursor        string
	}
	call(t, s, "list_conversations", nil, &list)
	if len(list.Conversations) != 0 || list.Cursor != "" {
		t.Errorf("at first there is %+v", list)
	}
	var older, newer struct{ ConversationID string }
	call(t, s, "create_conversation", object{"name": "Inn", "model": scripted.Name, "backstory": "You are a cook."}, &older)
	call(t, s, "create_conversation", object{}, &newer)
	call(t, s, "list_conversations", object{"take": 1}, &list)
	if len(list.Conversations) != 1 || list.Conversations[0].ID != newer.ConversationID || list.Cursor == "" {
		t.Errorf("the first page is %+v", list)
	}
	call(t, s, "list_conversations", object{"cursor": list.Cursor}, &list)
	if len(list.Conversations) != 1 || list.Conversations[0].ID != older.ConversationID || list.Conversations[0].Name != "Inn" || list.Conversations[0].Model != scripted.Name {
		t.Errorf("the second page is %+v", list)
	}
}

func TestAnAgentAnswersInItsOwnConversations(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.connect(b.secret, nil)
	backstory := "You are a cook."
	name, fields := "Cook", convo.Config{Backstory: &backstory}
	bot, err := b.engine.CreateObject(t.Context(), b.actor(b.secret), engine.Place{Kind: convo.ObjectBot},
		engine.Draft{ObjectFields: convo.ObjectFields{Name: &name}, Body: convo.BotConfig{Config: fields}}, nil)
	must(t, err)
	var list struct{ Agents []object }
	result := call(t, s, "list_agents", nil, &list)
	if len(list.Agents) != 1 || list.Agents[0]["id"] != bot.ID || list.Agents[0]["name"] != "Cook" || strings.Contains(said(result), backstory) {
		t.Errorf("the agents are %s", said(result))
	}
	var got answer
	call(t, s, "send_message", object{"text": "hello", "agent": bot.ID}, &got)
	asked, err := b.model.Await(t.Context(), 1)
	must(t, err)
	if prompt := fmt.Sprint(asked.Request.Messages); !strings.Contains(prompt, backstory) {
		t.Errorf("the model is told %s", prompt)
	}
	var conversations struct{ Conversations []object }
	call(t, s, "list_conversations", nil, &conversations)
	if len(conversations.Conversations) != 1 || conversations.Conversations[0]["agent"] != bot.ID {
		t.Errorf("the conversations are %v", conversations)
	}
	for _, arguments := range []object{{"text": "x", "agent": "none"}, {"text": "x", "agent": bot.ID, "conversationId": got.ConversationID}} {
		refused(t, s, "send_message", arguments)
	}
	foreign := b.connect(b.foreign, nil)
	refused(t, foreign, "send_message", object{"text": "x", "agent": bot.ID})
	if call(t, foreign, "list_agents", nil, &list); len(list.Agents) != 0 {
		t.Errorf("another tenant sees %v", list.Agents)
	}
}

func TestProgressTellsWhatIsSaidWhileItIsSaid(t *testing.T) {
	t.Parallel()
	eachVersion(t, testProgressTellsWhatIsSaidWhileItIsSaid)
}

func testProgressTellsWhatIsSaidWhileItIsSaid(t *testing.T, version string) {
	rest, told := make(chan struct{}), make(chan struct{})
	b := setup(t, nil, scripted.Script{scripted.Text("At "), scripted.Wait(rest), scripted.Text("noon.")})
	b.version = version
	var mu sync.Mutex
	var heard strings.Builder
	var numbers []float64
	s := b.connect(b.secret, &sdk.ClientOptions{ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
		mu.Lock()
		defer mu.Unlock()
		if heard.WriteString(r.Params.Message); len(numbers) == 0 {
			close(told)
		}
		numbers = append(numbers, r.Params.Progress)
	}})
	go func() {
		<-told // before the answer is whole
		close(rest)
	}()
	params := &sdk.CallToolParams{Name: "send_message", Arguments: object{"text": "When?"}}
	params.SetProgressToken("p")
	result, err := s.CallTool(t.Context(), params)
	must(t, err)
	mu.Lock()
	defer mu.Unlock()
	if !strings.HasPrefix(said(result), "At noon.") || !strings.HasPrefix("At noon.", heard.String()) || heard.Len() == 0 {
		t.Errorf("the answer is %q, and %q was told", said(result), heard.String())
	}
	if !slices.IsSorted(numbers) || len(slices.Compact(numbers)) != len(numbers) {
		t.Errorf("the numbers are %v", numbers)
	}
}

func TestWhoCancelsACallStopsItsTurn(t *testing.T) {
	t.Parallel()
	eachVersion(t, testWhoCancelsACallStopsItsTurn)
}

func testWhoCancelsACallStopsItsTurn(t *testing.T, version string) {
	begun := make(chan struct{})
	b := setup(t, nil, scripted.Script{scripted.Text("At "), scripted.Reached(begun), scripted.Wait(nil)})
	b.version = version
	s := b.connect(b.secret, nil)
	id := b.conversation(b.secret)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	_, err := s.CallTool(ctx, &sdk.CallToolParams{Name: "send_message", Arguments: object{"text": "When?", "conversationId": id}})
	if err == nil {
		t.Fatal("the call goes on")
	}
	b.awaitEnd(id, convo.EndStopped)
}

func TestTheEndOfASessionStopsItsTurns(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	b := setup(t, nil, scripted.Script{scripted.Text("At "), scripted.Reached(begun), scripted.Wait(nil)})
	id, session := b.conversation(b.secret), b.begin(b.secret)
	ended := make(chan int, 1)
	go func() {
		<-begun
		status, _, _ := b.request("DELETE", b.secret, session, "")
		ended <- status
	}()
	arguments, err := json.Marshal(object{"text": "When?", "conversationId": id})
	must(t, err)
	b.post(b.secret, session, `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"send_message","arguments":`+string(arguments)+`}}`)
	if status := <-ended; status != 204 {
		t.Errorf("the end is answered with %d", status)
	}
	b.awaitEnd(id, convo.EndStopped)
	if status, _, _ := b.post(b.secret, session, ping); status != 404 {
		t.Errorf("the session goes on: %d", status)
	}
}

func TestALostConnectionStopsNothing(t *testing.T) {
	t.Parallel()
	begun, rest := make(chan struct{}), make(chan struct{})
	b := setup(t, nil, scripted.Script{scripted.Text("At "), scripted.Reached(begun), scripted.Wait(rest), scripted.Text("noon.")})
	id, session := b.conversation(b.secret), b.begin(b.secret)
	arguments, err := json.Marshal(object{"text": "When?", "conversationId": id})
	must(t, err)
	last := b.postAndLeave(session, `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"send_message","arguments":`+string(arguments)+`}}`, begun)
	close(rest)
	b.awaitEnd(id, convo.EndDone)
	// And the answer is there for whoever comes back.
	status, _, body := b.request("GET", b.secret, session, "", "Last-Event-Id", last)
	if status != 200 || !strings.Contains(body, "At noon.") {
		t.Errorf("the answer is gone: %d %s", status, body)
	}
}

func TestStopEndsTheAnswer(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	b := setup(t, nil, scripted.Script{scripted.Text("At "), scripted.Reached(begun), scripted.Wait(nil)})
	s := b.connect(b.secret, nil)
	id := b.conversation(b.secret)
	stopped := make(chan int, 1)
	go func() {
		<-begun
		n, err := b.stop(id)
		if err != nil {
			n = -1
		}
		stopped <- n
	}()
	var got answer
	call(t, s, "send_message", object{"text": "When?", "conversationId": id}, &got)
	if n := <-stopped; n != 1 || got.Reason != "abort" || got.Text != "At " {
		t.Errorf("%d stopped, and the answer is %+v", n, got)
	}
	var none struct{ Stopped int }
	call(t, s, "stop", object{"conversationId": id}, &none)
	if none.Stopped != 0 {
		t.Errorf("%d are stopped where nothing runs", none.Stopped)
	}
}

func TestFailuresAreToldToTheCallingModel(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, scripted.Script{scripted.Text("At "), scripted.Cut()})
	s := b.connect(b.secret, nil)
	id := b.conversation(b.secret)
	for name, c := range map[string]struct {
		tool      string
		arguments object
		want      string
	}{
		"an unknown conversation":  {"send_message", object{"text": "x", "conversationId": "none"}, "no conversation"},
		"a missing text":           {"send_message", object{}, "text"},
		"a text of the wrong type": {"send_message", object{"text": 5}, "text"},
		"an unknown argument":      {"send_message", object{"text": "x", "txt": "y"}, "txt"},
		"too long a page":          {"list_conversations", object{"take": 1000}, "from 1 to 100"},
		"a foreign cursor":         {"list_conversations", object{"cursor": "~x"}, "cursor"},
		"an unknown model":         {"create_conversation", object{"model": "nobody/knows"}, "nobody"},
	} {
		if got := refused(t, s, c.tool, c.arguments); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := refused(t, s, "send_message", object{"text": "When?", "conversationId": id}); !strings.Contains(got, id) {
		t.Errorf("a failed answer says %q", got)
	}
	if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "none"}); err == nil {
		t.Error("an unknown tool is called")
	}
}

func TestAMessageThatIsRefusedLeavesNoConversation(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.connect(b.secret, nil)
	for name, text := range map[string]string{
		"too long for a message": strings.Repeat("x", 256<<10+1), "too long for the model": strings.Repeat("x ", 100<<10),
	} {
		if got := refused(t, s, "send_message", object{"text": text}); got == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
	var list struct{ Conversations []object }
	call(t, s, "list_conversations", nil, &list)
	if len(list.Conversations) != 0 {
		t.Errorf("there are %v", list.Conversations)
	}
}

func TestNobodySeesAnothersConversations(t *testing.T) {
	t.Parallel()
	eachVersion(t, testNobodySeesAnothersConversations)
}

func testNobodySeesAnothersConversations(t *testing.T, version string) {
	b := setup(t, nil)
	b.version = version
	mine, theirs := b.connect(b.secret, nil), b.connect(b.foreign, nil)
	var got answer
	call(t, mine, "send_message", object{"text": "secret"}, &got)
	for _, tool := range []string{"read_messages", "stop", "send_message"} {
		arguments := object{"conversationId": got.ConversationID}
		if tool == "send_message" {
			arguments["text"] = "x"
		}
		if text := refused(t, theirs, tool, arguments); !strings.Contains(text, got.ConversationID) || !strings.Contains(text, "no") || strings.Contains(text, "secret") {
			t.Errorf("%s says %q", tool, text)
		}
	}
	var list struct{ Conversations []object }
	call(t, theirs, "list_conversations", nil, &list)
	if len(list.Conversations) != 0 {
		t.Errorf("they see %v", list.Conversations)
	}
}

func TestASessionTokenHasItsOwnConversationOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id, other := b.conversation(b.secret), b.conversation(b.secret)
	made, err := b.engine.CreateSession(t.Context(), b.actor(b.secret), id, 0, nil)
	must(t, err)
	s := b.connect(made.Token, nil)
	var got answer
	call(t, s, "send_message", object{"text": "hello"}, &got)
	if got.ConversationID != id {
		t.Errorf("it speaks in %s", got.ConversationID)
	}
	for tool, arguments := range map[string]object{
		"send_message": {"text": "x", "conversationId": other}, "read_messages": {"conversationId": other},
		"stop": {"conversationId": other}, "create_conversation": {}, "list_conversations": {}, "list_agents": {},
	} {
		if text := refused(t, s, tool, arguments); !strings.Contains(text, "session token") {
			t.Errorf("%s says %q", tool, text)
		}
	}
}

// conversation makes an empty one.
func (b *bundle) conversation(secret string) string {
	b.t.Helper()
	made, err := b.engine.CreateConversation(b.t.Context(), b.actor(secret), engine.NewConversation{}, nil)
	must(b.t, err)
	return made.Conversation.ID
}

func (b *bundle) stop(conversation string) (int, error) {
	actor, err := b.auth.Actor(b.t.Context(), b.secret)
	if err != nil {
		return 0, err
	}
	return b.engine.Stop(b.t.Context(), actor, conversation, "", nil)
}

// awaitEnd waits until the first turn of a conversation has ended, in that way.
func (b *bundle) awaitEnd(conversation string, want convo.EndReason) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	_ = b.engine.Follow(ctx, b.actor(b.secret), conversation, 0, func(events []convo.Event) error {
		for _, e := range events {
			if end, ok := e.Body.(convo.TurnEnded); ok {
				if end.Reason != want {
					b.t.Errorf("the turn ends as %s", end.Reason)
				}
				cancel()
			}
		}
		return nil
	})
}
