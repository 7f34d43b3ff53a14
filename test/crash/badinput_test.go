package crash_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/test/strict"
)

const mebi = 1 << 20

// put uploads content as the file of the dataset, and gives the status of the answer.
func (i *indexed) put(ctx context.Context, t *testing.T, name, mediaType, content string) (status int, said string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, name)}, "Content-Type": {mediaType},
	})
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.client.base+"/v1/file/"+i.file+"/upload", &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiSecret)
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := i.client.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// settled waits until nothing is left to do with the file.
func (i *indexed) settled(ctx context.Context, t *testing.T) entry {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if e := i.entry(ctx, t); e.Status == "indexed" || e.Status == "failed" {
			return e
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the file is %+v", i.entry(ctx, t))
		}
	}
}

// zipped is an archive of a DOCX file with that main part.
func zipped(t *testing.T, main string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{
		"_rels/.rels":       `<Relationships><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml": "<document><p><r><t>" + main + "</t></r></p></document>",
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// locked is a PDF that wants a password.
func locked() string {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	at := b.Len()
	b.WriteString("1 0 obj\n<</Type/Catalog>>\nendobj\n")
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 2\n0000000000 65535 f \n%010d 00000 n \ntrailer\n<</Size 2/Root 1 0 R/ID[(%s)(i)]", at, strings.Repeat("i", 16))
	fmt.Fprintf(&b, "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>>>\n", strings.Repeat("o", 32), strings.Repeat("u", 32))
	fmt.Fprintf(&b, "startxref\n%d\n%%%%EOF\n%s", xref, strings.Repeat(" ", 100))
	return b.String()
}

// bad is what is uploaded in the place of a good file.
var bad = []struct{ what, name, mediaType, content, says string }{
	{"what is said to be a PDF", "a.pdf", "application/pdf", strings.Repeat("Some words of a text. ", 20*mebi/22), "is no PDF file"},
	{"a PDF with a password", "a.pdf", "application/pdf", locked(), "has a password"},
	{"a million tags that nest", "a.html", "text/html", strings.Repeat("<div>", 1_000_000), "holds no text"},
	{"what is no text", "a.bin", "application/octet-stream", strings.Repeat("\x00\x01", mebi), "holds no text"},
	{"values that nest", "a.json", "application/json", strings.Repeat("[", 20*mebi), "nests deeper"},
}

// What a server takes for itself and its database is some 60 MiB; the processes that
// read PDF and DOCX files are bounded by themselves, and tested in internal/document.
const mostMemory = 250 * mebi

func TestBadFilesAreRefusedInBoundedMemoryAndWhatWasIndexedAnswers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	i := newIndexed(ctx, t)
	if status, said := i.put(ctx, t, "a.txt", "text/plain", "The anchor holds."); status != http.StatusOK {
		t.Fatal(status, said)
	}
	if e := i.settled(ctx, t); e.Status != "indexed" {
		t.Fatalf("%+v", e)
	}
	answers := func(what string) {
		t.Helper()
		if texts := i.found(ctx, t, "anchor"); len(texts) != 1 || texts[0] != "The anchor holds." {
			t.Errorf("%s: what was indexed before is found as %q", what, texts)
		}
	}
	bomb := bad[0]
	bomb.what, bomb.name, bomb.mediaType, bomb.says = "a bomb of 60 MiB in a DOCX file", "a.docx", "application/octet-stream", "inflates to more than"
	bomb.content = zipped(t, strings.Repeat(" ", 60*mebi))
	for _, c := range append(bad[:len(bad):len(bad)], bomb) {
		if status, said := i.put(ctx, t, c.name, c.mediaType, c.content); status != http.StatusOK {
			t.Errorf("%s: %d %s", c.what, status, said)
		}
		if e := i.settled(ctx, t); e.Status != "failed" || !strings.Contains(e.Error, c.says) {
			t.Errorf("%s: %+v, want it failed with %q", c.what, e, c.says)
		}
		answers(c.what)
	}
	if status, said := i.put(ctx, t, "a.txt", "text/plain", strings.Repeat("x", 26*mebi)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a file of 26 MiB: %d %s", status, said)
	}
	record := map[string]any{"text": strings.Repeat("x", 10*mebi)}
	var large *refused
	err := i.client.object(ctx, http.MethodPost, "/v1/dataset/"+i.dataset+"/record/create", "", record, nil)
	if !errors.As(err, &large) || large.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a record of 10 MiB: %v", err)
	}
	answers("what is too large")
	i.mustBeSmall(t)
}

func TestLargeTextsAndTablesOfOtherCharactersAreIndexedInBoundedMemory(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	i := &indexed{scene: newScene(t, "parley")}
	i.dataset = i.create(ctx, t, "/v1/dataset/create", map[string]any{})
	i.file = i.create(ctx, t, "/v1/file/create", map[string]any{})
	i.create(ctx, t, "/v1/dataset/"+i.dataset+"/file/"+i.file+"/attach", map[string]any{})
	for _, c := range []struct{ what, name, mediaType, content, asked, want string }{
		{"a CSV file in Latin-1", "a.csv", "text/csv", "Stra\xdfe;Ort\nHauptstra\xdfe 1;K\xf6ln\n", "Köln", "Straße: Hauptstraße 1\nOrt: Köln"},
		{"20 MB of text", "a.txt", "text/plain", strings.Repeat("Some words of a text. ", 20_000_000/22) + "\n\nThe anchor holds.", "anchor", "The anchor holds."},
	} {
		if status, said := i.put(ctx, t, c.name, c.mediaType, c.content); status != http.StatusOK {
			t.Fatal(c.what, status, said)
		}
		if e := i.settled(ctx, t); e.Status != "indexed" || e.Error != "" {
			t.Errorf("%s: %+v", c.what, e)
		}
		if texts := i.found(ctx, t, c.asked); len(texts) != 1 || !strings.Contains(texts[0], c.want) {
			t.Errorf("%s: %q", c.what, texts)
		}
	}
	i.mustBeSmall(t)
}

// mustBeSmall holds the server to its memory.
func (i *indexed) mustBeSmall(t *testing.T) {
	t.Helper()
	peak, err := i.server.Peak()
	if err != nil {
		strict.Missing(t, err.Error())
	}
	if t.Logf("the server had %d MiB", peak/mebi); peak > mostMemory {
		t.Errorf("the server had %d MiB, more than %d", peak/mebi, mostMemory/mebi)
	}
}
