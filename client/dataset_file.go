package client

import "context"

// DatasetFileService holds the operations on the files whose text a dataset has as
// records. Lists begin with the newest.
type DatasetFileService struct{ parts[DatasetFile] }

func newDatasetFileService(c *Client) *DatasetFileService {
	id := func(f *DatasetFile) string { return f.ID }
	return &DatasetFileService{parts[DatasetFile]{client: c, kind: "dataset", part: "file", id: id}}
}

// DatasetFileType says what a file is for.
type DatasetFileType string

// DatasetFileSource is a file whose text becomes records.
const DatasetFileSource DatasetFileType = "source"

// DatasetFileAttachRequest gives a dataset a file.
type DatasetFileAttachRequest struct {
	Type DatasetFileType `json:"type,omitzero"` // "" = source
}

// DatasetFileDetachRequest takes a file out of a dataset.
type DatasetFileDetachRequest struct {
	DeleteRecords bool `json:"deleteRecords,omitzero"` // else they stay
}

// IndexStatus says how far the records of a file have got.
type IndexStatus string

// The states of a file of a dataset.
const (
	IndexWaiting IndexStatus = "waiting"
	IndexRunning IndexStatus = "indexing"
	IndexDone    IndexStatus = "indexed"
	IndexFailed  IndexStatus = "failed"
)

// DatasetFile is a file of a dataset, and how far its records have got. Status,
// Progress and Error come only from Parley.
type DatasetFile struct {
	StoredFile
	Status   IndexStatus   `json:"status"`
	Progress IndexProgress `json:"progress"`
	Error    string        `json:"error"` // why its records could not be made, or, of an indexed one, not be embedded yet
}

// IndexProgress counts the records of a file. The total is 0 until it is known.
type IndexProgress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// Attach has a dataset make records of a file's text, in the background, and anew
// whenever the file gets other content. Text, Markdown, HTML, CSV, JSON, PDF and
// DOCX are read. [DatasetFile] in the list says how far it has got.
func (s *DatasetFileService) Attach(ctx context.Context, dataset, file string, in DatasetFileAttachRequest, options ...Option) (*Reference, error) {
	r, err := postObject(in, "dataset", dataset, "file", file, "attach")
	return call[Reference](ctx, s.client, r, err, options)
}

// Detach takes a file out of a dataset.
func (s *DatasetFileService) Detach(ctx context.Context, dataset, file string, in DatasetFileDetachRequest, options ...Option) (*Reference, error) {
	r, err := postObject(in, "dataset", dataset, "file", file, "detach")
	return call[Reference](ctx, s.client, r, err, options)
}

// Sync makes the records of a file anew, by the settings of the dataset as they
// are now.
func (s *DatasetFileService) Sync(ctx context.Context, dataset, file string, options ...Option) (*Reference, error) {
	r, err := postObject(struct{}{}, "dataset", dataset, "file", file, "sync")
	return call[Reference](ctx, s.client, r, err, options)
}
