package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// asked gives the prompt of the n-th model call.
func (b *bundle) prompt(n int) []model.Message {
	b.t.Helper()
	calls := b.model.Calls()
	if len(calls) <= n {
		b.t.Fatalf("the model was asked %d times", len(calls))
	}
	return calls[n].Request.Messages
}

// short writes a prompt in one line, without the time of day.
func short(messages []model.Message) string {
	roles := map[model.Role]string{
		model.System: "system", model.Information: "info", model.User: "user", model.Assistant: "assistant", model.ToolResult: "result",
	}
	var parts []string
	for _, m := range messages {
		if isNote(m) {
			parts = append(parts, "now")
			continue
		}
		s := roles[m.Role] + ":" + m.Text
		for _, c := range m.Calls {
			s += fmt.Sprintf("[%s %s%s]", c.ID, c.Name, c.Arguments)
		}
		if m.Call != "" {
			s += "<-" + m.Call
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " | ")
}

func isNote(m model.Message) bool { return strings.HasPrefix(m.Text, "Current date and time: ") }

func (b *bundle) stateless(config convo.Config, messages ...engine.NewMessage) ([]convo.Event, error) {
	b.t.Helper()
	r, err := b.CompleteStateless(b.t.Context(), b.actor, engine.StatelessInput{Config: config, Messages: messages}, nil)
	if err != nil {
		return nil, err
	}
	return b.read(r), nil
}

func activity(meta string) engine.NewMessage {
	m := message(convo.Activity, "")
	m.Meta = convo.JSON(meta)
	return m
}

func call(kind, id, name, arguments, result string) engine.NewMessage {
	f := fmt.Sprintf(`"name":%q,"arguments":%s`, name, arguments)
	if id != "" {
		f += fmt.Sprintf(`,"id":%q`, id)
	}
	if kind == "response" {
		f += `,"result":` + result
	}
	return activity(fmt.Sprintf(`{"activity":{"type":%q,"function":{%s}}}`, kind, f))
}

func TestAPromptIsMadeFromAllTypesOfMessages(t *testing.T) {
	t.Parallel()
	say := func(text string) engine.NewMessage { return message(convo.User, text) }
	for name, c := range map[string]struct {
		messages []engine.NewMessage
		want     string
	}{
		"the dialogue": {
			[]engine.NewMessage{say("a"), message(convo.Bot, "b"), say("c")},
			"system:B | user:a | assistant:b | user:c | now"},
		"facts and orders at their place": {
			[]engine.NewMessage{message(convo.Context, "fact"), say("a"), message(convo.Instruction, "order")},
			"system:B | info:fact | user:a | now | system:order"},
		"backstory messages behind the backstory": {
			[]engine.NewMessage{say("a"), message(convo.Backstory, "more")},
			"system:B\n\nmore | user:a | now"},
		"no thinking and no empty texts": {
			[]engine.NewMessage{say("a"), message(convo.Reasoning, "hm"), message(convo.Bot, ""), say("b")},
			"system:B | user:a | user:b | now"},
		"a checkpoint for what stood before it, but the orders": {
			[]engine.NewMessage{say("a"), message(convo.Instruction, "order"), message(convo.Bot, "b"), message(convo.Checkpoint, "sum"), say("c")},
			"system:B\n\norder | info:Summary of the conversation so far:\nsum | user:c | now"},
		"a call with its result": {
			[]engine.NewMessage{say("a"), call("request", "1", "f", `{"x": 1}`, ""), call("response", "1", "f", `{}`, `"{\"y\":2}"`)},
			`system:B | user:a | now | assistant:[1 f{"x":1}] | result:{"y":2}<-1`},
		"a call behind the text that announced it": {
			[]engine.NewMessage{say("a"), message(convo.Bot, "wait"), call("request", "1", "f", `{}`, ""), call("response", "1", "f", `{}`, `true`)},
			`system:B | user:a | now | assistant:wait[1 f{}] | result:true<-1`},
		"a stand-in for a result that never came": {
			[]engine.NewMessage{say("a"), call("request", "", "f", `{}`, ""), say("b")},
			`system:B | user:a | assistant:[call_1 f{}] | result:{"error":"no result"}<-call_1 | user:b | now`},
		"a result without its call stands for both": {
			[]engine.NewMessage{say("a"), call("response", "9", "f", `{"z":1}`, `"1"`)},
			`system:B | user:a | now | assistant:[9 f{"z":1}] | result:1<-9`},
		"results without ids, by their arguments": {
			[]engine.NewMessage{say("a"), call("request", "", "f", `{"n":1}`, ""), call("request", "", "f", `{"n":2}`, ""),
				call("response", "", "f", `{"n":2}`, `"two"`), call("response", "", "f", `{"n":1}`, `"one"`)},
			`system:B | user:a | now | assistant:[call_1 f{"n":1}][call_2 f{"n":2}] | result:one<-call_1 | result:two<-call_2`},
		"calls with their results in between, each by itself": {
			[]engine.NewMessage{say("a"), call("request", "1", "f", `{}`, ""), call("response", "1", "f", `{}`, `"x"`),
				call("request", "2", "f", `{}`, ""), call("response", "2", "f", `{}`, `"y"`)},
			`system:B | user:a | now | assistant:[1 f{}] | result:x<-1 | assistant:[2 f{}] | result:y<-2`},
		"a repeated activity once": {
			[]engine.NewMessage{say("a"), call("request", "1", "f", `{}`, ""), call("request", "1", "f", `{}`, ""),
				call("response", "1", "f", `{}`, `"x"`), call("response", "1", "f", `{}`, `"x"`)},
			`system:B | user:a | now | assistant:[1 f{}] | result:x<-1`},
		"nothing of an activity that is none": {
			[]engine.NewMessage{say("a"), activity(`{"activity":"?"}`), activity(`{}`), activity(`{"activity":{"type":"trigger","function":{"name":"f"}}}`)},
			"system:B | user:a | now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if _, err := b.stateless(convo.Config{Backstory: ptr("B")}, c.messages...); err != nil {
				t.Fatal(err)
			}
			if got := short(b.prompt(0)); got != c.want {
				t.Errorf("prompt:\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAPromptContinuesTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		id := b.conversation(convo.Fields{Config: convo.Config{Backstory: ptr("B")}}, message(convo.Instruction, "order"))
		for turn := range 6 {
			time.Sleep(17 * time.Minute) // of the bubble's clock: the time of day changes
			if turn == 3 {
				b.say(id, "") // goes on without a new user message
			} else {
				b.say(id, fmt.Sprint("question ", turn))
			}
			if turn == 4 {
				if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Context, "fact"), nil); err != nil {
					t.Fatal(err)
				}
			}
			if turn > 0 {
				before, after := b.prompt(turn-1), b.prompt(turn)
				if len(after) < len(before) || !reflect.DeepEqual(before, after[:len(before)]) {
					t.Errorf("turn %d: the prompt does not continue the last one:\n%s\n%s", turn, short(before), short(after))
				}
			}
		}
	})
}

func TestTheTimeOfDayIsTheCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the bubble's clock starts on Saturday, 1 January 2000, 00:00 UTC
		b := setup(t)
		id := b.conversation(convo.Fields{})
		text := "hi"
		r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Zone: "Asia/Tokyo"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.read(r)
		want := "Current date and time: Saturday, 1 January 2000, 09:00 (Asia/Tokyo)"
		if p := b.prompt(0); p[len(p)-1].Text != want {
			t.Errorf("the prompt ends with %q, want %q", p[len(p)-1].Text, want)
		}
	})
}

func TestAPromptIsCutToHalfTheWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 2000
	id := b.conversation(convo.Fields{Config: convo.Config{Backstory: ptr("B")}}, message(convo.Instruction, "order"))
	cuts := 0
	var beginning model.Message
	for turn := range 30 {
		b.say(id, fmt.Sprint(turn, " ", strings.Repeat("x", 400)))
		p := b.prompt(turn)
		size := 0
		for _, m := range p {
			size += len(m.Text) + 16
		}
		if size > 4*2000 {
			t.Fatalf("turn %d: the prompt has %d bytes", turn, size)
		}
		first := p[1]
		if first.Role == model.System {
			first = p[2] // the order stands at its place until it is cut off
		} else if p[0].Text != "B\n\norder" {
			t.Errorf("turn %d: the order was lost: %q", turn, p[0].Text)
		}
		if first.Role != model.User {
			t.Errorf("turn %d: the history begins inside an exchange: %s", turn, short(p[:3]))
		}
		if turn > 0 && !reflect.DeepEqual(first, beginning) {
			cuts++
			if size > 4*1000+500 {
				t.Errorf("turn %d: cut to %d bytes, want half the window", turn, size)
			}
		}
		beginning = first
	}
	if cuts < 2 || cuts > 6 {
		t.Errorf("the prompt was cut %d times in 30 turns", cuts)
	}
}

// Between two cuts prompts continue each other, also where an order, a summary
// or a call without an id stood in what was cut off.
func TestACutPromptKeepsItsBeginning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 2000
	id := b.conversation(convo.Fields{Config: convo.Config{Backstory: ptr("B")}}, message(convo.User, "long ago"),
		message(convo.Checkpoint, "they met"), message(convo.Instruction, "order"))
	cuts := 0
	for turn := range 30 {
		b.say(id, fmt.Sprint(turn, " ", strings.Repeat("x", 400)))
		if _, err := b.CreateMessage(t.Context(), b.actor, id, call("request", "", "f", "{}", ""), nil); err != nil {
			t.Fatal(err)
		}
		p := b.prompt(turn)
		text := short(p)
		if strings.Count(text, "they met") != 1 || strings.Count(text, "order") != 1 || strings.Contains(text, "long ago") {
			t.Errorf("turn %d: %.200s", turn, text)
		}
		if turn == 0 {
			continue
		}
		if before := b.prompt(turn - 1); len(before) > len(p) {
			cuts++
		} else if !reflect.DeepEqual(before, p[:len(before)]) {
			t.Errorf("turn %d: the prompt does not continue the last one:\n%.400s\n%.400s", turn, short(before), text)
		}
	}
	if cuts < 2 || cuts > 6 {
		t.Errorf("the prompt was cut %d times in 30 turns", cuts)
	}
}

func TestAModelMayTakeOnlyTheLatestMessages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.latest = 2
	id := b.conversation(convo.Fields{}, message(convo.Instruction, "order"),
		message(convo.User, "a"), message(convo.Bot, "b"), message(convo.User, "c"), message(convo.Bot, "d"))
	b.say(id, "e")
	if got := short(b.prompt(0)); got != "system:order | assistant:d | user:e | now" {
		t.Errorf("prompt: %s", got)
	}
}

func TestAPromptThatCannotFitIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 100
	_, err := b.stateless(convo.Config{}, message(convo.User, strings.Repeat("x", 1000)))
	wantKind(t, err, convo.Invalid)
	if len(b.model.Calls()) != 0 {
		t.Error("the model was asked")
	}
}

func FuzzActivitiesOfCallers(f *testing.F) {
	f.Add(`{"activity":{"type":"request","function":{"name":"f","arguments":{},"id":"1"}}}`, `{"activity":{"type":"response","function":{"name":"f","result":null}}}`)
	f.Add(`{"activity":{"type":"response","function":{"name":"f","arguments":[],"result":{}}}}`, `{"activity":null}`)
	f.Fuzz(func(t *testing.T, one, two string) {
		b := setup(t)
		_, err := b.stateless(convo.Config{}, message(convo.User, "hi"), activity(one), activity(two), activity(one))
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid && convo.ErrorKind(err) != convo.TooLarge {
				t.Fatal(err)
			}
			return
		}
		open := map[string]bool{}
		for _, m := range b.prompt(0) {
			for _, c := range m.Calls {
				open[c.ID] = true
			}
			if m.Role == model.ToolResult && !open[m.Call] {
				t.Errorf("a result without its call: %s", short(b.prompt(0)))
			}
			delete(open, m.Call)
		}
		if len(open) > 0 {
			t.Errorf("a call without its result: %s", short(b.prompt(0)))
		}
	})
}

func TestOnlyTheLatestMessagesOfATurnsBeginningCount(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.fixed.latest = 2
		for i := range 5 {
			a.tell(message(convo.User, fmt.Sprint(i)))
		}
		for range 3 {
			a.model.Add(calling("f", `{}`)...)
		}
		a.run(functions(data("f", `1`)))
		for n, want := range []int{3, 5, 7, 9} { // with the time of day
			got := a.prompt(n)
			if len(got) != want || !strings.HasPrefix(short(got), "user:3 | user:4 | now") {
				t.Errorf("prompt %d is %s", n, short(got))
			}
		}
	})
}

func TestResultsThatDoNotFitAreLeftOut(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.fixed.window = 1000
		a.tell(message(convo.User, "go"))
		large := `"` + strings.Repeat("x", 3000) + `"`
		a.model.Add(calling("f", `{}`)...)
		a.model.Add(calling("f", `{}`)...)
		a.model.Add(answer("ok")...)
		if e := end(t, a.run(functions(data("f", large)))); e.Reason != convo.EndDone {
			t.Fatalf("the turn ended with %+v", e)
		}
		got := short(a.prompt(2))
		if strings.Count(got, "left out") != 1 || strings.Index(got, "left out") > strings.Index(got, "xxx") {
			t.Errorf("the prompt is %s", got)
		}
	})
}

func TestACallersResultIsCutAsAToolsIs(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]string{
		"a text":           `"` + strings.Repeat("x", 300<<10) + `"`,
		"text of a text":   `"\"` + strings.Repeat("x", 300<<10) + `\""`,
		"a list":           `[` + strings.Repeat("1,", 150<<10) + `1]`,
		"text of a list":   `"[` + strings.Repeat("1,", 150<<10) + `1]"`,
		"text of quotes":   `"\"` + strings.Repeat(`\\\"`, 140<<10) + `\""`,
		"nothing, as null": `null`,
	} {
		a := &asker{bundle: setup(t)}
		a.fixed.window = 1 << 20
		a.tell(message(convo.User, "go"))
		a.tell(call("request", "k", "f", `{}`, ""))
		a.tell(call("response", "k", "f", `{}`, result))
		if e := end(t, a.run(engine.Given{})); e.Reason != convo.EndDone {
			t.Fatalf("the turn ended with %+v", e)
		}
		told := ""
		for _, m := range a.prompt(0) {
			if m.Role == model.ToolResult {
				told = m.Text
			}
		}
		cut := strings.Contains(told, "[cut: the output has ")
		if len(told) > 256<<10 || cut != (len(result) > 256<<10) || !json.Valid([]byte(told)) {
			t.Errorf("%s: the model was given %d bytes, which end with %s", name, len(told), told[max(len(told)-100, 0):])
		}
	}
}
