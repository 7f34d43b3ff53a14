package chatbotkit

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// memoryFields say of whom a memory is.
type memoryFields struct {
	commonFields
	ContactID httpio.Optional[string] `json:"contactId" doc:"The contact that it is about, by its id or fingerprint."`
	BotID     httpio.Optional[string] `json:"botId" doc:"The bot that remembers it, by its id or alias."`
}

func (f *memoryFields) apply(dst *convo.RecordFields) {
	f.Name.Apply(&dst.Name)
	f.Description.Apply(&dst.Description)
	applyMeta(f.Meta, &dst.Meta)
	applyText(f.ContactID, &dst.ContactID)
	applyText(f.BotID, &dst.BotID)
}

// applyText changes a text that is "" where there is none.
func applyText(field httpio.Optional[string], dst *string) {
	if field.Given {
		*dst = field.Value // "" where it was cleared
	}
}

// createMemoryRequest makes a memory.
type createMemoryRequest struct {
	memoryFields
	Text string `json:"text" required:"true" limit:"text" doc:"What is to be remembered."`
}

// updateMemoryRequest changes a memory.
type updateMemoryRequest struct {
	memoryFields
	Text httpio.Optional[string] `json:"text" null:"refused" limit:"text" doc:"What is to be remembered."`
}

func (r *updateMemoryRequest) apply(dst *convo.RecordFields) {
	r.memoryFields.apply(dst)
	applyText(r.Text, &dst.Text)
}

// memoryObject is a memory as list and fetch show it.
type memoryObject struct {
	ID          string  `json:"id"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Text        string  `json:"text"`
	ContactID   string  `json:"contactId,omitempty"`
	BotID       string  `json:"botId,omitempty"`
	Meta        object  `json:"meta,omitempty"`
	CreatedAt   int64   `json:"createdAt"`
	UpdatedAt   int64   `json:"updatedAt"`
}

func showMemory(m convo.Record) memoryObject {
	return memoryObject{
		ID: m.ID, Name: m.Name, Description: m.Description, Text: m.Text, ContactID: m.ContactID, BotID: m.BotID,
		Meta: object(m.Meta), CreatedAt: millis(m.Created), UpdatedAt: millis(m.Updated),
	}
}

// memoryTable is how memories stand in a spreadsheet.
func memoryTable() table[memoryObject] {
	return table[memoryObject]{
		file:    "memories.csv",
		columns: []string{"id", "createdAt", "updatedAt", "name", "description", "text", "contactId", "botId", "meta"},
		cells: func(o memoryObject) []string {
			return []string{
				o.ID, number(&o.CreatedAt), number(&o.UpdatedAt), plain(o.Name), plain(o.Description), o.Text, o.ContactID,
				o.BotID, string(o.Meta),
			}
		},
	}
}

// The parameters of a list of memories.
var (
	memoryContact = httpio.StringParam("contactId", "Only memories of this contact, by its id or fingerprint.")
	memoryBot     = httpio.StringParam("botId", "Only memories of this bot, by its id or alias.")
)

// memories pages through what is remembered of some.
func (c *call) memories(about engine.About) pager[memoryObject] {
	return shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Record], error) {
		return c.engine().Memories(ctx, c.actor, about, list)
	}, showMemory)
}

// memoriesAsked are those that the query string asks for.
func (c *call) memoriesAsked() (pager[memoryObject], error) {
	contact, err := param(c, memoryContact)
	if err != nil {
		return nil, err
	}
	bot, err := param(c, memoryBot)
	return c.memories(engine.About{Contact: contact, Bot: bot}), err
}

func listMemories(c *call) error {
	asked, err := c.memoriesAsked()
	if err != nil {
		return err
	}
	return answerList(c, newestFirst, asked)
}

func exportMemories(c *call) error {
	asked, err := c.memoriesAsked()
	if err != nil {
		return err
	}
	return answerExport(c, newestFirst, asked, memoryTable())
}

// contactMemories lists what is remembered of the contact in the path.
func contactMemories(c *call) error {
	if _, err := c.engine().Object(c.r.Context(), c.actor, engine.Contacts(), contacts().named(c)); err != nil {
		return err
	}
	return answerList(c, newestFirst, c.memories(engine.About{Contact: contacts().named(c)}))
}

func (c *call) memory() string { return c.match.Param("memoryId") }

// rendersMemory prepares the reply of an operation that answers with the id of a
// memory.
func (c *call) rendersMemory() {
	c.ask.Render = func(result any) []byte {
		m, _ := result.(convo.Record)
		return encode(idObject{m.ID})
	}
}

func createMemory(c *call, in createMemoryRequest) error {
	fields := convo.RecordFields{Text: in.Text}
	in.memoryFields.apply(&fields)
	c.rendersMemory()
	made, err := c.engine().CreateMemory(c.r.Context(), c.actor, fields, c.ask)
	if err != nil {
		return err
	}
	return c.reply(made, false)
}

func fetchMemory(c *call) error {
	found, err := c.engine().Memory(c.r.Context(), c.actor, c.memory())
	if err != nil {
		return err
	}
	return c.answer(encode(showMemory(found)), false)
}

func updateMemory(c *call, in updateMemoryRequest) error {
	c.rendersMemory()
	changed, err := c.engine().UpdateMemory(c.r.Context(), c.actor, c.memory(), in.apply, c.ask)
	if err != nil {
		return err
	}
	return c.reply(changed, false)
}

func deleteMemory(c *call, _ emptyRequest) error {
	c.rendersID(c.memory())
	if err := c.engine().DeleteMemory(c.r.Context(), c.actor, c.memory(), c.ask); err != nil {
		return err
	}
	return c.reply(nil, false)
}

// searchMemoriesRequest says what is looked for.
type searchMemoriesRequest struct {
	Search string `json:"search" required:"true" limit:"text" doc:"What is looked for, in words."`
}

// searchAllMemoriesRequest says whose memories are looked through besides.
type searchAllMemoriesRequest struct {
	searchMemoriesRequest
	ContactID httpio.Optional[string] `json:"contactId" doc:"Only memories of this contact, by its id or fingerprint."`
	BotID     httpio.Optional[string] `json:"botId" doc:"Only memories of this bot, by its id or alias."`
}

// foundMemories are memories that were found, the best first.
type foundMemories struct {
	Items []foundMemory `json:"items"`
}

type foundMemory struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Meta object `json:"meta,omitempty"`
}

func (c *call) searchMemories(about engine.About, search string) error {
	found, err := c.engine().SearchMemories(c.r.Context(), c.actor, about, search)
	if err != nil {
		return err
	}
	out := foundMemories{Items: make([]foundMemory, len(found))}
	for i, f := range found {
		out.Items[i] = foundMemory{f.Record.ID, f.Record.Text, object(f.Record.Meta)}
	}
	return c.answer(encode(out), false)
}

func searchMemories(c *call, in searchAllMemoriesRequest) error {
	return c.searchMemories(engine.About{Contact: in.ContactID.Value, Bot: in.BotID.Value}, in.Search)
}

// searchContactMemories looks through those of the contact in the path.
func searchContactMemories(c *call, in searchMemoriesRequest) error {
	found, err := c.engine().Object(c.r.Context(), c.actor, engine.Contacts(), contacts().named(c))
	if err != nil {
		return err
	}
	return c.searchMemories(engine.About{Contact: found.ID}, in.Search)
}

// searchBotMemories looks through those of the bot in the path.
func searchBotMemories(c *call, in searchMemoriesRequest) error {
	found, err := c.engine().Object(c.r.Context(), c.actor, engine.Bots(), c.bot())
	if err != nil {
		return err
	}
	return c.searchMemories(engine.About{Bot: found.ID}, in.Search)
}

// memoryOperations are the rows of the table for memories.
func memoryOperations() []operation {
	const memory = "/memory/{memoryId}"
	listed := append(newestFirst.declared(), memoryContact, memoryBot)
	return []operation{
		get("listMemories", "/memory/list", account, listMemories, listed...),
		get("exportMemories", "/memory/export", account, exportMemories, listed...),
		post("createMemory", "/memory/create", account, createMemory),
		get("fetchMemory", memory+"/fetch", account, fetchMemory),
		post("updateMemory", memory+"/update", account, updateMemory),
		post("deleteMemory", memory+"/delete", account, deleteMemory),
		post("searchMemory", "/memory/search", account, searchMemories),
		post("searchContactMemory", "/contact/{contactId}/memory/search", account, searchContactMemories),
		post("searchBotMemory", "/bot/{botId}/memory/search", account, searchBotMemories),
		get("listContactMemories", "/contact/{contactId}/memory/list", account, contactMemories, newestFirst.declared()...),
	}
}
