package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/privacy"
)

const (
	// lookupTime is how long a turn looks for something before it answers without.
	lookupTime = 10 * time.Second
	// queryBytes is how much of what the user said is looked for.
	queryBytes = 8 << 10
	// toldQuery is how much of it stands in the meta of what was found.
	toldQuery = 1000
)

// lookup is where a turn looks for what its user says.
type lookup struct {
	tenant       string
	datasets     []string // ids or aliases
	inline       []InlineDataset
	memory       bool
	contact, bot string // whose memories count
}

func (l *lookup) empty() bool {
	return len(l.datasets) == 0 && len(l.inline) == 0 && !(l.memory && (l.contact != "" || l.bot != ""))
}

// lookupFor says where a turn looks: in the dataset of its conversation or bot, in
// those that the configuration names for the bot, and in what it was given.
func (e *Engine) lookupFor(tenant string, in setting, given *Given) lookup {
	l := lookup{tenant: tenant, inline: given.Datasets, memory: given.Memory, contact: text(in.contact), bot: text(in.bot)}
	if id := text(in.config.DatasetID); id != "" {
		l.datasets = append(l.datasets, id)
	}
	if e.botDatasets != nil && l.bot != "" {
		l.datasets = append(l.datasets, e.botDatasets(tenant, l.bot)...)
	}
	return l
}

// retrieve looks for what the user has said, once for each of his messages, before
// the model is asked for the first time. What is found becomes a message of the
// turn, right behind the user's: so later prompts repeat it, it survives a crash, and
// who deletes the message erases it. That it fails is no reason not to answer.
func (l *loop) retrieve(ctx context.Context) error {
	if l.lookup.empty() {
		return nil
	}
	query := l.question(ctx)
	if query == "" {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	query, outside, err := l.secrets.question(ctx, query)
	if err != nil {
		return err
	}
	found := l.e.lookEverywhere(within, &l.lookup, finding{Text: query, Outside: outside}, l.secrets)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	given, ok := l.fit(l.secrets.cut(cmp.Or(outside, query), toldQuery), found)
	if !ok {
		return nil
	}
	given.ID, given.Place = l.sink.messageID(), l.sink.place()
	return l.write(given, true)
}

// question gives what a user said as it is looked for here, and, in a private turn,
// as others may see it. It is masked as a whole, before it is cut.
func (s *secrecy) question(ctx context.Context, said string) (clear, outside string, err error) {
	if !s.private() {
		return cutText(said, queryBytes), "", nil
	}
	err = s.add(ctx, func(v *privacy.Vault) { outside, _ = v.Mask(said) })
	outside = s.cut(outside, queryBytes)
	return s.reveal(outside), outside, err
}

// question is what the user said last, if nobody has answered it and nothing was
// looked for yet; else "".
func (l *loop) question(ctx context.Context) string {
	for _, m := range slices.Backward(l.history.messages) {
		switch {
		case m.Type == convo.User:
			return l.words(ctx, m)
		case m.Type == convo.Bot, m.Type == convo.Activity, ofRetrieval(m):
			return ""
		}
	}
	return ""
}

// words is what a message of the user says, without the files that its prompt tells of:
// their texts would be looked for instead of what is asked about them.
func (l *loop) words(ctx context.Context, m convo.Message) string {
	if l.key.Conversation == "" {
		return l.asked
	}
	stored, err := l.e.store.Message(ctx, l.key.Tenant, l.key.Conversation, m.ID)
	if err != nil || stored.Parts == nil {
		return m.Text
	}
	return partTexts(stored)
}

// fit makes the message of what was found, of so much of it that the prompt still
// fits into the model's window. ok is false if there is nothing to say.
func (l *loop) fit(query string, found lookedUp) (given convo.MessageGiven, ok bool) {
	for {
		given, ok = found.message(query, l.progress.sources)
		if !ok {
			return given, false
		}
		h := l.history
		h.messages = append(slices.Clip(h.messages), convo.Message{
			Turn: h.turn, Place: convo.Place(maxWindow, 0), MessageFields: given.Fields, Text: given.Text,
		})
		_, err := assemble(h)
		if err == nil {
			return given, true
		}
		if len(found.passages)+len(found.memories) == 0 {
			return given, false
		}
		found.passages, found.memories = found.passages[:len(found.passages)/2], found.memories[:len(found.memories)/2]
	}
}

// message makes the message, whose sources get numbers behind the last one.
func (f lookedUp) message(query string, last int) (convo.MessageGiven, bool) {
	instructions := f.matched
	if len(f.passages)+len(f.memories) == 0 {
		instructions = f.mismatched
	}
	if len(f.passages)+len(f.memories)+len(instructions) == 0 {
		return convo.MessageGiven{}, false
	}
	told := retrieved{Query: query, Sources: []foundSource{}}
	numbers := numbersOf(last, len(f.passages))
	list := slices.Clone(f.passages[:numbers.Count])
	for i := range list {
		list[i].Number = numbers.First + i
		told.Sources = append(told.Sources, list[i].foundSource)
	}
	meta, err := json.Marshal(retrieval{&told})
	if err != nil { // of texts and numbers there is always a form
		return convo.MessageGiven{}, false
	}
	return convo.MessageGiven{
		Fields: convo.MessageFields{Type: convo.Context, Meta: meta}, Sources: numbers,
		Text: showPassages(list, f.memories, instructions),
	}, true
}
