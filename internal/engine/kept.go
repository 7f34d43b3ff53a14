package engine

import (
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// keptEvent is an event of a stateless turn in a kept answer.
type keptEvent struct {
	At     int64         `json:"at"` // Unix milliseconds
	Record record.Record `json:"record"`
}

func encodeEvents(events []convo.Event) ([]byte, error) {
	kept := make([]keptEvent, len(events))
	for i, event := range events {
		r, err := record.Encode(event.Body)
		if err != nil {
			return nil, err
		}
		kept[i] = keptEvent{At: event.At.UnixMilli(), Record: r}
	}
	return json.Marshal(kept)
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
