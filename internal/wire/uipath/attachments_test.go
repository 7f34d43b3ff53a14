package uipath_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/wire/uipath"
)

// upload asks for an address for a file, and gives it with the file's name in messages.
func (b *bundle) upload(conversation, name string) (url, uri string) {
	b.t.Helper()
	o := b.want(http.StatusCreated, request{path: "/conversation/" + conversation + "/attachment", body: `{"name":"` + name + `"}`}).object(b.t)
	access, _ := o["fileUploadAccess"].(map[string]any)
	url, _ = access["url"].(string)
	uri, _ = o["uri"].(string)
	if o["name"] != name || access["verb"] != "PUT" || access["requiresAuth"] != false || !strings.HasPrefix(uri, "urn:parley:file:") {
		b.t.Errorf("the attachment is %v", o)
	}
	return strings.TrimPrefix(url, b.url), uri
}

func TestAFileIsBroughtInTwoSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	url, uri := b.upload(id, "notes.txt")
	file := "//files/" + strings.TrimPrefix(uri, "urn:parley:file:")
	b.refused(4030, request{path: file, token: "-"})
	b.refused(4046, request{path: file})
	put := func(url, body string, header map[string]string) request {
		return request{method: http.MethodPut, path: "/" + url, body: body, token: "-", header: header}
	}
	for _, content := range []string{"", "first", strings.Repeat("second ", 100_000)} {
		if a := b.want(http.StatusCreated, put(url, content, map[string]string{"Content-Type": "text/plain", "X-Ms-Blob-Type": "BlockBlob"})); a.body != "" {
			t.Errorf("the upload was answered with %q", a.body)
		}
		a := b.want(http.StatusOK, request{path: file})
		if a.body != content || a.header.Get("Content-Type") != "text/plain" {
			t.Errorf("read %d bytes of %s, want %d", len(a.body), a.header.Get("Content-Type"), len(content))
		}
	}
	a := b.want(http.StatusPartialContent, request{path: file, header: map[string]string{"Range": "bytes=262140-262153"}})
	if want := strings.Repeat("second ", 100_000)[262140:262154]; a.body != want {
		t.Errorf("the range is %q, want %q", a.body, want)
	}
	if a := b.want(http.StatusOK, request{method: http.MethodHead, path: file}); a.header.Get("Content-Length") != "700000" {
		t.Errorf("HEAD gives %v", a.header)
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") {
		t.Errorf("the policy is %q", policy)
	}
	for what, q := range map[string]request{
		"no signature":          put(strings.Split(url, "?")[0], "x", nil),
		"another time":          put(strings.Replace(url, "exp=", "exp=1", 1), "x", nil),
		"a name":                put(url+"&name=x", "x", nil),
		"an address for upload": {path: "/" + url, token: "-"},
	} {
		if a := b.do(q); a.status != http.StatusForbidden || !strings.Contains(a.body, `"errorCode":4030`) {
			t.Errorf("%s: got %d %s", what, a.status, a.body)
		}
	}
	b.refused(4046, request{path: "//files/x?exp=9999999999&sig=AAAA", token: "-"})
	other, _ := b.upload(b.conversation(), "x")
	_, signature, _ := strings.Cut(url, "?")
	elsewhere, _, _ := strings.Cut(other, "?")
	b.refused(4030, put(elsewhere+"?"+signature, "x", nil))
	if a := b.want(http.StatusOK, request{path: file}); len(a.body) != 700_000 {
		t.Errorf("a refused upload left %d bytes", len(a.body))
	}
}

func TestWhatIsNoTypeIsServedAsBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for header, want := range map[string]struct{ kind, disposition string }{
		"-": {"application/octet-stream", "attachment; filename=x"}, "nonsense": {"application/octet-stream", "attachment; filename=x"},
		"text/html": {"text/html", "attachment; filename=x"}, "image/svg+xml": {"image/svg+xml", "attachment; filename=x"},
		"IMAGE/PNG": {"image/png", "inline; filename=x"}, "text/plain;charset=utf-8": {"text/plain; charset=utf-8", "inline; filename=x"},
	} {
		url, uri := b.upload(id, "x")
		b.want(http.StatusCreated, request{method: http.MethodPut, path: "/" + url, body: "<x>", token: "-", header: map[string]string{"Content-Type": strings.TrimPrefix(header, "-")}})
		a := b.want(http.StatusOK, request{path: "//files/" + strings.TrimPrefix(uri, "urn:parley:file:")})
		if a.header.Get("Content-Type") != want.kind || a.header.Get("Content-Disposition") != want.disposition {
			t.Errorf("%s: served as %q, %q", header, a.header.Get("Content-Type"), a.header.Get("Content-Disposition"))
		}
	}
}

func TestAttachmentsAreRefusedForWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for _, body := range []string{`{}`, `{"name":""}`, `{"name":5}`, `{"name":null}`, `{"name":"` + strings.Repeat("é", 256) + `"}`} {
		b.refused(4106, request{path: "/conversation/" + id + "/attachment", body: body})
	}
	b.refused(4040, request{path: "/conversation/x/attachment", body: `{"name":"x"}`})
	b.upload(id, strings.Repeat("é", 255))
}

func TestAFileThatIsTooLargeLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setupLimited(t, 1000)
	id := b.conversation()
	url, uri := b.upload(id, "x")
	q := request{method: http.MethodPut, path: "/" + url, token: "-", body: strings.Repeat("x", 1000)}
	b.want(http.StatusCreated, q)
	q.body += "x"
	b.refused(4130, q)
	if a := b.want(http.StatusOK, request{path: "//files/" + strings.TrimPrefix(uri, "urn:parley:file:")}); len(a.body) != 1000 {
		t.Errorf("the file has %d bytes", len(a.body))
	}
}

func TestAddressesOfFilesBeginWithThePublicOne(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) { o.PublicURL = "https://chat.example.com/" })
	url, _ := b.upload(b.conversation(), "x")
	if !strings.HasPrefix(url, "https://chat.example.com/files/") {
		t.Errorf("the address is %s", url)
	}
}
