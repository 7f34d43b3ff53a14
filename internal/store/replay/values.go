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
		return errorsFirst(checkMessage(e, b.Fields.Type, b.Fields.Meta, b.Place), checkPartValues(e, b.Parts), checkNumbers(e, b.Sources))
	case convo.MessageStarted:
		return errorsFirst(checkMessage(e, b.Type, nil, b.Place), checkJSON(e, "its meta", b.Meta))
	case convo.Delta:
		return checkMessage(e, b.Type, nil, 0)
	case convo.MessageEnded:
		return errorsFirst(checkMessage(e, b.Type, b.Meta, b.Place), checkPartValues(e, b.Parts))
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
		return errorsFirst(checkCallEnd(e, b), checkNumbers(e, b.Sources))
	}
	return checkSessionValues(e)
}

// checkSessionValues is checkValues for the events of live sessions.
func checkSessionValues(e convo.Event) error {
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		return checkJSON(e, "its metadata", b.Metadata)
	case convo.PartStarted:
		return checkPartValues(e, []convo.Part{b.Part})
	case convo.PartEnded:
		return checkJSON(e, "its meta", b.Meta)
	case convo.ToolAnswered:
		return checkActivity(e, b.Input, 0)
	case convo.InterruptStarted:
		return checkJSON(e, "its value", b.Value)
	case convo.InterruptEnded:
		return checkJSON(e, "its value", b.Value)
	case convo.PassedOn:
		return checkJSON(e, "what is passed on", b.Body)
	}
	return nil
}

func checkPartValues(e convo.Event, parts []convo.Part) error {
	for _, p := range parts {
		if p.File != nil && p.File.Size < 0 {
			return wrong(e, "the file of part %q has a negative size", p.ID)
		}
		if err := checkJSON(e, "the meta of a part", p.Meta); err != nil {
			return err
		}
	}
	return nil
}

func checkJSON(e convo.Event, what string, text convo.JSON) error {
	if len(text) > 0 && !json.Valid(text) {
		return wrong(e, "%s is no JSON", what)
	}
	return nil
}

func checkFields(e convo.Event, f convo.Fields) error {
	if f.Channel != nil {
		return wrong(e, "it hides the conversation, and only a server's own may be hidden")
	}
	return errorsFirst(checkMeta(e, f.Meta), checkMeta(e, f.AgentInput), checkJSON(e, "its job's start", f.JobStart))
}

func checkRequest(e convo.Event, b convo.ToolRequested) error {
	runners := []convo.Runner{convo.RunsServer, convo.RunsCaller, convo.RunsChannel, convo.RunsClient, convo.RunsUser}
	if !slices.Contains(runners, b.Runs) {
		return wrong(e, "%q is nobody who carries out calls", b.Runs)
	}
	if !slices.Contains([]convo.Asks{convo.AsksNothing, convo.AsksConfirm, convo.AsksInterrupt}, b.Asked.Asks) {
		return wrong(e, "a call does not ask by %q", b.Asked.Asks)
	}
	return errorsFirst(
		checkJSON(e, "the schema of its arguments", b.Asked.Input), checkJSON(e, "the schema of its result", b.Asked.Output),
		checkActivity(e, b.Arguments, b.Place),
	)
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

// maxNumber bounds the numbers of sources, far above what an engine gives.
const maxNumber = 1 << 30

// checkNumbers refuses numbers that are none.
func checkNumbers(e convo.Event, n convo.Numbers) error {
	if n == (convo.Numbers{}) || n.First > 0 && n.Count > 0 && n.First < maxNumber && n.Count < maxNumber {
		return nil
	}
	return wrong(e, "the numbers of its sources are %d, from %d on", n.Count, n.First)
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
