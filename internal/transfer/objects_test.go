package transfer_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/transfer"
)

func putObjects(t testing.TB, s store.Store, objects ...convo.Object) {
	t.Helper()
	_, err := s.Update(t.Context(), tenant, "", store.Buffered, func(tx store.Tx) error {
		for _, o := range objects {
			o.Tenant = tenant
			if o.Created.IsZero() {
				o.Created, o.Updated = born, born
			}
			if err := tx.PutObject(o); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
}

// configured makes objects of all kinds, more than a page of some.
func configured(t testing.TB, s store.Store) {
	t.Helper()
	named := convo.ObjectFields{Name: new("Ünïcödé 🦜"), Meta: convo.JSON(`{ "a": 1.0 }`), Alias: new("alias")}
	putObjects(t, s,
		convo.Object{ID: "key", ObjectFields: named, Body: convo.Secret{Scope: convo.SharedSecret, Type: convo.PlainSecret}, Sealed: []byte("sealed-value")},
		convo.Object{ID: "set", ObjectFields: named, Body: convo.Skillset{}},
		convo.Object{ID: "other", Body: convo.Skillset{}, Created: born.Add(time.Second), Updated: born.Add(time.Hour)},
		convo.Object{ID: "bot", Number: 4, Body: convo.BotConfig{Config: convo.Config{SkillsetID: new("set")}, Folder: 1}},
		convo.Object{ID: "gone", Number: 5, Unlisted: true, Body: convo.BotConfig{Folder: 2, Declared: true}},
		convo.Object{ID: "vote", Parent: "bot", Body: convo.Rating{Value: 5}})
	for i := range 40 {
		putObjects(t, s, convo.Object{ID: "ability-" + string(rune('a'+i%26)) + strings.Repeat("x", i), Parent: "set", Body: convo.Ability{Instruction: "do"}})
	}
}

func TestObjectsComeBackAsTheSameBytes(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		from, to := open(), open()
		configured(t, from)
		fill(t, from)
		text := export(t, from)
		if bytes.Contains(text, []byte("sealed")) {
			t.Error("the value of a secret is in the export")
		}
		plan, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), true, nil)
		must(t, err)
		done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, nil)
		must(t, err)
		if done.Objects != 46 || plan.Objects != 46 || done.Refused != 0 || plan.Refused != 0 {
			t.Errorf("imported %+v, planned %+v", done, plan)
		}
		if again := export(t, to); !bytes.Equal(again, text) {
			t.Errorf("the second export differs:\n%s\n%s", again, text)
		}
		for _, s := range []store.Store{from, to} { // with and without the value of the secret
			again, err := transfer.Import(t.Context(), s, tenant, bytes.NewReader(text), false, nil)
			must(t, err)
			if again.Objects != 0 || again.Refused != 0 {
				t.Errorf("once more: %+v", again)
			}
		}
		secret, err := from.Object(t.Context(), tenant, convo.ObjectSecret, "key")
		must(t, err)
		if string(secret.Sealed) != "sealed-value" {
			t.Errorf("an import took the value of a secret: %q", secret.Sealed)
		}
	})
}

func TestAnObjectThatCannotComeInIsReportedAndTheOthersDo(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		const head = `{"type":"header","format":"parley-archive","version":2}` + "\n"
		line := func(s string) string {
			return `{"type":"object",` + s + `,"createdAt":1767225600000,"updatedAt":1767225600000}` + "\n"
		}
		for name, c := range map[string]struct{ line, want string }{
			"other content":     {line(`"kind":"skillset","id":"set","body":{}`), "with other content"},
			"an alias":          {line(`"kind":"skillset","id":"new","alias":"alias","body":{}`), "alias"},
			"a number":          {line(`"kind":"bot","id":"new","number":4,"body":{"folder":1}`), "number"},
			"the last number":   {line(`"kind":"bot","id":"new","number":9223372036854775807,"body":{"folder":1}`), "number"},
			"a negative folder": {line(`"kind":"bot","id":"new","body":{"folder":-1}`), "folder"},
			"no parent":         {line(`"kind":"ability","id":"new","parent":"none","body":{"instruction":""}`), "no skillset"},
			"no meta":           {line(`"kind":"skillset","id":"new","meta":"[]","body":{}`), "meta"},
			"no type":           {line(`"kind":"secret","id":"new","body":{"kind":"shared","type":"x"}`), "secret"},
			"no visibility":     {line(`"kind":"skillset","id":"new","visibility":"x","body":{}`), "visibility"},
			"the year 20000":    {strings.Replace(line(`"kind":"skillset","id":"new","body":{}`), "1767225600000", "569000000000000", 1), "year"},
		} {
			s := open()
			configured(t, s)
			good := line(`"kind":"skillset","id":"good","body":{}`)
			text := head + c.line + good + `{"type":"end","objects":2,"conversations":0,"events":0}` + "\n"
			done, err := transfer.Import(t.Context(), s, tenant, strings.NewReader(text), false, nil)
			must(t, err)
			if done.Refused != 1 || done.Objects != 1 || !strings.Contains(done.Problems[0].Text, c.want) || done.Problems[0].Object == "" {
				t.Errorf("%s: %+v", name, done)
			}
		}
	})
}
