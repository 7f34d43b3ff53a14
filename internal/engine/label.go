package engine

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/privacy"
	"github.com/parleyhq/parley/internal/store"
)

// The bounds of a label that is made from what was said.
const (
	labelTime  = 20 * time.Second // for the model; after that the first words do
	labelInput = 2000             // bytes of each message that the model is shown
	labelRead  = 16 << 10         // bytes of its answer, most of them thoughts
	maxLabel   = 100              // characters
	firstWords = 60               // characters, where no model makes one
)

// labelOrder is what the model is told.
const labelOrder = "Write a title for the conversation below: at most six words, in the language of its user. Answer with the title alone, without quotes and without a full stop."

// label makes the label of a conversation from its turn that has just ended, in the
// background, if it is to have one and has none. It is asked of the conversation's
// own model; that is no turn and counts in no usage of the conversation, but in that
// of its tenant and against quotas, and the observer is told of it as of any model call. What a kill leaves without a label
// gets it with the next turn.
func (e *Engine) label(key hub.Key, head convo.Head, turn convo.Turn, end convo.TurnEnded) {
	finished := end.Reason == convo.EndDone || end.Reason == convo.EndLength || end.Reason == convo.EndLimit
	if !finished || !unlabelled(&head) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining || e.labels[key] {
		return
	}
	e.labels[key] = true
	e.active.Add(1)
	go func() {
		defer e.active.Done()
		if err := e.putLabel(key, e.makeLabel(head, turn)); err != nil {
			e.log.Warn("a conversation got no label", "conversation", key.Conversation, "error", err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.labels, key)
	}()
}

// unlabelled reports whether a conversation is to get a label.
func unlabelled(head *convo.Head) bool {
	return head != nil && head.AutoLabel && text(head.Name) == "" && head.Channel == nil
}

// makeLabel gives a label; "" if nothing was said that makes one. What was stored masked
// stays so until there is one, so that nothing is cut within a value.
func (e *Engine) makeLabel(head convo.Head, turn convo.Turn) string {
	ctx, cancel := context.WithTimeout(e.calm, labelTime)
	defer cancel()
	// A drain ends the wait for the model, not the reading.
	user, bot, err := e.lastSaid(context.WithoutCancel(ctx), head, turn)
	var v *vault
	if err == nil {
		v, err = e.vaultOf(context.WithoutCancel(ctx), hub.Key{Tenant: head.Tenant, Conversation: head.ID})
	}
	if err != nil {
		e.log.Warn("what a label is made from could not be read", "conversation", head.ID, "error", err)
		return ""
	}
	return v.known.Restore(e.maskedLabel(ctx, v.known, head, user, bot))
}

func (e *Engine) maskedLabel(ctx context.Context, v *privacy.Vault, head convo.Head, user, bot convo.Message) string {
	if user.Text == "" {
		return shorten(v, partName(user.Parts), maxLabel)
	}
	made, err := e.askLabel(ctx, v, head, user.Text, bot.Text)
	if err != nil {
		e.log.Warn("the model made no label, so the first words do", "conversation", head.ID, "error", err)
	}
	if made != "" {
		return made
	}
	return shorten(v, user.Text, firstWords)
}

// partName is the first name of a part.
func partName(parts []convo.Part) string {
	for _, p := range parts {
		if p.Name != "" {
			return p.Name
		}
	}
	return ""
}

// lastSaid gives the last message of the user up to the end of a turn, and the
// answer behind it.
func (e *Engine) lastSaid(ctx context.Context, head convo.Head, turn convo.Turn) (user, bot convo.Message, err error) {
	page, err := e.store.Messages(ctx, head.Tenant, head.ID, store.MessageQuery{
		After: convo.Place(turn.Slot+1, 0), Desc: true, Limit: firstMessages,
		Types: []convo.MessageType{convo.User, convo.Bot},
	})
	for _, m := range page {
		if m.Type == convo.User {
			return m, bot, err
		}
		bot = m
	}
	return user, bot, err
}

// askLabel asks the conversation's model; "" if it has none that can write.
func (e *Engine) askLabel(ctx context.Context, v *privacy.Vault, head convo.Head, user, bot string) (string, error) {
	head, choice, err := e.choose(ctx, head)
	if err != nil || choice.ProviderKind == "quote" { // which writes nothing of its own
		return "", err
	}
	said := "User: " + v.Cut(user, labelInput)
	if bot != "" {
		said += "\n\nAssistant: " + v.Cut(bot, labelInput)
	}
	request := model.Request{Model: choice.Name, Params: choice.Params, Context: choice.Context, Messages: []model.Message{
		{Role: model.System, Text: labelOrder}, {Role: model.User, Text: said},
	}}
	secrets, err := e.keeps(ctx, hub.Key{Tenant: head.Tenant, Conversation: head.ID}, head.Config)
	if err == nil {
		err = secrets.prompt(ctx, &request)
	}
	if err != nil {
		return "", err
	}
	heard, id := &hearsay{}, newID()
	a := &answer{choice: choice, limit: labelRead, sink: heard, prompted: count(request.Messages)}
	if err := e.quotas.admit(ctx, id, newClaim(head.Tenant, head.BotID, choice, a.prompted)); err != nil {
		return "", err
	}
	ctx = a.observe(ctx, e.observer, head.ID, request.Messages)
	failed := a.run(ctx, &request)
	answered, err := a.finish(failed)
	used := answered.Usage.Total()
	e.spendApart(head.Tenant, convo.Spent{Bot: text(head.BotID), Model: choice.ID, Tokens: used})
	e.quotas.end(id, used)
	if failed != nil || err != nil {
		return "", errors.Join(failed, err)
	}
	return cleanLabel(v, heard.text), nil
}

// putLabel gives a conversation its label, unless it has got one meanwhile, or is
// to have none any more.
func (e *Engine) putLabel(key hub.Key, label string) error {
	if label == "" {
		return nil
	}
	return e.update(e.over, key, store.Buffered, func(tx store.Tx) error {
		head := tx.Head()
		if !unlabelled(head) {
			return nil
		}
		fields := head.Fields
		fields.Name = &label
		return tx.Append(convo.Event{At: now(), Body: convo.ConversationChanged{Fields: fields, Relabelled: convo.ByModel}})
	})
}

// cleanLabel makes a label of what a model wrote: its first line, without what
// models like to put around titles.
func cleanLabel(v *privacy.Vault, text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimLeft(line, "#*- \t"))
		line = strings.TrimPrefix(strings.TrimPrefix(line, "Title:"), "title:")
		line = strings.TrimFunc(line, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("\"'`*_.“”‘’„«»「」", r)
		})
		if line != "" {
			return shorten(v, line, maxLabel)
		}
	}
	return ""
}

// shorten puts a text on one line of at most so many characters, and cuts it
// between words where it can, but within no value that the vault knows.
func shorten(v *privacy.Vault, text string, most int) string {
	text = strings.Join(strings.Fields(v.Cut(strings.TrimSpace(text), 4*most)), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	cut := v.Cut(text, len(string([]rune(text)[:most-1])))
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = v.Cut(cut, i)
	}
	return cut + "…"
}

// hearsay is the sink of an answer of which only the text counts.
type hearsay struct{ text string }

func (h *hearsay) write(body convo.Body, _ bool) error {
	if m, ok := body.(convo.MessageEnded); ok && m.Type == convo.Bot {
		h.text += m.Text
	}
	return nil
}

func (*hearsay) flush() error      { return nil }
func (*hearsay) place() int64      { return 0 }
func (*hearsay) messageID() string { return "" }
func (*hearsay) part()             {}
