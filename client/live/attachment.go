package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// File is a file to upload.
type File struct {
	Name     string // 1 to 255 characters
	MimeType string // "" = application/octet-stream
	Data     []byte
}

// Attachment is an uploaded file: [MessageStream.SendAttachment] puts it into a
// message.
type Attachment struct {
	URI      string
	Name     string
	MimeType string
	Size     int64
}

// AttachmentUpload says where and how to upload a file.
type AttachmentUpload struct {
	URI    string           `json:"uri"`
	Name   string           `json:"name"`
	Access FileUploadAccess `json:"fileUploadAccess"`
}

// FileUploadAccess is where and how to upload a file. The address is good for a
// while, and for this file only.
type FileUploadAccess struct {
	URL          string        `json:"url"`
	Verb         string        `json:"verb"`
	RequiresAuth bool          `json:"requiresAuth"`
	Headers      UploadHeaders `json:"headers"`
}

// UploadHeaders are headers to send: the n-th key with the n-th value.
type UploadHeaders struct {
	Keys   []string `json:"keys"`
	Values []string `json:"values"`
}

// CreateAttachment asks where to upload a file of a name: the first of the two
// steps of [ConversationService.UploadAttachment].
func (s *ConversationService) CreateAttachment(ctx context.Context, conversation, name string) (*AttachmentUpload, error) {
	path, err := pathOf("conversation", conversation, "attachment")
	if err != nil {
		return nil, err
	}
	in := struct {
		Name string `json:"name"`
	}{name}
	return call[AttachmentUpload](ctx, s.client, request{method: http.MethodPost, path: path, in: in})
}

// UploadAttachment uploads a file to a conversation.
func (s *ConversationService) UploadAttachment(ctx context.Context, conversation string, in File) (*Attachment, error) {
	upload, err := s.CreateAttachment(ctx, conversation, in.Name)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		err := s.client.settings.upload(ctx, upload, in)
		if err == nil {
			return &Attachment{URI: upload.URI, Name: upload.Name, MimeType: in.MimeType, Size: int64(len(in.Data))}, nil
		}
		if try >= s.client.settings.retries || !retryable(ctx, http.MethodPut, err) {
			return nil, err
		}
		if err := pause(ctx, try, err); err != nil {
			return nil, err
		}
	}
}

// upload puts the bytes where they belong. The token goes along only where it is
// asked for, and only to the server that it is for.
func (s *settings) upload(ctx context.Context, to *AttachmentUpload, in File) error {
	target, err := url.Parse(to.Access.URL)
	if err != nil {
		return fmt.Errorf("the server says to upload to no address: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, to.Access.Verb, target.String(), bytes.NewReader(in.Data))
	if err != nil {
		return err
	}
	if to.Access.RequiresAuth {
		if target.Scheme != s.base.Scheme || target.Host != s.base.Host {
			return errors.New("the server asks for its token to be sent to another one")
		}
		if err := s.authorize(ctx, req); err != nil {
			return err
		}
	}
	req.Header.Set("Content-Type", in.MimeType)
	if in.MimeType == "" {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	if len(to.Access.Headers.Keys) != len(to.Access.Headers.Values) {
		return errors.New("the server names headers without values")
	}
	for i, name := range to.Access.Headers.Keys {
		req.Header.Set(name, to.Access.Headers.Values[i])
	}
	resp, err := s.do(ctx, req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody)) // so that the connection is used again
	return resp.Body.Close()
}

// Download reads a file that an exchange or a citation names by its URI. The
// caller closes it. The token goes along only to the server that it is for.
func (c *Client) Download(ctx context.Context, uri string) (io.ReadCloser, error) {
	target, err := url.Parse(uri)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" {
		return nil, errors.New("a file is downloaded from an address with http:// or https://")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	if target.Scheme == c.settings.base.Scheme && target.Host == c.settings.base.Host {
		if err := c.settings.authorize(ctx, req); err != nil {
			return nil, err
		}
	}
	resp, err := c.settings.do(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
