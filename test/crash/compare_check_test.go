package crash_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// record is what clients know and what a server has, in good order: one turn
// that was interrupted, one that ended well, and a message beside them.
type record struct {
	witness *witness
	log     []line
	stored  []message
}

func goodRecord() *record {
	r := &record{witness: newWitness("c")}
	r.event(2, "t1", "turnBegin", `{"id":"t1"}`)
	r.message(3, "t1", message{ID: "u1", Type: "user", Text: "first"})
	r.event(5, "t1", "completeBegin", `{}`)
	r.event(8, "t1", "token", `{"token":"Hel"}`)
	r.message(9, "", message{ID: "n1", Type: "context", Text: "note"})
	r.message(10, "t1", incomplete(message{ID: "b1", Type: "bot", Text: "Hel"}))
	r.event(12, "t1", "result", `{"id":"b1","text":"Hel","end":{"reason":"error"}}`)
	r.event(13, "t2", "turnBegin", `{"id":"t2"}`)
	r.message(14, "t2", message{ID: "u2", Type: "user", Text: "second"})
	r.event(16, "t2", "completeBegin", `{}`)
	r.event(19, "t2", "token", `{"token":"Hi"}`)
	r.message(20, "t2", message{ID: "b2", Type: "bot", Text: "Hi"})
	r.event(22, "t2", "result", `{"id":"b2","text":"Hi","end":{"reason":"stop"}}`)
	for _, l := range r.log {
		r.witness.saw(l)
	}
	r.witness.asks = []*ask{
		{operation: complete, text: "first", answered: true, id: "b1", result: result{ID: "b1", Text: "Hel"}},
		{operation: create, text: "note", answered: true, id: "n1"},
		{operation: complete, text: "second", answered: true, id: "b2", result: result{ID: "b2", Text: "Hi"}},
	}
	return r
}

func incomplete(m message) message {
	m.Meta.Incomplete = true
	return m
}

func (r *record) event(seq int64, turn, kind, data string) {
	r.log = append(r.log, line{Type: kind, Data: json.RawMessage(data), Seq: seq, Turn: turn})
}

func (r *record) message(seq int64, turn string, m message) {
	data := fmt.Sprintf(`{"id":%q,"type":%q,"text":%q,"meta":{"incomplete":%v}}`, m.ID, m.Type, m.Text, m.Meta.Incomplete)
	r.event(seq, turn, "message", data)
	r.stored = append(r.stored, m)
}

// lose takes an event out of the log.
func (r *record) lose(seq int64) {
	r.log = slices.DeleteFunc(r.log, func(l line) bool { return l.Seq == seq })
}

func (r *record) at(seq int64) *line {
	return &r.log[slices.IndexFunc(r.log, func(l line) bool { return l.Seq == seq })]
}

func TestTheComparisonAcceptsWhatIsInOrder(t *testing.T) {
	t.Parallel()
	r := goodRecord()
	if problems := compare(r.witness, r.log, r.stored); len(problems) > 0 {
		t.Error(tell(problems))
	}
}

func TestTheComparisonFindsEachBrokenPromise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*record)
		found string
	}{
		"text that was seen is lost":           {func(r *record) { r.lose(8) }, "is not in the log"},
		"text that was seen is another":        {func(r *record) { r.at(8).Data = json.RawMessage(`{"token":"Hal"}`) }, "number 8 was seen as"},
		"text is not in the stored message":    {func(r *record) { r.stored[2].Text = "He" }, "number 10 is message"},
		"a number stands for two things":       {func(r *record) { r.witness.saw(line{Type: "usage", Seq: 8}) }, "was seen as token"},
		"numbers go back":                      {func(r *record) { r.at(9).Seq = 7 }, "number 7 follows 8"},
		"an acknowledged message is lost":      {func(r *record) { r.lose(9); r.stored = slices.Delete(r.stored, 1, 2) }, "was acknowledged as n1"},
		"an acknowledged message is another":   {func(r *record) { r.witness.asks[1].id = "u1" }, "was acknowledged as u1"},
		"a message is stored twice":            {func(r *record) { r.message(23, "", message{ID: "n2", Type: "context", Text: "note"}) }, "is stored 2 times"},
		"a message is listed twice":            {func(r *record) { r.stored = append(r.stored, r.stored[1]) }, "is listed twice"},
		"a message is in no log":               {func(r *record) { r.stored = append(r.stored, message{ID: "x", Type: "bot"}) }, "the log has 5 messages, and 6 are stored"},
		"a message comes from nowhere":         {func(r *record) { r.message(23, "", message{ID: "x", Type: "user", Text: "x"}) }, "nobody sent it"},
		"a turn is not closed":                 {func(r *record) { r.lose(12); r.lose(10) }, "ended 0 times"},
		"a turn is closed twice":               {func(r *record) { r.event(23, "t2", "result", `{"end":{"reason":"stop"}}`) }, "follows its end"},
		"a queued turn does not run":           {func(r *record) { r.lose(16) }, "started 0 times"},
		"a turn runs twice":                    {func(r *record) { r.event(23, "t3", "turnBegin", `{}`) }, "2 turns were asked for, and there are 3"},
		"a turn answers twice":                 {func(r *record) { r.log = slices.Insert(r.log, 6, *r.at(10)) }, "it has 2 answers"},
		"an interrupted answer is not marked":  {func(r *record) { r.at(10).Data = json.RawMessage(`{"id":"b1","type":"bot","text":"Hel"}`) }, "not marked as incomplete"},
		"a turn ends in an unknown way":        {func(r *record) { r.at(22).Data = json.RawMessage(`{"id":"b2","text":"Hi","end":{"reason":"abort"}}`) }, `the reason "abort"`},
		"a result says what is not stored":     {func(r *record) { r.at(22).Data = json.RawMessage(`{"id":"b2","text":"Ho","end":{"reason":"stop"}}`) }, `ended with "Ho"`},
		"an answer was given that is not kept": {func(r *record) { r.witness.asks[2].result.Text = "Ho" }, `was answered with "Ho"`},
		"a request gets no answer":             {func(r *record) { r.witness.asks[0].answered = false }, "was never answered"},
		"a request is refused after a restart": {func(r *record) { r.witness.problem("refused") }, "refused"},
		"a request that was repeated is not done": {func(r *record) {
			r.witness.asks = append(r.witness.asks, &ask{operation: send, text: "lost", answered: true, id: "n1"})
		}, "is stored 0 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := goodRecord()
			c.spoil(r)
			if problems := tell(compare(r.witness, r.log, r.stored)); !strings.Contains(problems, c.found) {
				t.Errorf("not found: %q, but:\n%s", c.found, problems)
			}
		})
	}
}
