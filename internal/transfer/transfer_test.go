package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tenant = "default/default"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// both runs a test with an empty store of each kind.
func both(t *testing.T, test func(t *testing.T, open func() store.Store)) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, func() store.Store { return memory.New() })
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, func() store.Store {
			s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
			must(t, err)
			t.Cleanup(func() { must(t, s.Close()) })
			return s
		})
	})
}

var born = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// put appends to a conversation, each event a second after the one before.
func put(t testing.TB, s store.Store, id string, events ...convo.Event) {
	t.Helper()
	_, err := s.Update(t.Context(), tenant, id, store.Buffered, func(tx store.Tx) error {
		for _, e := range events {
			at := born
			if head := tx.Head(); head != nil {
				at = head.Created.Add(time.Duration(head.LastSeq) * time.Second)
			}
			if e.At.IsZero() {
				e.At = at
			}
			e = inTurn(tx.Head(), e)
			if err := tx.Append(e); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
}

// inTurn gives the messages of calls ids and places of their turn.
func inTurn(head *convo.Head, e convo.Event) convo.Event {
	if head == nil || head.Turn(e.Turn) == nil {
		return e
	}
	in, place := strings.NewReplacer("req-", "req-"+e.Turn+"-", "res-", "res-"+e.Turn+"-"), convo.Place(head.Turn(e.Turn).Slot, 0)
	switch b := e.Body.(type) {
	case convo.ToolRequested:
		b.Message, b.Place = in.Replace(b.Message), place|b.Place
		e.Body = b
	case convo.ToolStarted:
		b.Message = in.Replace(b.Message)
		e.Body = b
	case convo.ToolEnded:
		b.Message, b.Place = in.Replace(b.Message), place|b.Place
		e.Body = b
	}
	return e
}

func of(turn string, b convo.Body) convo.Event {
	return convo.Event{Turn: turn, Origin: "token", Body: b}
}

func given(id string, place int64, text string) convo.MessageGiven {
	return convo.MessageGiven{ID: id, Place: place, Fields: convo.MessageFields{Type: convo.User}, Text: text}
}

// fill makes conversations with all that may be in one; the last has turns that
// have not ended.
func fill(t testing.TB, s store.Store) {
	t.Helper()
	name := "Ünïcødé 🦜"
	put(t, s, "plain", of("", convo.ConversationCreated{Fields: convo.Fields{Name: &name, Meta: convo.JSON(`{ "a": 1.0 }`)}}))
	put(t, s, "rich",
		of("", convo.ConversationCreated{}),
		of("", given("m1", convo.Place(1, 0), "one")),
		of("", given("m2", convo.Place(2, 0), "two")),
		of("", convo.MessageChanged{ID: "m1", Fields: convo.MessageFields{Type: convo.Context, Meta: convo.JSON(`{"b":2}`)}}),
		of("", convo.MessageDeleted{ID: "m2"}),
		of("", convo.ConversationChanged{Fields: convo.Fields{Name: &name}}),
		of("", convo.Rated{ID: "r", Message: "m1", Value: -100, Reason: "no"}))
	turn(t, s, "rich", "t1")
	put(t, s, "rich", of("t1", convo.TurnEnded{Reason: convo.EndFailed, Failure: &convo.Failure{Kind: convo.UpstreamFailed}}))
	put(t, s, "open", of("", convo.ConversationCreated{}))
	turn(t, s, "open", "t2")
	put(t, s, "open", of("t3", convo.TurnOpened{}), of("t3", given("queued", 0, "wait")), of("t3", convo.TurnQueued{}))
	put(t, s, "tools", of("", convo.ConversationCreated{}))
	calls(t, s, "tools", "t4")
	put(t, s, "tools", of("t4", convo.TurnResumed{}), of("t4", over("slow", 6)), of("t4", requested("left", 7, convo.RunsCaller)),
		of("t4", convo.TurnEnded{Reason: convo.EndCaller}), of("", convo.MessageDeleted{ID: "req-t4-slow"}))
	calls(t, s, "tools", "t5")
	put(t, s, "hidden", of("", convo.ConversationCreated{Fields: convo.Fields{Channel: new("channel")}}))
	put(t, s, "hidden", of("t6", convo.TurnOpened{Background: true}))
}

// turn runs a turn to the middle of its answer.
func turn(t testing.TB, s store.Store, id, turn string) {
	t.Helper()
	head, err := s.Head(t.Context(), tenant, id)
	must(t, err)
	slot := head.NextSlot
	put(t, s, id,
		of(turn, convo.TurnOpened{Front: "chatbotkit"}),
		of(turn, given("u-"+turn, 0, "ask")),
		of(turn, convo.TurnQueued{}),
		of(turn, convo.TurnStarted{Slot: slot}),
		of(turn, convo.ModelAsked{Model: "m", Prompt: 3}),
		of(turn, convo.MessageStarted{ID: "a-" + turn, Place: convo.Place(slot, 1), Type: convo.Bot}),
		of(turn, convo.Delta{Message: "a-" + turn, Type: convo.Bot, Text: "ans"}),
		of(turn, convo.Delta{Message: "a-" + turn, Type: convo.Bot, Text: "wer"}))
	if turn == "t1" {
		put(t, s, id,
			of(turn, convo.MessageEnded{ID: "a-t1", Place: convo.Place(slot, 1), Type: convo.Bot, Text: "answer"}),
			of(turn, convo.ModelAnswered{Model: "m", Took: time.Second}),
			of(turn, convo.MessageDeleted{ID: "a-t1"}))
	}
}

// requested is the request of a call of the turn that it is put into.
func requested(id string, index int64, runs convo.Runner) convo.ToolRequested {
	return convo.ToolRequested{
		ID: id, Message: "req-" + id, Place: index, Name: "f", Arguments: convo.JSON(`{ "é": 1.0 }`), Runs: runs,
	}
}

func over(id string, index int64) convo.ToolEnded {
	return convo.ToolEnded{
		ID: id, Message: "res-" + id, Place: index, Name: "f", Arguments: convo.JSON(`{ "é": 1.0 }`), Output: convo.JSON(`"text"`),
		Outcome: convo.ToolDone,
	}
}

// calls runs a turn until it waits for a channel, with one of its calls done.
func calls(t testing.TB, s store.Store, id, turn string) {
	t.Helper()
	head, err := s.Head(t.Context(), tenant, id)
	must(t, err)
	slow := requested("slow", 3, convo.RunsChannel)
	slow.Channel, slow.Signature = "channel", "signature"
	answered := convo.ModelAnswered{Model: "m", Usage: convo.Usage{Input: convo.Tokens{N: 7}}}
	put(t, s, id, of(turn, convo.TurnOpened{Background: true}), of(turn, convo.TurnQueued{}), of(turn, convo.TurnStarted{Slot: head.NextSlot}),
		of(turn, convo.ModelAsked{Model: "m", Prompt: 3}),
		of(turn, requested("fast", 2, convo.RunsServer)), of(turn, slow),
		of(turn, convo.ToolStarted{ID: "slow", Message: slow.Message, Name: "f", Channel: "channel", Input: slow.Arguments}),
		of(turn, over("fast", 4)),
		of(turn, convo.TurnWaiting{Answered: &answered, Left: []convo.ToolRequested{requested("left", 7, convo.RunsCaller)}}))
}

func export(t testing.TB, s store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, transfer.Export(t.Context(), s, tenant, &b, nil, nil))
	return b.Bytes()
}

// bring imports and checks what that did; the events are not counted.
func bring(t testing.TB, s store.Store, data []byte, want transfer.Result) transfer.Result {
	t.Helper()
	got, err := transfer.Import(t.Context(), s, tenant, bytes.NewReader(data), false, nil)
	must(t, err)
	if got.Imported != want.Imported || got.Skipped != want.Skipped || got.Refused != want.Refused {
		t.Errorf("%+v, want %+v", got, want)
	}
	return got
}

func TestWhatIsExportedAndImportedIsExportedTheSame(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		one, other, kept := open(), open(), memory.New()
		fill(t, one)
		first := export(t, one)
		if result := bring(t, other, first, transfer.Result{Imported: 4}); result.Events != bytes.Count(first, []byte(`"event"`)) {
			t.Errorf("%+v", result)
		}
		if second := export(t, other); !bytes.Equal(first, second) {
			t.Errorf("first\n%s\nsecond\n%s", first, second)
		}
		bring(t, other, first, transfer.Result{Skipped: 4})
		bring(t, one, first, transfer.Result{Skipped: 4}) // where it came from, too
		bring(t, kept, first, transfer.Result{Imported: 4})
		if third := export(t, kept); !bytes.Equal(first, third) {
			t.Errorf("another driver makes\n%s\nof\n%s", third, first)
		}
	})
}

func TestAnOpenTurnIsExportedAsInterrupted(t *testing.T) {
	t.Parallel()
	one, other := memory.New(), memory.New()
	fill(t, one)
	bring(t, other, export(t, one), transfer.Result{Imported: 4})
	if open, err := other.OpenTurns(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("open after the import: %+v, %v", open, err)
	}
	if open, err := one.OpenTurns(t.Context()); err != nil || len(open) != 4 {
		t.Errorf("the export changed what it read: %+v, %v", open, err)
	}
	for _, id := range []string{"t2", "t3"} {
		if turn, err := other.Turn(t.Context(), tenant, "open", id); err != nil || turn.Reason != convo.EndInterrupted {
			t.Errorf("%+v, %v", turn, err)
		}
	}
	messages, err := other.Messages(t.Context(), tenant, "open", store.MessageQuery{Limit: 10})
	must(t, err)
	var texts []string
	for _, m := range messages {
		texts = append(texts, fmt.Sprint(m.Text, m.Incomplete))
	}
	if got := strings.Join(texts, " "); got != "askfalse answertrue waitfalse" {
		t.Errorf("got %s", got)
	}
}

func TestAnOpenCallIsExportedAsInterrupted(t *testing.T) {
	t.Parallel()
	one, other := memory.New(), memory.New()
	fill(t, one)
	bring(t, other, export(t, one), transfer.Result{Imported: 4})
	messages, err := other.Messages(t.Context(), tenant, "tools", store.MessageQuery{Limit: 20})
	must(t, err)
	last := string(messages[len(messages)-1].Meta)
	if want := `"result":"{\"error\":\"interrupted\"}","id":"slow"`; !strings.Contains(last, want) {
		t.Errorf("the last message says %s", last)
	}
	turn, err := other.Turn(t.Context(), tenant, "tools", "t5")
	if err != nil || turn.Reason != convo.EndInterrupted || turn.Usage.Input.N != 7 || len(turn.Calls) != 0 {
		t.Errorf("%+v, %v", turn, err)
	}
	if _, err := other.Head(t.Context(), tenant, "hidden"); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("a hidden conversation was exported: %v", err)
	}
}

func TestAnExportIsOfOneMomentAndOneTenant(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		s := open()
		fill(t, s)
		want := export(t, s)
		_, err := s.Update(t.Context(), "other/other", "plain", store.Buffered, func(tx store.Tx) error {
			return tx.Append(of("", convo.ConversationCreated{}))
		})
		must(t, err)
		var got bytes.Buffer
		writes := 0
		total := 0
		// Each write of the export is answered by one to the store.
		must(t, transfer.Export(t.Context(), s, tenant, writerFunc(func(p []byte) (int, error) {
			writes++
			put(t, s, "late", of("", convo.ConversationCreated{}))
			put(t, s, "plain", of("", given("late", convo.Place(9, 0), "late")))
			return got.Write(p)
		}), func(n int) { total = n }, nil))
		if writes == 0 || total != 4 || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d writes, %d conversations: %s", writes, total, &got)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestWhatIsThereWithOtherContentIsLeftAlone(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		one, other := open(), open()
		fill(t, one)
		data := export(t, one)
		put(t, other, "plain", of("", convo.ConversationCreated{}))  // other content
		put(t, one, "rich", of("", convo.Rated{ID: "r2", Value: 1})) // more of it
		bring(t, other, data, transfer.Result{Imported: 3, Refused: 1})
		result := bring(t, one, data, transfer.Result{Skipped: 3, Refused: 1})
		if len(result.Problems) != 1 || result.Problems[0].Conversation != "rich" || !strings.Contains(result.Problems[0].Text, "from event 20 on") {
			t.Errorf("%+v", result.Problems)
		}
		head, err := other.Head(t.Context(), tenant, "plain")
		if err != nil || head.LastSeq != 1 || head.Name != nil {
			t.Errorf("%+v, %v", head, err)
		}
		short := open()
		put(t, short, "rich", of("", convo.ConversationCreated{})) // the beginning only
		bring(t, short, data, transfer.Result{Imported: 3, Refused: 1})
	})
}

func TestTenantsAreIndependent(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		s := open()
		fill(t, s)
		data := export(t, s)
		got, err := transfer.Import(t.Context(), s, "acme/dev", bytes.NewReader(data), false, nil)
		if err != nil || got.Imported != 4 {
			t.Errorf("%+v, %v", got, err)
		}
		var second bytes.Buffer
		must(t, transfer.Export(t.Context(), s, "acme/dev", &second, nil, nil))
		if !bytes.Equal(second.Bytes(), data) {
			t.Errorf("%s", second.Bytes())
		}
	})
}

func TestADryRunWritesNothing(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		one, other := open(), open()
		fill(t, one)
		data := export(t, one)
		bad := bytes.Replace(data, []byte(`"seq":4,`), []byte(`"seq":5,`), 1)
		put(t, other, "plain", of("", convo.ConversationCreated{}))
		for range 2 {
			got, err := transfer.Import(t.Context(), other, tenant, bytes.NewReader(bad), true, nil)
			if err != nil || got.Imported != 2 || got.Refused != 2 {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if list, err := other.Conversations(t.Context(), tenant, store.ConversationQuery{Limit: 9}); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestOneBadConversationDoesNotKeepTheOthersOut(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		one := open()
		fill(t, one)
		data := export(t, one)
		for change, want := range map[string]string{
			`"kind":"rated"`:      `line 29: this version does not know events of kind`,
			`"id":"r","message":`: `line 29: the body of rated: json: unknown field "x"`,
			`"seq":19,`:           "event 20: the number 19 comes next",
		} {
			changed := bytes.Replace(data, []byte(change), []byte(strings.NewReplacer("rated", "praised", `"id"`, `"x"`, "19", "20").Replace(change)), 1)
			other := open()
			result := bring(t, other, changed, transfer.Result{Imported: 3, Refused: 1})
			if len(result.Problems) != 1 || result.Problems[0].Conversation != "rich" || !strings.Contains(result.Problems[0].Text, want) {
				t.Errorf("%s: %+v", change, result.Problems)
			}
			if _, err := other.Head(t.Context(), tenant, "rich"); convo.ErrorKind(err) != convo.NotFound {
				t.Errorf("%s: something was written: %v", change, err)
			}
		}
	})
}

func TestACutArchiveIsImportedUpToTheCut(t *testing.T) {
	t.Parallel()
	one := memory.New()
	fill(t, one)
	data := export(t, one)
	cut := data[:bytes.LastIndex(data, []byte(`{"type":"event"`))+20]
	other := memory.New()
	got, err := transfer.Import(t.Context(), other, tenant, bytes.NewReader(cut), false, nil)
	if convo.ErrorKind(err) != convo.Invalid || got.Imported != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	bring(t, other, data, transfer.Result{Imported: 1, Skipped: 3})
	if !bytes.Equal(export(t, other), data) {
		t.Error("the second run did not complete the first")
	}
	broken := errors.New("broken")
	if _, err := transfer.Import(t.Context(), memory.New(), tenant, io.MultiReader(bytes.NewReader(cut), iotest.ErrReader(broken)), false, nil); !errors.Is(err, broken) {
		t.Errorf("a broken input: %v", err)
	}
}

func TestAFailingStoreEndsTheImport(t *testing.T) {
	t.Parallel()
	one := memory.New()
	fill(t, one)
	data := export(t, one)
	closed := memory.New()
	must(t, closed.Close())
	got, err := transfer.Import(t.Context(), closed, tenant, bytes.NewReader(data), false, nil)
	if convo.ErrorKind(err) != convo.Unavailable || got.Imported+got.Skipped+got.Refused != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := transfer.Export(t.Context(), closed, tenant, io.Discard, nil, nil); convo.ErrorKind(err) != convo.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestCancellingEndsBothDirections(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	one := memory.New()
	fill(t, one)
	data := export(t, one)
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = r.CloseWithError(gone) })
	go func() {
		_, _ = w.Write(data[:len(data)/2])
		cancel(gone)
	}()
	if _, err := transfer.Import(ctx, memory.New(), tenant, r, false, nil); !errors.Is(err, gone) {
		t.Errorf("import: %v", err)
	}
	full := errors.New("full")
	err := transfer.Export(t.Context(), one, tenant, writerFunc(func([]byte) (int, error) { return 0, full }), nil, nil)
	if !errors.Is(err, full) {
		t.Errorf("export: %v", err)
	}
}

func TestConversationsOfOneMomentAreInTheOrderOfTheirIDs(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		s := open()
		want := make([]string, 0, 2500)
		for n := range cap(want) {
			id := fmt.Sprintf("01890000-0000-7000-8000-%012x", n*7919%cap(want))
			if n%2 == 1 {
				id = fmt.Sprintf("%d-odd", n)
			}
			put(t, s, id, of("", convo.ConversationCreated{}))
		}
		reader := archive.NewReader(bytes.NewReader(export(t, s)))
		for {
			c, err := reader.Next()
			if err == io.EOF {
				break
			}
			must(t, err)
			want = append(want, c.ID)
		}
		for i := range want[1:] {
			if want[i] >= want[i+1] {
				t.Fatalf("%s stands before %s", want[i], want[i+1])
			}
		}
		if len(want) != 2500 {
			t.Errorf("%d conversations", len(want))
		}
	})
}

func TestUpdatedKnowsWhatIsThere(t *testing.T) {
	t.Parallel()
	s := memory.New()
	fill(t, s)
	got, err := transfer.Updated(t.Context(), s, tenant, []string{"plain", "none", "rich"})
	head, _ := s.Head(t.Context(), tenant, "rich")
	if want := map[string]time.Time{"plain": born, "rich": head.Updated}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
