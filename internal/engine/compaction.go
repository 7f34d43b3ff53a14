package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

// A compaction puts a summary in the place of a history: a message of the type
// checkpoint, which later prompts begin with. It stands behind a whole exchange, and
// is stored only if nothing has been said since what it sums up was read. What it
// sums up stays where it is.

// compactOrder is what the model is told behind the history, which stands as in a
// turn's prompt, so that its provider may have it at hand.
const compactOrder = "Do not answer the user, and call no tools. Sum up the conversation so far, so that it can go on from your summary alone: " +
	"what the user wants, what was found out and decided, names, numbers, quotes and open questions, and the last exchange in most detail. " +
	"Write in the language of the conversation, and nothing but the summary."

// Compaction is what came of one. Without a text there was nothing to sum up.
type Compaction struct {
	ID    string // the checkpoint's, or the conversation's
	Text  string
	Usage convo.Usage
}

// Compact sums up a conversation of the actor's tenant in which nothing runs.
func (e *Engine) Compact(ctx context.Context, actor convo.Actor, conversation string, ask *Ask) (Compaction, error) {
	key, err := owned(actor, conversation)
	if err != nil {
		return Compaction{}, err
	}
	if err := e.enter(&e.active); err != nil {
		return Compaction{}, err
	}
	defer e.active.Done()
	nothing := func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(conversation)
		}
		return Compaction{ID: conversation}, nil
	}
	if ask != nil {
		if repeats, err := e.Repeats(ctx, actor, ask); err != nil || repeats {
			return Compaction{}, errors.Join(err, e.once(ctx, key, actor, ask, nothing))
		}
	}
	for try := 0; ; try++ {
		head, c, err := e.recallToCompact(ctx, key)
		if err != nil {
			return Compaction{}, err
		}
		if c == nil {
			return Compaction{ID: conversation}, e.once(ctx, key, actor, ask, nothing)
		}
		done, err := c.sumUp(ctx)
		if err != nil {
			return Compaction{}, err
		}
		err = e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
			err := c.put(tx, head, &done, actor.Token)
			return done, err
		})
		if !errors.Is(err, errGrown) || try == maxChecks {
			return done, e.explain(key, grown(err))
		}
	}
}

// grown tells a caller of a conversation that is never at rest.
func grown(err error) error {
	if errors.Is(err, errGrown) {
		return convo.Errorf(convo.Conflict, "the conversation is in use; compact it when nothing runs in it")
	}
	return err
}

// compacting is a history that is to be summed up.
type compacting struct {
	e       *Engine
	key     hub.Key
	choice  model.Choice
	kit     *kit
	bot     *string
	secrets *secrecy // what is kept from the model; nil = nothing
	history history
	place   int64 // of the summary, before what it does not sum up; 0 = behind all
}

// recallToCompact reads what a compaction sums up; nil if there is nothing to sum up.
func (e *Engine) recallToCompact(ctx context.Context, key hub.Key) (convo.Head, *compacting, error) {
	p, head, choice, err := e.recall(ctx, key, true)
	if convo.ErrorKind(err) == convo.NotFound && head.ID == "" {
		err = unknownConversation(key.Conversation)
	}
	if err != nil {
		return head, nil, err
	}
	if p == nil {
		return head, nil, grown(errGrown)
	}
	orders, err := e.orders(ctx, head, &Given{}, false)
	if err != nil {
		return head, nil, err
	}
	k, err := e.newKit(ctx, key.Tenant, Given{}, settingOf(head))
	if err != nil {
		return head, nil, err
	}
	c := &compacting{e: e, key: key, choice: choice, kit: k, bot: head.BotID, history: history{
		backstory: orders, messages: p.messages, notes: p.notes, from: p.from, window: choice.Window, tools: k.tokens(),
	}}
	if whole := c.history.answered(); len(whole.messages) < len(c.history.messages) {
		if len(whole.messages) == 0 {
			return head, nil, nil
		}
		c.history, c.place = whole, whole.messages[len(whole.messages)-1].Place+1
	}
	if !c.history.worthASummary() {
		return head, nil, nil
	}
	if !c.history.atRest() {
		return head, nil, convo.Errorf(convo.Conflict, "a function has no result yet; compact the conversation when it has")
	}
	c.secrets, err = e.keeps(ctx, key, head.Config)
	return head, c, err
}

// atRest reports whether each call has its result, which would else come behind a
// summary that hides the call.
func (h history) atRest() bool {
	calls, _ := pairCalls(h.messages[h.checkpoint()+1:])
	for _, at := range calls {
		for _, c := range at {
			if !c.answered {
				return false
			}
		}
	}
	return true
}

// answered is the history up to its last whole exchange: a message that nobody has
// answered would be hidden behind the summary, and never be answered.
func (h history) answered() history {
	last := 0
	for i, m := range h.messages {
		if m.Type == convo.Bot || m.Type == convo.Checkpoint {
			last = i + 1
		}
	}
	if open := slices.IndexFunc(h.messages[last:], func(m convo.Message) bool { return m.Type == convo.User }); open >= 0 {
		h.messages = slices.Clip(h.messages[:last+open])
	}
	return h
}

// spoken is about how many tokens of a prompt a summary would take the place of.
func (h history) spoken() (n int64) {
	for _, m := range h.messages[h.checkpoint()+1:] {
		if !pinned(m.Type) {
			n += estimate(len(m.Text) + len(m.Meta))
		}
	}
	return n
}

// worthASummary reports whether something was said since the last checkpoint.
func (h history) worthASummary() bool {
	for _, m := range h.messages[h.checkpoint()+1:] {
		if !pinned(m.Type) && m.Type != convo.Reasoning && (m.Text != "" || m.Type == convo.Activity) {
			return true
		}
	}
	return false
}

// sumUp asks the conversation's model for the summary. It counts as usage and against
// quotas, whatever becomes of it.
func (c *compacting) sumUp(ctx context.Context) (Compaction, error) {
	if c.choice.ProviderKind == "quote" {
		return Compaction{}, convo.Errorf(convo.Invalid, "the model %s cannot sum up; configure a provider of models", c.choice.ID)
	}
	order := model.Message{Role: model.System, Text: compactOrder}
	c.history.tools += count([]model.Message{order})
	p, err := assemble(c.history)
	if err != nil {
		return Compaction{}, err
	}
	messages := append(p.messages, order)
	claimed, id := newClaim(c.key.Tenant, c.bot, c.choice, count(messages)+c.kit.tokens()), newID()
	if err := c.e.quotas.admit(ctx, id, claimed); err != nil {
		return Compaction{}, err
	}
	made, err := c.ask(ctx, messages)
	used := made.Usage.Total()
	c.e.spendApart(c.key.Tenant, convo.Spent{Bot: text(c.bot), Model: c.choice.ID, Tokens: used})
	c.e.quotas.end(id, used)
	return made, err
}

func (c *compacting) ask(ctx context.Context, messages []model.Message) (Compaction, error) {
	request := model.Request{Model: c.choice.Name, Params: c.choice.Params, Context: c.choice.Context, Messages: messages, Tools: c.kit.offered}
	if err := c.mask(ctx, &request); err != nil {
		return Compaction{}, err
	}
	heard := &hearsay{}
	a := &answer{choice: c.choice, limit: c.e.limits.Text, sink: heard, prompted: count(messages) + c.kit.tokens()}
	ctx = a.observe(ctx, c.e.observer, c.key.Conversation, request.Messages)
	failed := a.run(ctx, &request)
	answered, err := a.finish(failed)
	made := Compaction{Text: strings.TrimSpace(c.secrets.reveal(heard.text)), Usage: answered.Usage}
	if err := errors.Join(failed, err); err != nil {
		f := failure(err)
		return made, convo.WrapError(f.Kind, err, "the conversation could not be summed up: %s", f.Message)
	}
	if made.Text == "" {
		return made, convo.Errorf(convo.UpstreamFailed, "the model gave no summary")
	}
	return made, nil
}

// mask masks the request, as that of a turn is.
func (c *compacting) mask(ctx context.Context, r *model.Request) (err error) {
	if c.secrets == nil && c.key.Conversation != "" {
		c.secrets, err = c.e.recalls(ctx, c.key, r.Messages)
		return err
	}
	return c.secrets.prompt(ctx, r)
}

// put stores a summary, unless something was said since head was read.
func (c *compacting) put(tx store.Tx, head convo.Head, made *Compaction, by string) error {
	last := tx.Head()
	if last == nil {
		return unknownConversation(c.key.Conversation)
	}
	if len(last.Open) > 0 || last.LastSeq != head.LastSeq {
		return errGrown
	}
	made.ID = newID()
	return tx.Append(convo.Event{At: now(), Origin: by, Body: convo.MessageGiven{
		ID: made.ID, Place: cmp.Or(c.place, convo.Place(last.NextSlot, 0)),
		Fields: convo.MessageFields{Type: convo.Checkpoint}, Text: made.Text,
	}})
}

// CompactStateless sums up messages that are stored nowhere.
func (e *Engine) CompactStateless(ctx context.Context, actor convo.Actor, in StatelessInput) (Compaction, error) {
	if err := account(actor); err != nil {
		return Compaction{}, err
	}
	if err := e.enter(&e.active); err != nil {
		return Compaction{}, err
	}
	defer e.active.Done()
	if len(in.Messages) == 0 {
		return Compaction{}, nil
	}
	s, err := e.prepareStateless(ctx, actor, in, brought{})
	if err != nil {
		return Compaction{}, err
	}
	l := s.loop
	c := &compacting{e: e, key: l.key, choice: l.choice, kit: l.kit, bot: s.bot, secrets: l.secrets, history: l.history}
	if !c.history.worthASummary() {
		return Compaction{}, nil
	}
	return c.sumUp(ctx)
}
