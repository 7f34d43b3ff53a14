package chatbotkit_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// put sends the bytes of an upload as published clients do: without a token.
func (b *bundle) put(path, contentType, body string) answer {
	b.t.Helper()
	return b.do(request{method: "PUT", path: path, body: body, token: "-", header: map[string]string{"Content-Type": contentType}})
}

func (b *bundle) download(file string) answer {
	b.t.Helper()
	return b.do(request{path: "/v1/file/" + file + "/download"})
}

func (b *bundle) wantContent(file, contentType, content string) {
	b.t.Helper()
	a := b.download(file)
	if a.status != 200 || a.body != content || a.header.Get("Content-Type") != contentType {
		b.t.Errorf("%d %s %.100q, want %s %.100q", a.status, a.header.Get("Content-Type"), a.body, contentType, content)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
	} {
		if got := a.header.Get(name); got != want {
			b.t.Errorf("%s is %q", name, got)
		}
	}
	if got := a.header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		b.t.Errorf("Content-Disposition is %q", got)
	}
}

// form is a body of multipart/form-data.
func form(t *testing.T, field, name, contentType, content string) (kind, body string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	must(t, w.WriteField("other", "x"))
	h := textproto.MIMEHeader{"Content-Type": {contentType}, "Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q`, field, name)}}
	part, err := w.CreatePart(h)
	must(t, err)
	_, err = part.Write([]byte(content))
	must(t, err)
	must(t, w.Close())
	return w.FormDataContentType(), buf.String()
}

func TestContentComesInFourForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.create("/v1/file/create", `{"name":"a"}`)
	path := "/v1/file/" + file + "/upload"
	if a := b.download(file); a.status != 204 || a.body != "" {
		t.Errorf("without content: %d %s", a.status, a.body)
	}

	var announced struct {
		ID            string
		UploadRequest struct {
			Method, URL string
			Headers     map[string]string
		}
	}
	decode(t, b.post(path, `{"file":{"type":"text/csv","size":7,"name":"a.csv"}}`), &announced)
	up := announced.UploadRequest
	if announced.ID != file || up.Method != "PUT" || up.Headers["content-type"] != "text/csv" {
		t.Errorf("%+v", announced)
	}
	if a := b.put(up.URL, "text/csv", "a,b\n1,2"); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.wantContent(file, "text/csv", "a,b\n1,2")

	for url, want := range map[string]string{
		"data:text/plain,a%20b": "a b",
		"data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte("a b?")): "a b?",
		"data:text/plain;charset=utf-8,%C3%A4":                                        "ä",
	} {
		body, err := json.Marshal(map[string]string{"file": url})
		must(t, err)
		if a := b.post(path, string(body)); a.status != 200 || a.body != `{"id":"`+file+`"}` {
			t.Errorf("%s: %d %s", url, a.status, a.body)
		}
		if a := b.download(file); a.body != want {
			t.Errorf("%s: %q", url, a.body)
		}
	}

	kind, body := form(t, "file", "b.md", "text/markdown", "# Title")
	if a := b.do(request{path: path, body: body, header: map[string]string{"Content-Type": kind}}); a.status != 200 {
		t.Errorf("a form: %d %s", a.status, a.body)
	}
	b.wantContent(file, "text/markdown", "# Title")
	if got := b.download(file).header.Get("Content-Disposition"); got != "attachment; filename=b.md" {
		t.Errorf("Content-Disposition is %q", got)
	}

	if a := b.do(request{path: path, body: "\x00\x01", header: map[string]string{"Content-Type": "application/pdf"}}); a.status != 200 {
		t.Errorf("a body: %d %s", a.status, a.body)
	}
	b.wantContent(file, "application/pdf", "\x00\x01")

	if a := b.put(up.URL, "text/csv", "again"); a.status != 204 {
		t.Errorf("the same address once more: %d %s", a.status, a.body)
	}
	var shown struct {
		Type string
		Size int64
	}
	decode(t, b.do(request{path: "/v1/file/" + file + "/fetch"}), &shown)
	if shown.Type != "text/csv" || shown.Size != 5 {
		t.Errorf("%+v", shown)
	}
}

func TestJSONIsServedAsText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.create("/v1/file/create", `{}`)
	b.post("/v1/file/"+file+"/upload", `{"file":"data:application/json,{}"}`)
	b.wantContent(file, "text/json", "{}")
}

func TestUploadsThatCannotBeAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.create("/v1/file/create", `{}`)
	path := "/v1/file/" + file + "/upload"
	b.post(path, `{"file":"data:,kept"}`)
	for body, want := range map[string]int{
		`{}`:                                  400,
		`{"file":null}`:                       400,
		`{"file":"ftp://a/b"}`:                400,
		`{"file":"data:text/plain"}`:          400,
		`{"file":"data:;base64,!!!"}`:         400,
		`{"file":"data:,%zz"}`:                400,
		`{"file":{}}`:                         400,
		`{"file":{"type":"a/b","size":-1}}`:   400,
		`{"file":{"size":26214401}}`:          413,
		`{"file":"http://192.168.0.1/x.txt"}`: 400,
	} {
		if a := b.post(path, body); a.status != want {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	kind, body := form(t, "content", "x", "text/plain", "x")
	for contentType, body := range map[string]string{kind: body, "multipart/form-data; boundary=x": "--y", "multipart/form-data": "x"} {
		if a := b.do(request{path: path, body: body, header: map[string]string{"Content-Type": contentType}}); a.status != 400 {
			t.Errorf("%s: %d %s", contentType, a.status, a.body)
		}
	}
	large := strings.Repeat("x", 25<<20+1)
	if a := b.do(request{path: path, body: large, header: map[string]string{"Content-Type": "text/plain"}}); a.status != 413 {
		t.Errorf("too large: %d %s", a.status, a.body)
	}
	b.wantContent(file, "text/plain", "kept")
}

func TestAnAddressForAnUploadIsForOneFileAndOneSize(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.create("/v1/file/create", `{}`)
	var announced struct{ UploadRequest struct{ URL string } }
	decode(t, b.post("/v1/file/"+file+"/upload", `{"file":{"type":"text/plain","size":3}}`), &announced)
	address := announced.UploadRequest.URL
	if a := b.put(address, "text/plain", "four"); a.status != 413 {
		t.Errorf("more than was announced: %d %s", a.status, a.body)
	}
	for _, wrong := range []string{address[:len(address)-2], address + "AA", strings.Replace(address, ".", "A.", 1), "/api/v1/blob/x", "/v1/blob/x.y"} {
		if a := b.put(wrong, "text/plain", "abc"); a.status != 401 {
			t.Errorf("%s: %d %s", wrong, a.status, a.body)
		}
		if a := b.do(request{method: "PUT", path: wrong, body: "abc"}); a.status != 404 {
			t.Errorf("%s with a token: %d %s", wrong, a.status, a.body)
		}
	}
	if a := b.download(file); a.status != 204 {
		t.Errorf("something was stored: %d %q", a.status, a.body)
	}
	if a := b.put(address, "text/plain", "abc"); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	b.post("/v1/file/"+file+"/delete", `{}`)
	if a := b.put(address, "text/plain", "abc"); a.status != 404 {
		t.Errorf("of a file that is gone: %d %s", a.status, a.body)
	}
}

func TestAKeyForAnUploadEnds(t *testing.T) {
	t.Parallel()
	at := time.Unix(1e9, 0)
	key, open := chatbotkit.BlobKey(&at)
	if !open(key) {
		t.Error("a new key does not work")
	}
	at = at.Add(time.Hour)
	if open(key) {
		t.Error("it works after an hour")
	}
}

func TestEverybodyReadsAPublicFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.create("/v1/file/create", `{}`)
	b.post("/v1/file/"+file+"/upload", `{"file":"data:,x"}`)
	read := func(token string) int {
		return b.do(request{path: "/v1/file/" + file + "/download", token: token}).status
	}
	for _, visibility := range []string{"private", "protected", "public"} {
		b.post("/v1/file/"+file+"/update", `{"visibility":"`+visibility+`"}`)
		stranger, foreign := 401, 404
		if visibility == "public" {
			stranger, foreign = 200, 200
		}
		if a, f, own := read("-"), read(b.foreign), read(b.secret); a != stranger || f != foreign || own != 200 {
			t.Errorf("%s: %d, %d and %d", visibility, a, f, own)
		}
		if a := read("wrong"); a != 401 {
			t.Errorf("%s with a wrong token: %d", visibility, a)
		}
	}
}

func TestARepeatedUploadIsDoneOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.create("/v1/file/create", `{}`)
	send := func(content string) answer {
		return b.do(request{path: "/v1/file/" + file + "/upload", body: content, header: map[string]string{"Content-Type": "text/plain", "Idempotency-Key": "k"}})
	}
	if a := send("one"); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.post("/v1/file/"+file+"/upload", `{"file":"data:,two"}`)
	if a := send("one"); a.status != 200 || a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v", a.status, a.header)
	}
	b.wantContent(file, "text/plain", "two")
	if a := send("other"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("another body with the key: %d %s", a.status, a.body)
	}
}
