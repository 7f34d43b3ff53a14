package transfer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/transfer"
)

// longContent takes more than two pieces of a file.
var longContent = strings.Repeat("0123456789abcdef", 40_000)

// putContent stores the content of a file as servers do.
func putContent(t testing.TB, s store.Store, upload, text string) {
	t.Helper()
	for n := int64(0); len(text) > 0; n++ {
		size := min(len(text), store.FilePiece)
		must(t, s.PutPiece(t.Context(), upload, n, born, []byte(text[:size])))
		text = text[size:]
	}
}

// learned makes datasets, files, contacts and what belongs to them.
func learned(t testing.TB, s store.Store, upload string) {
	t.Helper()
	putContent(t, s, upload, longContent)
	putObjects(t, s,
		convo.Object{ID: "f", Body: convo.Stored{Name: "a.md", Size: int64(len(longContent)), Upload: upload, At: born, Datasets: []string{"d"}}},
		convo.Object{ID: "empty", Body: convo.Stored{Upload: upload + "-empty", At: born}},
		convo.Object{ID: "none", Body: convo.Stored{Address: "https://example.com/"}},
		convo.Object{ID: "d", Body: convo.Dataset{SearchMinScore: new(0.25)}},
		convo.Object{ID: "d.f", Parent: "d", Body: convo.DatasetFile{File: "f", State: convo.IndexDone, Done: 300, Total: 300}},
		convo.Object{ID: "c", Body: convo.Contact{Email: new("a@example.com"), Verified: born}})
	_, err := s.Update(t.Context(), tenant, "", store.Buffered, func(tx store.Tx) error {
		for n := range 300 {
			r := convo.Record{
				Tenant: tenant, Dataset: "d", ID: fmt.Sprintf("r%03d", 299-n), RecordFields: convo.RecordFields{Text: fmt.Sprint("text ", n)},
				File: "f", Upload: "m", Place: int64(n + 1), Created: born, Updated: born,
			}
			must(t, tx.PutRecord(r))
		}
		must(t, tx.DeleteRecord("d", "r007"))
		return tx.PutRecord(convo.Record{
			Tenant: tenant, Dataset: convo.MemoryDataset, ID: "m", Created: born, Updated: born,
			RecordFields: convo.RecordFields{Text: "likes tea", ContactID: "c", Meta: convo.JSON(`{ "a": 1.0 }`)},
		})
	})
	must(t, err)
}

func contentOf(t testing.TB, s store.Store, id string) string {
	t.Helper()
	o, err := s.Object(t.Context(), tenant, convo.ObjectFile, id)
	must(t, err)
	stored := o.Body.(convo.Stored)
	f := convo.File{Tenant: tenant, ID: id, Upload: stored.Upload, Size: stored.Size}
	text := ""
	for n := int64(0); int64(len(text)) < f.Size; n++ {
		piece, err := s.Piece(t.Context(), f, n)
		must(t, err)
		text += string(piece)
	}
	return text
}

func TestKnowledgeComesBackAsTheSameBytes(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		from, to := open(), open()
		learned(t, from, "u")
		fill(t, from)
		text := export(t, from)
		for _, dry := range []bool{true, false} {
			done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), dry, nil)
			must(t, err)
			if done.Objects != 6 || done.Records != 300 || done.Refused != 0 {
				t.Errorf("imported with dry run %t: %+v", dry, done)
			}
		}
		if again := export(t, to); !bytes.Equal(again, text) {
			t.Errorf("the second export differs:\n%.2000s\n%.2000s", again, text)
		}
		if contentOf(t, to, "f") != longContent || contentOf(t, to, "empty") != "" {
			t.Error("the content of a file is another one")
		}
		other, err := transfer.Import(t.Context(), to, "another tenant", bytes.NewReader(text), false, nil)
		must(t, err)
		if other.Objects != 6 || other.Records != 300 || contentOf(t, to, "f") != longContent {
			t.Errorf("imported into another tenant: %+v", other)
		}
		again, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, nil)
		must(t, err)
		if again.Objects+again.Records+again.Refused != 0 {
			t.Errorf("once more: %+v", again)
		}
	})
}

func TestKnowledgeThatIsThereWithOtherContentIsLeftAlone(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		from, to := open(), open()
		learned(t, from, "u")
		text := export(t, from)
		other := "9" + longContent[1:]
		putContent(t, to, "v", other)
		putObjects(t, to,
			convo.Object{ID: "f", Body: convo.Stored{Name: "a.md", Size: int64(len(other)), Upload: "v", At: born, Datasets: []string{"d"}}},
			convo.Object{ID: "d", Body: convo.Dataset{}})
		_, err := to.Update(t.Context(), tenant, "", store.Buffered, func(tx store.Tx) error {
			return tx.PutRecord(convo.Record{Tenant: tenant, Dataset: "d", ID: "r001", Created: born, Updated: born})
		})
		must(t, err)
		done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, nil)
		must(t, err)
		if done.Refused != 3 || done.Records != 299 || len(done.Problems) != 3 {
			t.Errorf("imported %+v", done)
		}
		for _, p := range done.Problems {
			if !strings.Contains(p.Text, "with other content") {
				t.Errorf("a problem is %+v", p)
			}
		}
		if contentOf(t, to, "f") != other {
			t.Error("the content of a file was replaced")
		}
		r, err := to.Record(t.Context(), tenant, "d", "r001")
		must(t, err)
		if r.Text != "" {
			t.Errorf("a record was replaced: %q", r.Text)
		}
	})
}

func TestRecordsThatCannotComeInAreReportedAndTheOthersDo(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		const head = `{"type":"header","format":"parley-archive","version":4}` + "\n" +
			`{"type":"object","kind":"dataset","id":"d","body":{},"createdAt":1767225600000,"updatedAt":1767225600000}` + "\n"
		line := func(s string) string {
			return `{"type":"record",` + s + `,"createdAt":1767225600000,"updatedAt":1767225600000,"text":"x"}` + "\n"
		}
		for name, c := range map[string]struct{ line, want string }{
			"no dataset":     {line(`"dataset":"none","id":"1"`), "no dataset"},
			"no meta":        {line(`"dataset":"d","id":"1","meta":"[]"`), "meta"},
			"a wrong place":  {line(`"dataset":"d","id":"1","place":-1`), "place"},
			"the year 20000": {strings.Replace(line(`"dataset":"d","id":"1"`), "1767225600000", "569000000000000", 1), "year"},
		} {
			s := open()
			text := head + c.line + line(`"dataset":"d","id":"good"`) + `{"type":"end","objects":1,"records":2,"conversations":0,"events":0}` + "\n"
			done, err := transfer.Import(t.Context(), s, tenant, strings.NewReader(text), false, nil)
			must(t, err)
			if done.Refused != 1 || done.Records != 1 || !strings.Contains(done.Problems[0].Text, c.want) {
				t.Errorf("%s: %+v", name, done)
			}
		}
		s := open()
		cut := head + line(`"dataset":"d","id":"1"`)
		done, err := transfer.Import(t.Context(), s, tenant, strings.NewReader(cut), false, nil)
		if err == nil || done.Records != 1 {
			t.Errorf("of a cut archive: %+v, %v", done, err)
		}
	})
}

func TestAFileWhoseContentIsNotWholeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := memory.New()
	putContent(t, s, "u", "abc")
	putObjects(t, s, convo.Object{ID: "f", Body: convo.Stored{Size: 4, Upload: "u", At: born}})
	err := transfer.Export(t.Context(), s, tenant, new(bytes.Buffer), nil, nil)
	if convo.ErrorKind(err) != convo.Conflict || !strings.Contains(err.Error(), `"f"`) {
		t.Errorf("the export says %v", err)
	}
}

func TestVaultsTravelWithThePassphraseOnly(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		from, to, one, two := open(), open(), values(t, 1), values(t, 2)
		fill(t, from)
		list, err := from.Conversations(t.Context(), tenant, store.ConversationQuery{Limit: 1})
		must(t, err)
		id := list[0].ID
		at := store.SealedPlace{Kind: store.SealedVault, Tenant: tenant, ID: id}
		_, err = from.Update(t.Context(), tenant, id, store.Buffered, func(tx store.Tx) error {
			must(t, tx.PutVault(engine.SealAt(one.Sealer, at, []byte("maria@example.com"))))
			return tx.PutVault(engine.SealAt(one.Sealer, at, []byte("+49 30 1234567")))
		})
		must(t, err)
		if text := export(t, from); bytes.Contains(text, []byte("vault")) {
			t.Error("a vault is in an export without secrets")
		}
		text := exportValues(t, from, one)
		if bytes.Contains(text, []byte("maria")) || !bytes.Contains(text, []byte(`"version":4`)) {
			t.Errorf("the export is %.300s", text)
		}
		done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, nil)
		must(t, err)
		if vault, err := to.Vault(t.Context(), tenant, id); err != nil || len(vault) != 0 || done.Covered != 1 || done.Refused != 0 {
			t.Errorf("without a passphrase: %+v, %d, %v", done, len(vault), err)
		}
		two.Salt, err = transfer.Salt(bytes.NewReader(text))
		must(t, err)
		for range 2 { // the conversations are there, and then the vaults, too
			done, err = transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, two)
			must(t, err)
			if done.Refused != 0 || done.Covered != 0 {
				t.Errorf("with a passphrase: %+v", done)
			}
		}
		vault, err := to.Vault(t.Context(), tenant, id)
		must(t, err)
		plain, err := engine.OpenAt(two.Sealer, at, vault[1])
		if len(vault) != 2 || err != nil || string(plain) != "+49 30 1234567" {
			t.Errorf("the vault has %d entries, one is %q, %v", len(vault), plain, err)
		}
		if again := exportValues(t, to, two); !bytes.Equal(again, text) {
			t.Error("the second export differs")
		}
		refuseOtherVaults(t, open(), id, text, two)
	})
}

// refuseOtherVaults imports where something else stands behind the placeholders.
func refuseOtherVaults(t *testing.T, s store.Store, id string, text []byte, v *transfer.Values) {
	t.Helper()
	_, err := transfer.Import(t.Context(), s, tenant, bytes.NewReader(text), false, nil)
	must(t, err)
	at := store.SealedPlace{Kind: store.SealedVault, Tenant: tenant, ID: id}
	_, err = s.Update(t.Context(), tenant, id, store.Buffered, func(tx store.Tx) error {
		return tx.PutVault(engine.SealAt(v.Sealer, at, []byte("other")))
	})
	must(t, err)
	done, err := transfer.Import(t.Context(), s, tenant, bytes.NewReader(text), false, v)
	must(t, err)
	if done.Refused != 1 || done.Problems[0].Conversation != id {
		t.Errorf("with another vault there: %+v", done)
	}
}
