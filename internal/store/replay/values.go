package replay

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// maxSlot bounds the slots of a log that comes from outside. It is more than any
// log has room for, and leaves room for those that come after it: a place is a
// slot and 20 bits more.
const maxSlot = 1 << 40

// checkValues refuses what an event may not say, whatever comes before it.
// Servers do not write such events, so only logs from outside are looked at:
// reads would fail on them, and what goes on from them would run over.
func checkValues(e convo.Event) error {
	if year := e.At.Year(); year < 1 || year > 9999 {
		return wrong(e, "its time lies in the year %d", year)
	}
	switch b := e.Body.(type) {
	case convo.ConversationCreated:
		return checkFields(e, b.Fields)
	case convo.ConversationChanged:
		return checkFields(e, b.Fields)
	case convo.TurnStarted:
		return checkSlot(e, b.Slot)
	case convo.MessageGiven:
		return checkMessage(e, b.Fields.Type, b.Fields.Meta, b.Place)
	case convo.MessageStarted:
		return checkMessage(e, b.Type, nil, b.Place)
	case convo.Delta:
		return checkMessage(e, b.Type, nil, 0)
	case convo.MessageEnded:
		return checkMessage(e, b.Type, b.Meta, b.Place)
	case convo.MessageChanged:
		return checkMessage(e, b.Fields.Type, b.Fields.Meta, 0)
	case convo.TurnWaiting:
		for _, call := range b.Left {
			if err := checkRequest(e, call); err != nil {
				return err
			}
		}
	case convo.ToolRequested:
		return checkRequest(e, b)
	case convo.ToolStarted:
		return checkActivity(e, b.Input, 0)
	case convo.ToolEnded:
		return checkCallEnd(e, b)
	}
	return nil
}

func checkFields(e convo.Event, f convo.Fields) error {
	if f.Channel != nil {
		return wrong(e, "it hides the conversation, and only a server's own may be hidden")
	}
	return checkMeta(e, f.Meta)
}

func checkRequest(e convo.Event, b convo.ToolRequested) error {
	runners := []convo.Runner{convo.RunsServer, convo.RunsCaller, convo.RunsChannel, convo.RunsClient, convo.RunsUser}
	if !slices.Contains(runners, b.Runs) {
		return wrong(e, "%q is nobody who carries out calls", b.Runs)
	}
	return checkActivity(e, b.Arguments, b.Place)
}

func checkCallEnd(e convo.Event, b convo.ToolEnded) error {
	outcomes := []convo.ToolOutcome{
		convo.ToolDone, convo.ToolFailed, convo.ToolCancelled, convo.ToolInterrupted, convo.ToolRejected, convo.ToolExpired,
	}
	if !slices.Contains(outcomes, b.Outcome) {
		return wrong(e, "a call does not end as %q", b.Outcome)
	}
	if len(b.Output) > 0 && !json.Valid(b.Output) {
		return wrong(e, "what the call gave is no JSON")
	}
	return checkActivity(e, b.Arguments, b.Place)
}

// checkActivity looks at what a call was given, which is absent where it was
// erased, and at the place of the message that it makes.
func checkActivity(e convo.Event, arguments convo.JSON, place int64) error {
	if text := bytes.TrimSpace(arguments); len(arguments) > 0 && (!json.Valid(text) || text[0] != '{') {
		return wrong(e, "what the call was given is no JSON object")
	}
	return checkMessage(e, convo.Activity, nil, place)
}

func checkMessage(e convo.Event, kind convo.MessageType, meta convo.JSON, place int64) error {
	if !kind.Valid() {
		return wrong(e, "%q is no type of a message", kind)
	}
	if err := checkMeta(e, meta); err != nil {
		return err
	}
	if place < 0 {
		return nil // told with the message that it is of
	}
	return checkSlot(e, convo.SlotOf(place))
}

func checkSlot(e convo.Event, slot int64) error {
	if slot < 0 || slot > maxSlot {
		return wrong(e, "there is no slot %d", slot)
	}
	return nil
}

func checkMeta(e convo.Event, meta convo.JSON) error {
	if len(meta) == 0 {
		return nil
	}
	text := bytes.TrimSpace(meta)
	if !json.Valid(text) || text[0] != '{' && string(text) != "null" {
		return wrong(e, "its meta is no JSON object")
	}
	return nil
}
