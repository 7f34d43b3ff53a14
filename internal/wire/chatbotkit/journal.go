package chatbotkit

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// entryObject is an entry of the event log: what was done, and to what.
type entryObject struct {
	ID             string `json:"id"`
	Type           string `json:"type"`
	ConversationID string `json:"conversationId,omitempty"`
	MessageID      string `json:"messageId,omitempty"`
	ContactID      string `json:"contactId,omitempty"`
	MemoryID       string `json:"memoryId,omitempty"`
	BotID          string `json:"botId,omitempty"`
	DatasetID      string `json:"datasetId,omitempty"`
	RecordID       string `json:"recordId,omitempty"`
	SkillsetID     string `json:"skillsetId,omitempty"`
	AbilityID      string `json:"abilityId,omitempty"`
	FileID         string `json:"fileId,omitempty"`
	SecretID       string `json:"secretId,omitempty"`
	CreatedAt      int64  `json:"createdAt"`
	UpdatedAt      int64  `json:"updatedAt"`
}

func showEntry(e convo.Entry) entryObject {
	return entryObject{
		ID: e.ID, Type: e.Type, ConversationID: e.IDs["conversationId"], MessageID: e.IDs["messageId"],
		ContactID: e.IDs["contactId"], MemoryID: e.IDs["memoryId"], BotID: e.IDs["botId"], DatasetID: e.IDs["datasetId"],
		RecordID: e.IDs["recordId"], SkillsetID: e.IDs["skillsetId"], AbilityID: e.IDs["abilityId"], FileID: e.IDs["fileId"],
		SecretID: e.IDs["secretId"], CreatedAt: millis(e.At), UpdatedAt: millis(e.At),
	}
}

// entryTable is how the event log stands in a spreadsheet.
func entryTable() table[entryObject] {
	return table[entryObject]{
		file: "events.csv",
		columns: []string{
			"id", "createdAt", "type", "conversationId", "messageId", "contactId", "memoryId", "botId", "datasetId", "recordId",
			"skillsetId", "abilityId", "fileId", "secretId",
		},
		cells: func(o entryObject) []string {
			return []string{
				o.ID, number(&o.CreatedAt), o.Type, o.ConversationID, o.MessageID, o.ContactID, o.MemoryID, o.BotID, o.DatasetID,
				o.RecordID, o.SkillsetID, o.AbilityID, o.FileID, o.SecretID,
			}
		},
	}
}

func (c *call) entries() pager[entryObject] {
	return shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Entry], error) {
		return c.engine().Entries(ctx, c.actor, list)
	}, showEntry)
}

func listEntries(c *call) error { return answerList(c, newestFirst, c.entries()) }

func exportEntries(c *call) error { return answerExport(c, newestFirst, c.entries(), entryTable()) }

// subscribeEntriesRequest says how much of the event log comes first.
type subscribeEntriesRequest struct {
	HistoryLength historyLength `json:"historyLength" doc:"How many of the last entries come first, up to 1000; none unless given."`
}

// subscribeEntries sends what is added to the event log, as lines whatever form was
// asked for, until the caller leaves.
func subscribeEntries(c *call, in subscribeEntriesRequest) error {
	out := httpio.StreamLines(c.w)
	defer out.Close()
	ctx, stop := c.whileTokenWorks()
	defer stop()
	history := int(min(in.HistoryLength.or(0), engine.MaxTake))
	err := c.engine().FollowEntries(ctx, c.actor, history, func(entries []convo.Entry) error {
		var buf []byte
		for _, e := range entries {
			buf = append(buf, `{"type":"item","data":`...)
			buf = httpio.AppendASCII(buf, encode(showEntry(e)))
			buf = append(buf, "}\n"...)
		}
		return out.Write(buf)
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return httpio.Cut(err) // a stream that ends without an end makes clients come back
	}
	return nil
}
