package client

import (
	"context"
	"errors"
	"io"
	"mime"
	"strings"
)

// FileService holds the operations on files: content that is stored under an id,
// to be downloaded and to become the records of datasets.
type FileService struct {
	objects[StoredFile, FileCreateRequest, FileUpdateRequest]
}

func newFileService(c *Client) *FileService {
	id := func(f *StoredFile) string { return f.ID }
	return &FileService{objects[StoredFile, FileCreateRequest, FileUpdateRequest]{client: c, kind: "file", id: id}}
}

// FileOptions are what a caller sets on a file.
type FileOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Alias       Optional[string] `json:"alias,omitzero"` // a second id, unique among those of its kind
	BlueprintID Optional[string] `json:"blueprintId,omitzero"`
	Visibility  Visibility       `json:"visibility,omitzero"` // "" = private, or as it is; all may download a public one
}

// FileCreateRequest makes a file. Its content comes by [FileService.Upload].
type FileCreateRequest FileOptions

// FileUpdateRequest changes a file: what is absent stays as it is, and what is
// [Null] is cleared.
type FileUpdateRequest FileOptions

// StoredFile is a file as lists show it, without its content.
type StoredFile struct {
	ID        string          `json:"id"`
	CreatedAt Time            `json:"createdAt"`
	UpdatedAt Time            `json:"updatedAt"`
	Type      string          `json:"type"`   // its media type; "" = unknown
	Size      Optional[int64] `json:"size"`   // bytes; absent while there is no content
	Source    string          `json:"source"` // the address that it was read from; "" = none
	FileOptions
}

// FileUploadRequest is the content of a file, or where it is: one of the two.
type FileUploadRequest struct {
	File *File
	URL  string // http, https or data; the server reads it
}

// Upload gives a file content in place of what it had. Datasets that have the file
// index it anew.
func (s *FileService) Upload(ctx context.Context, id string, in FileUploadRequest, options ...Option) (*Reference, error) {
	if (in.File == nil) == (in.URL == "") {
		return nil, errors.New("an upload has a file or a URL, one of them")
	}
	r, err := postObject(struct {
		File string `json:"file"`
	}{in.URL}, "file", id, "upload")
	if err == nil && in.File != nil {
		r.body, r.contentType, err = in.File.form()
	}
	return call[Reference](ctx, s.client, r, err, options)
}

// FileAnnounceRequest describes content that is to come.
type FileAnnounceRequest struct {
	Name string `json:"name,omitzero"`
	Type string `json:"type,omitzero"` // as "text/csv"
	Size int64  `json:"size"`          // bytes, at most
}

// AnnouncedFile is the request by which announced content is brought, within an
// hour. Whoever has it needs no token: a browser, say.
type AnnouncedFile struct {
	ID     string            // of the file
	Method string            // "PUT"
	URL    string            // absolute
	Header map[string]string // to be sent along, its names in lower case
}

// Announce is the first half of an upload whose content somebody else brings.
func (s *FileService) Announce(ctx context.Context, id string, in FileAnnounceRequest, options ...Option) (*AnnouncedFile, error) {
	r, err := postObject(struct {
		File FileAnnounceRequest `json:"file"`
	}{in}, "file", id, "upload")
	answer, err := call[struct {
		ID     string `json:"id"`
		Upload struct {
			Method  string            `json:"method"`
			URL     string            `json:"url"`
			Headers map[string]string `json:"headers"`
		} `json:"uploadRequest"`
	}](ctx, s.client, r, err, options)
	if err != nil {
		return nil, err
	}
	settings, err := s.client.with(options)
	if err != nil {
		return nil, err
	}
	upload := answer.Upload
	if upload.URL == "" {
		return nil, &malformedError{errors.New("the server does not say where the content goes")}
	}
	if strings.HasPrefix(upload.URL, "/") {
		upload.URL = strings.TrimRight(settings.base.String(), "/") + upload.URL
	}
	return &AnnouncedFile{answer.ID, upload.Method, upload.URL, upload.Headers}, nil
}

// FileContent is the content of a file while it is read. The caller closes it.
type FileContent struct {
	io.ReadCloser
	Name string // "" = unknown
	Type string // its media type; text/json stands for application/json
}

// Download reads the content of a file, which is empty before there was an upload.
// A public file needs no token.
func (s *FileService) Download(ctx context.Context, id string, options ...Option) (*FileContent, error) {
	r, err := getObject("file", id, "download")
	if err != nil {
		return nil, err
	}
	r.accept = "*/*"
	c, err := s.client.open(ctx, r, options)
	if err != nil {
		return nil, err
	}
	content := &FileContent{ReadCloser: c, Type: c.header.Get("Content-Type")}
	if _, params, err := mime.ParseMediaType(c.header.Get("Content-Disposition")); err == nil {
		content.Name = params["filename"]
	}
	return content, nil
}

// Sync has the server read the content again from the address that it came from,
// and datasets index the file anew.
func (s *FileService) Sync(ctx context.Context, id string, options ...Option) (*Reference, error) {
	return s.post(ctx, struct{}{}, options, id, "sync")
}
