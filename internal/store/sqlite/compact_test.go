package sqlite_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

var compactTurns = flag.Int("compact.turns", 600, "how many turns the folder is measured with")

// TestTheFolderIsAtMostHalfLargerThanItsTexts has many callers write turns
// as a server does, each message with 1000 bytes, so that rows of conversations
// come in no order.
func TestTheFolderIsAtMostHalfLargerThanItsTexts(t *testing.T) {
	t.Parallel()
	const callers, size = 16, 1000
	folder := t.TempDir()
	s, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conversations := max(callers, *compactTurns/20)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(caller)))
			writeTurns(t.Context(), t, s, r, conversations/callers, *compactTurns/callers, size)
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir() // what the tables take themselves, which counts in a store as small as this one only
	if s, err = sqlite.Open(t.Context(), empty, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	texts, written := int64(*compactTurns/callers*callers*2*size), databaseSize(t, folder)-databaseSize(t, empty)
	ratio := float64(written) / float64(texts)
	t.Logf("%d bytes for %d bytes of text: %.2f", written, texts, ratio)
	if ratio > 1.5 {
		t.Errorf("the folder has %.2f times the size of its texts", ratio)
	}
}

func databaseSize(t *testing.T, folder string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(folder, "parley.db"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// randomID gives an id as the server does: it rises with the time.
func randomID(r *rand.Rand, at time.Time) string {
	a, b := at.UnixMilli(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x", a>>16, a&0xffff, b>>52, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}

func writeTurns(ctx context.Context, t *testing.T, s store.Store, r *rand.Rand, conversations, turns, size int) {
	at := time.UnixMilli(1_700_000_000_000)
	words := strings.Fields(vocabulary)
	ids, slots := make([]string, conversations), make([]int64, conversations)
	write := func(c int, sync store.Sync, turn, origin string, bodies ...convo.Body) {
		_, err := s.Update(ctx, "default", ids[c], sync, func(tx store.Tx) error {
			for _, b := range bodies {
				e := convo.Event{At: at, Turn: turn, Origin: origin, Body: b}
				if err := tx.Append(e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	token := randomID(r, at)
	for range turns {
		c := r.IntN(conversations)
		if slots[c] == 0 {
			ids[c] = randomID(r, at)
			write(c, store.Buffered, "", token, convo.ConversationCreated{})
		}
		slots[c]++
		slot := slots[c]
		at = at.Add(time.Duration(1000+r.IntN(1000)) * time.Millisecond)
		turn, question, answer := randomID(r, at), randomID(r, at), randomID(r, at)
		text := sentence(r, words, size)
		write(c, store.Durable, turn, token, convo.TurnOpened{Front: "chatbotkit", Zone: "Europe/Berlin"},
			convo.MessageGiven{ID: question, Fields: convo.MessageFields{Type: convo.User}, Text: text}, convo.TurnQueued{})
		write(c, store.Buffered, turn, "", convo.TurnStarted{Slot: slot}, convo.ModelAsked{Model: "gpt-4o"})
		place := convo.Place(slot, 1)
		write(c, store.Buffered, turn, "", convo.MessageStarted{ID: answer, Place: place, Type: convo.Bot})
		for rest := text; rest != ""; {
			n := min(len(rest), 3+r.IntN(12))
			write(c, store.Buffered, turn, "", convo.Delta{Message: answer, Type: convo.Bot, Text: rest[:n]})
			rest = rest[n:]
			at = at.Add(time.Duration(5+r.IntN(30)) * time.Millisecond)
		}
		used := convo.Usage{Input: convo.Tokens{N: 500 + slot}, Output: convo.Tokens{N: 200 + slot}}
		write(c, store.Durable, turn, "",
			convo.MessageEnded{ID: answer, Place: place, Type: convo.Bot, Text: text},
			convo.ModelAnswered{Model: "gpt-4o", Usage: used, FirstToken: 312 * time.Millisecond, Took: 2114 * time.Millisecond},
			convo.TurnEnded{Reason: convo.EndDone, Usage: used})
	}
}

// sentence gives words in no order: a text has more pattern than this.
func sentence(r *rand.Rand, words []string, size int) string {
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(' ')
	}
	return b.String()[:size]
}

// vocabulary are the most frequent words of this project's design page.
const vocabulary = `the a of and in is to it that its for with one turn by its which conversation message text events
	server model client tool call log store token as they are not from no be an on event what caller answer written
	database protocol conversations started ends commit reader number driver restart session channel approval waits
	provider other after first time numbers other before stored settings address default file folder encrypted memory
	transaction checkpoint connection configured limits measured goroutine interrupted projection continues between`
