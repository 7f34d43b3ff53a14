package client

import (
	"context"
	"io"
	"iter"
)

// DatasetRecordService holds the operations on the records of a dataset: texts,
// each of which is found as a whole. Lists begin with the oldest.
type DatasetRecordService struct{ parts[Record] }

func newDatasetRecordService(c *Client) *DatasetRecordService {
	id := func(r *Record) string { return r.ID }
	return &DatasetRecordService{parts[Record]{client: c, kind: "dataset", part: "record", id: id}}
}

// RecordCreateRequest makes a record.
type RecordCreateRequest struct {
	Text   string           `json:"text"`            // what is to be found; not empty
	Source Optional[string] `json:"source,omitzero"` // where it comes from, as an address that readers of an answer may open
	Meta   Optional[Meta]   `json:"meta,omitzero"`   // which searches can be held to
}

// RecordUpdateRequest changes a record: what is absent stays as it is, and what
// is [Null] is cleared.
type RecordUpdateRequest struct {
	Text   Optional[string] `json:"text,omitzero"` // not empty, and not null
	Source Optional[string] `json:"source,omitzero"`
	Meta   Optional[Meta]   `json:"meta,omitzero"`
}

// Record is a record as lists show it.
type Record struct {
	ID        string           `json:"id"`
	Text      string           `json:"text"`
	Source    Optional[string] `json:"source"`
	Meta      Optional[Meta]   `json:"meta"`
	FileID    string           `json:"fileId"` // whose text it is a piece of; "" = of none
	CreatedAt Time             `json:"createdAt"`
	UpdatedAt Time             `json:"updatedAt"`
}

// Export is [DatasetRecordService.ListStream] by the operation that is meant for
// backups.
func (s *DatasetRecordService) Export(ctx context.Context, dataset string, in ListRequest, options ...Option) iter.Seq2[Record, error] {
	return s.listing(dataset, "export").stream(ctx, in, options)
}

// ExportCSV gives the records as a table with a row of headings. The caller
// closes it.
func (s *DatasetRecordService) ExportCSV(ctx context.Context, dataset string, in ListRequest, options ...Option) (io.ReadCloser, error) {
	return s.listing(dataset, "export").csv(ctx, in, options)
}

// Fetch reads a record.
func (s *DatasetRecordService) Fetch(ctx context.Context, dataset, id string, options ...Option) (*Record, error) {
	r, err := getObject("dataset", dataset, "record", id, "fetch")
	return call[Record](ctx, s.client, r, err, options)
}

// Create makes a record. The next search finds it.
func (s *DatasetRecordService) Create(ctx context.Context, dataset string, in RecordCreateRequest, options ...Option) (*Reference, error) {
	r, err := postObject(in, "dataset", dataset, "record", "create")
	return call[Reference](ctx, s.client, r, err, options)
}

// Update changes the fields that are given. A record of a file is made anew when
// the file is indexed again.
func (s *DatasetRecordService) Update(ctx context.Context, dataset, id string, in RecordUpdateRequest, options ...Option) (*Reference, error) {
	r, err := postObject(in, "dataset", dataset, "record", id, "update")
	return call[Reference](ctx, s.client, r, err, options)
}

// Delete removes a record. No search finds it from then on.
func (s *DatasetRecordService) Delete(ctx context.Context, dataset, id string, options ...Option) (*Reference, error) {
	r, err := postObject(struct{}{}, "dataset", dataset, "record", id, "delete")
	return call[Reference](ctx, s.client, r, err, options)
}
