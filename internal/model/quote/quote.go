// Package quote is the model provider that is there when no other is: it needs
// no key and no network, and it is no language model. It answers the last user
// message with the sentences of the conversation itself that match it best:
// from the backstory, the orders, the facts and what users said before. It
// says so in every answer, and never makes a sentence of its own. Where passages
// were found for the message it quotes from these, each sentence with its mark.
//
// It calls a tool that has to be called, and one whose name stands in the last
// user message as a word. The arguments are the JSON object behind the name, as
// in
//
//	Please call get_weather {"city":"Paris"}
//
// or else what the tool's schema requires, made of the message: its text, the
// first number in it, the first of an enum. What the tools answer it quotes. So
// functions can be tried without a provider.
//
// The same prompt always gets the same answer. Usage is not reported.
package quote

import (
	"context"
	"iter"
	"strings"

	"github.com/parleyhq/parley/internal/model"
)

// Name is the name of its only model.
const Name = "quote"

// What it says in its own words.
const (
	told    = "I am no language model, and only quote what was answered to my call: "
	found   = "I am no language model, and only quote from this conversation: "
	nothing = "I am no language model: I only quote from this conversation, and nothing in it matches your message. " +
		"Set OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY or GEMINI_API_KEY, or start Ollama, to get answers from a model."
)

// Provider is a model.Provider. The zero value is ready.
type Provider struct{}

// Models implements model.Provider.
func (Provider) Models(context.Context) ([]model.Info, error) {
	return []model.Info{{Name: Name, Family: Name}}, nil
}

// Stream implements model.Provider. The answer comes word by word. A word counts
// as a token where the request limits them.
func (Provider) Stream(ctx context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		if c := call(req); c != nil {
			give(ctx, yield, c)
			return
		}
		said, stop := int64(0), model.StopEnd
		for _, word := range strings.SplitAfter(answer(req.Messages), " ") {
			if err := ctx.Err(); err != nil {
				yield(model.Event{}, err)
				return
			}
			if most := req.Params.MaxTokens; most != nil && said == *most {
				stop = model.StopLength
				break
			}
			if !yield(model.Event{Type: model.Text, Text: word}, nil) {
				return
			}
			said++
		}
		if err := ctx.Err(); err != nil {
			yield(model.Event{}, err)
			return
		}
		yield(model.Event{Type: model.Finish, Stop: stop}, nil)
	}
}

// give gives a call and nothing else.
func give(ctx context.Context, yield func(model.Event, error) bool, c *model.Call) {
	if err := ctx.Err(); err != nil {
		yield(model.Event{}, err)
		return
	}
	if yield(model.Event{Type: model.ToolCall, Call: c}, nil) {
		yield(model.Event{Type: model.Finish, Stop: model.StopCalls}, nil)
	}
}

// answer words the whole answer to a prompt.
func answer(prompt []model.Message) string {
	if quoted, ok := results(prompt); ok {
		return quoted
	}
	last := -1
	for i, m := range prompt {
		if m.Role == model.User {
			last = i
		}
	}
	if last < 0 {
		return nothing
	}
	all, isFound := collect(prompt, last)
	var texts []string
	marks := map[string]string{}
	for _, s := range all {
		texts = append(texts, s.text)
		if marks[s.text] == "" {
			marks[s.text] = s.mark
		}
	}
	quotes := best(prompt[last].Text, texts)
	if len(quotes) == 0 && isFound {
		quotes = opening(all) // somebody thinks that it is near
	}
	if len(quotes) == 0 {
		return nothing
	}
	for i, q := range quotes {
		quotes[i] = "“" + q + "”" + marks[q]
	}
	return strings.ToValidUTF8(found+strings.Join(quotes, " "), "\ufffd")
}
