package record

import (
	"encoding/json"
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
)

type dataset struct {
	Store               *string  `json:"s,omitempty"`
	Reranker            *string  `json:"r,omitempty"`
	RecordMaxTokens     *int64   `json:"t,omitempty"`
	SearchMinScore      *float64 `json:"sc,omitempty"`
	SearchMaxRecords    *int64   `json:"sr,omitempty"`
	SearchMaxTokens     *int64   `json:"st,omitempty"`
	MatchInstruction    *string  `json:"m,omitempty"`
	MismatchInstruction *string  `json:"mm,omitempty"`
	Separators          *string  `json:"se,omitempty"`
	Declared            bool     `json:"d,omitempty"`
}

type stored struct {
	Address   string   `json:"a,omitempty"`
	Name      string   `json:"n,omitempty"`
	MediaType string   `json:"t,omitempty"`
	Size      int64    `json:"s,omitempty"`
	Upload    string   `json:"u,omitempty"`
	At        int64    `json:"at,omitempty"`
	Datasets  []string `json:"d,omitempty"`
}

func storedOf(b convo.Stored) *stored {
	return &stored{b.Address, b.Name, b.MediaType, b.Size, b.Upload, millis(b.At), b.Datasets}
}

func (w stored) domain() convo.Stored {
	return convo.Stored{
		Address: w.Address, Name: w.Name, MediaType: w.MediaType, Size: w.Size, Upload: w.Upload, At: fromMillis(w.At),
		Datasets: w.Datasets,
	}
}

type datasetFile struct {
	File   string           `json:"f,omitempty"`
	Type   string           `json:"t,omitempty"`
	Upload string           `json:"u,omitempty"`
	State  convo.IndexState `json:"s,omitempty"`
	Done   int64            `json:"d,omitempty"`
	Total  int64            `json:"n,omitempty"`
	Error  string           `json:"e,omitempty"`
}

type contact struct {
	Email       *string `json:"e,omitempty"`
	Phone       *string `json:"p,omitempty"`
	Nick        *string `json:"n,omitempty"`
	Preferences *string `json:"pr,omitempty"`
	Verified    int64   `json:"v,omitempty"`
}

func contactOf(b convo.Contact) *contact {
	return &contact{b.Email, b.Phone, b.Nick, b.Preferences, millis(b.Verified)}
}

func (w contact) domain() convo.Contact {
	return convo.Contact{
		Email: w.Email, Phone: w.Phone, Nick: w.Nick, Preferences: w.Preferences, Verified: fromMillis(w.Verified),
	}
}

// encodeKnowledge sets in data what objects of datasets, files and contacts have.
func (data *object) encodeKnowledge(b convo.ObjectBody) error {
	switch b := b.(type) {
	case convo.Dataset:
		data.Dataset = new(dataset(b))
	case convo.Stored:
		data.File = storedOf(b)
	case convo.DatasetFile:
		data.DatasetFile = new(datasetFile(b))
	case convo.Contact:
		data.Contact = contactOf(b)
	default:
		return fmt.Errorf("record: an object of type %T has no stored form", b)
	}
	return nil
}

// knowledge is the body of an object that encodeKnowledge was given.
func (data object) knowledge(kind convo.ObjectKind) (convo.ObjectBody, error) {
	switch kind {
	case convo.ObjectDataset:
		return convo.Dataset(or(data.Dataset)), nil
	case convo.ObjectFile:
		return or(data.File).domain(), nil
	case convo.ObjectDatasetFile:
		return convo.DatasetFile(or(data.DatasetFile)), nil
	case convo.ObjectContact:
		return or(data.Contact).domain(), nil
	default:
		return nil, fmt.Errorf("record: this version does not know objects of the kind %q; the data was written by a newer one", kind)
	}
}

// found is the stored form of what a record that can be found has beside its text,
// its meta, its times and the ids, for which drivers have columns.
type found struct {
	Name        *string `json:"n,omitempty"`
	Description *string `json:"d,omitempty"`
	Source      *string `json:"s,omitempty"`
	Place       int64   `json:"p,omitempty"`
	Title       string  `json:"t,omitempty"`
	Page        int64   `json:"pg,omitempty"`
}

// EncodeFound gives the stored form of a record's fields that no driver looks at:
// Name, Description, Source, Place, Title and Page. It is nil if none is set.
func EncodeFound(r convo.Record) ([]byte, error) {
	return marshal(found{r.Name, r.Description, r.Source, r.Place, r.Title, r.Page})
}

// DecodeFound sets in r what EncodeFound was given.
func DecodeFound(r *convo.Record, data []byte) error {
	var f found
	if len(data) > 0 {
		if err := json.Unmarshal(data, &f); err != nil {
			return fmt.Errorf("record: record %s: %w", r.ID, err)
		}
	}
	r.Name, r.Description, r.Source, r.Place, r.Title, r.Page = f.Name, f.Description, f.Source, f.Place, f.Title, f.Page
	return nil
}
