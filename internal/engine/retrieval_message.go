package engine

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// retrieval is what the message of what was found says of it in its meta, beside its
// text: where the passages are from, and under which numbers they can be cited.
type retrieval struct {
	Retrieval *retrieved `json:"retrieval"`
}

type retrieved struct {
	Query   string        `json:"query"`
	Sources []foundSource `json:"sources"`
}

type foundSource struct {
	Number    int     `json:"number"`
	Title     string  `json:"title"`
	Record    string  `json:"record,omitempty"`
	Dataset   string  `json:"dataset,omitempty"`
	File      string  `json:"file,omitempty"`
	Page      int64   `json:"page,omitempty"`
	URL       string  `json:"url,omitempty"`
	Origin    string  `json:"source,omitempty"`
	MediaType string  `json:"mediaType,omitempty"`
	Score     float64 `json:"score"`
}

// ofRetrieval reports whether a message may be one that a turn made of what it found.
func ofRetrieval(m convo.Message) bool {
	return m.Type == convo.Context && m.Turn != "" && len(m.Meta) > 0
}

// retrievedSources reads the sources of such a message; none if its meta is another
// one, which a caller may have put there.
func retrievedSources(meta convo.JSON) []convo.Source {
	var said retrieval
	if json.Unmarshal(meta, &said) != nil || said.Retrieval == nil {
		return nil
	}
	var list []convo.Source
	for _, s := range said.Retrieval.Sources {
		if s.Number > 0 && s.Number <= maxNumber {
			list = append(list, s.source())
		}
	}
	return list
}

// source is what a citation says of it.
func (s foundSource) source() convo.Source {
	cited := convo.Source{Title: s.Title, Number: s.Number, URL: s.URL, Origin: s.Origin, MediaType: s.MediaType}
	if s.URL == "" {
		cited.File = s.File
	}
	if s.Page > 0 {
		cited.PageNumber = fmt.Sprint(s.Page)
	}
	return cited
}

// passage is one that was found, and what is known of where it is from.
type passage struct {
	foundSource
	text string
}

// showPassages is the text of the message: what the model is told.
func showPassages(list []passage, memories, instructions []string) string {
	var parts []string
	if len(memories) > 0 {
		parts = append(parts, "Remembered from earlier conversations:\n- "+strings.Join(memories, "\n- "))
	}
	if len(list) > 0 {
		parts = append(parts, "Found for the last message, by number:")
		for _, p := range list {
			parts = append(parts, p.show())
		}
		parts = append(parts, howToCite(list[0].Number))
	}
	return strings.Join(append(parts, instructions...), "\n\n")
}

// show is a passage with its number and title. A title that is nothing but how the
// text begins is not said twice.
func (p passage) show() string {
	var head []string
	if p.Title != clipLine(p.text) {
		head = append(head, p.Title)
	}
	if p.Page > 0 {
		head = append(head, fmt.Sprintf("page %d", p.Page))
	}
	return strings.TrimSpace(fmt.Sprintf("%d: %s", p.Number, strings.Join(head, ", "))) + "\n" + p.text
}
