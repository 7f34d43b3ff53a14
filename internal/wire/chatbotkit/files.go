package chatbotkit

import (
	"mime"
	"net/http"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

func files() objectKind {
	return objectKind{func(*call) engine.Place { return engine.TenantFiles() }, "fileId"}
}

// fileRequest creates or updates a file. Its content comes by an upload.
type fileRequest struct{ sharedFields }

func (r fileRequest) draft(d *engine.Draft) { r.sharedFields.apply(&d.ObjectFields) }

func emptyFile() convo.ObjectBody { return convo.Stored{} }

// fileObject is a file as list and fetch show it. What is known of its content is
// absent as long as there is none.
type fileObject struct {
	commonObject
	Type   string `json:"type,omitempty"`
	Size   *int64 `json:"size,omitempty"`
	Source string `json:"source,omitempty"` // the address that it was read from
}

func showFile(o convo.Object) fileObject {
	s, _ := o.Body.(convo.Stored)
	shown := fileObject{commonObject: showCommon(o), Type: s.MediaType, Source: s.Address}
	if s.Upload != "" {
		shown.Size = &s.Size
	}
	return shown
}

func deleteFile(c *call, _ emptyRequest) error {
	c.rendersObject()
	gone, err := c.engine().DeleteTenantFile(c.r.Context(), c.actor, c.file(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(gone, false)
}

func syncFile(c *call, _ emptyRequest) error {
	c.rendersObject()
	f, err := c.engine().SyncTenantFile(c.r.Context(), c.actor, c.file(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}

// downloadFile gives the content of a file: to its tenant, and that of a public one to
// everybody.
func downloadFile(c *call) error {
	o, err := c.readableFile()
	if err != nil {
		return err
	}
	f := engine.ContentOf(o)
	if f.Upload == "" {
		c.w.NoContent()
		return nil
	}
	h := c.w.Header()
	h.Set("Content-Type", downloadType(f.MediaType))
	h.Set("Content-Disposition", "attachment")
	if named := mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}); f.Name != "" && named != "" {
		h.Set("Content-Disposition", named)
	}
	// What strangers brought runs nothing, whatever it is.
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Etag", `"`+f.Upload+`"`)
	if strings.Contains(c.r.Header.Get("Range"), ",") {
		// A header has room for thousands of ranges, each of them a read from the store.
		c.r.Header.Del("Range")
	}
	http.ServeContent(c.w, c.r, "", f.Stored, c.engine().OpenFile(c.r.Context(), f))
	return nil
}

// readableFile finds the file of the path for whoever asks.
func (c *call) readableFile() (convo.Object, error) {
	if c.known {
		o, err := c.engine().Object(c.r.Context(), c.actor, engine.TenantFiles(), c.file())
		if err == nil || convo.ErrorKind(err) != convo.NotFound {
			return o, err
		}
		if o, public := c.engine().PublicFile(c.r.Context(), c.file()); public == nil {
			return o, nil
		}
		return o, err
	}
	o, err := c.engine().PublicFile(c.r.Context(), c.file())
	if convo.ErrorKind(err) == convo.NotFound {
		return o, errNoToken() // also where there is one: a stranger learns nothing
	}
	return o, err
}

// octets is the media type of what says nothing of itself.
const octets = "application/octet-stream"

// downloadType is what content is served as. Published clients would take JSON apart,
// and give their callers no content.
func downloadType(mediaType string) string {
	kind, params, err := mime.ParseMediaType(mediaType)
	if err != nil || !strings.Contains(kind, "/") {
		return octets
	}
	if kind == "application/json" || kind == "application/jsonl" {
		kind = "text/" + strings.TrimPrefix(kind, "application/")
	}
	if formatted := mime.FormatMediaType(kind, params); formatted != "" {
		return formatted
	}
	return octets
}
