package store

import (
	"context"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Aliases finds, inside a transaction, what clients named, and what they are
// saying. A message that has not ended stands in [convo.Turn.Coming].
type Aliases interface {
	// TurnByAlias reads the turn of the conversation, ended or not, that its
	// client called so.
	TurnByAlias(alias string) (convo.Turn, error)

	// MessageByAlias reads the message of a turn that its client called so.
	MessageByAlias(turn, alias string) (convo.Message, error)

	// Length says how long a part of a message that comes piece by piece is so
	// far: zero, if nothing of it came. With the part "" it is all of its text.
	Length(message, part string) convo.Length

	// Text gives the text so far of a message that comes piece by piece: "", if
	// nothing of it came.
	Text(message string) (string, error)
}

// Agendas reads conversations, turns and messages in the ways of live sessions.
type Agendas interface {
	// ConversationsOf reads a page of an owner's conversations, with "" of those
	// that have none, ordered by their last activity, ties by id; the hidden ones
	// are left out. Ties are split as in Conversations.
	ConversationsOf(ctx context.Context, tenant, owner string, q ActiveQuery) ([]convo.Conversation, error)

	// TurnsOpened reads a page of a conversation's turns, ended or not, in the
	// order in which they were opened.
	TurnsOpened(ctx context.Context, tenant, conversation string, q TurnQuery) ([]convo.Turn, error)

	// TurnByAlias is that of Aliases.
	TurnByAlias(ctx context.Context, tenant, conversation, alias string) (convo.Turn, error)

	// MessageByAlias is that of Aliases: it finds messages of turns that have not
	// started, too.
	MessageByAlias(ctx context.Context, tenant, conversation, turn, alias string) (convo.Message, error)
}

// ActiveQuery selects conversations of an owner. The zero value of a field does
// not restrict.
type ActiveQuery struct {
	After  Position // exclusive; its Created is the time of the last activity
	Desc   bool
	Limit  int     // at least 1
	Bot    *string // its id; "" = those without a bot
	Search string  // stands in the name, in whatever case
}

// TurnQuery selects turns of a conversation.
type TurnQuery struct {
	After int64 // exclusive number of the event that opened it; 0 starts at the end that Desc names
	Desc  bool
	Limit int // at least 1
}

// Matches reports whether a conversation is selected, wherever it stands in the list.
func (q ActiveQuery) Matches(c convo.Conversation) bool {
	if q.Bot != nil && *q.Bot != valueOf(c.BotID) {
		return false
	}
	return q.Search == "" || strings.Contains(strings.ToLower(valueOf(c.Name)), strings.ToLower(q.Search))
}

func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
