package chatbotkit

import (
	"context"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

func (c *call) record() string { return c.match.Param("recordId") }

// recordText is what a record is found by. It is not empty.
type recordText struct{ httpio.Optional[string] }

// DecodeField implements [httpio.Field].
func (t *recordText) DecodeField(path string, value []byte) error {
	if err := t.Optional.DecodeField(path, value); err != nil {
		return err
	}
	if t.Given && !t.Null && strings.TrimSpace(t.Value) == "" {
		return convo.Errorf(convo.Invalid, "%s must not be empty", path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*recordText) Describe(*openapi.Schemas) *openapi.Schema {
	text := openapi.Text()
	text.Pattern = `\S`
	return text
}

// recordFields are those beside the text.
type recordFields struct {
	Source httpio.Optional[string] `json:"source" limit:"text" doc:"Where the text comes from. An address of the web is given to readers of an answer that quotes it."`
	Meta   httpio.Optional[object] `json:"meta" doc:"Anything of the caller's, kept as it was sent, up to 64 KiB. Searches can be held to its values. An update replaces it as a whole."`
}

func (f *recordFields) apply(dst *convo.RecordFields) {
	f.Source.Apply(&dst.Source)
	applyMeta(f.Meta, &dst.Meta)
}

// createRecordRequest makes a record.
type createRecordRequest struct {
	Text recordText `json:"text" required:"true" limit:"text" doc:"What is to be found."`
	recordFields
}

// updateRecordRequest changes a record.
type updateRecordRequest struct {
	Text recordText `json:"text" null:"refused" limit:"text" doc:"What is to be found."`
	recordFields
}

// recordObject is a record as list and fetch show it.
type recordObject struct {
	ID        string  `json:"id"`
	Text      string  `json:"text"`
	Source    *string `json:"source,omitempty"`
	Meta      object  `json:"meta,omitempty"`
	FileID    string  `json:"fileId,omitempty"` // whose text it is a piece of
	CreatedAt int64   `json:"createdAt"`
	UpdatedAt int64   `json:"updatedAt"`
}

func showRecord(r convo.Record) recordObject {
	return recordObject{
		ID: r.ID, Text: r.Text, Source: r.Source, Meta: object(r.Meta), FileID: r.File,
		CreatedAt: millis(r.Created), UpdatedAt: millis(r.Updated),
	}
}

// rendersRecord prepares the reply of an operation that answers with a record's id.
func (c *call) rendersRecord() {
	c.ask.Render = func(result any) []byte {
		r, _ := result.(convo.Record)
		return encode(idObject{r.ID})
	}
}

func createRecord(c *call, in createRecordRequest) error {
	fields := convo.RecordFields{Text: in.Text.Value}
	in.apply(&fields)
	c.rendersRecord()
	made, err := c.engine().CreateRecord(c.r.Context(), c.actor, c.dataset(), fields, c.ask)
	if err != nil {
		return err
	}
	return c.reply(made, false)
}

func updateRecord(c *call, in updateRecordRequest) error {
	c.rendersRecord()
	changed, err := c.engine().UpdateRecord(c.r.Context(), c.actor, c.dataset(), c.record(), func(f *convo.RecordFields) {
		if in.Text.Given {
			f.Text = in.Text.Value
		}
		in.apply(f)
	}, c.ask)
	if err != nil {
		return err
	}
	return c.reply(changed, false)
}

func deleteRecord(c *call, _ emptyRequest) error {
	c.rendersRecord()
	gone, err := c.engine().DeleteRecord(c.r.Context(), c.actor, c.dataset(), c.record(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(gone, false)
}

func fetchRecord(c *call) error {
	found, err := c.engine().Record(c.r.Context(), c.actor, c.dataset(), c.record())
	if err != nil {
		return err
	}
	return c.answer(encode(showRecord(found)), false)
}

// records pages through a dataset.
func (c *call) records() pager[recordObject] {
	return shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Record], error) {
		return c.engine().Records(ctx, c.actor, c.dataset(), list)
	}, showRecord)
}

func listRecords(c *call) error { return answerList(c, oldestFirst, c.records()) }

func exportRecords(c *call) error {
	return answerExport(c, oldestFirst, c.records(), table[recordObject]{
		file: "records.csv", columns: []string{"id", "createdAt", "updatedAt", "text", "source", "meta", "fileId"},
		cells: func(r recordObject) []string {
			source := ""
			if r.Source != nil {
				source = *r.Source
			}
			return []string{
				r.ID, strconv.FormatInt(r.CreatedAt, 10), strconv.FormatInt(r.UpdatedAt, 10), r.Text, source, string(r.Meta), r.FileID,
			}
		},
	})
}
