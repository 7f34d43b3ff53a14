package engine

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/privacy"
)

// secrecy is what a turn keeps from its model and its tools. nil keeps nothing.
type secrecy struct {
	e     *Engine
	key   hub.Key // without a conversation in a stateless turn
	masks bool    // false: the conversation is not private any more, but holds placeholders
	lets  bool    // images go to the model, although nothing can be masked in them
	vault *privacy.Vault
}

// keeps gives what a turn with that configuration keeps from its model; nil if it is
// not private.
func (e *Engine) keeps(ctx context.Context, key hub.Key, c convo.Config) (*secrecy, error) {
	if !private(c) {
		return nil, nil
	}
	s := &secrecy{e: e, key: key, masks: true, lets: letsThrough(c), vault: privacy.NewVault(rand.Reader)}
	if key.Conversation == "" {
		return s, nil
	}
	v, err := e.vaultOf(ctx, key)
	if err != nil {
		return nil, err
	}
	s.vault = v.known
	return s, nil
}

// recalls is keeps for a turn that is not private: there may be placeholders in its
// prompt that were put there when it was, and the model repeats them.
func (e *Engine) recalls(ctx context.Context, key hub.Key, messages []model.Message) (*secrecy, error) {
	if key.Conversation == "" || !mayHoldAny(messages) {
		return nil, nil
	}
	v, err := e.vaultOf(ctx, key)
	if err != nil || v.rows == 0 {
		return nil, err
	}
	return &secrecy{e: e, key: key, vault: v.known}, nil
}

func mayHoldAny(messages []model.Message) bool {
	for i := range messages {
		if privacy.MayHold(messages[i].Text) {
			return true
		}
		for _, c := range messages[i].Calls {
			if privacy.MayHold(c.Arguments) {
				return true
			}
		}
	}
	return false
}

// know takes in what a caller says of the texts of a turn without a conversation.
func (s *secrecy) know(known []convo.Entity) {
	if s != nil {
		knowAll(s.vault, known)
	}
}

// known is the vault as far as the turn knows it; nil = there is none.
func (s *secrecy) known() *privacy.Vault {
	if s == nil {
		return nil
	}
	return s.vault
}

// private reports whether the turn is.
func (s *secrecy) private() bool { return s != nil && s.masks }

// add has fn mask with the turn's vault, and keeps what that adds: before it returns,
// what is behind a placeholder is safe. fn may be called more than once.
func (s *secrecy) add(ctx context.Context, fn func(*privacy.Vault)) error {
	if s.key.Conversation == "" {
		fn(s.vault)
		return nil
	}
	v, err := s.e.addToVault(ctx, s.key, fn)
	if err == nil {
		s.vault = v
	}
	return err
}

// cut is the beginning of a text, at most so many bytes of it, that ends within no
// value of the turn's vault.
func (s *secrecy) cut(text string, most int) string {
	if s == nil {
		return cutText(text, most)
	}
	return s.vault.Cut(text, most)
}

// records masks what was found, as it is shown.
func (s *secrecy) records(ctx context.Context, found []Found) ([]Found, error) {
	if !s.private() || len(found) == 0 {
		return found, nil
	}
	var masked []Found
	err := s.add(ctx, func(v *privacy.Vault) {
		w := masker{v}
		masked = slices.Clone(found)
		for i := range masked {
			r := &masked[i].Record
			r.Text, r.Title, r.Meta = w.text(r.Text), w.text(r.Title), w.json(r.Meta)
			r.Name, r.Source = rewritePointer(r.Name, w), rewritePointer(r.Source, w)
		}
	})
	return masked, err
}

// messages masks what a turn without a conversation is asked with, as what is stored of
// one is.
func (s *secrecy) messages(list []convo.Message) {
	if !s.private() {
		return
	}
	w := masker{s.vault}
	for i := range list {
		list[i].Text, list[i].Meta = w.text(list[i].Text), w.json(list[i].Meta)
	}
}

// maskJSON gives a JSON text as others than people may see it.
func (s *secrecy) maskJSON(ctx context.Context, j convo.JSON) (convo.JSON, error) {
	if !s.private() || len(j) == 0 {
		return j, nil
	}
	var masked convo.JSON
	err := s.add(ctx, func(v *privacy.Vault) { masked = convo.JSON(v.MaskJSON(string(j))) })
	return masked, err
}

// prompt masks what goes to a model: all of it, whether it was stored masked or not,
// for a value that is known only now may stand in what was said before.
func (s *secrecy) prompt(ctx context.Context, r *model.Request) error {
	if !s.private() {
		return nil
	}
	messages, tools := r.Messages, r.Tools
	return s.add(ctx, func(v *privacy.Vault) {
		r.Messages, r.Tools = maskMessages(v, messages), maskTools(v, tools)
		for i := range r.Messages {
			if !s.lets {
				r.Messages[i].Images = nil
			}
		}
	})
}

func maskMessages(v *privacy.Vault, messages []model.Message) []model.Message {
	masked := make([]model.Message, len(messages))
	for i, m := range messages {
		if m.Role == model.ToolResult {
			m.Text = v.MaskJSON(m.Text)
		} else {
			m.Text, _ = v.Mask(m.Text)
		}
		calls := make([]model.Call, len(m.Calls))
		for n, c := range m.Calls {
			c.Arguments = v.MaskJSON(c.Arguments)
			// It is the provider's own, and goes back to it as it came.
			c.Signature = v.Restore(c.Signature)
			calls[n] = c
		}
		if m.Calls != nil {
			m.Calls = calls
		}
		masked[i] = m
	}
	return masked
}

// maskTools masks what callers say of their functions. Their names stay.
func maskTools(v *privacy.Vault, tools []model.Tool) []model.Tool {
	masked := make([]model.Tool, len(tools))
	for i, t := range tools {
		t.Description, _ = v.Mask(t.Description)
		if len(t.Parameters) > 0 {
			t.Parameters = []byte(v.MaskJSON(string(t.Parameters)))
		}
		masked[i] = t
	}
	return masked
}

// restoreCalls gives calls with the arguments that the model would have written if it
// knew the values: as such they are checked, shown and approved.
func (s *secrecy) restoreCalls(calls []model.Call) {
	if s == nil {
		return
	}
	for i := range calls {
		calls[i].Arguments = string(restorer{s.vault}.json(convo.JSON(calls[i].Arguments)))
	}
}

// arguments gives those of a call as its tool gets them: the values only where the
// tool is one that may know them.
func (s *secrecy) arguments(ctx context.Context, call convo.OpenCall, reveals bool) (convo.JSON, error) {
	switch {
	case s == nil:
		return call.Arguments, nil
	case reveals || !s.masks:
		return restorer{s.vault}.json(call.Arguments), nil
	}
	return s.maskJSON(ctx, call.Arguments)
}

// settled says how many bytes of what a model is saying can be passed on: what follows
// may be the beginning of a placeholder, which nobody is shown in pieces, or of a
// value that has to be masked.
func (s *secrecy) settled(text string) int {
	if s.masks {
		return privacy.Settled(text)
	}
	return len(text) - s.vault.Held(text)
}

// after masks a piece of what a model says, behind what it has said before.
func (s *secrecy) after(before, text string) (string, error) {
	if !s.private() || text == "" {
		return text, nil
	}
	masked := ""
	// What was said is stored, also when its turn is stopped.
	err := s.add(context.WithoutCancel(s.e.ctx), func(v *privacy.Vault) { masked = v.MaskAfter(before, text) })
	return masked, err
}

// restore gives events of a turn as its reader sees them.
func (s *secrecy) restore(events []convo.Event) {
	if s == nil {
		return
	}
	for i := range events {
		if mayHold(events[i].Body) {
			events[i].Body = rewrite(events[i].Body, restorer{s.vault})
		}
	}
}

// shift is how much longer a text is when it is restored, in UTF-16 units.
func (s *secrecy) shift(text string) int {
	if s == nil || !privacy.MayHold(text) {
		return 0
	}
	return convo.LengthOf(s.vault.Restore(text)).Units - convo.LengthOf(text).Units
}

// reveal gives a text that a model has made as people see it.
func (s *secrecy) reveal(text string) string {
	if s == nil {
		return text
	}
	return restorer{s.vault}.text(text)
}
