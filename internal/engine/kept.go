package engine

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// keptEvent is an event of a stateless turn in a kept answer.
type keptEvent struct {
	At     int64         `json:"at"` // Unix milliseconds
	Record record.Record `json:"record"`
}

// encodeEvents writes events. Text that came in many pieces is kept in one: a
// repeat gets the same bytes, and tokens take no room of their own.
func encodeEvents(events []convo.Event) ([]byte, error) {
	kept := make([]keptEvent, 0, 8)
	for len(events) > 0 {
		body, n := firstBody(events)
		r, err := record.Encode(body)
		if err != nil {
			return nil, err
		}
		kept = append(kept, keptEvent{At: events[0].At.UnixMilli(), Record: r})
		events = events[n:]
	}
	return json.Marshal(kept)
}

// firstBody gives the first event's body, and how many events are in it: a
// delta takes those of the same message along that follow it.
func firstBody(events []convo.Event) (convo.Body, int) {
	first, ok := events[0].Body.(convo.Delta)
	if !ok {
		return events[0].Body, 1
	}
	var text strings.Builder
	n := 0
	for ; n < len(events); n++ {
		d, ok := events[n].Body.(convo.Delta)
		if !ok || d.Message != first.Message || d.Type != first.Type {
			break
		}
		text.WriteString(d.Text)
	}
	first.Text = text.String()
	return first, n
}

func decodeEvents(plain []byte) ([]convo.Event, error) {
	var kept []keptEvent
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil, err
	}
	events := make([]convo.Event, len(kept))
	for i, k := range kept {
		body, err := record.Decode(k.Record)
		if err != nil {
			return nil, err
		}
		events[i] = convo.Event{At: time.UnixMilli(k.At).UTC(), Body: body}
	}
	return events, nil
}
