package chatbotkit

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// logView renders the log of a conversation, from any number on. It follows
// each turn that is open, because a turn's last line sums it up.
type logView struct {
	lines
	c     *call
	turns map[string]*turnView
}

func newLogView(c *call) *logView {
	return &logView{lines: lines{log: true, link: c.link()}, c: c, turns: map[string]*turnView{}}
}

type idLine struct {
	ID string `json:"id"`
}

type changedMessageLine struct {
	ID          string      `json:"id"`
	Type        messageType `json:"type"`
	Text        *string     `json:"text,omitempty"`
	Name        *string     `json:"name,omitempty"`
	Description *string     `json:"description,omitempty"`
	Meta        object      `json:"meta,omitempty"`
}

type ratingLine struct {
	ID        string `json:"id"`
	MessageID string `json:"messageId,omitempty"`
	Value     int    `json:"value"`
	Reason    string `json:"reason,omitempty"`
}

type restartedLine struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// render adds the lines of an event. Most kinds have one, some none.
func (v *logView) render(ctx context.Context, e *convo.Event) error {
	view, err := v.turn(ctx, e)
	if err != nil || v.turnEvent(e, view) {
		return err
	}
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		v.add(e, "turnBegin", idLine{e.Turn})
	case convo.MessageGiven:
		v.add(e, "message", lineMessage{b.ID, messageType(b.Fields.Type), b.Text, object(b.Fields.Meta)})
	case convo.MessageChanged:
		f := b.Fields
		v.add(e, "messageUpdated", changedMessageLine{b.ID, messageType(f.Type), b.Text, f.Name, f.Description, object(f.Meta)})
	case convo.MessageDeleted:
		v.add(e, "messageDeleted", idLine{b.ID})
	case convo.ConversationChanged:
		v.add(e, "conversationUpdated", showFields(v.c.conversation(), b.Fields))
	case convo.Rated:
		v.add(e, "rating", ratingLine{b.ID, b.Message, b.Value, b.Reason})
	case convo.Restarted:
		v.add(e, "restarted", restartedLine{b.From, b.To})
	}
	return nil
}

// turn gives the view of the turn that an event belongs to, or nil where none
// is needed.
func (v *logView) turn(ctx context.Context, e *convo.Event) (*turnView, error) {
	view := v.turns[e.Turn]
	switch e.Body.(type) {
	case convo.TurnOpened, convo.TurnStarted, convo.MessageGiven, convo.MessageEnded, convo.ToolRequested, convo.ToolEnded:
		if view == nil && e.Turn != "" {
			view = &turnView{conversation: v.c.conversation()}
			v.turns[e.Turn] = view
		}
	case convo.TurnEnded:
		delete(v.turns, e.Turn)
		if view == nil {
			view = &turnView{conversation: v.c.conversation()}
		}
		if view.bot == "" && !view.whole {
			return view, v.recall(ctx, e.Turn, view)
		}
	}
	if view != nil {
		view.see(e)
	}
	return view, nil
}

// recall finds what a turn stored: its beginning was not read here, but its last
// line sums it up.
func (v *logView) recall(ctx context.Context, turn string, view *turnView) error {
	last, bot, err := v.c.engine().TurnTail(ctx, v.c.actor, v.c.conversation(), turn)
	if err != nil {
		return err
	}
	if view.last = last.ID; bot.ID != "" {
		view.bot, view.text = bot.ID, bot.Text
	}
	return nil
}

// renderAll adds the lines of a batch.
func (v *logView) renderAll(ctx context.Context, events []convo.Event) error {
	for i := range events {
		if err := v.render(ctx, &events[i]); err != nil {
			return err
		}
	}
	return nil
}
