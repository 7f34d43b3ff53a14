package archive_test

import (
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

func (a *author) agenda() convo.Agenda {
	return convo.Agenda{
		Owner: maybe(a, "user-1"), AutoLabel: a.r.IntN(2) == 0, AgentInput: a.meta(), TraceID: maybe(a, strings.Repeat("ab", 16)),
		JobKey: maybe(a, "job"), LocalJob: maybe(a, true), JobStart: a.output(),
	}
}

// exchange runs a turn of a client, from what it says to what it approves.
func (a *author) exchange() {
	turn, slot := a.hear(true), int64(0)
	a.add(turn, convo.TurnQueued{})
	if slot = a.start(turn); a.err != nil {
		return
	}
	a.ask(turn, slot, true)
	id, text := a.messageID(), "It says so [1]."
	cited := convo.Citation{ID: "cited-" + id, Offset: 11, Length: 3, Sources: []convo.Source{{Title: a.text(), Number: 1, URL: "https://example.com/?a=1&b"}}}
	place := convo.Place(slot, 100)
	a.add(turn, convo.MessageStarted{ID: id, Place: place, Type: convo.Bot})
	a.add(turn, convo.Delta{Message: id, Type: convo.Bot, Text: text[:11]})
	a.add(turn, convo.Cited{Message: id, Citation: cited})
	a.add(turn, convo.Delta{Message: id, Type: convo.Bot, Text: text[11:]})
	a.add(turn, convo.MessageEnded{ID: id, Place: place, Type: convo.Bot, Text: text, Citations: []convo.Citation{cited}})
	a.add(turn, convo.ModelAnswered{Model: "gpt-4o"})
	a.add(turn, convo.PassedOn{Front: "uipath", Body: a.output()})
	a.add(turn, convo.TurnEnded{Reason: convo.EndDone})
	a.add(turn, convo.Rated{ID: "vote-" + id, Value: pick(a, 1, -1), Reason: a.text()})
	a.add("", convo.ConversationChanged{Fields: a.fields(), Relabelled: pick(a, convo.ByCaller, convo.ByModel)})
	if a.r.IntN(3) == 0 {
		a.add("", convo.MessageDeleted{ID: id})
	}
}

// hear opens a turn and lets its client say a message of three parts, to its end
// or not.
func (a *author) hear(end bool) string {
	a.turns++
	turn := fmt.Sprintf("01890000-4444-7000-8000-%06x%03x%03x", a.i, a.messages, a.turns)
	a.add(turn, convo.TurnOpened{
		Front: "uipath", Alias: "EXCHANGE-" + turn, Metadata: a.output(), Implied: a.r.IntN(4) == 0,
	})
	id := a.messageID()
	a.add(turn, convo.MessageStarted{ID: id, Type: convo.User, Alias: "MESSAGE-1", Meta: a.meta()})
	for n, part := range []convo.Part{
		{ID: id + "-p", Alias: "PART", MediaType: "text/markdown", Meta: a.meta()},
		{ID: id + "-f", MediaType: "image/png", Name: a.text(), File: &convo.FileRef{URI: "urn:parley:file:1", Size: 7}},
		{ID: id + "-q", Transcript: true},
	} {
		a.add(turn, convo.PartStarted{Message: id, Part: part})
		for range a.r.IntN(4) {
			if part.File == nil {
				a.add(turn, convo.Delta{Message: id, Type: convo.User, Part: part.ID, Text: pick(a, "🗼 ", "said ", "é")})
			}
		}
		if !end && n == 2 {
			return turn
		}
		a.add(turn, convo.PartEnded{Message: id, Part: part.ID, Incomplete: a.r.IntN(5) == 0, Meta: a.meta()})
	}
	if a.err != nil {
		return turn
	}
	coming := a.tx.Head().Turn(turn).ComingMessage(id)
	text, err := a.tx.Text(id)
	if err != nil {
		a.err = err
		return turn
	}
	a.add(turn, coming.End(text, func(part string) convo.Length { return a.tx.Length(id, part) }, false, coming.Created))
	return turn
}

// ask lets a turn make calls that wait for a client, and has them answered or not.
func (a *author) ask(turn string, slot int64, end bool) {
	for n, asks := range []convo.Asks{convo.AsksConfirm, convo.AsksInterrupt} {
		call := convo.ToolRequested{
			ID: fmt.Sprintf("01890000-5555-7000-8000-%06x%03x%03x", a.i, a.messages, n), Message: a.messageID(),
			Place: convo.Place(slot, int64(10+2*n)), Name: "transfer", Arguments: convo.JSON(`{"sum":1}`),
			Runs:  pick(a, convo.RunsServer, convo.RunsClient),
			Asked: convo.Asked{Asks: asks, Input: convo.JSON(`{"type":"object"}`), Output: a.meta()},
		}
		a.add(turn, call)
		if asks == convo.AsksInterrupt {
			a.add(turn, convo.InterruptStarted{ID: "i-" + call.ID, Call: call.ID, Message: call.Message, Type: "y", Value: a.output()})
		}
		if call.Runs == convo.RunsClient {
			a.add(turn, convo.ToolOffered{ID: call.ID, Message: call.Message, To: "session"})
		}
		if !end {
			continue
		}
		if asks == convo.AsksInterrupt {
			a.add(turn, convo.InterruptEnded{ID: "i-" + call.ID, Call: call.ID, Message: call.Message, Value: a.output()})
		}
		approved := a.r.IntN(3) > 0
		a.add(turn, convo.ToolAnswered{ID: call.ID, Message: call.Message, Name: call.Name, Approved: approved, Input: convo.JSON(`{"sum":2}`)})
		ended := convo.ToolEnded{
			ID: call.ID, Message: a.messageID(), Place: convo.Place(slot, int64(11+2*n)), Name: call.Name, Arguments: call.Arguments,
			Output: a.output(), Outcome: pick(a, convo.ToolRejected, convo.ToolExpired),
		}
		if approved {
			a.add(turn, convo.ToolStarted{ID: call.ID, Message: call.Message, Name: call.Name, Input: convo.JSON(`{"sum":2}`), To: "session"})
			ended.Outcome = convo.ToolDone
		}
		a.add(turn, ended)
		if a.r.IntN(3) == 0 {
			a.add("", convo.MessageDeleted{ID: call.Message})
		}
	}
}
