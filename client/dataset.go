package client

import "context"

// DatasetService holds the operations on datasets: sets of records, which bots,
// conversations and completions name by the field DatasetID, to answer from what
// they find there.
type DatasetService struct {
	objects[Dataset, DatasetCreateRequest, DatasetUpdateRequest]

	Record *DatasetRecordService
	File   *DatasetFileService
}

func newDatasetService(c *Client) *DatasetService {
	id := func(d *Dataset) string { return d.ID }
	return &DatasetService{
		objects: objects[Dataset, DatasetCreateRequest, DatasetUpdateRequest]{client: c, kind: "dataset", id: id},
		Record:  newDatasetRecordService(c),
		File:    newDatasetFileService(c),
	}
}

// DatasetOptions are what a caller sets on a dataset. A limit that is absent is
// the server's own.
type DatasetOptions struct {
	Name                Optional[string]  `json:"name,omitzero"`
	Description         Optional[string]  `json:"description,omitzero"`
	Meta                Optional[Meta]    `json:"meta,omitzero"`
	Alias               Optional[string]  `json:"alias,omitzero"` // a second id, unique among those of its kind
	BlueprintID         Optional[string]  `json:"blueprintId,omitzero"`
	Visibility          Visibility        `json:"visibility,omitzero"` // "" = private, or as it is
	Reranker            Optional[string]  `json:"reranker,omitzero"`
	RecordMaxTokens     Optional[int]     `json:"recordMaxTokens,omitzero"`     // about how many a record of a file has
	SearchMinScore      Optional[float64] `json:"searchMinScore,omitzero"`      // 0 to 1; what scores less is not found
	SearchMaxRecords    Optional[int]     `json:"searchMaxRecords,omitzero"`    // that a search gives at most
	SearchMaxTokens     Optional[int]     `json:"searchMaxTokens,omitzero"`     // of all records of a search together
	MatchInstruction    Optional[string]  `json:"matchInstruction,omitzero"`    // for the model, with what was found
	MismatchInstruction Optional[string]  `json:"mismatchInstruction,omitzero"` // for the model, when nothing was found
	Separators          Optional[string]  `json:"separators,omitzero"`          // where files are split before all else
}

// DatasetCreateRequest makes a dataset: the fields of [DatasetOptions], and the
// name of a store, which it keeps.
type DatasetCreateRequest struct {
	Name                Optional[string]  `json:"name,omitzero"`
	Description         Optional[string]  `json:"description,omitzero"`
	Meta                Optional[Meta]    `json:"meta,omitzero"`
	Alias               Optional[string]  `json:"alias,omitzero"`
	BlueprintID         Optional[string]  `json:"blueprintId,omitzero"`
	Visibility          Visibility        `json:"visibility,omitzero"`
	Reranker            Optional[string]  `json:"reranker,omitzero"`
	RecordMaxTokens     Optional[int]     `json:"recordMaxTokens,omitzero"`
	SearchMinScore      Optional[float64] `json:"searchMinScore,omitzero"`
	SearchMaxRecords    Optional[int]     `json:"searchMaxRecords,omitzero"`
	SearchMaxTokens     Optional[int]     `json:"searchMaxTokens,omitzero"`
	MatchInstruction    Optional[string]  `json:"matchInstruction,omitzero"`
	MismatchInstruction Optional[string]  `json:"mismatchInstruction,omitzero"`
	Separators          Optional[string]  `json:"separators,omitzero"`

	Store string `json:"store,omitzero"` // "" = default
}

// DatasetUpdateRequest changes a dataset: what is absent stays as it is, and what
// is [Null] is cleared. How files are split holds from the next time that they
// are indexed.
type DatasetUpdateRequest DatasetOptions

// Dataset is a dataset as lists show it, without its records.
type Dataset struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	Store     string `json:"store"`
	DatasetOptions
}

// DatasetSearchRequest says what is looked for.
type DatasetSearchRequest struct {
	Search string `json:"search"` // in words

	// Filter holds what the meta of a record must have: from its keys, in which
	// dots lead into nested objects, to a string, a number, a boolean, or
	// comparisons, as {"$gte": 2020}. There are $eq, $ne, $gt, $gte, $lt and $lte.
	Filter map[string]any `json:"filter,omitzero"`
}

// FoundRecords are the records of a dataset that were found, the best first.
type FoundRecords struct {
	ID      string        `json:"id"` // of the dataset
	Records []FoundRecord `json:"records"`
}

// FoundRecord is a record that was found.
type FoundRecord struct {
	ID     string           `json:"id"`
	Text   string           `json:"text"`
	Source Optional[string] `json:"source"`
	Meta   Optional[Meta]   `json:"meta"`
	Score  float64          `json:"score"` // 0 to 1
}

// Search finds records by their words and, where the server embeds texts, by what
// they mean. A record that was made before the call is found, and one that was
// deleted is not.
func (s *DatasetService) Search(ctx context.Context, id string, in DatasetSearchRequest, options ...Option) (*FoundRecords, error) {
	r, err := postObject(in, "dataset", id, "search")
	return call[FoundRecords](ctx, s.client, r, err, options)
}
