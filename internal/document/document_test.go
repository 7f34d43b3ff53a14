package document_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
)

// file is a file of a text in memory.
func file(name, mediaType, content string) document.File {
	return document.File{Name: name, MediaType: mediaType, Size: int64(len(content)), Content: strings.NewReader(content)}
}

func read(t *testing.T, name, mediaType, content string) *document.Document {
	t.Helper()
	d, err := document.Reader{}.Read(t.Context(), file(name, mediaType, content))
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return d
}

// told writes a document as its blocks, one a paragraph: its place, its kind, its text.
func told(d *document.Document) string {
	var b strings.Builder
	for block := range d.Blocks() {
		kind := map[document.Kind]string{document.Prose: "prose", document.Code: "code", document.Table: "table", document.Row: "row"}[block.Kind]
		b.WriteString(strings.Join(block.Headings, " > ") + " [" + kind + "] ")
		b.WriteString(strings.TrimSpace(block.Head+block.Text+block.Tail) + "\n")
	}
	return b.String()
}

func TestEachFormatIsReadByItsStructure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, content, title, want string }{
		{
			"plain text is one block", "a.txt", "One.\n\nTwo.\n", "",
			" [prose] One.\n\nTwo.\n",
		}, {
			"headings of Markdown", "a.md", "# Guide\n\nHello.\n\n## Install `it`\n\nRun it.\n\n### Deep\n\n## [Use](u.md) {#use}\n\nUse it.\n", "Guide",
			"Guide [prose] Hello.\nGuide > Install it [prose] Run it.\nGuide > Install it [prose] Deep\nGuide > Use [prose] Use it.\n",
		}, {
			"underlined headings", "a.md", "Guide\n=====\nHello\n\nPart\n---\nText\n\n- a\n---\nMore\n", "Guide",
			"Guide [prose] Hello\nGuide > Part [prose] Text\n\n- a\n---\nMore\n",
		}, {
			"code between fences keeps what looks like headings", "a.md", "# A\n```sh\n# not a heading\nls\n```\nafter\n", "A",
			"A [code] ```sh\n# not a heading\nls\n```\nA [prose] after\n",
		}, {
			"a fence that is not closed", "a.md", "```\nx\n# y", "",
			" [code] ```\nx\n# y\n```\n",
		}, {
			"tables of Markdown", "a.md", "text\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nmore | less\n", "",
			" [prose] text\n [table] | a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n [prose] more | less\n",
		}, {
			"what a file says before its text", "a.md", "---\ntitle: \"The title\"\ntags: x\n---\n# Head\nText\n", "The title",
			" [prose] title: \"The title\"\ntags: x\nHead [prose] Text\n",
		}, {
			"a page", "a.html", `<html><head><title>My &amp; page</title><style>p{}</style></head><body><nav>menu</nav>
<h1>Top</h1><p>One <b>two</b>,
three</p><ul><li><p>first</p></li><li>second</li></ul><h2>Code</h2><pre><code>a
  b</code></pre><script>alert(1)</script><p>x<br>y <img alt="a cat" src=c></p>`, "My & page",
			"Top [prose] One two, three\n\n- first\n\n- second\nTop > Code [code] ```\na\n  b\n```\nTop > Code [prose] x\ny a cat\n",
		}, {
			"a table of a page", "a.html", "<table><tr><th>City<th>People</tr><tr><td>Bern<td>134,000</tr><tr><td>Zug</td><td></td></tr></table>", "",
			" [table] City | People\nBern | 134,000\nZug |\n",
		}, {
			"rows of CSV have the names of their columns", "a.csv", "name,city,note\nAnn,Bern,\n\"Bo, Jr\",Zug,\"two\nlines\"\n", "",
			" [row] name: Ann\ncity: Bern\n [row] name: Bo, Jr\ncity: Zug\nnote: two\nlines\n",
		}, {
			"CSV with semicolons and without names", "a.csv", "Ann;3\nBo;4\n", "",
			" [row] Ann | 3\n [row] Bo | 4\n",
		}, {
			"JSON", "a.json", `{"name":"x","address":{"city":"Bern","zip":3000,"open":true,"note":null},"tags":["a","b"],"users":[{"id":1,"likes":["tea"]},{"id":2}],"end":"z"}`, "",
			" [row] name: x\naddress.city: Bern\naddress.zip: 3000\naddress.open: true\ntags: a\ntags: b\nusers [row] id: 1\nlikes: tea\nusers [row] id: 2\n [row] end: z\n",
		}, {
			"JSONL", "a.jsonl", "{\"a\":1}\n{\"a\":2,\"b\":[[1],[2]]}\n", "",
			" [row] a: 1\n [row] a: 2\nb [row] 1\nb [row] 2\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := read(t, c.file, "", c.content)
			if got := told(d); got != c.want {
				t.Errorf("blocks:\n%s\nwant:\n%s", got, c.want)
			}
			if d.Title != c.title {
				t.Errorf("title %q, want %q", d.Title, c.title)
			}
		})
	}
}

func TestAFileIsWhatItsMediaTypeThenItsNameThenItsBeginningSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, mediaType, content, want string }{
		{"a", "text/csv; charset=utf-8", "k\nv", " [row] k: v\n"},
		{"a.md", "text/plain", "# H\nv", "H [prose] v\n"},
		{"a.md", "application/octet-stream", "# H\nv", "H [prose] v\n"},
		{"a.md", "text/html", "<p># H", " [prose] # H\n"},
		{"a", "application/vnd.api+json", `{"k":"v"}`, " [row] k: v\n"},
		{"a", "", "<!DOCTYPE html><p>v", " [prose] v\n"},
		{"a", "", `{"k":"v"}`, " [row] k: v\n"},
		{"a.md", "", "A PDF begins with %PDF-1.7.", " [prose] A PDF begins with %PDF-1.7.\n"},
		{"a", "text/plain", "It says %PDF-1.7.", " [prose] It says %PDF-1.7.\n"},
		{"a.go", "", "package a", " [prose] package a\n"},
		{"", "", "", ""},
	} {
		if got := told(read(t, c.name, c.mediaType, c.content)); got != c.want {
			t.Errorf("%q %q %q: %q, want %q", c.name, c.mediaType, c.content, got, c.want)
		}
	}
}

func TestTextOfAnyUsualEncodingIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, name, mediaType, content, want string }{
		{"UTF-8 with a mark", "a.txt", "", "\xef\xbb\xbfé", "é"},
		{"UTF-16, little end first", "a.txt", "", "\xff\xfeA\x00\xe9\x00", "Aé"},
		{"UTF-16, big end first", "a.txt", "", "\xfe\xff\x00A\x00\xe9", "Aé"},
		{"Latin-1", "a.txt", "", "Z\xfcrich, S\xe3o Paulo", "Zürich, São Paulo"},
		{"Windows-1252 said to be UTF-8", "a.txt", "text/plain; charset=utf-8", "\x93caf\xe9\x94", "“café”"},
		{"what the media type says", "a.txt", "text/plain; charset=iso-8859-2", "\xb3\xf3d\xbc", "łódź"},
		{"what the page says", "a.html", "", "<meta charset=iso-8859-2><p>\xb3\xf3d\xbc", "łódź"},
		{"a page that says what nobody decodes", "a.html", "", "<meta charset=iso-2022-kr><p>caf\xe9", "café"},
		{"UTF-8 cut in the middle of a rune", "a.txt", "", "Zürich caf\xc3", "Zürich caf\ufffd"},
		{"other ends of lines", "a.txt", "", "a\r\nb\rc", "a\nb\nc"},
	} {
		got, whole := read(t, c.name, c.mediaType, c.content).Text(100)
		if got != c.want || !whole {
			t.Errorf("%s: %q (whole %t), want %q", c.what, got, whole, c.want)
		}
	}
}

func TestACSVInLatin1IsRead(t *testing.T) {
	t.Parallel()
	d := read(t, "a.csv", "text/csv", "Stra\xdfe;Ort\nHauptstra\xdfe 1;K\xf6ln\n")
	if got, want := told(d), " [row] Straße: Hauptstraße 1\nOrt: Köln\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatCannotBeReadIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, name, mediaType, content, reason string }{
		{"an unknown binary", "a.bin", "", "\x00\x01\x02", "holds no text"},
		{"an image said to be text", "a.txt", "text/plain", "\x89PNG\r\n\x1a\n\x00\x00", "holds no text"},
		{"an old Office file", "a.doc", "", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1zz", "save it as DOCX"},
		{"RTF", "a.rtf", "", "{\\rtf1 x}", "save it as DOCX"},
		{"JSON cut in the middle", "a.json", "", `{"a": [1, 2`, "ends in the middle of a value, on line 1"},
		{"JSON cut in a name", "a.json", "", `{"a`, "ends in the middle"},
		{"JSON that is none", "a.json", "", "{\n\"a\" 1}", "line 2"},
		{"JSON that nests 100,000 deep", "a.json", "", strings.Repeat("[", 100_000), "nests deeper"},
		{"a page of tags alone", "a.html", "", strings.Repeat("<div>", 1000) + "<script>text()</script>", "the page \"a.html\" holds no text"},
		{"a document of pictures", "a.docx", "", docx(t, "<w:p><w:drawing/></w:p>"), "the DOCX file \"a.docx\" holds no text"},
		{"objects that nest 100,000 deep", "a.json", "", strings.Repeat(`{"a":`, 100_000), "nests deeper"},
	} {
		_, err := document.Reader{}.Read(t.Context(), file(c.name, c.mediaType, c.content))
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want Invalid and %q", c.what, err, c.reason)
		}
	}
}

func TestATextATableOrAListMayBeEmpty(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"a.txt": "", "b.txt": " \n", "a.md": "\n", "a.csv": "name,city\n", "a.json": "[]"} {
		if chunks := split(read(t, name, "", content), 0, ""); len(chunks) != 0 {
			t.Errorf("%s gives %+v", name, chunks)
		}
	}
}

func TestAFileThatIsTooLargeIsRefusedUnread(t *testing.T) {
	t.Parallel()
	_, err := document.Reader{}.Read(t.Context(), document.File{Name: "a.txt", Size: document.MaxSize + 1})
	if convo.ErrorKind(err) != convo.TooLarge {
		t.Errorf("%v, want TooLarge", err)
	}
}

func TestAFileShorterThanItsSizeIsRefused(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{10, 100_000} {
		f := file("a.txt", "", "short")
		f.Size = size
		if _, err := (document.Reader{}).Read(t.Context(), f); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("size %d: %v, want Invalid", size, err)
		}
	}
}

// failing is a content that cannot be had beyond a place, for a reason of the server.
type failing struct {
	io.ReaderAt
	from int64
}

var errLost = errors.New("the disk is gone")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, errLost
	}
	return f.ReaderAt.ReadAt(p, off)
}

func TestAContentThatCannotBeHadIsNoFaultOfTheFile(t *testing.T) {
	t.Parallel()
	padding := strings.Repeat("0 0 m ", 20_000)
	for name, content := range map[string]string{
		"a.txt":  padding,
		"a.pdf":  onePagePDF(stream("", padding)),
		"a.docx": docx(t, paragraph("", "text"), "word/media/image1.png", noise(200_000)),
	} {
		for what, r := range map[string]document.Reader{"here": {}, "in a process of its own": isolated(t, time.Minute)} {
			f := file(name, "", content)
			f.Content = failing{f.Content, 64 << 10}
			if _, err := r.Read(t.Context(), f); convo.ErrorKind(err) != convo.Internal || !errors.Is(err, errLost) {
				t.Errorf("%s, %s: %v, want what is wrong with the server", name, what, err)
			}
		}
	}
}

// noise is a text that hardly deflates.
func noise(n int) string {
	b := make([]byte, n)
	for i, seed := 0, uint32(1); i < n; i++ {
		seed = seed*1664525 + 1013904223
		b[i] = byte(seed >> 24)
	}
	return string(b)
}

func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := document.Reader{}.Read(ctx, file("a.csv", "", strings.Repeat("a,b\n", 5000)))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's end", err)
	}
}

func TestTheTextForAPromptHasItsHeadingsAndIsCut(t *testing.T) {
	t.Parallel()
	d := read(t, "a.md", "", "# A\none\n## B\ntwo\n\n```\ncode\n```\n")
	got, whole := d.Text(1000)
	if want := "# A\n\none\n\n\n## B\n\ntwo\n\n\n\n```\ncode\n```"; got != want || !whole {
		t.Errorf("%q (whole %t), want %q", got, whole, want)
	}
	if got, whole := d.Text(7); got != "# A\n\non" || whole {
		t.Errorf("%q (whole %t), want the first 7 bytes", got, whole)
	}
	if got, _ := read(t, "a.txt", "", "aéé").Text(4); got != "aé" {
		t.Errorf("%q: a rune was torn", got)
	}
}
