package chatbotkit

import (
	"errors"
	"net/http"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// frontName is how the log names this front.
const frontName = "chatbotkit"

// complete stores the user's message and answers it.
func complete(c *call, in completeRequest) error {
	return c.turn(in.turnFields, engine.TurnInput{
		Text: in.Text.Pointer(), Entities: in.Entities.known(), Attachments: attached(in.Attachments), Zone: c.zone, Front: frontName,
	})
}

// receive is complete without a new user message.
func receive(c *call, in receiveRequest) error {
	return c.turn(in.turnFields, engine.TurnInput{Zone: c.zone, Front: frontName})
}

// turn admits a turn of a conversation. What fails here had no effect and keeps
// its status; what fails later is part of the answer.
func (c *call) turn(fields turnFields, in engine.TurnInput) error {
	var err error
	if in.Given, err = fields.given(c); err != nil {
		return err
	}
	reading, err := c.engine().Complete(c.r.Context(), c.actor, c.conversation(), in, c.ask)
	if err != nil {
		return err
	}
	return c.read(reading)
}

// completeStateless runs a turn of which nothing is stored. It ends with its
// caller.
func completeStateless(c *call, in completeStatelessRequest) error {
	input, err := in.input(c)
	if err != nil {
		return err
	}
	reading, err := c.engine().CompleteStateless(c.r.Context(), c.actor, input, c.ask)
	if err != nil {
		return err
	}
	return c.read(reading)
}

// input is what the engine is to know of the request.
func (in *completeStatelessRequest) input(c *call) (engine.StatelessInput, error) {
	given, err := in.given(c)
	if err != nil {
		return engine.StatelessInput{}, err
	}
	input := engine.StatelessInput{
		Messages: newMessages(in.Messages), Entities: in.Entities.known(), Attachments: attached(in.Attachments),
		Zone: c.zone, Front: frontName, Given: given,
	}
	in.BotID.Apply(&input.BotID)
	input.ContactID, input.Contact = in.ContactID.id, in.ContactID.made
	in.configFields.apply(&input.Config)
	if text := in.Text.Pointer(); text != nil {
		user := convo.MessageFields{Type: convo.User}
		input.Messages = append(input.Messages, engine.NewMessage{MessageFields: user, Text: *text})
	}
	if len(input.Messages) == 0 {
		err = convo.Errorf(convo.Invalid, "messages is missing; send at least one message")
	}
	return input, err
}

// read answers with a turn: its events as lines, or its result.
func (c *call) read(reading *engine.Reading) error {
	if reading.Replayed {
		c.w.Header().Set("Idempotent-Replayed", "true")
	}
	if c.lines {
		return c.streamTurn(reading)
	}
	return c.turnObject(reading)
}

// streamTurn sends each batch of events as it comes. The status of a stateful
// turn goes out before anything has happened, because it may be queued for
// long; that of a stateless one with its first event, which comes at once
// unless the turn is refused.
func (c *call) streamTurn(reading *engine.Reading) error {
	view := turnView{conversation: reading.Conversation}
	rendered := lines{link: c.link()}
	var out *httpio.Stream
	if reading.Conversation != "" {
		out = httpio.StreamLines(c.w)
	}
	defer func() {
		if out != nil {
			out.Close()
		}
	}()
	return reading.Each(c.r.Context(), func(events []convo.Event) error {
		if out == nil {
			out = httpio.StreamLines(c.w)
		}
		ended := false
		for i := range events {
			view.see(&events[i])
			rendered.turnEvent(&events[i], &view)
			_, isEnd := events[i].Body.(convo.TurnEnded)
			ended = ended || isEnd
		}
		switch {
		case ended:
			return out.End(rendered.take())
		case len(rendered.buf) > 0:
			return out.Write(rendered.take())
		}
		return nil
	})
}

// turnObject waits for the end of a turn and sends its result.
func (c *call) turnObject(reading *engine.Reading) error {
	view := turnView{conversation: reading.Conversation}
	var end *convo.TurnEnded
	c.w.Header().Set("Cache-Control", "no-store")
	slow := httpio.StartSlow(c.w)
	defer slow.Stop()
	err := reading.Each(c.r.Context(), func(events []convo.Event) error {
		for i := range events {
			view.see(&events[i])
			if b, ok := events[i].Body.(convo.TurnEnded); ok {
				end = &b
			}
		}
		return nil
	})
	started := slow.Stop()
	switch {
	case err != nil && reading.Conversation != "":
		// The turn goes on, only we cannot read it. An error with a status
		// would make clients ask for a second turn; a cut connection makes them
		// join this one.
		return httpio.Cut(err)
	case err != nil:
		return err
	case end == nil:
		return httpio.Cut(errors.New("a turn's events ended without its end"))
	}
	if f := end.Failure; end.Reason == convo.EndFailed && f != nil && reading.Conversation == "" && !view.shown && !started {
		// Nothing has happened yet, so the caller may see what did.
		return &convo.Error{Kind: f.Kind, Message: f.Message, RetryAfter: f.RetryAfter}
	}
	body := encode(view.result(*end))
	if started {
		_, err := c.w.Write(body)
		return err
	}
	return c.w.Send(http.StatusOK, "application/json", body)
}
