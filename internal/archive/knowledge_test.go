package archive_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
)

// knowledge is one of each kind of object that version 4 brought, all that it can
// have, and once with nothing.
func knowledge() []convo.Object {
	at := time.UnixMilli(1767225600123).UTC()
	var all []convo.Object
	for _, body := range []convo.ObjectBody{
		convo.Stored{
			Address: "https://example.com/a", Name: "ä.md", MediaType: "text/markdown", Size: 5, Upload: archive.Content, At: at,
			Datasets: []string{"d"},
		},
		convo.Stored{},
		convo.Dataset{
			Store: new("s"), Reranker: new("r"), RecordMaxTokens: new(int64(9)), SearchMinScore: new(0.1),
			SearchMaxRecords: new(int64(0)), SearchMaxTokens: new(int64(8)), MatchInstruction: new("m"),
			MismatchInstruction: new(""), Separators: new("\n"), Declared: true,
		},
		convo.Dataset{},
		convo.DatasetFile{File: "f", Type: "source", Upload: "u", State: convo.IndexFailed, Done: 2, Total: 5, Error: "no"},
		convo.DatasetFile{File: "f"},
		convo.Contact{Email: new("a@b.c"), Phone: new("1"), Nick: new(""), Preferences: new("{}"), Verified: at},
		convo.Contact{},
	} {
		all = append(all, convo.Object{ID: "id", Body: body, Created: at, Updated: at})
	}
	return all
}

func records() []convo.Record {
	at := time.UnixMilli(1767225600123).UTC()
	return []convo.Record{
		{Dataset: "d", ID: "1", Created: at, Updated: at},
		{
			Dataset: convo.MemoryDataset, ID: "2", Created: at, Updated: at.Add(time.Hour),
			RecordFields: convo.RecordFields{
				Name: new("n"), Description: new(""), Text: "Ünï <b> \ufffd", Source: new("s"), Meta: convo.JSON(`{ "a": 1.0 }`),
				ContactID: "c", BotID: "b",
			},
			File: "f", Upload: "u", Place: 3, Title: "A > B", Page: 4,
		},
	}
}

func writeKnowledge(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := archive.NewWriter(&out)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Knowledge(&archive.Lock{KDF: archive.Argon2id}))
	for _, o := range knowledge() {
		must(w.AddObject(o))
		if f, ok := o.Body.(convo.Stored); ok && f.Size > 0 {
			must(w.AddContent([]byte("one")))
			must(w.AddContent([]byte{0, 255}))
		}
	}
	for _, r := range records() {
		r.Tenant, r.Change = "t", 99
		must(w.AddRecord(r))
	}
	must(w.Begin("a"))
	for _, e := range events(t) {
		must(w.Add(e))
	}
	must(w.AddVault([]byte("v1")))
	must(w.AddVault([]byte("v2")))
	must(w.Begin("b"))
	must(w.Close())
	return out.Bytes()
}

func TestKnowledgeComesBackAsItWas(t *testing.T) {
	t.Parallel()
	text := writeKnowledge(t)
	if !bytes.HasPrefix(text, []byte(`{"type":"header","format":"parley-archive","version":4,"secrets":`)) {
		t.Errorf("the archive begins with %.90s", text)
	}
	var objects []convo.Object
	var found []convo.Record
	content := ""
	r := archive.NewReader(bytes.NewReader(text))
	r.Object = func(o convo.Object) error { objects = append(objects, o); return nil }
	r.Piece = func(data []byte) error { content += string(data) + "|"; return nil }
	r.Record = func(r convo.Record) error { found = append(found, r); return nil }
	a, err := r.Next()
	if err != nil || len(a.Vault) != 2 || string(a.Vault[1]) != "v2" {
		t.Fatalf("the conversation is %+v, %v", a, err)
	}
	if list, err := a.Events(); err != nil || len(list) != len(events(t)) {
		t.Errorf("%d events, %v", len(list), err)
	}
	if b, err := r.Next(); err != nil || b.Vault != nil {
		t.Errorf("the other conversation is %+v, %v", b, err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the end is %v", err)
	}
	if !reflect.DeepEqual(objects, knowledge()) || !reflect.DeepEqual(found, records()) || content != "one|\x00\xff|" {
		t.Errorf("got\n%+v\n%+v\n%q", objects, found, content)
	}
}

func TestWrongKnowledgeIsAnErrorThatNamesTheLine(t *testing.T) {
	t.Parallel()
	header := func(version string) string {
		return `{"type":"header","format":"parley-archive","version":` + version + "}\n"
	}
	locked := strings.Replace(header("4"), "4}", `4,"secrets":{"kdf":"argon2id","time":1,"memory":1,"threads":1,"salt":"","check":""}}`, 1)
	object := func(s string) string { return `{"type":"object",` + s + `,"createdAt":1,"updatedAt":1}` + "\n" }
	content := func(s string) string {
		return `{"type":"content","data":"` + base64.StdEncoding.EncodeToString([]byte(s)) + `"}` + "\n"
	}
	file := object(`"kind":"file","id":"f","body":{"size":3,"content":true}`)
	record := `{"type":"record","dataset":"d","id":"1","createdAt":1,"updatedAt":1,"text":""}` + "\n"
	const talk, vault = `{"type":"conversation","id":"c"}` + "\n", `{"type":"vault","sealed":"eA=="}` + "\n"
	for name, text := range map[string]string{
		"a dataset in version 2":     header("2") + object(`"kind":"dataset","id":"d","body":{}`),
		"a record in version 2":      header("2") + record,
		"content without a file":     header("4") + content("x"),
		"too much content":           header("4") + file + content("more"),
		"too little content":         header("4") + file + content("le") + record,
		"no content at the end":      header("4") + file + `{"type":"end","objects":1,"conversations":0,"events":0}` + "\n",
		"empty content":              header("4") + file + content(""),
		"a file without its content": header("4") + object(`"kind":"file","id":"f","body":{"size":3}`),
		"a negative size":            header("4") + object(`"kind":"file","id":"f","body":{"size":-3,"content":true}`),
		"an object behind a record":  header("4") + record + object(`"kind":"dataset","id":"d","body":{}`),
		"a record in a conversation": header("4") + talk + record,
		"a record without an id":     header("4") + strings.Replace(record, `"1"`, `""`, 1),
		"a record with more":         header("4") + strings.Replace(record, `"text"`, `"color":"red","text"`, 1),
		"a record too few":           header("4") + record + `{"type":"end","records":2,"conversations":0,"events":0}` + "\n",
		"a vault without a lock":     header("4") + talk + vault,
		"a vault of nothing":         locked + vault,
		"an empty vault":             locked + talk + `{"type":"vault","sealed":""}` + "\n",
		"an event behind a vault":    locked + talk + vault + `{"type":"event","seq":1}` + "\n",
		"a vault too few":            locked + talk + `{"type":"end","vaults":1,"conversations":1,"events":0}` + "\n",
	} {
		r := archive.NewReader(strings.NewReader(text))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if convo.ErrorKind(err) != convo.Invalid || !strings.HasPrefix(err.Error(), "line ") || strings.Contains(err.Error(), "cut: its end") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKnowledgeThatCannotBeKeptIsRefused(t *testing.T) {
	t.Parallel()
	if err := archive.NewWriter(io.Discard).AddObject(knowledge()[2]); err == nil {
		t.Error("a dataset was written into an archive that has none")
	}
	for _, r := range []convo.Record{
		{Dataset: "d", ID: "1", RecordFields: convo.RecordFields{Text: "\xff"}},
		{Dataset: "d", ID: "1", RecordFields: convo.RecordFields{Meta: convo.JSON("{\"a\":\"\xff\"}")}},
	} {
		w := archive.NewWriter(io.Discard)
		if err := w.Knowledge(nil); err != nil {
			t.Fatal(err)
		}
		if err := w.AddRecord(r); err == nil {
			t.Errorf("%+v was written", r)
		}
	}
	w := archive.NewWriter(io.Discard)
	if err := w.AddContent(make([]byte, 2<<20)); err == nil {
		t.Error("a piece of 2 MiB was written")
	}
}
