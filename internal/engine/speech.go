package engine

import (
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// goOn follows an answer that was cut, when the model is asked for the rest.
const goOn = "Your answer was cut off. Go on exactly where it ends, and repeat nothing."

// callNow follows a whole answer, when the model has to make a last call.
func callNow(name string) string { return fmt.Sprintf("Now call %s.", name) }

// speech is the answer of the model that the next message of a history may
// belong to. Its text and its calls are one message of a prompt, and the results
// follow. The messages that a turn made for one answer stand at places without a
// gap ([sink.part]); of those that callers gave, a text and the calls right behind
// it count as one answer.
//
// All that it adds follows from the messages, so that later prompts have it too.
type speech struct {
	at    int    // index of its message in the prompt; -1 = there is none
	turn  string // whose turn it belongs to; "" = a caller's
	place int64  // of its last message
	calls bool   // it has calls
	over  bool   // a caller's, and results have followed
}

// add adds a message to a prompt, with the calls that were paired with it.
func (s *speech) add(list []model.Message, m convo.Message, calls []pairedCall) []model.Message {
	switch {
	case m.Type == convo.Reasoning: // is not sent back
		s.pass(m)
		return list
	case m.Type == convo.Activity && len(calls) > 0:
		return s.addCalls(list, m, calls)
	case m.Type == convo.Activity:
		s.pass(m)
		s.over = true
		return list
	case m.Type != convo.Bot:
		s.at = -1
		return appendMessage(list, m)
	case m.Text == "":
		s.at = -1
		return list
	}
	if s.spoke(m.Turn) {
		list = append(list, model.Message{Role: model.System, Text: goOn})
	}
	*s = speech{at: len(list), turn: m.Turn, place: m.Place}
	return append(list, model.Message{Role: model.Assistant, Text: m.Text})
}

func (s *speech) addCalls(list []model.Message, m convo.Message, calls []pairedCall) []model.Message {
	if !s.holds(m) {
		if s.spoke(m.Turn) {
			list = append(list, model.Message{Role: model.System, Text: callNow(calls[0].call.Name)})
		}
		*s = speech{at: len(list), turn: m.Turn}
		list = append(list, model.Message{Role: model.Assistant})
	}
	s.place, s.calls = m.Place, true
	for _, c := range calls {
		list[s.at].Calls = append(list[s.at].Calls, c.call)
		list = append(list, model.Message{
			Role: model.ToolResult, Call: c.call.ID, Text: c.result + c.note, Error: strings.HasPrefix(c.result, `{"error":`),
		})
	}
	return list
}

// holds reports whether a call belongs to the answer.
func (s *speech) holds(m convo.Message) bool {
	switch {
	case s.at < 0 || s.turn != m.Turn:
		return false
	case m.Turn == "":
		return !s.over
	}
	return m.Place == s.place+1
}

// pass takes in a message that adds nothing to a prompt.
func (s *speech) pass(m convo.Message) {
	if m.Turn != "" && m.Turn == s.turn && m.Place == s.place+1 {
		s.place = m.Place
	}
}

// spoke reports whether the last thing in the prompt is a text that the model said
// in that turn: another answer of the turn has to follow from something.
func (s *speech) spoke(turn string) bool {
	return s.at >= 0 && !s.calls && turn != "" && s.turn == turn
}

// askAgain ends a prompt with the reason why the model is asked once more.
func (s *speech) askAgain(list []model.Message, turn, force string) []model.Message {
	switch {
	case !s.spoke(turn):
		return list
	case force != "":
		return append(list, model.Message{Role: model.System, Text: callNow(force)})
	}
	return append(list, model.Message{Role: model.System, Text: goOn})
}
