package chatbotkit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// An upload comes in one of four forms: as JSON it announces content that is put to
// an address of its own, or has it in a data: URL, or names where it is; or else the
// body is a form with the content in it, or the content itself.

// uploadRequest is the JSON form.
type uploadRequest struct {
	File fileSource `json:"file" required:"true"`
}

// fileSource is where content comes from: an address, or, announced, from the caller.
type fileSource struct {
	address  string
	announce *announced
}

// announced is content that comes later.
type announced struct {
	Type string `json:"type" doc:"The media type."`
	Size int64  `json:"size" required:"true" doc:"How many bytes there are at most."`
	Name string `json:"name"`
}

// DecodeField implements [httpio.Field].
func (s *fileSource) DecodeField(path string, value []byte) error {
	*s = fileSource{}
	if value[0] == '{' {
		var in httpio.Optional[announced]
		if err := in.DecodeField(path, value); err != nil {
			return err
		}
		if in.Value.Size < 0 {
			return convo.Errorf(convo.Invalid, "%s.size must not be below 0", path)
		}
		s.announce = &in.Value
		return nil
	}
	if value[0] != '"' || json.Unmarshal(value, &s.address) != nil || !knownScheme(s.address) {
		return convo.Errorf(convo.Invalid, "%s must be a data: or an http(s): URL, or an object with type and size", path)
	}
	return nil
}

// addressPattern describes what has a known scheme.
const addressPattern = "^([dD][aA][tT][aA]|[hH][tT][tT][pP][sS]?):"

func knownScheme(address string) bool {
	scheme, _, ok := strings.Cut(address, ":")
	scheme = strings.ToLower(scheme)
	return ok && (scheme == "data" || scheme == "http" || scheme == "https")
}

// Describe implements [openapi.Describer].
func (*fileSource) Describe(s *openapi.Schemas) *openapi.Schema {
	address, least := openapi.Text().With("Where the content is, or, as a data: URL, the content."), int64(0)
	address.Pattern = addressPattern
	size := openapi.Integer().With("How many bytes there are at most.")
	size.Minimum = &least
	announce := &openapi.Schema{Type: openapi.Types{"object"}, Required: []string{"size"}, Description: "Content that is put to the address in the answer."}
	announce.Properties.Set("type", openapi.Text().OrNull().With("The media type."))
	announce.Properties.Set("size", size)
	announce.Properties.Set("name", openapi.Text().OrNull())
	return &openapi.Schema{AnyOf: []*openapi.Schema{address, announce}}
}

// upload is an upload as it came: announced, or with its content.
type upload struct {
	announced *announced
	content   engine.Content
}

// readUpload understands the forms of an upload, and makes the Ask by which a repeat
// of it is recognised. What it gives is read as it comes: of what is not JSON the Ask
// is complete when the content was read to its end.
func readUpload(c *call) (upload, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind == "application/json" {
		in, err := readRequest[uploadRequest](c)
		if err != nil {
			return upload{}, err
		}
		return in.File.upload()
	}
	key, err := httpio.IdempotencyKey(c.r)
	if err != nil {
		return upload{}, err
	}
	if c.refused != nil {
		return upload{}, c.refused
	}
	c.ask = &engine.Ask{Key: key, Operation: c.r.Method + " /v1" + c.path}
	c.w.Expect(c.ask)
	body := httpio.BodyReader(c.w, c.r)
	if kind == "multipart/form-data" {
		return c.readForm(multipart.NewReader(body, params["boundary"]))
	}
	content := engine.Content{MediaType: c.r.Header.Get("Content-Type")}
	content.Reader = c.summed(body, content)
	return upload{content: content}, nil
}

// upload is what the JSON form asks for.
func (s fileSource) upload() (upload, error) {
	if s.announce != nil {
		return upload{announced: s.announce}, nil
	}
	if !strings.EqualFold(s.address[:5], "data:") {
		return upload{content: engine.Content{Address: s.address}}, nil
	}
	mediaType, data, err := parseDataURL("file", s.address[5:])
	if err != nil {
		return upload{}, err
	}
	return upload{content: engine.Content{MediaType: mediaType, Reader: strings.NewReader(data)}}, nil
}

// parseDataURL takes a data: URL apart, behind its scheme. path names it in errors.
func parseDataURL(path, rest string) (mediaType, data string, err error) {
	head, data, ok := strings.Cut(rest, ",")
	if !ok {
		return "", "", convo.Errorf(convo.Invalid, "%s: this data: URL has no comma, behind which its content would stand", path)
	}
	mediaType, encoded := strings.CutSuffix(head, ";base64")
	if data, err = url.PathUnescape(data); err != nil {
		return "", "", convo.Errorf(convo.Invalid, "%s: this data: URL has a %% without two hexadecimal digits behind it", path)
	}
	if encoded {
		plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(data, "="))
		if err != nil {
			return "", "", convo.Errorf(convo.Invalid, "%s: the content of this data: URL is not base64", path)
		}
		data = string(plain)
	}
	if mediaType == "" || mediaType[0] == ';' { // its parameters may stand alone
		mediaType = "text/plain" + mediaType
	}
	return mediaType, data, nil
}

// maxParts is how many parts of a form are looked at.
const maxParts = 100

// readForm finds the part with the content.
func (c *call) readForm(form *multipart.Reader) (upload, error) {
	for range maxParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return upload{}, formError(err)
		}
		if part.FormName() == "file" {
			content := engine.Content{Name: part.FileName(), MediaType: part.Header.Get("Content-Type")}
			content.Reader = c.summed(formPart{part}, content)
			return upload{content: content}, nil
		}
	}
	return upload{}, convo.Errorf(convo.Invalid, "the form has no part with the name file")
}

func formError(err error) error {
	if convo.ErrorKind(err) != convo.Internal {
		return err
	}
	return convo.WrapError(convo.Invalid, err, "the form cannot be read; send multipart/form-data with its boundary")
}

// formPart reads a part of a form.
type formPart struct{ *multipart.Part }

// Read implements io.Reader.
func (p formPart) Read(b []byte) (int, error) {
	n, err := p.Part.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = formError(err)
	}
	return n, err
}

// summed completes the call's Ask while content is read.
func (c *call) summed(r io.Reader, content engine.Content) io.Reader {
	sum := sha256.New()
	// A hash takes everything.
	_, _ = io.WriteString(sum, content.Name+"\x00"+content.MediaType+"\x00")
	return &summedReader{r, sum, c.ask}
}

type summedReader struct {
	io.Reader
	sum hash.Hash
	ask *engine.Ask
}

// Read implements io.Reader.
func (s *summedReader) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.sum.Write(p[:n])
	if errors.Is(err, io.EOF) {
		s.sum.Sum(s.ask.Body[:0])
	}
	return n, err
}

// uploadedObject says where announced content goes, if it was announced.
type uploadedObject struct {
	ID     string      `json:"id"`
	Upload *putRequest `json:"uploadRequest,omitempty"`
}

// putRequest is a request to be made. The names of its headers are in lower case:
// published clients lay them over their own.
type putRequest struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// uploadFile fills a file, or says where to put what was announced.
func uploadFile(c *call) error {
	in, err := readUpload(c)
	if err != nil {
		return err
	}
	if in.announced != nil {
		return c.announceFile(*in.announced)
	}
	c.rendersObject()
	f, err := c.engine().FillTenantFile(c.r.Context(), c.actor, c.file(), in.content, c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}

// announceFile changes nothing, so it has no answer to keep for repeats.
func (c *call) announceFile(a announced) error {
	f, err := c.engine().Object(c.r.Context(), c.actor, engine.TenantFiles(), c.file())
	if err != nil {
		return err
	}
	put, err := c.putTo(blob{Tenant: c.actor.Tenant, File: f.ID, Name: a.Name, Type: a.Type, Size: a.Size})
	if err != nil {
		return err
	}
	return c.answer(encode(uploadedObject{ID: f.ID, Upload: &put}), false)
}

// putTo makes the request that brings what a key is for.
func (c *call) putTo(b blob) (putRequest, error) {
	if most := c.engine().Limits().File; b.Size > most {
		return putRequest{}, convo.Errorf(convo.TooLarge, "the file is too large; send at most %d bytes", most)
	}
	if len(b.Name) > maxContent || len(b.Type) > maxContent {
		return putRequest{}, convo.Errorf(convo.Invalid, "the name and the type of a file have at most %d bytes", maxContent)
	}
	headers := map[string]string{"content-type": b.Type}
	if b.Type == "" {
		headers["content-type"] = octets
	}
	return putRequest{Method: http.MethodPut, URL: "/api/v1/blob/" + c.front.blobs.key(b), Headers: headers}, nil
}

// maxContent is how long the name and the media type of content may be.
const maxContent = 255
