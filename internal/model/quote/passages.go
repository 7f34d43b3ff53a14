package quote

import (
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/model"
)

// What the engine writes around the passages that it found for a message.
const (
	foundBegin = "Found for the last message, by number:\n\n"
	foundEnd   = "\n\nCite a source that you use by its number"
)

// sentence is something that can be quoted, with the mark by which it is cited.
type sentence struct{ text, mark string }

// quotable gives the sentences of a message, those of passages with their marks.
func quotable(m model.Message) (all []sentence, passages bool) {
	before, found, passages := strings.Cut(m.Text, foundBegin)
	for _, text := range sentences(before) {
		all = append(all, sentence{text: text})
	}
	if !passages {
		return all, false
	}
	found, _, _ = strings.Cut(found, foundEnd)
	mark, next := "", 0
	for block := range strings.SplitSeq(found, "\n\n") {
		head, rest, _ := strings.Cut(block, "\n")
		digits, _, ok := strings.Cut(head+" ", ": ") // a passage may have no title
		if n, err := strconv.Atoi(digits); ok && err == nil && (next == 0 || n == next) {
			mark, next, block = " ["+digits+"]", n+1, rest
		}
		for _, text := range sentences(block) {
			all = append(all, sentence{text, mark})
		}
	}
	return all, true
}

// collect gives what may be quoted for the user message at that place of the prompt:
// what was found for it, or else all that was said before it.
func collect(prompt []model.Message, last int) (all []sentence, isFound bool) {
	var found []sentence
	for i, m := range prompt {
		switch {
		case m.Role == model.Information:
			list, passages := quotable(m)
			if passages && i > last {
				found = append(found, list...)
			}
			all = append(all, list...)
		case m.Role == model.System, m.Role == model.User && i < last:
			for _, text := range sentences(m.Text) {
				all = append(all, sentence{text: text})
			}
		}
	}
	if found != nil {
		return found, true
	}
	return all, false
}

// opening is the first sentence that says something.
func opening(all []sentence) []string {
	for _, s := range all {
		if s.mark != "" && len(terms(s.text)) >= minWords && len(s.text) <= maxQuote {
			return []string{s.text}
		}
	}
	return nil
}
