package replay_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/replay"
)

// saying is a log of a turn whose client has said a text and a file.
func saying(rest ...convo.Body) []convo.Event {
	return events(append([]convo.Body{
		convo.ConversationCreated{}, convo.TurnOpened{Alias: "X"},
		convo.MessageStarted{ID: "m", Type: convo.User, Alias: "M"},
		convo.PartStarted{Message: "m", Part: convo.Part{ID: "p"}},
		convo.Delta{Message: "m", Type: convo.User, Part: "p", Text: "🗼a"},
	}, rest...)...)
}

// ended is the end of what was said, with a change of it.
func ended(change func(*convo.MessageEnded)) convo.MessageEnded {
	cites := []convo.Citation{{ID: "c", Offset: 1, Length: 2}}
	b := convo.MessageEnded{ID: "m", Type: convo.User, Alias: "M", Text: "🗼a", Parts: []convo.Part{
		{ID: "p", End: 5, Citations: cites}, {ID: "f", Start: 5, End: 5, File: &convo.FileRef{URI: "u"}},
	}}
	change(&b)
	return b
}

func asking(rest ...convo.Body) []convo.Event {
	return events(append([]convo.Body{
		convo.ConversationCreated{}, convo.TurnOpened{}, convo.TurnStarted{Slot: 1},
		convo.ToolRequested{ID: "k", Message: "q", Place: convo.Place(1, 0), Runs: convo.RunsServer, Asked: convo.Asked{Asks: convo.AsksConfirm}},
		convo.ToolRequested{ID: "l", Message: "r", Place: convo.Place(1, 1), Runs: convo.RunsClient, Asked: convo.Asked{Asks: convo.AsksInterrupt}},
		convo.ToolRequested{ID: "n", Message: "s", Place: convo.Place(1, 2), Runs: convo.RunsServer},
	}, rest...)...)
}

func TestWhatClientsCannotHaveSaidIsRefused(t *testing.T) {
	t.Parallel()
	file := convo.PartStarted{Message: "m", Part: convo.Part{ID: "f", File: &convo.FileRef{URI: "u"}}}
	partEnd := convo.PartEnded{Message: "m", Part: "p"}
	all := []convo.Body{partEnd, file, convo.PartEnded{Message: "m", Part: "f"}}
	with := func(b convo.Body) []convo.Event { return saying(append(all[:3:3], b)...) }
	sources := []convo.Source{{Title: "T"}}
	for says, list := range map[string][]convo.Event{
		`called "X" already`:            saying(convo.TurnOpened{Alias: "X"}),
		`called "t" already`:            saying(convo.TurnOpened{Alias: "t"}),
		`called "M" already`:            saying(convo.MessageStarted{ID: "n", Alias: "M"}),
		"the one before it has ended":   saying(file),
		"needs an id":                   saying(partEnd, convo.PartStarted{Message: "m"}),
		`there is a part "p" already`:   saying(partEnd, convo.PartStarted{Message: "m", Part: convo.Part{ID: "p"}}),
		`part "f" of message "m" has`:   saying(convo.PartEnded{Message: "m", Part: "f"}),
		`part "p" of message "m" has`:   saying(partEnd, convo.Delta{Message: "m", Part: "p", Text: "x"}),
		`part "" of message "m" has`:    saying(convo.Delta{Message: "m", Text: "x"}),
		"is a file":                     saying(partEnd, file, convo.Delta{Message: "m", Part: "f", Text: "x"}),
		"stands at 2, where":            saying(convo.Cited{Message: "m", Part: "p", Citation: convo.Citation{Offset: 2, Sources: sources}}),
		"before the one before it":      saying(convo.Cited{Message: "m", Part: "p", Citation: convo.Citation{Offset: 3, Length: 1, Sources: sources}}, convo.Cited{Message: "m", Part: "p", Citation: convo.Citation{Offset: 3, Sources: sources}}),
		"the turn starts before":        saying(convo.TurnStarted{Slot: 1}),
		"ends before its part":          saying(partEnd, file, ended(func(*convo.MessageEnded) {})),
		"with 1 parts, where 2 came":    with(ended(func(b *convo.MessageEnded) { b.Parts = b.Parts[:1] })),
		"under another alias":           with(ended(func(b *convo.MessageEnded) { b.Alias = "" })),
		`"x" of message "m" is not`:     with(ended(func(b *convo.MessageEnded) { b.Parts[0].ID = "x" })),
		`"p" of message "m" is not`:     with(ended(func(b *convo.MessageEnded) { b.Parts[0].End = 4 })),
		"lies outside its text":         with(ended(func(b *convo.MessageEnded) { b.Parts[0].Citations[0].Length = 3 })),
		"behind its last part":          with(ended(func(b *convo.MessageEnded) { b.Text += "!" })),
		"no piece of its text":          events(convo.ConversationCreated{}, convo.MessageGiven{ID: "g", Place: convo.Place(1, 0), Text: "é", Parts: []convo.Part{{ID: "p", Start: 1, End: 2}}}),
		"inside a character":            events(convo.ConversationCreated{}, convo.MessageGiven{ID: "g", Place: convo.Place(1, 0), Text: "é", Parts: []convo.Part{{ID: "p", End: 1}, {ID: "q", Start: 1, End: 2}}}),
		"or that of another part":       events(convo.ConversationCreated{}, convo.MessageGiven{ID: "g", Place: convo.Place(1, 0), Parts: []convo.Part{{ID: "p"}, {ID: "p"}}}),
		"belongs to no part":            events(convo.ConversationCreated{}, convo.MessageStarted{ID: "m", Place: convo.Place(1, 0)}, convo.Delta{Message: "m", Text: "x"}, file),
		`"n" does not wait`:             asking(convo.ToolAnswered{ID: "n", Message: "s"}),
		`"k" does not wait`:             asking(convo.ToolAnswered{ID: "k", Message: "q"}, convo.ToolAnswered{ID: "k", Message: "q"}),
		`message of call "k" is "q"`:    asking(convo.ToolAnswered{ID: "k", Message: "r"}),
		`no call "z"`:                   asking(convo.ToolAnswered{ID: "z", Message: "r"}),
		"before it was approved":        asking(convo.ToolAnswered{ID: "k", Message: "q"}, convo.ToolStarted{ID: "k", Message: "q"}),
		"does not run in a client":      asking(convo.ToolOffered{ID: "k", Message: "q"}),
		`there is "i"`:                  asking(convo.InterruptStarted{ID: "i", Call: "l", Message: "r"}, convo.InterruptStarted{ID: "j", Call: "k", Message: "q"}),
		`the interrupt "j" is not`:      asking(convo.InterruptStarted{ID: "i", Call: "l", Message: "r"}, convo.InterruptEnded{ID: "j", Call: "l", Message: "r"}),
		`"l" ends before its interrupt`: asking(convo.InterruptStarted{ID: "i", Call: "l", Message: "r"}, convo.ToolEnded{ID: "l", Message: "e", Place: convo.Place(1, 3)}),
		"the turn ends before":          asking(convo.InterruptStarted{ID: "i", Call: "l", Message: "r"}, convo.TurnEnded{Reason: convo.EndStopped}),
	} {
		l := replay.New("a", "c", nil)
		var err error
		for i, e := range list {
			if strings.Contains(says, `"X"`) && i == len(list)-1 || strings.Contains(says, `"t"`) && i == len(list)-1 {
				e.Turn = "u"
			}
			if err = l.Add(e); err != nil {
				if i < len(list)-1 {
					t.Errorf("%s: event %d of %d: %v", says, i+1, len(list), err)
				}
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), says) || convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%s: got %v", says, err)
		}
	}
}

func TestASessionsTurnIsAWholeLog(t *testing.T) {
	t.Parallel()
	list := saying(convo.PartEnded{Message: "m", Part: "p"},
		convo.PartStarted{Message: "m", Part: convo.Part{ID: "f", Name: "cat", File: &convo.FileRef{URI: "u"}}}, convo.PartEnded{Message: "m", Part: "f"},
		ended(func(*convo.MessageEnded) {}), convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
		convo.ToolRequested{ID: "l", Message: "r", Place: convo.Place(1, 1), Runs: convo.RunsClient, Asked: convo.Asked{Asks: convo.AsksInterrupt}},
		convo.InterruptStarted{ID: "i", Call: "l", Message: "r", Value: convo.JSON(`{}`)}, convo.ToolOffered{ID: "l", Message: "r", To: "s"},
		convo.InterruptEnded{ID: "i", Call: "l", Message: "r", Value: convo.JSON(`{}`)},
		convo.ToolAnswered{ID: "l", Message: "r", Approved: true, Input: convo.JSON(`{}`)}, convo.ToolStarted{ID: "l", Message: "r", To: "s"},
		convo.ToolEnded{ID: "l", Message: "e", Place: convo.Place(1, 2), Outcome: convo.ToolDone}, convo.PassedOn{Body: convo.JSON(`{}`)},
		convo.TurnEnded{Reason: convo.EndDone}, convo.Rated{ID: "v", Value: -1, Reason: "slow"},
		convo.MessageDeleted{ID: "m"}, convo.MessageDeleted{ID: "r"})
	l, kept, err := replay.Whole("a", "c", list)
	if err != nil {
		t.Fatal(err)
	}
	if turn := l.Turns()[0]; turn.Rating != -1 || turn.RatingReason != "slow" || turn.Alias != "X" {
		t.Errorf("the turn is %+v", turn)
	}
	for _, e := range kept {
		for _, id := range []string{"m", "r"} {
			if erased, ok := convo.Erase(e.Body, id); ok && (convo.Event{Body: erased}).Size() < e.Size() {
				t.Errorf("event %d still says %+v", e.Seq, e.Body)
			}
		}
	}
	if _, _, err := replay.Whole("a", "c", kept); err != nil {
		t.Errorf("what was erased is no whole log any more: %v", err)
	}
}
