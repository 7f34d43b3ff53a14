package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// Remember says what a turn's model may write about into the memories.
type Remember string

// What it may write about.
const (
	RememberNothing Remember = ""
	RememberContact Remember = "contact" // the turn's contact, if it has one
	// RememberAnyone lets it write, in turns without a contact, what everybody is
	// told who talks to the bot.
	RememberAnyone Remember = "anyone"
)

const (
	// rememberName is what the model calls. Functions of the caller, and other tools,
	// of that name hide it.
	rememberName = "remember"
	// rememberedText is how many characters a memory has at most that a model writes.
	rememberedText = 1000
	// rememberedTexts is how many of them a turn may write.
	rememberedTexts = 10
)

// rememberer is the tool by which a model writes memories.
type rememberer struct {
	e            *Engine
	tenant       string
	contact, bot string // whose they become: ids, or what names the contact
	written      atomic.Int64
}

// rememberer gives a turn its tool; nil if it has none. A private turn never has: what
// is behind its placeholders is known only as long as its conversation is there, and
// memories stay longer.
func (e *Engine) rememberer(tenant string, given Given, in setting) *rememberer {
	m := &rememberer{e: e, tenant: tenant, contact: text(in.contact), bot: text(in.bot)}
	switch {
	case !given.Memory || given.Remember == RememberNothing || private(in.config):
	case m.contact != "", m.bot != "" && given.Remember == RememberAnyone:
		return m
	}
	return nil
}

// Spec implements tool.Tool.
func (m *rememberer) Spec() tool.Spec {
	whom, which := "the user", "in later conversations with the same user"
	if m.contact == "" {
		whom, which = "what you do", "in later conversations, whoever they are with, so never what is somebody's own"
	}
	return tool.Spec{
		Name: rememberName,
		Description: fmt.Sprintf("Keeps a fact about %s that will be useful %s. Call it when you are told something that lasts, "+
			"such as a name or a preference, or when you are asked to remember something.", whom, which),
		Parameters: convo.JSON(fmt.Sprintf(`{"type":"object","properties":{"text":{"type":"string","minLength":1,"maxLength":%d,`+
			`"description":"The fact, as one short sentence that can be understood by itself."}},"required":["text"],"additionalProperties":false}`,
			rememberedText)),
	}
}

// Call implements tool.Tool. The same fact twice is one memory.
func (m *rememberer) Call(ctx context.Context, c tool.Call) (tool.Result, error) {
	var in struct{ Text string }
	if err := json.Unmarshal(c.Arguments, &in); err != nil {
		return tool.Result{}, fmt.Errorf("reading what is to be remembered: %w", err)
	}
	// Memories are told as the lines of a list.
	said := strings.Join(strings.Fields(in.Text), " ")
	if said == "" {
		return tool.Result{}, convo.Errorf(convo.Invalid, "text says nothing; write the fact that is to be remembered")
	}
	if m.written.Add(1) > rememberedTexts {
		return tool.Result{}, convo.Errorf(convo.Invalid, "not remembered: a turn may remember %d facts; put what matters into one sentence", rememberedTexts)
	}
	fields := convo.RecordFields{Text: said, ContactID: m.contact, BotID: m.bot}
	if err := m.e.remember(ctx, m.tenant, c.Conversation, fields); err != nil {
		return tool.Result{}, err
	}
	return tool.Result{Output: convo.JSON(`{"remembered":true}`)}, nil
}

// remember stores a memory, in place of one of the same contact and bot that says the
// same. So a call that is made again after a crash leaves no second one.
func (e *Engine) remember(ctx context.Context, tenant, conversation string, fields convo.RecordFields) error {
	err := e.update(ctx, hub.Key{Tenant: tenant}, store.Durable, func(tx store.Tx) error {
		at, verb := now(), "create"
		m := convo.Record{Tenant: tenant, Dataset: convo.MemoryDataset, ID: newID(), RecordFields: fields, Created: at}
		if err := resolveMemory(tx, &m, convo.RecordFields{}); err != nil {
			return err
		}
		same, err := tx.MemoryLike(m.ContactID, m.BotID, m.Text)
		switch {
		case err == nil:
			m, verb = same, "update"
		case convo.ErrorKind(err) != convo.NotFound:
			return err
		}
		m.Updated = at
		if err := tx.PutRecord(m); err != nil {
			return err
		}
		concerns := memoryIDs(m)
		concerns["conversationId"] = conversation
		return journal(tx, "memory."+verb, concerns)
	})
	if err == nil {
		e.noted(tenant)
		e.embedLater(tenant, convo.MemoryDataset)
	}
	return err
}
