package chatbotkit

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

func datasets() objectKind {
	return objectKind{func(*call) engine.Place { return engine.Datasets() }, "datasetId"}
}

func (c *call) dataset() string { return datasets().named(c) }

type (
	recordTokensSpan struct{}
	foundSpan        struct{}
	foundTokensSpan  struct{}
)

func (recordTokensSpan) between() (low, high int64) {
	return engine.MinRecordTokens, engine.MaxRecordTokens
}
func (foundSpan) between() (low, high int64)       { return 1, engine.MaxFound }
func (foundTokensSpan) between() (low, high int64) { return 1, engine.MaxSearchTokens }

// score is a number from 0 to 1.
type score struct{ httpio.Optional[float64] }

// DecodeField implements [httpio.Field].
func (s *score) DecodeField(path string, value []byte) error {
	if err := s.Optional.DecodeField(path, value); err != nil {
		return err
	}
	if s.Given && !s.Null && !(s.Value >= 0 && s.Value <= 1) {
		return convo.Errorf(convo.Invalid, "%s must be a number from 0 to 1", path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*score) Describe(*openapi.Schemas) *openapi.Schema {
	s, low, high := openapi.Number(), int64(0), int64(1)
	s.Minimum, s.Maximum = &low, &high
	return s
}

// datasetRequest updates a dataset.
type datasetRequest struct {
	sharedFields
	Reranker            httpio.Optional[string]   `json:"reranker" limit:"text" doc:"Stored and given back, without effect."`
	RecordMaxTokens     bounded[recordTokensSpan] `json:"recordMaxTokens" doc:"About how many tokens the records have that files are split into; 512 unless given."`
	SearchMinScore      score                     `json:"searchMinScore" doc:"What scores less is not found; 0 unless given."`
	SearchMaxRecords    bounded[foundSpan]        `json:"searchMaxRecords" doc:"How many records a search gives at most; 5 unless given."`
	SearchMaxTokens     bounded[foundTokensSpan]  `json:"searchMaxTokens" doc:"How many tokens the records of a search have together, but for the best one, which is given whatever its size; 2048 unless given."`
	MatchInstruction    httpio.Optional[string]   `json:"matchInstruction" limit:"text" doc:"Told to the model with what was found."`
	MismatchInstruction httpio.Optional[string]   `json:"mismatchInstruction" limit:"text" doc:"Told to the model when nothing was found."`
	Separators          httpio.Optional[string]   `json:"separators" limit:"text" doc:"Where files are split before their structure is looked at."`
}

func (r datasetRequest) draft(d *engine.Draft) {
	r.sharedFields.apply(&d.ObjectFields)
	b, _ := d.Body.(convo.Dataset)
	r.Reranker.Apply(&b.Reranker)
	r.RecordMaxTokens.Apply(&b.RecordMaxTokens)
	r.SearchMinScore.Apply(&b.SearchMinScore)
	r.SearchMaxRecords.Apply(&b.SearchMaxRecords)
	r.SearchMaxTokens.Apply(&b.SearchMaxTokens)
	r.MatchInstruction.Apply(&b.MatchInstruction)
	r.MismatchInstruction.Apply(&b.MismatchInstruction)
	r.Separators.Apply(&b.Separators)
	d.Body = b
}

// createDatasetRequest may name a store, which a dataset keeps.
type createDatasetRequest struct {
	datasetRequest
	Store httpio.Optional[string] `json:"store" limit:"text" doc:"Stored and given back, without effect."`
}

func (r createDatasetRequest) draft(d *engine.Draft) {
	r.datasetRequest.draft(d)
	b, _ := d.Body.(convo.Dataset)
	r.Store.Apply(&b.Store)
	d.Body = b
}

func emptyDataset() convo.ObjectBody { return convo.Dataset{} }

// datasetObject is a dataset as list and fetch show it. Clients count on its store.
type datasetObject struct {
	commonObject
	Store               string   `json:"store"`
	Reranker            *string  `json:"reranker,omitempty"`
	RecordMaxTokens     *int64   `json:"recordMaxTokens,omitempty"`
	SearchMinScore      *float64 `json:"searchMinScore,omitempty"`
	SearchMaxRecords    *int64   `json:"searchMaxRecords,omitempty"`
	SearchMaxTokens     *int64   `json:"searchMaxTokens,omitempty"`
	MatchInstruction    *string  `json:"matchInstruction,omitempty"`
	MismatchInstruction *string  `json:"mismatchInstruction,omitempty"`
	Separators          *string  `json:"separators,omitempty"`
}

// defaultStore is the store of a dataset that was given none.
const defaultStore = "default"

func showDataset(o convo.Object) datasetObject {
	b, _ := o.Body.(convo.Dataset)
	shown := datasetObject{
		commonObject: showCommon(o), Store: defaultStore, Reranker: b.Reranker, RecordMaxTokens: b.RecordMaxTokens,
		SearchMinScore: b.SearchMinScore, SearchMaxRecords: b.SearchMaxRecords, SearchMaxTokens: b.SearchMaxTokens,
		MatchInstruction: b.MatchInstruction, MismatchInstruction: b.MismatchInstruction, Separators: b.Separators,
	}
	if b.Store != nil {
		shown.Store = *b.Store
	}
	return shown
}

// searchRequest looks for records.
type searchRequest struct {
	Search string     `json:"search" required:"true" limit:"text" doc:"What is looked for, in words."`
	Filter conditions `json:"filter"`
}

// foundObject is a record that was found.
type foundObject struct {
	ID     string  `json:"id"`
	Text   string  `json:"text"`
	Source *string `json:"source,omitempty"`
	Meta   object  `json:"meta,omitempty"`
	Score  float64 `json:"score"` // 0 to 1
}

// searchedObject is what a search found, the best first.
type searchedObject struct {
	ID      string        `json:"id"` // of the dataset
	Records []foundObject `json:"records"`
}

// searchDataset changes nothing, so it has no answer to keep for repeats.
func searchDataset(c *call, in searchRequest) error {
	id, found, err := c.engine().Search(c.r.Context(), c.actor, c.dataset(), engine.Search{Text: in.Search, Filter: in.Filter.list})
	if err != nil {
		return err
	}
	out := searchedObject{ID: id, Records: make([]foundObject, len(found))}
	for i, f := range found {
		r := f.Record
		out.Records[i] = foundObject{ID: r.ID, Text: r.Text, Source: r.Source, Meta: object(r.Meta), Score: f.Score}
	}
	return c.answer(encode(out), false)
}

// attachRequest gives a dataset a file.
type attachRequest struct {
	Type word[entryTypes] `json:"type" doc:"What the file is for: source, its text becomes records."`
}

type entryTypes struct{}

func (entryTypes) all() []string { return []string{engine.SourceFile} }

// detachRequest takes a file out of a dataset.
type detachRequest struct {
	DeleteRecords httpio.Optional[bool] `json:"deleteRecords" doc:"Remove the records that were made of the file, too."`
}

func (c *call) file() string { return files().named(c) }

func attachFile(c *call, _ attachRequest) error {
	c.rendersObject()
	f, err := c.engine().AttachFile(c.r.Context(), c.actor, c.dataset(), c.file(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}

func detachFile(c *call, in detachRequest) error {
	c.rendersObject()
	f, err := c.engine().DetachFile(c.r.Context(), c.actor, c.dataset(), c.file(), in.DeleteRecords.Value, c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}

func syncDatasetFile(c *call, _ emptyRequest) error {
	c.rendersObject()
	f, err := c.engine().SyncDatasetFile(c.r.Context(), c.actor, c.dataset(), c.file(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}

// datasetFileObject is a file of a dataset, with how far its records have got.
type datasetFileObject struct {
	fileObject
	Status   indexState     `json:"status"`
	Progress progressObject `json:"progress"`
	Error    string         `json:"error,omitempty"` // why its records could not be made, or, once they are, why they cannot be embedded yet
}

// indexState says how far the records of a file have got.
type indexState string

// Describe implements [openapi.Describer].
func (*indexState) Describe(*openapi.Schemas) *openapi.Schema {
	return openapi.OneOf(convo.IndexWaits, convo.IndexRuns, convo.IndexDone, convo.IndexFailed)
}

// progressObject counts the records of a file. The total is 0 until it is known.
type progressObject struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

func showDatasetFile(e engine.DatasetEntry) datasetFileObject {
	return datasetFileObject{
		fileObject: showFile(e.File), Status: indexState(e.Entry.State), Error: e.Entry.Error,
		Progress: progressObject{e.Entry.Done, e.Entry.Total},
	}
}

func listDatasetFiles(c *call) error {
	return answerList(c, newestFirst, shown(func(ctx context.Context, list engine.List) (engine.Page[engine.DatasetEntry], error) {
		return c.engine().DatasetFiles(ctx, c.actor, c.dataset(), list)
	}, showDatasetFile))
}
