package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"unicode"
)

// FetchOptions are what [Client.Fetch] sends.
type FetchOptions struct {
	Method string     // "" = GET, or POST where there is something to send
	Query  url.Values // behind the path
	Data   any        // sent as JSON
	File   *File      // sent as a form; not beside Data
	Stream bool       // ask for lines
}

// File is a file that is sent as a form, in its field "file".
type File struct {
	Name string
	Type string // as "text/csv"
	Data []byte
}

// Response is an answer that is not read yet: as one object with
// [Response.Decode], as lines with [Response.Events], or as bytes from Body.
// Each of the first two closes it; who reads Body closes that.
type Response struct {
	Header http.Header
	Body   io.ReadCloser

	connection *connection
}

// Fetch asks for any path of the API, as "/api/v1/bot/list": operations that
// this package has no method for. It has the retries of all other calls, and no
// resume; its timeout ends when the answer begins.
func (c *Client) Fetch(ctx context.Context, path string, in FetchOptions, options ...Option) (*Response, error) {
	r, err := fetchRequest(path, in)
	if err != nil {
		return nil, err
	}
	opened, err := c.open(ctx, r, options)
	if err != nil {
		return nil, err
	}
	return &Response{Header: opened.header, Body: opened, connection: opened}, nil
}

func fetchRequest(path string, in FetchOptions) (*request, error) {
	switch {
	case !strings.HasPrefix(path, prefix+"/") || strings.ContainsAny(path, "?#"):
		return nil, fmt.Errorf("the path %q does not begin with %s/, or has a query", path, prefix)
	case in.Data != nil && in.File != nil:
		return nil, errors.New("a request has data or a file, not both")
	case (in.Data != nil || in.File != nil) && in.Method == http.MethodGet:
		return nil, errors.New("a GET sends neither data nor a file")
	}
	r, err := post(strings.TrimPrefix(path, prefix), in.Data)
	if err != nil {
		return nil, err
	}
	r.query = in.Query
	if in.Stream {
		r.accept = typeLines
	}
	if in.Method != "" {
		r.method = in.Method
	} else if in.Data == nil && in.File == nil {
		r.method = http.MethodGet
	}
	if r.method == http.MethodGet {
		r.body, r.key, r.contentType = nil, "", ""
	} else if in.Data == nil {
		r.body = []byte("{}")
	}
	if in.File != nil {
		r.body, r.contentType, err = in.File.form()
	}
	return r, err
}

// form is a file as a form.
func (f *File) form() (body []byte, contentType string, err error) {
	if strings.ContainsFunc(f.Type, unicode.IsControl) {
		return nil, "", errors.New("the type of a file has no line breaks")
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", f.Name))
	if header.Set("Content-Type", f.Type); f.Type == "" {
		header.Set("Content-Type", "application/octet-stream")
	}
	part, err := w.CreatePart(header)
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(f.Data); err != nil {
		return nil, "", err
	}
	err = w.Close()
	return buf.Bytes(), w.FormDataContentType(), err
}

// Decode reads the answer as one JSON value and closes it.
func (r *Response) Decode(out any) error {
	defer r.connection.close()
	text, err := readAnswer(r.connection.parent, r.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &malformedError{err}
	}
	return nil
}

// Events reads the answer as lines, one event each, and closes it.
func (r *Response) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer r.connection.close()
		for {
			l, err := r.connection.lines.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var event Event
			if err == nil {
				event, err = l.event()
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}
