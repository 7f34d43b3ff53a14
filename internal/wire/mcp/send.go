package mcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// stopTime is how long a stop may take whose caller waits no more.
const stopTime = 10 * time.Second

type saying struct {
	Text           string `json:"text" jsonschema:"what to say"`
	ConversationID string `json:"conversationId,omitempty" jsonschema:"the conversation to say it in; a new one unless given"`
	Agent          string `json:"agent,omitempty" jsonschema:"the id of the agent that answers, in a new conversation"`
}

type answer struct {
	ConversationID string `json:"conversationId"`
	MessageID      string `json:"messageId,omitempty" jsonschema:"the answer's id, if there is an answer"`
	Text           string `json:"text" jsonschema:"the answer, or what there is of it"`
	Reason         string `json:"reason" jsonschema:"how it ended: stop (the assistant was done), length (cut by a limit), abort (stopped), iteration (too many steps) or activity (it waits for a client that carries out its calls)"`
}

// send stores a message, waits for its answer and gives that. Who cancels the
// call stops the turn that it began; who only loses the connection does not.
func (c *conversations) send(ctx context.Context, r *sdk.CallToolRequest, actor convo.Actor, in saying) (*sdk.CallToolResult, answer, error) {
	out := answer{ConversationID: cmp.Or(in.ConversationID, actor.Conversation)} // a session token has its own
	if out.ConversationID != "" && in.Agent != "" {
		return nil, out, convo.Errorf(convo.Invalid, "agent is for a new conversation: leave it or conversationId out")
	}
	fresh := out.ConversationID == ""
	if fresh {
		id, err := c.begin(ctx, actor, creation{Agent: in.Agent})
		if err != nil {
			return nil, out, err
		}
		out.ConversationID = id
	}
	// Who calls over this protocol cannot be asked before a tool runs.
	given := engine.Given{Alone: true}
	turn, err := c.engine.Complete(ctx, actor, out.ConversationID, engine.TurnInput{Text: &in.Text, Given: given, Front: frontName}, nil)
	if err != nil {
		if fresh && ctx.Err() == nil && convo.ErrorKind(err) != convo.Internal {
			// Nobody knows of it, and nothing is in it.
			err = errors.Join(err, c.engine.DeleteConversation(ctx, actor, out.ConversationID, nil))
		}
		return nil, out, err
	}
	view := &view{answer: out}
	progress := startProgress(ctx, r)
	err = turn.Each(ctx, func(events []convo.Event) error {
		for i := range events {
			view.see(&events[i], progress)
		}
		return nil
	})
	progress.close()
	if ctx.Err() != nil {
		return nil, out, c.abandon(ctx, actor, turn)
	}
	if err == nil {
		err = view.failure()
	}
	if err != nil {
		return nil, out, convo.WrapError(convo.ErrorKind(err), err, "%s (conversation %s)", convo.PublicError(err).Message, out.ConversationID)
	}
	return view.result(), view.answer, nil
}

// abandon stops a turn that nobody waits for any more.
func (c *conversations) abandon(ctx context.Context, actor convo.Actor, turn *engine.Reading) error {
	cause := context.Cause(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if _, err := c.engine.Stop(ctx, actor, turn.Conversation, turn.Turn, nil); err != nil {
		return err
	}
	return cause
}

// view remembers of a turn's events what its answer says.
type view struct {
	answer
	ended convo.TurnEnded
}

// see takes note of an event, and passes on what is said.
func (v *view) see(e *convo.Event, p *progress) {
	switch b := e.Body.(type) {
	case convo.Delta:
		if b.Type == convo.Bot {
			p.say(b.Text)
		}
	case convo.MessageEnded:
		if b.Type == convo.Bot {
			v.MessageID, v.Text = b.ID, b.Text
		}
	case convo.TurnEnded:
		v.ended = b
	}
}

// failure is why a turn has no answer, or nil if it has one.
func (v *view) failure() error {
	switch f := v.ended.Failure; {
	case v.ended.Reason == convo.EndFailed && f != nil:
		return &convo.Error{Kind: f.Kind, Message: f.Message, RetryAfter: f.RetryAfter}
	case v.ended.Reason == convo.EndFailed:
		return convo.Errorf(convo.UpstreamFailed, "the answer failed; the server's log says why")
	case v.ended.Reason == convo.EndInterrupted:
		return convo.Errorf(convo.Unavailable, "the server stopped while the model answered; ask again")
	}
	return nil
}

// result shows the answer as what was said, and then, for models whose client
// shows them nothing but texts, where to go on.
func (v *view) result() *sdk.CallToolResult {
	v.Reason = reasonOf(v.ended.Reason)
	rest, _ := json.Marshal(struct { // strings only
		ConversationID string `json:"conversationId"`
		Reason         string `json:"reason"`
	}{v.ConversationID, v.Reason})
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: v.Text}, &sdk.TextContent{Text: string(rest)}}}
}

func reasonOf(r convo.EndReason) string {
	switch r {
	case convo.EndLength:
		return "length"
	case convo.EndStopped:
		return "abort"
	case convo.EndCaller:
		return "activity"
	case convo.EndLimit:
		return "iteration"
	}
	return "stop"
}

// progressPause is how long what is said is gathered.
const progressPause = 200 * time.Millisecond

// progress tells a client, if it wants to know, what is said while it is said,
// and that there is progress while nothing is: clients give up after a silence.
type progress struct {
	say   func(text string)
	close func()
}

// startProgress begins to tell. Each notification has the next number, and the
// text since the one before as its message.
func startProgress(ctx context.Context, r *sdk.CallToolRequest) *progress {
	token := r.Params.GetProgressToken()
	if token == nil {
		return &progress{say: func(string) {}, close: func() {}}
	}
	said, over, done := make(chan string), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tell(ctx, r, token, said, over)
	}()
	return &progress{
		say: func(text string) {
			select {
			case said <- text:
			case <-done:
			}
		},
		close: func() { close(over); <-done },
	}
}

// tell sends what is said until it is over.
func tell(ctx context.Context, r *sdk.CallToolRequest, token any, said <-chan string, over <-chan struct{}) {
	var text strings.Builder
	number := 0.0
	notify := func() {
		number++
		// Whoever has gone is told nothing more, and learns the answer in the end.
		_ = r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: number, Message: text.String()})
		text.Reset()
	}
	timer := time.NewTimer(httpio.Silence)
	defer timer.Stop()
	for {
		select {
		case <-over:
			if text.Len() > 0 {
				notify()
			}
			return
		case <-ctx.Done():
			return
		case piece := <-said:
			if text.Len() == 0 {
				timer.Reset(progressPause)
			}
			text.WriteString(piece)
			continue
		case <-timer.C:
		}
		notify()
		timer.Reset(httpio.Silence)
	}
}
