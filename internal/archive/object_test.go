package archive_test

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
)

func everyObject() []convo.Object {
	fields := convo.ObjectFields{
		Name: new("Ünïcödé 🦜"), Description: new(""), Meta: convo.JSON(`{ "a": 1.0 }`), Alias: new("x"),
		BlueprintID: new("b"), Visibility: new(convo.Public),
	}
	config := convo.Config{
		Model: new("m"), Backstory: new("<b>"), DatasetID: new("d"), SkillsetID: new("s"), Privacy: new(false), Moderation: new(true),
	}
	at := time.UnixMilli(1767225600123).UTC()
	var all []convo.Object
	for _, body := range []convo.ObjectBody{
		convo.Secret{Scope: convo.SharedSecret, Type: convo.BasicSecret, Config: convo.JSON(`{"a": 1}`)},
		convo.Skillset{},
		convo.Ability{Instruction: "do", SecretID: new("1"), FileID: new("2"), BotID: new("3"), SpaceID: new("")},
		convo.BotConfig{Config: config, Folder: 3, Declared: true},
		convo.Rating{Value: -1, Reason: "no"},
	} {
		all = append(all, convo.Object{ID: "id", Body: body, Created: at, Updated: at},
			convo.Object{ID: "id", Parent: "p", Number: 7, Unlisted: true, ObjectFields: fields, Body: body, Created: at, Updated: at})
	}
	return all
}

func TestObjectsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := archive.NewWriter(&out)
	for _, o := range everyObject() {
		if o.Kind() == convo.ObjectSecret {
			o.Sealed = []byte("sealed-value")
		}
		if err := w.AddObject(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Begin("c"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "sealed") || !strings.HasPrefix(text, `{"type":"header","format":"parley-archive","version":2}`) {
		t.Errorf("the archive is %s", text)
	}
	var got []convo.Object
	r := archive.NewReader(bytes.NewReader(out.Bytes()))
	r.Object = func(o convo.Object) error { got = append(got, o); return nil }
	if c, err := r.Next(); err != nil || c.ID != "c" {
		t.Fatalf("the conversation is %v: %v", c, err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the end is %v", err)
	}
	if want := everyObject(); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestAnArchiveWithoutObjectsIsOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := archive.NewWriter(&out).Close(); err != nil {
		t.Fatal(err)
	}
	if want := "{\"type\":\"header\",\"format\":\"parley-archive\",\"version\":1}\n{\"type\":\"end\",\"conversations\":0,\"events\":0}\n"; out.String() != want {
		t.Errorf("it is %s", out.String())
	}
}

func TestWrongObjectsAreErrorsThatNameTheLine(t *testing.T) {
	t.Parallel()
	const header = `{"type":"header","format":"parley-archive","version":2}` + "\n"
	object := func(s string) string { return `{"type":"object",` + s + `,"createdAt":1,"updatedAt":1}` + "\n" }
	for name, text := range map[string]string{
		"in the first version":  strings.Replace(header, "2}", "1}", 1) + object(`"kind":"skillset","id":"x","body":{}`),
		"an unknown kind":       header + object(`"kind":"ship","id":"x","body":{}`),
		"an unknown member":     header + object(`"kind":"skillset","id":"x","body":{},"color":"red"`),
		"an unknown body":       header + object(`"kind":"skillset","id":"x","body":{"color":"red"}`),
		"no id":                 header + object(`"kind":"skillset","body":{}`),
		"no body":               header + object(`"kind":"skillset","id":"x"`),
		"behind a conversation": header + `{"type":"conversation","id":"c"}` + "\n" + object(`"kind":"skillset","id":"x","body":{}`),
		"one too few":           header + `{"type":"end","objects":1,"conversations":0,"events":0}` + "\n",
	} {
		r := archive.NewReader(strings.NewReader(text))
		_, err := r.Next()
		if convo.ErrorKind(err) != convo.Invalid || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextThatIsNotUTF8IsNoObject(t *testing.T) {
	t.Parallel()
	for _, o := range []convo.Object{
		{ID: "x", Body: convo.Skillset{}, ObjectFields: convo.ObjectFields{Name: new("\xff")}},
		{ID: "x", Body: convo.Skillset{}, ObjectFields: convo.ObjectFields{Meta: convo.JSON("{\"a\":\"\xff\"}")}},
		{ID: "x", Body: convo.Ability{Instruction: "\xff"}},
		{ID: "x", Body: convo.BotConfig{Config: convo.Config{Backstory: new("a\xff")}}},
	} {
		if err := archive.NewWriter(io.Discard).AddObject(o); err == nil {
			t.Errorf("%+v was written", o)
		}
	}
}
