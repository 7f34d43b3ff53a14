package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Archive is what commands do with all conversations of a tenant. The tenant ""
// is the first one.
type Archive interface {
	// Export writes an archive of the tenant. If total is not nil, it is told
	// before the first byte how many conversations come. An archive that ends
	// with an error is cut.
	Export(ctx context.Context, tenant string, w io.Writer, total func(int), v Values) error
	// Import writes the conversations of an archive, or with dryRun says what
	// that would do. What was done before an error is in the result too. When
	// ctx ends, reads of r have to end too.
	Import(ctx context.Context, tenant string, r io.Reader, dryRun bool, v Values) (Imported, error)
	// Updated gives the times of the last change of those conversations that
	// are there, at most MaxUpdated at once.
	Updated(ctx context.Context, tenant string, ids []string) (map[string]time.Time, error)
}

// Values says whether the values of secrets travel with an archive. They are
// sealed in it: what goes through the socket is the passphrase, never they.
type Values struct {
	Passphrase string // "" = they do not
	Salt       []byte // of an export: the one of an earlier export, for the same bytes; nil = a new one
	Must       bool   // an import refuses an archive that has none
}

// MaxUpdated is how many conversations one call of Updated may ask for.
const MaxUpdated = 1000

// Imported is what an import did, in conversations.
type Imported struct {
	Imported int       `json:"imported"` // written
	Skipped  int       `json:"skipped"`  // there already, with the same content
	Refused  int       `json:"refused"`  // left as they were
	Events   int       `json:"events"`   // of those that were imported
	Objects  int       `json:"objects"`  // bots, datasets, files, … that were written
	Records  int       `json:"records"`  // of datasets, and memories, that were written
	Values   int       `json:"values"`   // secrets that got their values
	Withheld int       `json:"withheld"` // secrets whose values stayed in the archive for want of a passphrase
	Covered  int       `json:"covered"`  // conversations whose placeholders stay for that reason
	Problems []Problem `json:"problems,omitempty"`
}

// Problem says why a conversation, or something else by its kind and id, was
// refused. Not all of many are described.
type Problem struct {
	Conversation string `json:"conversation,omitempty"`
	Object       string `json:"object,omitempty"`
	Text         string `json:"text"`
}

// How an export says in HTTP what an archive cannot: beforehand how many
// conversations come, and behind it why it ended early. The passphrase is in a
// header, in base64: addresses and bodies are what servers write into logs.
const (
	totalHeader      = "Parley-Conversations"
	failureTrailer   = "Parley-Failure"
	passphraseHeader = "Parley-Passphrase"
	saltHeader       = "Parley-Salt"
)

// The paths of exports. A server that does not know values of secrets does not
// know the second one either, where it would leave them out in silence.
const (
	exportPath       = "/console/export"
	exportValuesPath = "/console/export/values"
)

// into puts the values' passphrase into a request.
func (v Values) into(h http.Header) {
	if v.Passphrase != "" {
		h.Set(passphraseHeader, base64.StdEncoding.EncodeToString([]byte(v.Passphrase)))
	}
	if v.Salt != nil {
		h.Set(saltHeader, base64.StdEncoding.EncodeToString(v.Salt))
	}
}

// valuesOf reads what into wrote.
func valuesOf(r *http.Request) (v Values, err error) {
	passphrase, err := base64.StdEncoding.DecodeString(r.Header.Get(passphraseHeader))
	if salt := r.Header.Get(saltHeader); salt != "" && err == nil {
		v.Salt, err = base64.StdEncoding.DecodeString(salt)
	}
	if err != nil || r.URL.Path == exportValuesPath && len(passphrase) == 0 {
		return v, convo.Errorf(convo.Invalid, "the request is not what this version of parley understands")
	}
	v.Passphrase, v.Must = string(passphrase), r.URL.Query().Get("mustValues") != ""
	return v, nil
}

// importAnswer has both: what was done, and why it ended early.
type importAnswer struct {
	Imported
	Failure *failure `json:"failure,omitempty"`
}

type updatedRequest struct {
	Tenant string   `json:"tenant,omitempty"`
	IDs    []string `json:"ids"`
}

type updatedAnswer struct {
	Updated map[string]int64 `json:"updated"` // milliseconds since 1970
}

func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	var total func(int)
	if r.URL.Query().Get("total") != "" {
		total = func(n int) { w.Header().Set(totalHeader, strconv.Itoa(n)) }
	}
	w.Header().Set("Trailer", failureTrailer)
	out := &started{Writer: w}
	v, err := valuesOf(r)
	if err == nil {
		err = s.Archive.Export(r.Context(), r.URL.Query().Get("tenant"), out, total, v)
	}
	switch {
	case err == nil:
	case !out.yes:
		w.Header().Del("Trailer")
		answer(w, nil, err)
	default:
		text, _ := json.Marshal(failureOf(err)) // two strings
		w.Header().Set(failureTrailer, url.QueryEscape(string(text)))
	}
}

// started knows whether something was written: then the status is.
type started struct {
	io.Writer
	yes bool
}

func (s *started) Write(p []byte) (int, error) {
	s.yes = true
	return s.Writer.Write(p)
}

// importArchive reads all of its request, also what it has no use for: a client
// that is cut off while it sends may never see the answer.
func (s *Server) importArchive(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var out importAnswer
	v, err := valuesOf(r)
	if err == nil {
		out.Imported, err = s.Archive.Import(r.Context(), q.Get("tenant"), r.Body, q.Get("dryRun") != "", v)
	}
	if err != nil {
		out.Failure = failureOf(err)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // nobody reads an answer either
		}
	}
	answer(w, out, nil)
}

func (s *Server) updated(r *http.Request, in updatedRequest) (any, error) {
	if len(in.IDs) > MaxUpdated {
		return nil, convo.Errorf(convo.TooLarge, "ask for at most %d conversations at once", MaxUpdated)
	}
	there, err := s.Archive.Updated(r.Context(), in.Tenant, in.IDs)
	out := updatedAnswer{Updated: make(map[string]int64, len(there))}
	for id, at := range there {
		out.Updated[id] = at.UnixMilli()
	}
	return out, err
}

var _ Archive = (*Client)(nil)

// Export implements Archive.
func (c *Client) Export(ctx context.Context, tenant string, w io.Writer, total func(int), v Values) error {
	q := url.Values{"tenant": {tenant}}
	if total != nil {
		q.Set("total", "true")
	}
	path := exportPath
	if v.Passphrase != "" {
		path = exportValuesPath
	}
	resp, err := c.send(ctx, http.MethodGet, path+"?"+q.Encode(), nil, v.into)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if n, err := strconv.Atoi(resp.Header.Get(totalHeader)); err == nil && total != nil {
		total(n)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("the export is cut: %w", err)
	}
	if text, err := url.QueryUnescape(resp.Trailer.Get(failureTrailer)); err != nil || text != "" {
		var failed failure
		if err := json.Unmarshal([]byte(text), &failed); err != nil {
			return errors.New("the export is cut, and the server does not say why")
		}
		return failed.err()
	}
	return nil
}

// Import implements Archive.
func (c *Client) Import(ctx context.Context, tenant string, r io.Reader, dryRun bool, v Values) (Imported, error) {
	q := url.Values{"tenant": {tenant}}
	if dryRun {
		q.Set("dryRun", "true")
	}
	if v.Must {
		q.Set("mustValues", "true")
	}
	resp, err := c.send(ctx, http.MethodPost, "/console/import?"+q.Encode(), r, v.into)
	if err != nil {
		return Imported{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var out importAnswer
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return Imported{}, fmt.Errorf("the server's answer to the import cannot be read: %w", err)
	}
	if out.Failure != nil {
		return out.Imported, out.Failure.err()
	}
	return out.Imported, nil
}

// Updated implements Archive.
func (c *Client) Updated(ctx context.Context, tenant string, ids []string) (map[string]time.Time, error) {
	var out updatedAnswer
	err := c.call(ctx, http.MethodPost, "/console/conversation/updated", updatedRequest{tenant, ids}, &out)
	there := make(map[string]time.Time, len(out.Updated))
	for id, at := range out.Updated {
		there[id] = time.UnixMilli(at).UTC()
	}
	return there, err
}
