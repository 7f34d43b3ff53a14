package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// moderationTime bounds the wait for a verdict. One that does not come is none, and
// then the text is refused: what asks to be judged is not said unjudged.
const moderationTime = 20 * time.Second

// moderated reports whether a configuration has what users say judged.
func moderated(c convo.Config) bool { return c.Moderation != nil && *c.Moderation }

// judge has a text judged, if a conversation with that configuration wants it: what
// is flagged is Unprocessable. The service sees what the model would see of it.
func (e *Engine) judge(ctx context.Context, key hub.Key, c convo.Config, known []convo.Entity, text string) error {
	if !moderated(c) || strings.TrimSpace(text) == "" {
		return nil
	}
	if e.moderator == nil {
		return convo.Errorf(convo.Invalid, "moderation is on, and no service for it is configured; set moderation.url or moderation.provider, or switch moderation off")
	}
	if private(c) {
		v := noVault()
		if key.Conversation != "" {
			var err error
			if v, err = e.vaultOf(ctx, key); err != nil {
				return err
			}
		}
		own := v.fork()
		knowAll(own, known)
		text, _ = own.Mask(text)
	}
	ctx, cancel := context.WithTimeout(ctx, moderationTime)
	defer cancel()
	verdict, err := e.moderator.Judge(ctx, text)
	switch {
	case err != nil:
		e.log.Warn("a text could not be judged, and was refused", "conversation", key.Conversation, "error", err)
		return err
	case !verdict.Flagged:
		return nil
	case len(verdict.Categories) == 0:
		return convo.Errorf(convo.Unprocessable, "the text was flagged by moderation; nothing of it was stored")
	}
	return convo.Errorf(convo.Unprocessable, "the text was flagged by moderation (%s); nothing of it was stored", strings.Join(verdict.Categories, ", "))
}

// unjudged sends a transaction back to have a text judged, by the configuration that
// counts for its conversation.
type unjudged struct {
	config convo.Config
	text   string
	known  []convo.Entity
}

func (unjudged) Error() string { return "the text was not judged" }

// judgedFirst carries out fn, a transaction that stores a text of a user. If that has
// to be judged, fn is called again once it was.
func (e *Engine) judgedFirst(ctx context.Context, key hub.Key, fn func(judged bool) error) error {
	err := fn(false)
	if why, ok := errors.AsType[unjudged](err); ok {
		if err = e.judge(ctx, key, why.config, why.known, why.text); err == nil {
			err = fn(true)
		}
	}
	return err
}

// mustBeJudged fails if the transaction's conversation wants its users' texts judged,
// of which this is one.
func mustBeJudged(tx store.Tx, text string, known []convo.Entity) error {
	m, ok := tx.(*maskingTx)
	if !ok || m.Head() == nil {
		return nil
	}
	config, err := m.configOf(m.Head().Fields)
	if err == nil && moderated(config) {
		err = unjudged{config, text, known}
	}
	return err
}

// usersTexts are those messages of a list that users said, to be judged together.
func usersTexts(messages []NewMessage) string {
	var texts []string
	for _, m := range messages {
		if m.Type == convo.User && m.Text != "" {
			texts = append(texts, m.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// judgeSaid has the message judged that a transaction cannot store before that, and
// reports whether it was sent back for that.
func (e *Engine) judgeSaid(ctx context.Context, key hub.Key, known *knowledge, err error) bool {
	why, ok := errors.AsType[unjudged](err)
	if !ok {
		return false
	}
	// What was said is judged, also when who said it has gone.
	err = e.judge(context.WithoutCancel(ctx), key, why.config, why.known, why.text)
	if err == nil {
		known.judged[why.text] = nil
	} else {
		known.judged[why.text] = &Refused{Why: Flagged, Cause: convo.PublicError(err)}
	}
	return true
}
