package convo

import "time"

// Dataset says how the records of a dataset are made and found. nil = the default
// of the server, which docs/retrieval.md names.
type Dataset struct {
	Store               *string  // kept for callers, without effect
	Reranker            *string  // kept for callers, without effect
	RecordMaxTokens     *int64   // about how long the records are that files are split into
	SearchMinScore      *float64 // 0 to 1: what scores less is not found
	SearchMaxRecords    *int64   // how many records a search gives at most
	SearchMaxTokens     *int64   // and how many tokens they may have together
	MatchInstruction    *string  // told to the model with what was found
	MismatchInstruction *string  // told to the model when nothing was
	Separators          *string  // where files are split before their structure is looked at
	// Declared datasets stand in the configuration, which wins over other changes.
	Declared bool
}

// ObjectKind implements ObjectBody.
func (Dataset) ObjectKind() ObjectKind { return ObjectDataset }

// Stored is what a file of a tenant holds. Its bytes are the pieces of Upload.
type Stored struct {
	Address   string    // where the content came from and is read again by a sync; "" = it was sent
	Name      string    // of the content, as it was sent
	MediaType string    // without the content, ""
	Size      int64     // bytes
	Upload    string    // "" = there is no content yet
	At        time.Time // when it came
	Datasets  []string  // ids of the datasets that have it; one may be gone
}

// ObjectKind implements ObjectBody.
func (Stored) ObjectKind() ObjectKind { return ObjectFile }

// DatasetFile is a file whose content a dataset has as records. It belongs to the
// dataset; its id is that of [DatasetFileID].
type DatasetFile struct {
	File string // the id of the file
	Type string // as the caller said; "source" is the only one there is
	// Upload names the making of its records, or, while it waits, the last one if that
	// was not finished; each new one has another name.
	Upload string
	State  IndexState
	Done   int64  // records made so far
	Total  int64  // that will be made; 0 = not known yet
	Error  string // why it failed, for callers
}

// ObjectKind implements ObjectBody.
func (DatasetFile) ObjectKind() ObjectKind { return ObjectDatasetFile }

// DatasetFileID is the id of the object that says that a dataset has a file.
func DatasetFileID(dataset, file string) string { return dataset + "." + file }

// IndexState says how far the records of a file have got.
type IndexState string

// The states of a file of a dataset.
const (
	IndexWaits  IndexState = "waiting"
	IndexRuns   IndexState = "indexing"
	IndexDone   IndexState = "indexed"
	IndexFailed IndexState = "failed"
	IndexLeaves IndexState = "leaving" // its records go, and then the object
)

// Ended reports whether nothing is left to do in the background.
func (s IndexState) Ended() bool { return s == IndexDone || s == IndexFailed }

// Contact is somebody whom a tenant's conversations are with. The alias of its
// object is its fingerprint, by which callers know it.
type Contact struct {
	Email       *string
	Phone       *string
	Nick        *string
	Preferences *string
	Verified    time.Time // zero = never
}

// ObjectKind implements ObjectBody.
func (Contact) ObjectKind() ObjectKind { return ObjectContact }
