package document_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
)

const wordNS = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`

// docx makes a DOCX file of the XML of its body, and of other parts by their names.
func docx(t testing.TB, body string, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name, content string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("_rels/.rels", `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)
	add("word/document.xml", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document`+wordNS+`><w:body>`+body+`</w:body></w:document>`)
	for i := 0; i+1 < len(parts); i += 2 {
		add(parts[i], parts[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func paragraph(properties, text string) string {
	return "<w:p><w:pPr>" + properties + "</w:pPr><w:r><w:t xml:space=\"preserve\">" + text + "</w:t></w:r></w:p>"
}

const styles = `<w:styles` + wordNS + `><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>` +
	`<w:style w:styleId="Own"><w:name w:val="Own"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style></w:styles>`

func TestADOCXFileIsReadByItsStructure(t *testing.T) {
	t.Parallel()
	row := func(header bool, cells ...string) string {
		properties := ""
		if header {
			properties = "<w:trPr><w:tblHeader/></w:trPr>"
		}
		return "<w:tr>" + properties + "<w:tc>" + strings.Join(cells, "</w:tc><w:tc>") + "</w:tc></w:tr>"
	}
	content := docx(t, paragraph("", "Before &amp; after")+
		paragraph(`<w:pStyle w:val="berschrift1"/>`, "Guide")+
		`<w:p><w:r><w:t>One </w:t></w:r><w:r><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>`+
		paragraph("<w:numPr/>", "item")+
		paragraph(`<w:pStyle w:val="Own"/>`, "Part")+
		"<w:tbl>"+row(true, paragraph("", "City"), paragraph("", "People"))+row(false, paragraph("", "Bern"), paragraph("", "134")+paragraph("", "000"))+"</w:tbl>"+
		`<w:p><mc:AlternateContent><mc:Choice><w:r><w:t>box</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>box</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>`,
		"word/styles.xml", styles,
		"word/footnotes.xml", "<w:footnotes"+wordNS+">"+paragraph("", "A note.")+"</w:footnotes>",
		"docProps/core.xml", `<cp:coreProperties xmlns:dc="x"><dc:title>The title</dc:title></cp:coreProperties>`)
	d := read(t, "a.docx", "", content)
	want := " [prose] Before & after\nGuide [prose] One two\tthree\n\n- item\n" +
		"Guide > Part [table] City  | People \nBern  | 134 000\nGuide > Part [prose] box\nGuide > Part [prose] A note.\n"
	if got := told(d); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if d.Title != "The title" {
		t.Errorf("title %q", d.Title)
	}
}

func TestADOCXFileOfStrictOpenXMLIsReadAsAnyOther(t *testing.T) {
	t.Parallel()
	usual := docx(t, paragraph(`<w:pStyle w:val="berschrift1"/>`, "Guide")+paragraph("", "text"), "word/styles.xml", styles)
	var b bytes.Buffer
	from, err := zip.NewReader(strings.NewReader(usual), int64(len(usual)))
	if err != nil {
		t.Fatal(err)
	}
	to := zip.NewWriter(&b)
	names := strings.NewReplacer("http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/",
		"http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main")
	for _, part := range from.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		w, failed := to.Create(part.Name)
		if err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		if _, err := names.WriteString(w, string(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	if got := told(read(t, "a.docx", "", b.String())); got != "Guide [prose] text\n" || b.String() == usual {
		t.Errorf("%q", got)
	}
}

func TestADOCXFileThatIsNoneOrInflatesIsRefused(t *testing.T) {
	t.Parallel()
	whole := docx(t, paragraph("", strings.Repeat("text ", 1000)))
	other := new(bytes.Buffer)
	z := zip.NewWriter(other)
	if _, err := z.Create("xl/workbook.xml"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, name, content, reason string }{
		{"text said to be DOCX", "a.docx", "hello", "is no DOCX file"},
		{"cut in the middle", "a.docx", whole[:len(whole)/2], "damaged or cut"},
		{"another archive", "a.zip", other.String(), "holds no Word document"},
		{"a zip bomb", "a.docx", docx(t, paragraph("", strings.Repeat(" ", 5<<20))), "inflates to more than"},
		{"a bomb beside the text", "a.docx", docx(t, "", "word/styles.xml", strings.Repeat("<a/>", 5<<18)), "inflates to more than"},
		{"elements that nest", "a.docx", docx(t, strings.Repeat("<w:p>", 100_000)), "nests too deep"},
		{"an XML file that is damaged", "a.docx", docx(t, "<w:p><w:t>x</w:p"), "damaged"},
		{"entities that grow", "a.docx", docx(t, "", "word/styles.xml", `<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><a>&c;</a>`), "damaged"},
	} {
		_, err := document.Reader{}.Read(t.Context(), file(c.name, "", c.content))
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want Invalid and %q", c.what, err, c.reason)
		}
	}
}

func FuzzDOCX(f *testing.F) {
	f.Add(paragraph("<w:numPr/>", "x")+"<w:tbl><w:tr><w:tc>"+paragraph("", "y")+"</w:tc></w:tr></w:tbl>", styles)
	f.Add(paragraph(`<w:pStyle w:val="Own"/>`, "h")+"<w:del><w:del/><w:p/></w:del><mc:Fallback>", styles)
	f.Fuzz(func(t *testing.T, body, styles string) {
		d, err := document.Reader{}.Read(t.Context(), file("a.docx", "", docx(t, body, "word/styles.xml", styles)))
		if err == nil {
			checkChunks(t, d, 32)
		}
	})
}
