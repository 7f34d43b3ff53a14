package replay_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/replay"
)

// dice makes events of bytes, with few ids and places, so that they meet.
type dice struct{ bytes []byte }

func (d *dice) roll(n int) int {
	if len(d.bytes) == 0 {
		return 0
	}
	v := int(d.bytes[0]) % n
	d.bytes = d.bytes[1:]
	return v
}

func (d *dice) id() string { return []string{"a", "b", "c", "d"}[d.roll(4)] }

func (d *dice) place() int64 { return convo.Place(int64(d.roll(3)), int64(d.roll(6))) }

func (d *dice) json() convo.JSON {
	return []convo.JSON{nil, convo.JSON(`{}`), convo.JSON(`{ "a": 1 }`), convo.JSON(`[1]`), convo.JSON(`{`)}[d.roll(5)]
}

func (d *dice) request() convo.ToolRequested {
	return convo.ToolRequested{ID: d.id(), Message: d.id(), Place: d.place(), Arguments: d.json(), Runs: convo.RunsServer}
}

func (d *dice) body() convo.Body {
	fields := convo.MessageFields{Type: convo.User}
	switch d.roll(26) {
	case 0:
		return convo.TurnOpened{}
	case 1:
		return convo.TurnStarted{Slot: int64(d.roll(3))}
	case 2:
		return convo.TurnEnded{Reason: convo.EndDone}
	case 3:
		return convo.MessageGiven{ID: d.id(), Place: d.place(), Fields: fields, Text: "given"}
	case 4:
		return convo.MessageStarted{ID: d.id(), Place: d.place(), Type: convo.Bot}
	case 5:
		return convo.Delta{Message: d.id(), Type: convo.Bot, Text: "piece"}
	case 6:
		return convo.MessageEnded{ID: d.id(), Place: d.place(), Type: convo.Bot, Text: []string{"", "piece", "piecepiece"}[d.roll(3)]}
	case 7:
		return convo.MessageChanged{ID: d.id(), Fields: fields, Text: []*string{nil, new("changed")}[d.roll(2)]}
	case 8:
		return convo.MessageDeleted{ID: d.id()}
	case 9:
		return convo.TurnWaiting{Left: []convo.ToolRequested{d.request(), d.request()}}
	case 10:
		return convo.ToolStarted{ID: d.id(), Message: d.id(), Input: d.json()}
	case 11:
		return convo.ToolEnded{ID: d.id(), Message: d.id(), Place: d.place(), Arguments: d.json(), Output: d.json(), Outcome: convo.ToolDone}
	case 12, 13:
		return d.request()
	default:
		return d.said()
	}
}

// said makes an event of a live session.
func (d *dice) said() convo.Body {
	switch d.roll(12) {
	case 0:
		return convo.TurnOpened{Alias: d.id(), Metadata: d.json()}
	case 1:
		return convo.MessageStarted{ID: d.id(), Place: int64(d.roll(3)), Type: convo.User, Alias: d.id(), Meta: d.json()}
	case 2:
		return convo.PartStarted{Message: d.id(), Part: d.part()}
	case 3:
		return convo.Delta{Message: d.id(), Type: convo.User, Part: d.id(), Text: "🗼"}
	case 4:
		return convo.Cited{Message: d.id(), Part: d.id(), Citation: d.citation()}
	case 5:
		return convo.PartEnded{Message: d.id(), Part: d.id(), Meta: d.json()}
	case 6:
		p := d.part()
		p.End = 4 * d.roll(3)
		return convo.MessageEnded{
			ID: d.id(), Place: int64(d.roll(3)), Type: convo.User, Alias: d.id(), Text: []string{"", "🗼", "🗼🗼"}[d.roll(3)], Parts: []convo.Part{p},
		}
	case 7:
		return convo.ToolAnswered{ID: d.id(), Message: d.id(), Approved: d.roll(2) == 0, Input: d.json()}
	case 8:
		return convo.InterruptStarted{ID: d.id(), Call: d.id(), Message: d.id(), Value: d.json()}
	case 9:
		return convo.InterruptEnded{ID: d.id(), Call: d.id(), Message: d.id(), Value: d.json()}
	case 10:
		return convo.Rated{ID: d.id(), Value: d.roll(3) - 1}
	default:
		r := d.request()
		r.Asked, r.Runs = convo.Asked{Asks: convo.AsksInterrupt, Input: d.json()}, convo.RunsClient
		return r
	}
}

func (d *dice) citation() convo.Citation {
	return convo.Citation{ID: d.id(), Offset: 2 * d.roll(3), Length: 2 * d.roll(2), Sources: []convo.Source{{Title: "T"}}}
}

func (d *dice) part() convo.Part {
	p := convo.Part{ID: d.id(), Name: "name", Meta: d.json()}
	switch d.roll(3) {
	case 0:
		p.File = &convo.FileRef{URI: "urn:x"}
	case 1:
		p.Citations = []convo.Citation{d.citation()}
	}
	return p
}

// FuzzWhole replays logs that may be wrong in any way. What is refused changes
// nothing, what is taken says nothing of deleted messages and can be shown.
func FuzzWhole(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 0, 12, 0, 0, 1, 0, 1, 0, 11, 0, 1, 1, 1, 1, 1, 0, 8, 0, 0, 2})
	f.Add([]byte{0, 14, 0, 0, 0, 0, 14, 1, 1, 0, 2, 2, 0, 14, 2, 1, 0, 2, 0, 0, 14, 3, 1, 0, 0, 14, 5, 1, 0, 0, 0, 14, 6, 0, 2, 1, 1, 0, 2, 1, 0, 8, 1})
	f.Add([]byte{0, 3, 0, 1, 0, 0, 4, 1, 1, 1, 0, 5, 1, 0, 6, 1, 1, 1, 1, 0, 7, 1, 1, 0, 8, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &dice{data}
		l := replay.New("a", "c", nil)
		events := []convo.Event{{Seq: 1, At: time.UnixMilli(1).UTC(), Body: convo.ConversationCreated{}}}
		if err := l.Add(events[0]); err != nil {
			t.Fatal(err)
		}
		for len(d.bytes) > 0 {
			e := convo.Event{Seq: l.Head().LastSeq + 1, At: time.UnixMilli(2).UTC(), Turn: []string{"t", "u"}[d.roll(2)], Body: d.body()}
			if err := l.Add(e); err == nil {
				events = append(events, e)
			} else if l.Head().LastSeq != int64(len(events)) {
				t.Fatalf("%v moved the log to %d", err, l.Head().LastSeq)
			}
		}
		for _, turn := range l.Head().Open {
			events = append(events, convo.Event{Seq: int64(len(events) + 1), At: time.UnixMilli(3).UTC(), Turn: turn.ID, Body: convo.TurnEnded{}})
		}
		whole, kept, err := replay.Whole("a", "c", events)
		if err != nil {
			return // what no server could show
		}
		again, same, err := replay.Whole("a", "c", kept)
		if err != nil || !reflect.DeepEqual(same, kept) || len(again.Remnants()) > 0 ||
			!reflect.DeepEqual(again.Turns(), whole.Turns()) || !reflect.DeepEqual(again.Head(), whole.Head()) {
			t.Fatalf("%v: %+v became %+v with %+v", err, kept, same, again.Remnants())
		}
		for _, m := range whole.Messages() {
			if len(m.Meta) > 0 && !json.Valid(m.Meta) {
				t.Fatalf("message %q has the meta %s", m.ID, m.Meta)
			}
		}
	})
}
