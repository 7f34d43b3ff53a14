package document_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
)

// pdfOf makes a PDF of its objects, numbered from 1; the first is the catalog.
func pdfOf(trailer string, objects ...string) string {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, at)
	return b.String()
}

// locked is a PDF with a password.
func locked(more ...string) string {
	trailer := "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(" + strings.Repeat("o", 32) + ")/U(" + strings.Repeat("u", 32) + ")>>/ID[(" + strings.Repeat("i", 16) + ")(i)]"
	return pdfOf(trailer, append([]string{catalog, onePage, page}, more...)...)
}

func stream(dict, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(content), content)
}

// deflated is a text whose middle is repeated, deflated.
func deflated(t testing.TB, begin, middle string, times int, end string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	for part := range times + 2 {
		text := middle
		switch part {
		case 0:
			text = begin
		case times + 1:
			text = end
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	catalog   = "<</Type/Catalog/Pages 2 0 R>>"
	onePage   = "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F 5 0 R/G 6 0 R>>/XObject<</X 7 0 R>>>>>>"
	page      = "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
	helvetica = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
)

// onePagePDF is a PDF of one page with some operators.
func onePagePDF(content string, more ...string) string {
	return pdfOf("", append([]string{catalog, onePage, page, content, helvetica}, more...)...)
}

func TestTheTextOfAPDFIsReadByPages(t *testing.T) {
	t.Parallel()
	type0 := "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</DW 500>>]/ToUnicode 8 0 R>>"
	cmap := "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <0000><ffff> endcodespacerange " +
		"1 beginbfchar <0001> <65E5> endbfchar 2 beginbfrange <0002><0003> <0061> <0004> <0005> [<D83DDE00> <0062>] endbfrange endcmap end end"
	form := stream("/Type/XObject/Subtype/Form/Matrix[1 0 0 1 0 100]", "BT /F 10 Tf 0 0 Td (in a form) Tj ET")
	for _, c := range []struct{ what, operators, want string }{
		{"lines", "BT /F 12 Tf 72 700 Td (One) Tj 0 -14 Td (two \\223three\\224) Tj T* ET", "One\ntwo “three”"},
		{"paragraphs", "BT /F 12 Tf 14 TL 72 700 Td (a) Tj T* (b) Tj 0 -40 Td (c) Tj ET", "a\nb\n\nc"},
		{"words that only stand apart", "BT /F 12 Tf 72 700 Td [(On)20(e)-1500(two)] TJ ET", "One two"},
		{"words that are divided", "BT /F 12 Tf 14 TL 72 700 Td (know-) Tj (ledge) ' (x-1) ' ET", "knowledge\nx-1"},
		{"letters of a font with a table of its own", "BT /G 12 Tf 72 700 Td <00010002000300040005> Tj ET", "日ab😀b"},
		{"a drawing in the page", "/X Do BT /F 10 Tf 0 50 Td (after) Tj ET", "in a form\n\nafter"},
		{"what is no content", "/Artifact BMC BT /F 9 Tf (Page 1) Tj ET EMC BT /F 9 Tf (text) Tj ET", "text"},
		{"bold letters that are drawn twice", "BT /F 12 Tf 72 700 Td (A) Tj ET BT /F 12 Tf 72.3 700 Td (A) Tj (B) Tj ET", "AB"},
		{"a turned line", "BT /F 12 Tf 0 1 -1 0 100 100 Tm (up) Tj 0 -14 Td (next) Tj ET", "up\nnext"},
		{"a picture in the content", "BI /W 2 /H 2 ID <(\x00EI[ EI\nBT /F 12 Tf (te\\170t\\\n \\(\\)) Tj ET", "text ()"},
		{"a string that does not end", "BT /F 12 Tf (one) Tj T* (two) Tj <41", "one\ntwo"},
		{"operators without their operands", "Td Tm cm Tf q Q Q Q EMC Do BT /F 12 Tf 1 Td (x) Tj ET", "x"},
	} {
		d := read(t, "a.pdf", "application/pdf", onePagePDF(stream("", c.operators), type0, form, stream("", cmap)))
		var blocks []document.Block
		for b := range d.Blocks() {
			blocks = append(blocks, b)
		}
		if len(blocks) != 1 || blocks[0].Text != c.want || blocks[0].Page != 1 {
			t.Errorf("%s: %+v, want %q on page 1", c.what, blocks, c.want)
		}
	}
}

func TestChunksOfAPDFNameTheirPages(t *testing.T) {
	t.Parallel()
	text := func(s string) string { return stream("", "BT /F 12 Tf 72 700 Td ("+s+") Tj ET") }
	d := read(t, "a.pdf", "", "junk before\n"+pdfOf("/Info<</Title(The title)>>", catalog,
		"<</Type/Pages/Kids[3 0 R 5 0 R 7 0 R]/Count 3/Resources<</Font<</F 9 0 R>>>>>>",
		"<</Type/Page/Contents 4 0 R>>", text("first"),
		"<</Type/Page>>", "null",
		"<</Type/Page/Contents[8 0 R]>>", text("third"), helvetica)+"junk behind")
	chunks := split(d, 0, "")
	if len(chunks) != 2 || chunks[0].Page != 1 || chunks[1].Page != 3 || chunks[1].Text != "third" || chunks[0].Title != "The title" {
		t.Errorf("%+v", chunks)
	}
}

func TestAPDFThatCannotBeReadIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	whole := onePagePDF(stream("", "BT /F 12 Tf (x) Tj ET"))
	for _, c := range []struct{ what, content, reason string }{
		{"text said to be a PDF", "hello", "is no PDF file"},
		{"nothing said to be a PDF", "", "is no PDF file"},
		{"only its mark", "%PDF-1.7\n%%EOF", "damaged"},
		{"cut in the middle", whole[:len(whole)/2], "damaged, cut"},
		{"with a password", locked(), "has a password"},
		{"without a text", onePagePDF(stream("", "0 0 10 10 re f")), "holds no text"},
		{"a tree of pages without an end", pdfOf("", catalog, "<</Kids[2 0 R 2 0 R]>>"), "has no end"},
		{"a list of objects of another size than it says", strings.Replace(pdfOf("", catalog, onePage), "0 3\n", "0 99999999999\n", 1), "damaged"},
		{"pages that cannot be read", pdfOf("", catalog, "nonsense"), "damaged"},
		{"a filter that there is none of", onePagePDF(stream("/Filter/None", "x")), "damaged"},
	} {
		_, err := document.Reader{}.Read(t.Context(), file("a.pdf", "", c.content))
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want Invalid and %q", c.what, err, c.reason)
		}
	}
}

// isolated reads files in processes of their own.
func isolated(t *testing.T, limit time.Duration) document.Reader {
	t.Helper()
	return document.Reader{Isolation: document.IsolateFor(limit, reader(t), "extract")}
}

func TestAProcessOfItsOwnReadsWhatInflates(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a.pdf":  onePagePDF(stream("", "BT /F 12 Tf (text) Tj ET")),
		"a.docx": docx(t, paragraph("", "text"), "docProps/core.xml", "<title>T</title>"),
	} {
		inside := read(t, name, "", content)
		d, err := isolated(t, time.Minute).Read(t.Context(), file(name, "", content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if told(d) != told(inside) || d.Title != inside.Title {
			t.Errorf("%s: %q, want %q", name, told(d), told(inside))
		}
	}
	_, err := isolated(t, time.Minute).Read(t.Context(), file("a.pdf", "", "%PDF-1.4 x"))
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "damaged, cut") {
		t.Errorf("%v, want what is wrong with the file", err)
	}
}

func TestAHostilePDFCostsOnlyTheProcessThatReadsIt(t *testing.T) {
	t.Parallel()
	spaces := strings.Repeat(" ", 1<<20)
	bomb := onePagePDF(stream("/Filter/FlateDecode", deflated(t, "BT /F 1 Tf (", spaces, 100, ") Tj ET")))
	if _, err := isolated(t, time.Minute).Read(t.Context(), file("a.pdf", "", bomb)); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("a page that inflates: %v, want Invalid", err)
	}

	nested := []string{catalog, "<</Kids[3 0 R]/Resources<</XObject<</X 5 0 R>>>>>>", page, stream("", "/X Do"),
		stream("/Subtype/Form/Filter/FlateDecode", deflated(t, "/X Do", spaces, 60, ""))}
	_, err := isolated(t, time.Minute).Read(t.Context(), file("a.pdf", "", pdfOf("", nested...)))
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "too much memory") {
		t.Errorf("a drawing that inflates in itself: %v, want Invalid and the reason", err)
	}

	loop := []string{catalog, "<</Kids[3 0 R]/Resources<</XObject<</X 5 0 R>>>>>>", page, stream("", "/X Do"),
		stream("/Subtype/Form", strings.Repeat("/X Do ", 1000))}
	_, err = isolated(t, time.Second).Read(t.Context(), file("a.pdf", "", pdfOf("", loop...)))
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "takes more than") {
		t.Errorf("drawings in themselves: %v, want Invalid and the reason", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := isolated(t, time.Minute).Read(ctx, file("a.pdf", "", pdfOf("", loop...))); ctx.Err() == nil || err != ctx.Err() {
		t.Errorf("its caller is gone: %v", err)
	}
}

func TestAProgramThatReadsNothingIsNoReader(t *testing.T) {
	t.Parallel()
	r := document.Reader{Isolation: document.Isolate("/nowhere/parley", "extract")}
	if _, err := r.Read(t.Context(), file("a.pdf", "", onePagePDF(stream("", "")))); convo.ErrorKind(err) != convo.Internal {
		t.Errorf("%v, want an error of the server", err)
	}
}

func FuzzPDF(f *testing.F) {
	f.Add("BT /F 12 Tf 72 700 Td [(On)20(e)-1500(two)] TJ ET /X Do", "<0001> <65E5> endbfchar <0002><0003> <0061> endbfrange")
	f.Add("/G 1 Tf <0001> Tj q BMC Q \" ' T*", "[<00>] endbfrange <00><ff> [<0041>] endbfrange")
	f.Fuzz(func(t *testing.T, operators, cmap string) {
		type0 := "<</Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</W[1[2 3]4 5 6]>>]/ToUnicode 7 0 R>>"
		d, err := document.Reader{}.Read(t.Context(), file("a.pdf", "", onePagePDF(stream("", operators), type0, stream("", cmap))))
		if err == nil {
			checkChunks(t, d, 32)
		}
	})
}

func FuzzPDFFile(f *testing.F) {
	f.Add(onePagePDF(stream("", "BT /F 12 Tf (text) Tj ET")))
	f.Add(pdfOf("", catalog, "<</Kids[2 0 R]>>"))
	f.Fuzz(func(t *testing.T, content string) {
		// A hostile file may take time and memory, which is what the process of its
		// own is for; here, nothing but that may go wrong.
		if strings.Contains(content, "Filter") || len(content) > 4<<10 {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = document.Reader{}.Read(ctx, file("a.pdf", "", content))
	})
}
