package uipath

import (
	"mime"
	"net/http"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

const octets = "application/octet-stream"

// mediaTypeOf is the media type of a header, application/octet-stream where it names
// none.
func mediaTypeOf(header string) string {
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || !strings.Contains(kind, "/") {
		return octets
	}
	if formatted := mime.FormatMediaType(kind, params); formatted != "" && len(formatted) <= maxFileName {
		return formatted
	}
	return octets
}

// readFile gives the content of a file to whoever has its address, or a token of
// somebody who may see its conversation.
func readFile(c *call) error {
	id := c.match.Param("fileId")
	f, shown, err := c.fileFor(id)
	if err != nil {
		return unknown(err, codeFile)
	}
	if f.Upload == "" {
		return refuse(convo.NotFound, codeFile, "the file has no content yet")
	}
	h := c.w.Header()
	h.Set("Content-Type", shown.mediaType)
	h.Set("Content-Disposition", dispositionOf(shown.mediaType, shown.name))
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

// fileFor finds the file that a request may read, and what it is called and is.
func (c *call) fileFor(id string) (convo.File, signed, error) {
	if tenant, ok := c.front.links.Check(id, c.query); ok {
		f, err := c.engine().SourceFile(c.r.Context(), tenant, id)
		return f, signed{name: f.Name, mediaType: mediaTypeOf(f.MediaType)}, err
	} else if tenant != "" {
		return convo.File{}, signed{}, errSignature()
	}
	f, err := c.engine().File(c.r.Context(), id)
	if err != nil {
		return f, signed{}, err
	}
	shown, ok := c.front.signer.check(forDownload, f, c.query)
	switch {
	case ok:
	case c.r.Header.Get("Authorization") == "":
		return f, shown, errSignature()
	default:
		shown = signed{}
		if f, err = c.front.ownFile(c.r, id); err != nil {
			return f, shown, err
		}
	}
	if shown.name == "" {
		shown.name = f.Name
	}
	if shown.mediaType == "" {
		shown.mediaType = f.MediaType
	}
	shown.mediaType = mediaTypeOf(shown.mediaType)
	return f, shown, nil
}

// ownFile finds a file for who has a token.
func (f *Front) ownFile(r *http.Request, id string) (convo.File, error) {
	actor, err := f.authenticate(r)
	if err == nil {
		actor, err = f.speaksFor(r, actor)
	}
	if err != nil {
		return convo.File{}, err
	}
	return f.engine.OwnFile(r.Context(), actor, id)
}

// dispositionOf says whether a browser may show a file. What can hold scripts is
// saved instead.
func dispositionOf(mediaType, name string) string {
	kind, _, _ := strings.Cut(mediaType, ";")
	family, _, _ := strings.Cut(kind, "/")
	disposition := "attachment"
	shown := family == "image" || family == "audio" || family == "video" || kind == "text/plain"
	if shown && kind != "image/svg+xml" {
		disposition = "inline"
	}
	if named := mime.FormatMediaType(disposition, map[string]string{"filename": name}); named != "" {
		return named
	}
	return disposition
}
