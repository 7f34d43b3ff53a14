package convo

import (
	"encoding/json"
	"strconv"
	"time"
)

// MemoryDataset is the dataset of a tenant's memories. It is in no list and has no
// object; its name is no id that a caller can give one.
const MemoryDataset = "$memory"

// Record is a text that can be found: a record of a dataset, or a memory, which is
// one of [MemoryDataset].
type Record struct {
	Tenant  string
	Dataset string
	ID      string // unique in the dataset
	RecordFields
	File    string // the file whose text it is a piece of; "" = none
	Upload  string // the making that it is of: see DatasetFile
	Place   int64  // its place among the pieces of its file, from 1
	Title   string // of the piece: where in the file it stands
	Page    int64  // of the file, from 1; 0 = it has none
	Change  int64  // the number of the dataset's change that made it what it is; given by the store
	Created time.Time
	Updated time.Time
}

// RecordFields is what callers may set on a record.
type RecordFields struct {
	Name        *string
	Description *string
	Text        string
	Source      *string
	Meta        JSON
	ContactID   string // of a memory
	BotID       string // of a memory
}

// RecordChange is one change of a dataset, as what follows its records sees it:
// the record as it is now, or, without a text, that it is gone. A record that
// changed more than once is in the list once, at its last change.
type RecordChange struct {
	Change int64
	ID     string
	Gone   bool
	Record Record
}

// Collection is what there is of a dataset. The zero value is that of one that never
// had records.
type Collection struct {
	Number  int64 // of the collection: that of a dataset made again under an id has another one
	Records int64
	Bytes   int64 // of their texts
	// Change is the number of the last change. Numbers are not dense, and those of a
	// dataset made again are above all that there were.
	Change int64
	// Forgotten is up to where it is no longer told that records are gone: what
	// follows the changes and has read less begins again.
	Forgotten int64
}

// Vector is the embedding of a record's text in some space.
type Vector struct {
	Record string
	Change int64 // the record's, whose text it is of
	Stored int64 // counts those of a space in the order in which they were stored, with gaps; given by the store
	Values []float32
}

// Segment is a part of an index that was made of a dataset's changes, kept so that
// it need not be made again. It may be dropped at any time.
type Segment struct {
	ID   string
	From int64 // it holds what the changes above From
	To   int64 // and up to To have made
	Size int64 // bytes of its data
}

// maxTag bounds the values of meta that records can be found by.
const maxTag = 128

// Tags are the words by which a record is found exactly: its contact, its bot, its
// file, and the members of its meta that are strings, numbers and booleans.
func (r Record) Tags() []string {
	var tags []string
	add := func(name, value string) {
		if value != "" {
			tags = append(tags, Tag(name, value))
		}
	}
	add("contact", r.ContactID)
	add("bot", r.BotID)
	add("file", r.File)
	var members map[string]any
	if len(r.Meta) == 0 || json.Unmarshal(r.Meta, &members) != nil {
		return tags
	}
	for name, value := range members {
		if tag, ok := MetaTag(name, value); ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

// MetaTag is the word for a member of a meta object, with a value as encoding/json
// decodes it. ok is false if records are not found by it.
func MetaTag(name string, value any) (tag string, ok bool) {
	text, ok := tagText(value)
	if !ok || len(name)+len(text) > maxTag {
		return "", false
	}
	return Tag("meta."+name, text), true
}

// Tag is the word for a member and its value.
func Tag(name, value string) string { return name + "\x00" + value }

func tagText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return "s" + v, true
	case float64:
		return "n" + strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return "b" + strconv.FormatBool(v), true
	}
	return "", false
}
