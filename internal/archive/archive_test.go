package archive_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
)

var update = flag.Bool("update", false, "write the golden file anew: only to add kinds and members")

// bodies are all kinds of bodies, in the order of their numbers.
func bodies() []convo.Body {
	return []convo.Body{
		convo.ConversationCreated{}, convo.ConversationChanged{}, convo.TurnOpened{}, convo.TurnQueued{},
		convo.TurnStarted{}, convo.TurnWaiting{}, convo.TurnResumed{}, convo.TurnEnded{}, convo.MessageGiven{},
		convo.MessageStarted{}, convo.Delta{}, convo.MessageEnded{}, convo.MessageChanged{}, convo.MessageDeleted{},
		convo.ModelAsked{}, convo.ModelAnswered{}, convo.Rated{}, convo.Restarted{},
		convo.ToolRequested{}, convo.ToolStarted{}, convo.ToolEnded{}, convo.ToolAnswered{}, convo.ToolOffered{},
		convo.PartStarted{}, convo.PartEnded{}, convo.Cited{}, convo.InterruptStarted{}, convo.InterruptEnded{},
		convo.PassedOn{},
	}
}

// filled gives a body with a value of its own in every field.
func filled(t testing.TB, b convo.Body) convo.Body {
	t.Helper()
	v := reflect.New(reflect.TypeOf(b)).Elem()
	n := 0
	fill(t, v, &n)
	return v.Interface().(convo.Body)
}

func fill(t testing.TB, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + int64(*n)).UTC()))
	case v.Type() == reflect.TypeFor[convo.JSON]():
		v.SetBytes(fmt.Appendf(nil, `{"n":%d.0,"<&>":"\u00e9é"}`, *n))
	case v.Type() == reflect.TypeFor[time.Duration]():
		v.SetInt(int64(time.Duration(*n)*time.Millisecond) + 1)
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("s%d <&> é \u2028 \x00 \ufffd \\ufffd", *n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(*n) << 21)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("do not know how to fill a %s", v.Type())
	}
}

// events are one of each kind, empty and filled.
func events(t testing.TB) []convo.Event {
	t.Helper()
	var all []convo.Event
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, empty := range bodies() {
		at = at.Add(1001 * time.Millisecond)
		n := int64(len(all))
		all = append(all,
			convo.Event{Seq: n + 1, At: at, Body: empty},
			convo.Event{Seq: n + 2, At: at, Turn: "turn", Origin: "origin", Body: filled(t, empty)})
	}
	return all
}

// write makes an archive of conversations with the same events.
func write(t testing.TB, list []convo.Event, ids ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	for _, id := range ids {
		if err := w.Begin(id); err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if err := w.Add(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read gives the ids of the whole conversations before the end or an error.
func read(r io.Reader) (ids []string, err error) {
	reader := archive.NewReader(r)
	for {
		c, err := reader.Next()
		if err == io.EOF {
			return ids, nil
		}
		if err != nil {
			return ids, err
		}
		ids = append(ids, c.ID)
	}
}

// A kind that is added to the domain must get its place in the format.
func TestEveryKindOfEventHasItsForm(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, b := range bodies() {
		known[reflect.TypeOf(b).Name()] = true
	}
	found := 0
	for _, d := range declarations(t, "../convo") {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Kind" || f.Recv == nil || result(f) != "EventKind" {
			continue
		}
		found++
		if name := f.Recv.List[0].Type.(*ast.Ident).Name; !known[name] {
			t.Errorf("convo.%s is a body, and this test has none of its kind", name)
		}
	}
	if found != len(known) {
		t.Errorf("convo has %d kinds of bodies, this test %d", found, len(known))
	}
	for _, b := range bodies() {
		if err := archive.NewWriter(io.Discard).Add(convo.Event{Body: b}); err != nil {
			t.Error(err)
		}
	}
}

// result names the type that a function gives, "" if it gives none or several.
func result(f *ast.FuncDecl) string {
	if f.Type.Results == nil || len(f.Type.Results.List) != 1 {
		return ""
	}
	name, _ := f.Type.Results.List[0].Type.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

// declarations are those of a package's files, its tests apart.
func declarations(t *testing.T, folder string) (list []ast.Decl) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has %d files, %v", folder, len(files), err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			list = append(list, file.Decls...)
		}
	}
	return list
}

func TestEveryFieldSurvives(t *testing.T) {
	t.Parallel()
	want := events(t)
	reader := archive.NewReader(bytes.NewReader(write(t, want, "c")))
	c, err := reader.Next()
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Events()
	if err != nil || c.ID != "c" || len(got) != len(want) {
		t.Fatalf("%q has %d events, %v", c.ID, len(got), err)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%T:\n got %+v\nwant %+v", want[i].Body, got[i], want[i])
		}
	}
	if _, err := reader.Next(); err != io.EOF {
		t.Errorf("after the last conversation: %v", err)
	}
}

func TestTheFormatIsThatOfTheGoldenFile(t *testing.T) {
	t.Parallel()
	got := write(t, events(t), "one", "two")
	const path = "testdata/archive.golden"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("archives of earlier versions could not be read:\n got\n%s\nwant\n%s", got, want)
	}
}

func TestMetaIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	for _, meta := range []string{
		`{}`, `{"a":1}`, `{"a": 1}`, "{\n\t\"a\":\r\n 1 }", `{"a":1.0,"b":1e400,"a":2}`, `{"é":"\u00e9","<":"&"}`,
		`null`, `"text"`, `[1]`, `{"a":`, `nonsense`, `{"a":"` + "\u2028" + `"}`,
	} {
		b := convo.MessageGiven{ID: "m", Fields: convo.MessageFields{Type: convo.User, Meta: convo.JSON(meta)}}
		c, err := archive.NewReader(bytes.NewReader(write(t, []convo.Event{{Body: b}}, "c"))).Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Events()
		if err != nil || !reflect.DeepEqual(got[0].Body, convo.Body(b)) {
			t.Errorf("%s became %+v, %v", meta, got, err)
		}
	}
	text := string(write(t, []convo.Event{{Body: convo.ConversationCreated{Fields: convo.Fields{Meta: convo.JSON(`{"a":{"b":[1]}}`)}}}}, "c"))
	if !strings.Contains(text, `"meta":{"a":{"b":[1]}}`) {
		t.Errorf("meta cannot be read by people: %s", text)
	}
}

func TestWhatACallGaveIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	for _, output := range []string{
		`null`, `false`, `0`, `-0.0`, `1e400`, `""`, `"text"`, `"\"a\""`, `[]`, `[1, 2]`, `{"a":1}`, `{ "a" : "b" }`, ` 1`,
		`{"a":"` + "\u2028" + `<&>"}`, `nonsense`,
	} {
		b := convo.ToolEnded{ID: "c", Arguments: convo.JSON(`{ }`), Output: convo.JSON(output)}
		c, err := archive.NewReader(bytes.NewReader(write(t, []convo.Event{{Body: b}}, "c"))).Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Events()
		if err != nil || !reflect.DeepEqual(got[0].Body, convo.Body(b)) {
			t.Errorf("%s became %+v, %v", output, got, err)
		}
	}
	text := string(write(t, []convo.Event{{Body: convo.ToolEnded{Output: convo.JSON(`[1,{"a":null}]`)}}}, "c"))
	if !strings.Contains(text, `"output":[1,{"a":null}]`) {
		t.Errorf("an output cannot be read by people: %s", text)
	}
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	t.Parallel()
	bad := "\xff"
	for name, e := range map[string]convo.Event{
		"broken text":   {Body: convo.Delta{Text: bad}},
		"broken meta":   {Body: convo.MessageEnded{Meta: convo.JSON(`{"a":"` + bad + `"}`)}},
		"broken output": {Body: convo.ToolEnded{Output: convo.JSON(`"` + bad + `"`)}},
		"broken id":     {Turn: bad, Body: convo.TurnQueued{}},
		"a long line":   {Body: convo.Delta{Text: strings.Repeat("\x01", archive.MaxLine/6+1)}},
		"no body":       {},
		"a strange one": {Body: stranger{}},
	} {
		w := archive.NewWriter(io.Discard)
		_ = w.Begin("cc")
		e.Seq = 77
		if err := w.Add(e); err == nil || !strings.Contains(err.Error(), `event 77 of conversation "cc"`) {
			t.Errorf("%s: %v", name, err)
		}
		if w.Begin("next") == nil || w.Close() == nil {
			t.Errorf("%s: the archive goes on", name)
		}
	}
}

type stranger struct{}

func (stranger) Kind() convo.EventKind { return 201 }

func TestACutArchiveIsKnownAsCut(t *testing.T) {
	t.Parallel()
	list := []convo.Event{{Seq: 1, Body: convo.ConversationCreated{}}, {Seq: 2, Body: convo.TurnQueued{}}}
	whole := write(t, list, "one", "two")
	second := bytes.Index(whole, []byte(`"two"`))
	end := bytes.LastIndex(whole, []byte(`{"type":"end"`))
	for n := range len(whole) {
		ids, err := read(bytes.NewReader(whole[:n]))
		if convo.ErrorKind(err) != convo.Invalid {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		want := 0
		if n > second+6 {
			want = 1
		}
		if len(ids) > want {
			t.Errorf("cut to %d bytes, it has %v", n, ids)
		}
		if n > 100 && n <= end && !strings.Contains(err.Error(), "cut") {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	if ids, err := read(iotest.OneByteReader(bytes.NewReader(whole))); err != nil || len(ids) != 2 {
		t.Errorf("whole: %v, %v", ids, err)
	}
	broken := errors.New("broken")
	if _, err := read(io.MultiReader(bytes.NewReader(whole[:end]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a broken input: %v", err)
	}
}

func TestWhatIsNoArchiveIsAClearError(t *testing.T) {
	t.Parallel()
	const header = `{"type":"header","format":"parley-archive","version":1}` + "\n"
	const created = `{"type":"event","seq":1,"at":0,"kind":"conversationCreated","body":{}}` + "\n"
	const one = header + `{"type":"conversation","id":"c"}` + "\n" + created
	for text, want := range map[string]string{
		"hello\n": `line 1: this is not an export of parley`,
		`{"type":"header","format":"other","version":1}` + "\n":                `line 1: this is not`,
		`{"type":"header","format":"parley-archive","version":5,"x":1}` + "\n": `line 1: the archive has version 5`,
		header + created: `line 2: an event comes before`,
		header + `{"type":"conversation"}` + "\n":                `line 2: a conversation has no id`,
		header + `{"type":"conversation","id":"c","x":1}` + "\n": `line 2: json: unknown field "x"`,
		header + `{"type":"bot","id":"b"}` + "\n":                `line 2: this version does not know lines of type "bot"`,
		header + "[]\n": `line 2: the line is not a JSON object`,
		header + "\n":   `line 2: the line is not a JSON object`,
		one + header:    `line 4: a second archive`,
		one + `{"type":"end","conversations":1,"events":2}` + "\n":   `line 4: the archive should have 1 conversations with 2 events, and has 1 with 1`,
		one + `{"type":"end","conversations":1,"events":1}` + "\n\n": `line 5: something follows the end`,
		one + strings.Repeat("x", archive.MaxLine) + "\n":            `line 4: the line is longer than`,
	} {
		_, err := read(strings.NewReader(text))
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100q: got %v, want %s", text, err, want)
		}
	}
}

func TestAStrangeEventSpoilsItsConversationOnly(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"type":"event","seq":1,"at":0,"kind":"notYetKnown","body":{}}`:                `line 3: this version does not know events of kind "notYetKnown"`,
		`{"type":"event","seq":1,"at":0,"kind":"turnStarted","body":{"slots":1}}`:       `line 3: the body of turnStarted: json: unknown field "slots"`,
		`{"type":"event","seq":1,"at":0,"kind":"turnStarted"}`:                          `line 3: the event has no body`,
		`{"type":"event","seq":1,"at":0,"kind":"turnStarted","body":{},"place":1}`:      `line 3: json: unknown field "place"`,
		`{"type":"event","seq":1.5,"at":0,"kind":"turnStarted","body":{}}`:              `line 3: json: cannot unmarshal number 1.5`,
		`{"type":"event","seq":1,"at":0,"kind":"messageEnded","body":{"meta":[1]}}`:     `line 3: the body of messageEnded: where an object`,
		`{"type":"event","seq":1,"at":0,"kind":"modelAnswered","body":{"took":"long"}}`: `line 3: the body of modelAnswered: time: invalid duration`,
	} {
		text := `{"type":"header","format":"parley-archive","version":1}` + "\n" + `{"type":"conversation","id":"c"}` + "\n" +
			line + "\n" + `{"type":"conversation","id":"d"}` + "\n" + `{"type":"end","conversations":2,"events":1}` + "\n"
		reader := archive.NewReader(strings.NewReader(text))
		c, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Events(); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
		if c, err := reader.Next(); err != nil || c.ID != "d" {
			t.Errorf("%s: the next one is %+v, %v", line, c, err)
		}
		if _, err := reader.Next(); err != io.EOF {
			t.Errorf("%s: at the end %v", line, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, events(f), "a", "b"))
	f.Add(write(f, nil))
	f.Add(writeKnowledge(f))
	f.Add([]byte("{\"type\":\"header\",\"format\":\"parley-archive\",\"version\":1}\n{\"type\":\"conversation\",\"id\":\"c\"}\n" +
		"{ \"type\":\"event\",\"kind\":\"rated\",\"body\":{\"value\":-1,\"value\":1}}\n{\"type\":\"end\",\"conversations\":1,\"events\":1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := archive.NewReader(bytes.NewReader(data))
		reader.Object = func(o convo.Object) error {
			if o.ID == "" || o.Body == nil {
				t.Fatalf("an object is %+v", o)
			}
			return nil
		}
		reader.Record = func(r convo.Record) error {
			w := archive.NewWriter(io.Discard)
			if err := w.Knowledge(nil); err != nil {
				t.Fatal(err)
			}
			if err := w.AddRecord(r); err != nil {
				t.Fatalf("%+v cannot be written: %v", r, err)
			}
			return nil
		}
		for {
			c, err := reader.Next()
			if err != nil {
				if err != io.EOF && convo.ErrorKind(err) != convo.Invalid {
					t.Fatal(err)
				}
				return
			}
			list, err := c.Events()
			if err != nil {
				continue
			}
			// What can be read can be written, and is read as the same again.
			again, err := archive.NewReader(bytes.NewReader(write(t, list, c.ID))).Next()
			if err != nil {
				t.Fatal(err)
			}
			back, err := again.Events()
			if err != nil || !reflect.DeepEqual(back, list) {
				t.Fatalf("%+v became %+v, %v", list, back, err)
			}
		}
	})
}
