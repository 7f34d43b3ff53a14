package chatbotkit

import "github.com/parleyhq/parley/internal/engine"

// dispatchRequest asks for a turn in a conversation that nobody waits for.
type dispatchRequest struct {
	completeRequest
	dispatchFields
}

// dispatchStatelessRequest brings all that its turn knows.
type dispatchStatelessRequest struct {
	completeStatelessRequest
	dispatchFields
}

// dispatchFields say where the events of the turn are read.
type dispatchFields struct {
	ChannelID channelID `json:"channelId" doc:"The channel on which the turn's events are read; a new one unless given. The same body with the same channel is the same turn."`
}

// dispatchObject says where the turn's events are read.
type dispatchObject struct {
	ChannelID string `json:"channelId"`
}

// dispatch stores the user's message and lets the turn run on its own.
func dispatch(c *call, in dispatchRequest) error {
	given, err := in.given(c)
	if err != nil {
		return err
	}
	c.rendersChannel()
	input := engine.TurnInput{
		Text: in.Text.Pointer(), Entities: in.Entities.known(), Attachments: attached(in.Attachments),
		Zone: c.zone, Front: frontName, Given: given,
	}
	channel, err := c.engine().Dispatch(c.r.Context(), c.actor, c.conversation(), input, string(in.ChannelID), c.ask)
	if err != nil {
		return err
	}
	return c.reply(channel, false)
}

// dispatchStateless lets a turn run on its own that has no conversation.
func dispatchStateless(c *call, in dispatchStatelessRequest) error {
	input, err := in.input(c)
	if err != nil {
		return err
	}
	c.rendersChannel()
	channel, err := c.engine().DispatchStateless(c.r.Context(), c.actor, input, string(in.ChannelID), c.ask)
	if err != nil {
		return err
	}
	return c.reply(channel, false)
}

func (c *call) rendersChannel() {
	c.ask.Render = func(result any) []byte {
		channel, _ := result.(string)
		return encode(dispatchObject{channel})
	}
}

// stopChannel ends the turn that was dispatched to a channel.
func stopChannel(c *call, _ emptyRequest) error {
	c.ask.Render = func(result any) []byte {
		stopped, _ := result.(int)
		return encode(stoppedObject{c.channel(), stopped})
	}
	stopped, err := c.engine().StopDispatch(c.r.Context(), c.actor, c.channel(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(stopped, false)
}
