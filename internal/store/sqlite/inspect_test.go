package sqlite_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/audit"
	parley "github.com/parleyhq/parley/internal/store/sqlite"
)

// check gives what an inspection of a folder finds.
func check(t testing.TB, folder string) []audit.Finding {
	t.Helper()
	i, err := parley.Inspect(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	var list []audit.Finding
	if _, err = i.Check(t.Context(), audit.Options{Found: func(f audit.Finding) { list = append(list, f) }}); err != nil {
		t.Fatal(err)
	}
	return list
}

// mustBeSound fails if an inspection of a folder finds something.
func mustBeSound(t testing.TB, folder string) {
	t.Helper()
	for _, f := range check(t, folder) {
		t.Errorf("found %+v", f)
	}
}

const (
	talk1 = "01890000-0000-7000-8000-000000000001"
	talk2 = "01890000-0000-7000-8000-000000000002"
	talk3 = "01890000-0000-7000-8000-000000000003"
	talk4 = "01890000-0000-7000-8000-000000000004"
	file1 = "01890000-0000-7000-8000-0000000000f1"
)

// sound makes a folder with some of everything, and closes it.
func sound(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	s := open(t, folder, "")
	now := time.UnixMilli(1_800_000_000_000)
	event := func(turn string, body convo.Body) convo.Event {
		now = now.Add(time.Second)
		return convo.Event{At: now, Turn: turn, Origin: "01890000-0000-7000-8000-00000000aaaa", Body: body}
	}
	long := strings.Repeat("some words and others ", 20)
	given := func(id string, slot int64, text string) convo.MessageGiven {
		return convo.MessageGiven{ID: id, Place: convo.Place(slot, 0), Fields: convo.MessageFields{Type: convo.User}, Text: text}
	}
	piece := func(id, text string) convo.Delta { return convo.Delta{Message: id, Type: convo.Bot, Text: text} }
	usage := convo.Usage{Input: convo.Tokens{N: 10}, Output: convo.Tokens{N: 20}}
	appendTo(t, s, talk1,
		event("", convo.ConversationCreated{Fields: convo.Fields{Name: new("first"), Meta: convo.JSON(`{"a":1}`)}}),
		event(talk1, convo.TurnOpened{Front: "test"}), event(talk1, given("question", 0, long)),
		event(talk1, convo.TurnQueued{}), event(talk1, convo.TurnStarted{Slot: 1}),
		event(talk1, convo.MessageStarted{ID: "answer", Place: convo.Place(1, 1), Type: convo.Bot}),
		event(talk1, piece("answer", long)), event(talk1, piece("answer", "end")))
	appendTo(t, s, talk1,
		event(talk1, convo.MessageEnded{ID: "answer", Place: convo.Place(1, 1), Type: convo.Bot, Text: long + "end"}),
		event(talk1, convo.ModelAsked{Model: "m", From: 3}), event(talk1, convo.ModelAnswered{Model: "m", Usage: usage}),
		event(talk1, convo.TurnEnded{Reason: convo.EndDone, Usage: usage}),
		event("", given("changed", 2, "short")), event("", given("deleted", 3, "a secret")),
		event("", convo.MessageChanged{ID: "changed", Fields: convo.MessageFields{Type: convo.Context}, Text: new(long)}),
		event("", convo.MessageDeleted{ID: "deleted"}))
	appendTo(t, s, talk2, event("", convo.ConversationCreated{}), event("", given("other", 1, "other")),
		event("", convo.MessageStarted{ID: "comes", Place: convo.Place(2, 0), Type: convo.Bot}), event("", piece("comes", "so far")))
	call := convo.ToolRequested{
		ID: "c", Message: "request", Place: convo.Place(1, 0), Name: "f", Arguments: convo.JSON(`{"a":1}`), Runs: convo.RunsServer,
	}
	other, left := call, call
	other.ID, other.Message, other.Place = "d", "gone request", convo.Place(1, 1)
	left.ID, left.Message, left.Place = "e", "left", convo.Place(1, 2)
	appendTo(t, s, talk3, event("", convo.ConversationCreated{Fields: convo.Fields{Channel: new("hidden")}}),
		event("t", convo.TurnOpened{Front: "test", Background: true}), event("t", convo.TurnStarted{Slot: 1}),
		event("t", convo.TurnWaiting{Left: []convo.ToolRequested{left}}), event("t", convo.TurnResumed{Rerun: true}),
		event("t", call), event("t", other), event("t", left),
		event("t", convo.ToolStarted{ID: "c", Message: "request", Input: call.Arguments}),
		event("t", convo.ToolStarted{ID: "d", Message: "gone request", Input: call.Arguments}),
		event("", convo.MessageDeleted{ID: "gone request"}), event("", convo.MessageDeleted{ID: "left"}))
	_, err := s.Update(t.Context(), "a", talk3, store.Durable, func(tx store.Tx) error { return tx.PutInput("t", []byte("sealed")) })
	if err != nil {
		t.Fatal(err)
	}
	part := convo.Part{ID: "p", Alias: "P-1", MediaType: "text/plain"}
	attached := convo.Part{ID: "f", MediaType: "text/plain", File: &convo.FileRef{URI: convo.FileURI + file1, Size: 6}}
	brought := given("brought", 7, "")
	brought.Parts = []convo.Part{attached, {ID: "g", File: &convo.FileRef{URI: convo.FileURI + talk1}}} // one of them is nowhere
	said := part
	said.End = 4
	cited := convo.Citation{ID: "cited", Length: 4, Sources: []convo.Source{{Title: "a secret"}}}
	call.Asked = convo.Asked{Asks: convo.AsksInterrupt}
	call.Place = convo.Place(1, 2)
	appendTo(t, s, talk4, event("", convo.ConversationCreated{Fields: convo.Fields{Agenda: convo.Agenda{Owner: new("owner")}}}),
		event("x", convo.TurnOpened{Front: "test", Alias: "X-1"}), event("x", convo.MessageStarted{ID: "said", Type: convo.User, Alias: "M-1"}),
		event("x", convo.PartStarted{Message: "said", Part: part}),
		event("x", convo.Delta{Message: "said", Type: convo.User, Text: "said", Part: "p"}),
		event("x", convo.PartEnded{Message: "said", Part: "p"}),
		event("x", convo.MessageEnded{ID: "said", Type: convo.User, Alias: "M-1", Text: "said", Parts: []convo.Part{said}}),
		event("x", convo.TurnQueued{}), event("x", convo.TurnStarted{Slot: 1}),
		event("x", convo.MessageStarted{ID: "goner", Place: convo.Place(1, 1), Type: convo.Bot}),
		event("x", convo.Cited{Message: "goner", Citation: cited}), event("x", piece("goner", "here")),
		event("x", convo.MessageEnded{ID: "goner", Place: convo.Place(1, 1), Type: convo.Bot, Text: "here", Citations: []convo.Citation{cited}}),
		event("", convo.MessageDeleted{ID: "goner"}), event("x", call),
		event("x", convo.InterruptStarted{ID: "i", Call: "c", Message: "request", Value: convo.JSON(`{}`)}),
		event("x", convo.InterruptEnded{ID: "i", Call: "c", Message: "request", Value: convo.JSON(`{}`)}),
		event("x", convo.ToolAnswered{ID: "c", Message: "request", Name: "f", Approved: true, Input: convo.JSON(`{"a":2}`)}),
		event("x", convo.Rated{ID: "v", Value: 1, Reason: "why"}), event("y", convo.TurnOpened{Front: "test", Alias: "Y-1"}),
		event("y", convo.MessageStarted{ID: "saying", Type: convo.User, Alias: "M-1"}), event("y", convo.PartStarted{Message: "saying", Part: attached}),
		event("", brought))
	putFile(t, s)
	putObjects(t, s)
	for _, message := range []string{`"one"`, `2`} {
		_, err := s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error {
			_, err := tx.Publish("a-channel-of-some", convo.JSON(message), now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	token := convo.Token{ID: "t", Tenant: "a", Source: "session", Conversation: talk2, Created: now}
	if err := s.PutToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// putFile makes the file that two parts are, and one that says a message.
func putFile(t testing.TB, s store.Store) {
	t.Helper()
	f := convo.File{Tenant: "a", ID: file1, Conversation: talk4, Created: time.UnixMilli(1)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.PutFile(t.Context(), f))
	for n, piece := range []string{"some", "of"} {
		must(s.PutPiece(t.Context(), "upload", int64(n), f.Created, []byte(piece)))
	}
	f.Size, f.Upload, f.Stored = 6, "upload", f.Created
	must(s.FillFile(t.Context(), f))
	must(s.PutPiece(t.Context(), "audio", 0, f.Created, []byte("sound")))
	_, err := s.Update(t.Context(), "a", talk4, store.Durable, func(tx store.Tx) error {
		spoken := convo.File{ID: "spoken", Message: "said", Size: 5, Upload: "audio", Created: f.Created, Stored: f.Created}
		return errors.Join(tx.UseFile(file1), tx.UseFile(file1), tx.AddFile(spoken))
	})
	must(err)
}

// putObjects makes something of each kind that a tenant configures.
func putObjects(t testing.TB, s store.Store) {
	t.Helper()
	_, err := s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error {
		for _, o := range []convo.Object{
			{ID: "secret", Body: convo.Secret{Type: convo.PlainSecret}, Sealed: []byte("x")},
			{ID: "skillset", Body: convo.Skillset{}}, {ID: "ability", Parent: "skillset", Body: convo.Ability{}},
			{ID: "bot", Number: 3, Body: convo.BotConfig{Folder: 1}}, {ID: "rating", Parent: "bot", Body: convo.Rating{Value: 1}},
			{ID: "file", Body: convo.Stored{Size: 4, Upload: "content"}, ObjectFields: convo.ObjectFields{Visibility: new(convo.Public)}},
			{ID: "dataset", Body: convo.Dataset{}}, {ID: "d.f", Parent: "dataset", Body: convo.DatasetFile{File: "f", State: convo.IndexRuns}},
			{ID: "contact", Body: convo.Contact{Email: new("a@example.com")}},
		} {
			o.Tenant = "a"
			if err := tx.PutObject(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.PutPiece(t.Context(), "content", 0, time.UnixMilli(1), []byte("text"))
	}
	if err != nil {
		t.Fatal(err)
	}
	putRecords(t, s)
}

// putRecords makes records and what is made of them, a vault and an event log.
func putRecords(t testing.TB, s store.Store) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Update(t.Context(), "a", talk1, store.Durable, func(tx store.Tx) error {
		for n := range 5 {
			r := convo.Record{Tenant: "a", Dataset: "dataset", ID: fmt.Sprint(n), Created: time.UnixMilli(1), Updated: time.UnixMilli(1)}
			r.Text = strings.Repeat("some words ", 20)
			must(tx.PutRecord(r))
			r.Dataset = convo.MemoryDataset
			must(tx.PutRecord(r))
		}
		must(tx.DeleteRecord("dataset", "4"))
		return errors.Join(tx.PutVault([]byte("sealed")), tx.Note(convo.Entry{ID: "e"}), tx.Note(convo.Entry{ID: "f"}))
	})
	must(err)
	records, err := s.Records(t.Context(), "a", "dataset", store.RecordQuery{Limit: 9})
	must(err)
	for _, r := range records {
		must(s.PutVectors(t.Context(), "a", "dataset", "space", []convo.Vector{{Record: r.ID, Change: r.Change, Values: []float32{1, 2}}}))
	}
	one := convo.Segment{ID: "segment", To: records[0].Change}
	must(s.PutSegment(t.Context(), "a", "dataset", "index", one, make([]byte, 300<<10), nil))
}

func appendTo(t testing.TB, s store.Store, id string, events ...convo.Event) {
	t.Helper()
	_, err := s.Update(t.Context(), "a", id, store.Durable, func(tx store.Tx) error {
		for _, e := range events {
			if err := tx.Append(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// damage is one way to damage a folder, and how it is found.
type damage struct {
	what       string
	sql        string
	problem    audit.Problem
	says       string // part of the finding's text
	event      int64
	repairable bool
}

func damages() []damage {
	return []damage{
		{"a wrong next slot", `UPDATE heads SET next_slot = 1 WHERE id = 1`, audit.Projection, "next slot", 0, true},
		{"a wrong time of change", `UPDATE heads SET updated = 5 WHERE id = 1`, audit.Projection, "last change", 0, true},
		{"a missing head", `DELETE FROM heads WHERE id = 1`, audit.Projection, "cannot be read", 0, true},
		{"wrong fields", `UPDATE conversations SET fields = CAST('{"n":"x"}' AS BLOB) WHERE id = 1`, audit.Projection, "fields", 0, true},
		{"another bot", `UPDATE conversations SET bot = 'x' WHERE id = 1`, audit.Projection, "bot", 0, true},
		{"unreadable fields", `UPDATE conversations SET fields = x'00' WHERE id = 1`, audit.Projection, "cannot be read", 0, true},
		{"a wrong time of creation", `UPDATE conversations SET created = 5 WHERE id = 1`, audit.Projection, "creation", 0, true},
		{"a missing message", `DELETE FROM messages WHERE key = 'answer'`, audit.Projection, `message "answer" is missing`, 9, true},
		{"a wrong place", `UPDATE messages SET place = place + 5 WHERE key = 'answer'`, audit.Projection, "Place", 9, true},
		{"a wrong order", `UPDATE messages SET place = place - 2097152 WHERE key = 'changed'`, audit.Projection, `"changed"`, 13, true},
		{"a wrong type", `UPDATE messages SET type = 'bot' WHERE key = 'question'`, audit.Projection, `row of message "question"`, 3, true},
		{"lost changes", `UPDATE messages SET changes = NULL, text_seq = NULL WHERE key = 'changed'`, audit.Projection, "Text", 13, true},
		{"a message that points elsewhere", `UPDATE messages SET seq = 99 WHERE key = 'changed'`, audit.Projection, "missing", 13, true},
		{"a deleted message that is listed",
			`INSERT INTO messages (conversation, key, seq, place, type) VALUES (1, 'deleted', 14, 3145728, 'user')`,
			audit.Projection, `"deleted"`, 0, true},
		{"a turn that has not ended", `UPDATE turns SET state = 2 WHERE conversation = 1`, audit.Projection, "open turns", 0, true},
		{"wrong usage", `UPDATE turns SET input = 999 WHERE conversation = 1`, audit.Projection, "Usage", 2, true},
		{"a text that was erased", `UPDATE log SET text = 'a secret' WHERE id = (1 << 32) + 14`, audit.Erasure, "was deleted", 14, true},
		{"a piece that was erased", `INSERT INTO open_deltas SELECT 99, 1, 14, at, 'deleted', turn, origin, type, text FROM open_deltas LIMIT 1`,
			audit.Erasure, "pieces of message", 14, true},
		{"a text of no event", `INSERT INTO texts (text) VALUES ('left behind')`, audit.Orphan, "1 texts", 0, true},
		{"messages of no conversation", `INSERT INTO messages VALUES (77, 'm', 1, 1, 'user', NULL, NULL)`, audit.Orphan, "number 77", 0, true},
		{"a head of no conversation", `INSERT INTO heads VALUES (77, 0, 0, 0, 0, 0)`, audit.Orphan, "number 77", 0, true},
		{"pieces of no conversation", `INSERT INTO open_deltas SELECT 99, 77, seq, at, message, turn, origin, type, text FROM open_deltas LIMIT 1`,
			audit.Orphan, "number 77", 0, true},
		{"a token of no conversation", `UPDATE tokens SET conversation = 'gone'`, audit.Orphan, "session token", 0, true},
		{"a channel of a turn of no conversation", `INSERT INTO dispatches VALUES ('a', 'c', 'gone', 't', 1, x'00', 0)`, audit.Orphan, "channel \"c\"", 0, true},
		{"a missing call", `UPDATE turns SET calls = NULL WHERE conversation = 3`, audit.Projection, "Calls", 2, true},
		{"a list of calls that is cut", `UPDATE turns SET calls = x'04' WHERE conversation = 3`, audit.Projection, "cannot be read", 0, true},
		{"an open call that no event requests", `UPDATE turns SET calls = x'0100' WHERE conversation = 3`,
			audit.Projection, "cannot be read", 0, true},
		{"too few reruns", `UPDATE turns SET reruns = 0 WHERE conversation = 3`, audit.Projection, "Reruns", 2, true},
		{"an input of no turn", `INSERT INTO inputs VALUES (77 << 32 | 5, x'00')`, audit.Orphan, "number 77", 5, true},
		{"an input of a turn that has ended", `INSERT INTO inputs VALUES (1 << 32 | 2, x'00')`, audit.Orphan, "number 1", 2, true},
		{"a conversation that should be hidden", `UPDATE conversations SET channel = NULL WHERE id = 3`, audit.Projection, "hidden", 0, true},
		{"a conversation that should be listed", `UPDATE conversations SET channel = 'c' WHERE id = 1`, audit.Projection, "hidden", 0, true},
		{"a call's start that was erased", `UPDATE log SET text = '{"a":1}' WHERE id = (3 << 32) + 10`, audit.Erasure, "gone request", 10, true},
		{"a wait that was erased", `UPDATE log SET data = CAST(replace(CAST(data AS TEXT), '"m":"left"', '"m":"left","a":"{}"') AS BLOB) WHERE id = (3 << 32) + 4`,
			audit.Erasure, `"left"`, 4, true},
		{"an alias that is missing", `DELETE FROM aliases WHERE alias = 'X-1'`, audit.Projection, "1 aliases", 0, true},
		{"an alias of another message", `UPDATE aliases SET key = 'saying' WHERE key = 'said'`, audit.Projection, `"M-1"`, 0, true},
		{"an alias of nothing", `INSERT INTO aliases VALUES (4, 0, 'Z-1', 'x')`, audit.Projection, `"Z-1"`, 0, true},
		{"aliases of no conversation", `INSERT INTO aliases VALUES (77, 0, 'a', 'b')`, audit.Orphan, "number 77", 0, true},
		{"a wrong time of activity", `UPDATE agendas SET active = 5 WHERE id = 4`, audit.Projection, "last activity", 0, true},
		{"another owner", `UPDATE agendas SET owner = 'x' WHERE id = 4`, audit.Projection, "list of its owner", 0, true},
		{"a missing agenda", `DELETE FROM agendas WHERE id = 4`, audit.Projection, "list of its owner", 0, true},
		{"a hidden conversation in an owner's list", `UPDATE agendas SET tenant = 'a' WHERE id = 3`, audit.Projection, "list of its owner", 0, true},
		{"an agenda of no conversation", `INSERT INTO agendas VALUES (77, 'a', '', 0, 'x', NULL)`, audit.Orphan, "number 77", 0, true},
		{"a vote that is lost", `UPDATE turns SET rated = NULL WHERE key = 'x'`, audit.Projection, "Rating", 2, true},
		{"a vote that is none", `UPDATE turns SET rated = 3 WHERE key = 'x'`, audit.Projection, "Rated", 2, true},
		{"a call whose answer is lost", `UPDATE turns SET calls = x'0d00' WHERE key = 'x'`, audit.Projection, "Calls", 2, true},
		{"a call's answer that is cut", `UPDATE turns SET calls = x'0d000001' WHERE key = 'x'`, audit.Projection, "cannot be read", 0, true},
		{"a citation that was erased", `UPDATE log SET data = CAST('{"c":{"i":"cited","s":[{"t":"a secret"}]}}' AS BLOB) WHERE id = (4 << 32) + 11`,
			audit.Erasure, `"goner"`, 11, true},
		{"a start of a part that is missing", `UPDATE log SET kind = 30, message = NULL WHERE id = (4 << 32) + 4`, audit.Log, "event 5", 5, false},
		{"a file of no conversation", `INSERT INTO files VALUES (77, 'file', 'a', 'gone', 'n', 't', 0, NULL, 0, 0, NULL, NULL)`, audit.Orphan, `file "file"`, 0, true},
		{"a file that counts too few parts", `UPDATE files SET uses = 0`, audit.Projection, `"` + file1 + `" is 2 parts`, 0, true},
		{"a file that counts too many parts", `UPDATE files SET uses = 3`, audit.Projection, `"` + file1 + `" is 2 parts`, 0, true},
		{"a file that does not count the message that it says", `UPDATE files SET uses = 0 WHERE message IS NOT NULL`,
			audit.Projection, `"spoken" is 1 parts`, 0, true},
		{"a file that has lost a piece", `DELETE FROM file_pieces WHERE n = 1`, audit.Database, file1, 0, false},
		{"messages of no channel", `INSERT INTO channel_messages VALUES (77, 1, 0, '1')`, audit.Orphan, "1 messages", 0, true},
		{"a channel that counts too many", `UPDATE channels SET count = 9, bytes = 1`, audit.Projection, "a-channel-of-some", 0, true},
		{"a channel that is behind", `UPDATE channels SET last = 1`, audit.Projection, "a-channel-of-some", 0, true},
		{"an ability of no skillset", `UPDATE objects SET parent = 'gone' WHERE kind = 'ability'`, audit.Orphan, `ability "ability"`, 0, true},
		{"a vote on no bot", `UPDATE objects SET parent = 'gone' WHERE kind = 'rating'`, audit.Orphan, `rating "rating"`, 0, true},
		{"a number that would be given again", `UPDATE object_numbers SET last = 1`, audit.Projection, "given again", 0, true},
		{"an object that is no JSON", `UPDATE objects SET fields = x'7b' WHERE kind = 'bot'`, audit.Projection, `object "bot"`, 0, false},
		{"an object of an unknown kind", `UPDATE objects SET kind = 'ship' WHERE kind = 'secret'`, audit.Projection, `object "secret"`, 0, false},
		{"a file of no dataset", `UPDATE objects SET parent = 'gone' WHERE kind = 'datasetfile'`, audit.Orphan, `datasetfile "d.f"`, 0, true},
		{"content that is not found", `UPDATE objects SET upload = NULL WHERE kind = 'file'`, audit.Projection, `file "file"`, 0, true},
		{"a public file that is not found", `UPDATE objects SET public = NULL`, audit.Projection, `file "file"`, 0, true},
		{"work that is not found", `UPDATE objects SET open = NULL`, audit.Projection, `datasetfile "d.f"`, 0, true},
		{"a contact with another address", `UPDATE objects SET email = 'x' WHERE kind = 'contact'`, audit.Projection, `contact "contact"`, 0, true},
		{"a file that has lost its content", `DELETE FROM file_pieces WHERE upload = 'content'`, audit.Database, `file "file"`, 0, false},
		{"another contact", `UPDATE conversations SET contact = 'x' WHERE id = 1`, audit.Projection, "contact", 0, true},
		{"a vault of no conversation", `INSERT INTO vaults VALUES (99, 77, x'00')`, audit.Orphan, "vaults of conversation number 77", 0, true},
		{"records of no dataset", `UPDATE sqlite_sequence SET seq = 99; INSERT INTO collections VALUES (77, 'a', 'gone', 0, 0, 0, 0)`,
			audit.Orphan, "1 datasets", 0, true},
		{"records of no collection", `INSERT INTO records (collection, key, change, created, size) VALUES (77, 'x', 1, 1, 0)`, audit.Orphan, "1 records", 0, true},
		{"a space of no dataset", `INSERT INTO spaces VALUES (77, 77, 'x', 2)`, audit.Orphan, "1 spaces", 0, true},
		{"vectors of no space", `INSERT INTO vectors VALUES (77, 77, 1, x'00')`, audit.Orphan, "1 vectors of no space", 0, true},
		{"a vector of no record", `INSERT INTO vectors SELECT 77, id, 9, x'0000000000000000' FROM spaces`, audit.Orphan, "1 vectors of no record", 0, true},
		{"a vector of another length", `UPDATE vectors SET data = x'00' WHERE id = 1`, audit.Orphan, "1 vectors of no record", 0, true},
		{"segments of no dataset", `INSERT INTO segments VALUES (77, 77, 'i', 's', 0, 0, 0)`, audit.Orphan, "1 segments", 0, true},
		{"a segment that has lost a piece", `DELETE FROM segment_pieces WHERE id & 1`, audit.Projection, "1 segments of indexes", 0, true},
		{"a piece of no segment", `INSERT INTO segment_pieces VALUES (77 << 20, x'00')`, audit.Orphan, "1 pieces", 0, true},
		{"too many records", `UPDATE collections SET records = 9`, audit.Projection, "2 datasets are counted wrong", 0, true},
		{"too few bytes", `UPDATE collections SET bytes = 9 WHERE dataset = 'dataset'`, audit.Projection, "1 datasets are counted wrong", 0, true},
		{"a number of records that would be given again", `DELETE FROM sqlite_sequence WHERE name = 'collections'`, audit.Projection, "given again", 0, true},
		{"a number of an entry that would be given again", `DELETE FROM journals`, audit.Projection, "event logs", 0, true},
		{"a record that is damaged", `UPDATE records SET text = x'99999999' WHERE key = '1'`, audit.Database, `record "1"`, 0, false},
		{"too many restarts", `UPDATE heads SET epoch = 9 WHERE id = 1`, audit.Projection, "restarts", 0, true},
		{"a missing index", `DROP INDEX messages_place`, audit.Database, "messages_place", 0, true},
		{"an index that lacks a row", `
			PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = replace(sql, 'slot > 0', 'slot > 9') WHERE name = 'turns_slot';
			PRAGMA writable_schema = RESET;
			REINDEX turns_slot;
			PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = replace(sql, 'slot > 9', 'slot > 0') WHERE name = 'turns_slot';
			PRAGMA writable_schema = RESET;`, audit.Database, "missing from index turns_slot", 0, true},
		{"an id in another form", `UPDATE turns SET key = '` + talk1 + `' WHERE conversation = 1`, audit.Projection, "form", 0, true},
		{"a missing event", `DELETE FROM log WHERE id = (1 << 32) + 4`, audit.Log, "event 4", 1, false},
		{"a missing end", `DELETE FROM log WHERE id = (1 << 32) + 12`, audit.Log, "event 12", 1, false},
		{"a missing conversation", `DELETE FROM conversations WHERE id = 1`, audit.Orphan, "events of conversation number 1", 0, false},
		{"a missing turn", `DELETE FROM turns WHERE conversation = 1`, audit.Log, "turn 2", 1, false},
		{"an event that is no JSON", `UPDATE log SET data = x'7b' WHERE id = (1 << 32) + 5`, audit.Log, "event 5", 1, false},
		{"a damaged text", `UPDATE texts SET text = x'99999999'`, audit.Log, "is damaged", 1, false},
		{"a missing text", `DELETE FROM texts`, audit.Log, "missing", 1, false},
		{"a damaged list of pieces", `UPDATE log SET deltas = x'00ff' WHERE deltas IS NOT NULL`, audit.Log, "event 9", 1, false},
		{"a text that is not that of its event", `UPDATE log SET text_id = 1 WHERE id = (1 << 32) + 15`, audit.Orphan, "text of another", 15, false},
		{"an event of an unknown kind", `UPDATE log SET kind = 99 WHERE id = (1 << 32) + 5`, audit.Log, "event 5", 1, false},
	}
}

func TestCheckFindsDamageAndRepairMendsWhatCanBe(t *testing.T) {
	t.Parallel()
	healthy := sound(t)
	mustBeSound(t, healthy)
	want := dump(t, healthy)
	for _, d := range damages() {
		t.Run(d.what, func(t *testing.T) {
			t.Parallel()
			folder := copyFolder(t, healthy)
			execute(t, folder, d.sql)
			mustFind(t, check(t, folder), d)
			var found []audit.Finding
			o := audit.Options{Found: func(f audit.Finding) { found = append(found, f) }}
			if _, err := parley.Repair(t.Context(), folder, o); err != nil {
				t.Fatal(err)
			}
			mustFind(t, found, d)
			if !d.repairable {
				mustFind(t, check(t, folder), d) // it is not hidden, and not made worse
				return
			}
			mustBeSound(t, folder)
			if got := dump(t, folder); got != want {
				t.Errorf("after the repair:\n%s\nbefore the damage:\n%s", got, want)
			}
		})
	}
}

func mustFind(t *testing.T, list []audit.Finding, d damage) {
	t.Helper()
	for _, f := range list {
		if f.Problem == d.problem && strings.Contains(f.Text, d.says) && f.Repairable == d.repairable && f.Event == d.event && f.Remedy != "" {
			return
		}
	}
	t.Errorf("not found: %+v\nbut: %+v", d, list)
}

// dump is everything that a folder shows.
func dump(t testing.TB, folder string) string {
	t.Helper()
	i, err := parley.Inspect(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	var b strings.Builder
	show := func(v any, err error) {
		text, marshalErr := json.Marshal(v)
		fmt.Fprintf(&b, "%s %v %v\n", text, err, marshalErr)
	}
	for _, id := range []string{talk1, talk2, talk3, talk4} {
		show(i.TurnsOpened(t.Context(), "a", id, store.TurnQuery{Limit: 9}))
		show(i.TurnByAlias(t.Context(), "a", id, "X-1"))
		show(i.MessageByAlias(t.Context(), "a", id, "x", "M-1"))
		show(i.ConversationsOf(t.Context(), "a", "owner", store.ActiveQuery{Limit: 9}))
		show(i.Conversations(t.Context(), "a", store.ConversationQuery{Limit: 9}))
		show(i.Events(t.Context(), "a", id, 0, 99))
		show(i.Turns(t.Context(), "a", id, 0))
		show(i.Input(t.Context(), "a", id, "t"))
		show(i.File(t.Context(), file1))
		show(i.Vault(t.Context(), "a", id))
		show(i.Messages(t.Context(), "a", id, store.MessageQuery{Limit: 99}))
	}
	for _, dataset := range []string{"dataset", convo.MemoryDataset} {
		show(i.Collection(t.Context(), "a", dataset))
		show(i.RecordChanges(t.Context(), "a", dataset, 0, 99))
	}
	show(i.Entries(t.Context(), "a", store.EntryQuery{Limit: 9}))
	show(i.PublicFile(t.Context(), "file"))
	show(i.Objects(t.Context(), "a", store.ObjectQuery{Kind: convo.ObjectContact, Email: "a@example.com", Limit: 9}))
	show(i.Spaces(t.Context(), "a", "dataset"))
	return b.String()
}

// execute changes a closed folder by hand.
func execute(t testing.TB, folder, sql string) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(folder, "parley.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, sql, nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsADamagedFile(t *testing.T) {
	t.Parallel()
	folder := copyFolder(t, sound(t))
	path := filepath.Join(folder, "parley.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("other")) // in a page of the log
	page := at / 4096 * 4096
	copy(data[page:], bytes.Repeat([]byte{0xff}, 64))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	found := check(t, folder)
	if len(found) == 0 || found[0].Problem != audit.Database || found[0].Repairable {
		t.Errorf("found %+v", found)
	}
}

func TestCheckChangesNothing(t *testing.T) {
	t.Parallel()
	closed := copyFolder(t, sound(t))
	live := t.TempDir()
	s := open(t, live, "")
	appendTo(t, s, talk1, convo.Event{At: time.Now(), Body: convo.ConversationCreated{}})
	killed := copyFolder(t, live)
	touched, err := os.ReadFile(filepath.Join(live, "parley.db-shm"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed, "parley.db-shm"), touched, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, folder := range map[string]string{"a closed folder": closed, "a killed server's": killed, "a running server's": live} {
		before := files(t, folder)
		mustBeSound(t, folder)
		if after := files(t, folder); after != before {
			t.Errorf("%s was\n%s\nand is\n%s", what, before, after)
		}
	}
	appendTo(t, s, talk2, convo.Event{At: time.Now(), Body: convo.ConversationCreated{}}) // the server goes on
}

// files are the names and contents of a folder's files. What readers note in
// the -shm file is not data.
func files(t *testing.T, folder string) string {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range list {
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name(), "-shm") {
			data = nil
		}
		fmt.Fprintf(&b, "%s %x\n", f.Name(), sha256.Sum256(data))
	}
	return b.String()
}

func TestInspectionSaysWhyAFolderCannotBeChecked(t *testing.T) {
	t.Parallel()
	folder := copyFolder(t, sound(t))
	for sql, want := range map[string]convo.Kind{
		`PRAGMA user_version = 99`: convo.Conflict,
		`PRAGMA user_version = 0`:  convo.NotFound,
	} {
		other := copyFolder(t, folder)
		execute(t, other, sql)
		if _, err := parley.Inspect(t.Context(), other); convo.ErrorKind(err) != want {
			t.Errorf("%s: %v", sql, err)
		}
	}
	empty := t.TempDir()
	if _, err := parley.Inspect(t.Context(), empty); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("no data: %v", err)
	}
	if list := files(t, empty); list != "" {
		t.Errorf("there is now %s", list)
	}
}

func TestRepairRefusesWhileAServerRuns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open(t, folder, "")
	_, err := parley.Repair(t.Context(), folder, audit.Options{Found: func(audit.Finding) {}})
	if convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("got %v", err)
	}
}
