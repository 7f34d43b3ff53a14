package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// revealer shows what a conversation holds as those see it who read its turns: with
// the values behind the placeholders. It costs a conversation without placeholders
// only a look at its texts.
type revealer struct {
	ctx   context.Context // of the one read that it is made for
	e     *Engine
	key   hub.Key
	vault *vault // nil = not needed yet
	err   error  // of the first vault that could not be read; what is shown then is masked
}

func (e *Engine) revealer(ctx context.Context, key hub.Key) *revealer {
	return &revealer{ctx: ctx, e: e, key: key}
}

// open gets the vault, and reports whether there is something in it.
func (r *revealer) open() bool {
	if r.vault == nil && r.err == nil {
		r.vault, r.err = r.e.vaultOf(r.ctx, r.key)
	}
	return r.err == nil && r.vault.rows > 0
}

func (r *revealer) body(b convo.Body) convo.Body {
	if !mayHold(b) || !r.open() {
		return b
	}
	return rewrite(b, restorer{r.vault.known})
}

func (r *revealer) message(m convo.Message) convo.Message {
	look := &looker{}
	rewriteMessage(m, look)
	if !look.found || !r.open() {
		return m
	}
	return rewriteMessage(m, restorer{r.vault.known})
}

// turn shows what is said of a turn itself.
func (r *revealer) turn(t convo.Turn) convo.Turn {
	look := &looker{}
	rewriteShown(t, look)
	if !look.found || !r.open() {
		return t
	}
	return rewriteShown(t, restorer{r.vault.known})
}

// rewriteShown changes what exchanges show of their turns.
func rewriteShown(t convo.Turn, w rewriter) convo.Turn {
	t.Metadata, t.RatingReason = w.json(t.Metadata), w.text(t.RatingReason)
	if t.Failure != nil {
		failed := *t.Failure
		failed.Message = w.text(failed.Message)
		t.Failure = &failed
	}
	return t
}

func (r *revealer) fields(f convo.Fields) convo.Fields {
	look := &looker{}
	rewriteConversation(f, look)
	if !look.found || !r.open() {
		return f
	}
	return rewriteConversation(f, restorer{r.vault.known})
}

// reveal gives events as those see them who read the turn. Where there is nothing to
// restore, it is the same slice; else a copy, for the events belong to all readers.
func (e *Engine) reveal(ctx context.Context, key hub.Key, events []convo.Event) ([]convo.Event, error) {
	shown := e.revealer(ctx, key)
	own := false
	for i := range events {
		if !mayHold(events[i].Body) || !shown.open() {
			continue
		}
		if !own {
			events, own = append([]convo.Event(nil), events...), true
		}
		events[i].Body = rewrite(events[i].Body, restorer{shown.vault.known})
	}
	return events, shown.err
}

// revealAll is reveal for what lists say of conversations.
func (e *Engine) revealAll(ctx context.Context, list []convo.Conversation) error {
	for i := range list {
		shown := e.revealer(ctx, hub.Key{Tenant: list[i].Tenant, Conversation: list[i].ID})
		if list[i].Fields = shown.fields(list[i].Fields); shown.err != nil {
			return shown.err
		}
	}
	return nil
}
