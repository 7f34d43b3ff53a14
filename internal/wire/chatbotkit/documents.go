package chatbotkit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// documents are what can be read without a token, by their paths. They say what
// this server can do and nothing of what is in it. Each is made once, for the first who
// asks for it: that takes longer than to start a server, and few are asked.
type documents map[string]func() (*document, error)

// document is bytes that stay the same as long as the server runs.
type document struct {
	contentType string
	policy      string // Content-Security-Policy; "" = that of all answers
	tag         string
	body        []byte
}

func newDocuments(limits engine.Limits) documents {
	spec := sync.OnceValues(func() (*document, error) {
		description, err := newDocument(limits)
		if err != nil {
			return nil, err
		}
		machine, err := description.JSON()
		if err != nil {
			return nil, err
		}
		return newFile("application/json", "", machine), nil
	})
	page := sync.OnceValues(func() (*document, error) {
		description, err := newDocument(limits)
		if err != nil {
			return nil, err
		}
		people, policy, err := openapi.Page(description, "/openapi.json")
		if err != nil {
			return nil, err
		}
		return newFile("text/html; charset=utf-8", policy, people), nil
	})
	return documents{"/openapi.json": spec, "/v1/spec": spec, "/api/v1/spec": spec, "/docs": page}
}

func newFile(contentType, policy string, body []byte) *document {
	sum := sha256.Sum256(body)
	return &document{contentType, policy, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body}
}

// serve gives the document at the request's path, which has one, or says that the caller
// has it already.
func (all documents) serve(w *httpio.Response, r *http.Request) error {
	w.Route = r.URL.Path
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return &httpio.NotAllowed{Pattern: r.URL.Path, Allow: "GET, HEAD, OPTIONS"}
	}
	d, err := all[r.URL.Path]()
	if err != nil {
		return fmt.Errorf("describing the ChatBotKit operations: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", d.contentType)
	h.Set("Cache-Control", "no-cache") // ask again whether it is still this one
	h.Set("Etag", d.tag)
	if d.policy != "" {
		h.Set("Content-Security-Policy", d.policy)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.body))
	return nil
}
