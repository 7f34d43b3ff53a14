package quote_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/quote"
)

const backstory = `You are the assistant of the Harbour Hotel in Lübeck.
Breakfast is served from 7 to 10.30 in the garden room. The pool on the roof opens at noon!
Parking costs 12 € a night. Dogs are welcome; cats are not.
チェックアウトは午前十一時です。駐車場は無料ではありません。
Завтрак подают в саду с семи утра.`

func ask(t *testing.T, messages ...model.Message) string {
	t.Helper()
	var text strings.Builder
	for e, err := range (quote.Provider{}).Stream(t.Context(), &model.Request{Messages: messages}) {
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(e.Text)
	}
	return text.String()
}

func TestConformance(t *testing.T) {
	t.Parallel()
	modeltest.RunLocal(t, quote.Provider{}, &model.Request{Messages: []model.Message{{Role: model.User, Text: "Hello"}}})
}

func TestQuotes(t *testing.T) {
	t.Parallel()
	note := model.Message{Role: model.Information, Text: "Current date and time: Monday, 2 January 2006, 15:04 (UTC)"}
	for _, c := range []struct{ name, question, want, not string }{
		{"the sentence that answers", "When is breakfast served?", "“Breakfast is served from 7 to 10.30 in the garden room.”", "pool"},
		{"a plural finds its singular", "Is a dog welcome?", "Dogs are welcome", "Parking"},
		{"a script without blanks", "チェックアウトは何時ですか", "チェックアウトは午前十一時です。", "駐車場"},
		{"other alphabets", "Где подают завтрак?", "Завтрак подают в саду", "Parking"},
		{"nothing that shares only glue", "What is the capital of France?", "nothing in it matches", "“"},
		{"no time of day", "Hello!", "Set OPENAI_API_KEY", "Monday"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ask(t, model.Message{Role: model.System, Text: backstory}, model.Message{Role: model.User, Text: c.question}, note)
			if !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
				t.Errorf("got %q, want %q and not %q", got, c.want, c.not)
			}
			if !strings.Contains(got, "I am no language model") {
				t.Errorf("%q does not say what it is", got)
			}
		})
	}
}

func TestQuotesWhatUsersSaidBefore(t *testing.T) {
	t.Parallel()
	got := ask(t,
		model.Message{Role: model.User, Text: "My order number is A-17. What is my order number?"},
		model.Message{Role: model.Assistant, Text: "The order number cannot be quoted from an answer."},
		model.Message{Role: model.User, Text: "What is my order number?"},
	)
	if !strings.Contains(got, "“My order number is A-17.”") || strings.Contains(got, "cannot") || strings.Contains(got, "What") {
		t.Errorf("got %q, want the user's own record only", got)
	}
}

func TestSaysNothingToNobody(t *testing.T) {
	t.Parallel()
	if got := ask(t, model.Message{Role: model.System, Text: backstory}); strings.Contains(got, "“") {
		t.Errorf("got %q, want no quotation", got)
	}
	if got := ask(t); got == "" {
		t.Error("an empty prompt has no answer")
	}
}

func TestLimitsWords(t *testing.T) {
	t.Parallel()
	most := int64(2)
	request := &model.Request{Messages: []model.Message{{Role: model.User, Text: "Hi"}}, Params: model.Params{MaxTokens: &most}}
	var pieces []string
	var stop model.StopReason
	for e, err := range (quote.Provider{}).Stream(t.Context(), request) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == model.Text {
			pieces = append(pieces, e.Text)
		}
		stop = e.Stop
	}
	if len(pieces) != 2 || stop != model.StopLength {
		t.Errorf("got %q and stop %d, want two words and a limit", pieces, stop)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(backstory, "When is breakfast?")
	f.Add("。。\xff. . …", "\xff")
	f.Fuzz(func(t *testing.T, source, question string) {
		got := ask(t, model.Message{Role: model.System, Text: source}, model.Message{Role: model.User, Text: question})
		if !utf8.ValidString(got) {
			t.Errorf("half a character in %q", got)
		}
	})
}
