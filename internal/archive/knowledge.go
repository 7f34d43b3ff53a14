package archive

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Content is the Upload of a file whose content stands in the archive. Which upload
// it becomes is the business of who reads it.
const Content = "content"

// maxPiece bounds the content of one line.
const maxPiece = 1 << 20

type datasetBody struct {
	Store               *string  `json:"store,omitempty"`
	Reranker            *string  `json:"reranker,omitempty"`
	RecordMaxTokens     *int64   `json:"recordMaxTokens,omitempty"`
	SearchMinScore      *float64 `json:"searchMinScore,omitempty"`
	SearchMaxRecords    *int64   `json:"searchMaxRecords,omitempty"`
	SearchMaxTokens     *int64   `json:"searchMaxTokens,omitempty"`
	MatchInstruction    *string  `json:"matchInstruction,omitempty"`
	MismatchInstruction *string  `json:"mismatchInstruction,omitempty"`
	Separators          *string  `json:"separators,omitempty"`
	Declared            bool     `json:"declared,omitempty"`
}

type fileBody struct {
	Address   string   `json:"address,omitempty"`
	Name      string   `json:"name,omitempty"`
	MediaType string   `json:"mediaType,omitempty"`
	Size      int64    `json:"size,omitempty"`
	Content   bool     `json:"content,omitempty"`
	At        int64    `json:"at,omitempty"`
	Datasets  []string `json:"datasets,omitempty"`
}

func fileOf(b convo.Stored) fileBody {
	return fileBody{b.Address, b.Name, b.MediaType, b.Size, b.Upload != "", millis(b.At), b.Datasets}
}

func (w fileBody) domain() convo.Stored {
	b := convo.Stored{
		Address: w.Address, Name: w.Name, MediaType: w.MediaType, Size: w.Size, At: fromMillis(w.At), Datasets: w.Datasets,
	}
	if w.Content {
		b.Upload = Content
	}
	return b
}

type datasetFileBody struct {
	File   string           `json:"file"`
	Type   string           `json:"type,omitempty"`
	Upload string           `json:"upload,omitempty"`
	State  convo.IndexState `json:"state,omitempty"`
	Done   int64            `json:"done,omitempty"`
	Total  int64            `json:"total,omitempty"`
	Error  string           `json:"error,omitempty"`
}

type contactBody struct {
	Email       *string `json:"email,omitempty"`
	Phone       *string `json:"phone,omitempty"`
	Nick        *string `json:"nick,omitempty"`
	Preferences *string `json:"preferences,omitempty"`
	Verified    int64   `json:"verified,omitempty"`
}

func contactOf(b convo.Contact) contactBody {
	return contactBody{b.Email, b.Phone, b.Nick, b.Preferences, millis(b.Verified)}
}

func (w contactBody) domain() convo.Contact {
	return convo.Contact{
		Email: w.Email, Phone: w.Phone, Nick: w.Nick, Preferences: w.Preferences, Verified: fromMillis(w.Verified),
	}
}

func knowledgeOf(b convo.ObjectBody) (any, error) {
	switch b := b.(type) {
	case convo.Dataset:
		return datasetBody(b), nil
	case convo.Stored:
		return fileOf(b), nil
	case convo.DatasetFile:
		return datasetFileBody(b), nil
	case convo.Contact:
		return contactOf(b), nil
	}
	return nil, fmt.Errorf("an object of type %T has no form in an archive", b)
}

func knowledgeBody(kind convo.ObjectKind, text []byte) (convo.ObjectBody, error) {
	switch kind {
	case convo.ObjectDataset:
		b, err := strict[datasetBody](text)
		return convo.Dataset(b), err
	case convo.ObjectFile:
		b, err := strict[fileBody](text)
		return b.domain(), err
	case convo.ObjectDatasetFile:
		b, err := strict[datasetFileBody](text)
		return convo.DatasetFile(b), err
	case convo.ObjectContact:
		b, err := strict[contactBody](text)
		return b.domain(), err
	}
	return nil, errors.New("this version does not know objects of that kind: use the version that wrote the archive, or a newer one")
}

// ofKnowledge reports whether objects of a kind need the version for them.
func ofKnowledge(kind convo.ObjectKind) bool {
	switch kind {
	case convo.ObjectDataset, convo.ObjectFile, convo.ObjectDatasetFile, convo.ObjectContact:
		return true
	}
	return false
}

// needs refuses an object that the header has no place for.
func (a *Writer) needs(kind convo.ObjectKind) error {
	if ofKnowledge(kind) && a.said < knowledgeVersion {
		return errors.New("the archive was not begun with Knowledge")
	}
	return nil
}

type contentLine struct {
	Type string `json:"type"`
	Data []byte `json:"data"`
}

// recordLine is a line with a record. Change is not in it: it is its store's.
type recordLine struct {
	Type        string  `json:"type"`
	Dataset     string  `json:"dataset"`
	ID          string  `json:"id"`
	CreatedAt   int64   `json:"createdAt"`
	UpdatedAt   int64   `json:"updatedAt"`
	File        string  `json:"file,omitempty"`
	Upload      string  `json:"upload,omitempty"`
	Place       int64   `json:"place,omitempty"`
	Title       string  `json:"title,omitempty"`
	Page        int64   `json:"page,omitempty"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Text        string  `json:"text"`
	Source      *string `json:"source,omitempty"`
	Meta        object  `json:"meta,omitempty"`
	ContactID   string  `json:"contactId,omitempty"`
	BotID       string  `json:"botId,omitempty"`
}

type vaultLine struct {
	Type   string `json:"type"`
	Sealed []byte `json:"sealed"`
}

func recordOf(r convo.Record) recordLine {
	return recordLine{
		typeRecord, r.Dataset, r.ID, r.Created.UnixMilli(), r.Updated.UnixMilli(), r.File, r.Upload, r.Place, r.Title, r.Page,
		r.Name, r.Description, r.Text, r.Source, object(r.Meta), r.ContactID, r.BotID,
	}
}

func (l recordLine) domain() convo.Record {
	return convo.Record{
		Dataset: l.Dataset, ID: l.ID, File: l.File, Upload: l.Upload, Place: l.Place, Title: l.Title, Page: l.Page,
		RecordFields: convo.RecordFields{
			Name: l.Name, Description: l.Description, Text: l.Text, Source: l.Source, Meta: convo.JSON(l.Meta),
			ContactID: l.ContactID, BotID: l.BotID,
		},
		Created: time.UnixMilli(l.CreatedAt).UTC(), Updated: time.UnixMilli(l.UpdatedAt).UTC(),
	}
}

// AddContent writes a piece of the content of the file that was added last, of up
// to 1 MiB. All of it together has the size that the file says.
func (a *Writer) AddContent(data []byte) error {
	if a.err == nil && (len(data) == 0 || len(data) > maxPiece) {
		a.err = fmt.Errorf("a piece of %d bytes is none of an archive", len(data))
	}
	return a.write(contentLine{typeContent, data})
}

// AddRecord writes a record, without its tenant and change. Records come behind all
// objects.
func (a *Writer) AddRecord(r convo.Record) error {
	a.counts.Records++
	err := a.write(recordOf(r))
	if err == nil && bytes.Contains(a.line.Bytes(), []byte(`\ufffd`)) {
		back, decodeErr := decodeRecord(a.line.Bytes())
		r.Tenant, r.Change, back.Created, back.Updated = "", 0, r.Created, r.Updated
		if err = decodeErr; err == nil && !reflect.DeepEqual(back, r) {
			err = errNotUTF8
		}
	}
	if err != nil {
		a.err = fmt.Errorf("record %q of dataset %q: %w", r.ID, r.Dataset, err)
	}
	return a.err
}

// AddVault writes an entry of the vault of the conversation whose events were added
// last, sealed as [Lock] says.
func (a *Writer) AddVault(sealed []byte) error {
	a.counts.Vaults++
	return a.write(vaultLine{typeVault, sealed})
}

func decodeRecord(line []byte) (convo.Record, error) {
	l, err := strict[recordLine](line)
	if err != nil {
		return convo.Record{}, err
	}
	if l.ID == "" || l.Dataset == "" {
		return convo.Record{}, errors.New("the record has no id or no dataset")
	}
	return l.domain(), nil
}

// beginContent looks whether the content of a file follows.
func (a *Reader) beginContent(o convo.Object) error {
	if ofKnowledge(o.Kind()) && a.version < knowledgeVersion {
		return a.invalid("the archive has a %s, and its version has none", o.Kind())
	}
	file, ok := o.Body.(convo.Stored)
	switch {
	case !ok:
	case file.Size < 0 || file.Upload == "" && file.Size > 0:
		return a.invalid("the file %q has %d bytes and no content", o.ID, file.Size)
	case file.Upload != "":
		a.missing = file.Size
	}
	return nil
}

// knowledge reads a line of content, of a record or of a vault, and hands it on.
func (a *Reader) knowledge(kind string, line []byte) error {
	if a.version < knowledgeVersion {
		return a.unknown(line)
	}
	switch kind {
	case typeContent:
		return a.content(line)
	case typeRecord:
		return a.record(line)
	default:
		return a.vault(line)
	}
}

func (a *Reader) content(line []byte) error {
	l, err := strict[contentLine](line)
	if err != nil {
		return a.wrap(err)
	}
	if len(l.Data) == 0 || len(l.Data) > maxPiece || int64(len(l.Data)) > a.missing {
		return a.invalid("here belong no %d bytes of content", len(l.Data))
	}
	a.missing -= int64(len(l.Data))
	if a.Piece == nil {
		return nil
	}
	return a.Piece(l.Data)
}

func (a *Reader) record(line []byte) error {
	if a.next != nil {
		return a.invalid("a record comes behind a conversation")
	}
	r, err := decodeRecord(line)
	if err != nil {
		return a.wrap(err)
	}
	a.records = true
	a.counts.Records++
	if a.Record == nil {
		return nil
	}
	return a.Record(r)
}

func (a *Reader) vault(line []byte) error {
	l, err := strict[vaultLine](line)
	switch {
	case err != nil:
		return a.wrap(err)
	case a.next == nil:
		return a.invalid("what stands behind placeholders comes before the first conversation")
	case a.lock == nil || len(l.Sealed) == 0:
		return a.invalid("what stands behind placeholders is not encrypted in a way that this version knows")
	}
	a.counts.Vaults++
	a.next.Vault = append(a.next.Vault, l.Sealed)
	return nil
}
