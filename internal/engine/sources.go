package engine

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/parleyhq/parley/internal/convo"
)

// The bounds of what tools name as their sources.
const (
	maxSources     = 100  // of a result
	maxSourceTitle = 300  // characters; a longer one is cut
	maxSourceURL   = 2000 // bytes; a longer one is no source
)

// sourcesOf reads the sources that the output of a tool names: the objects in its
// member "sources" that have a title or not, and an address of the web, each once. It
// costs nothing where there are none.
func sourcesOf(output string) []convo.Source {
	if !strings.Contains(output, `"sources"`) {
		return nil
	}
	var said struct {
		Sources []json.RawMessage `json:"sources"`
	}
	if json.Unmarshal([]byte(output), &said) != nil {
		return nil
	}
	var list []convo.Source
	for _, raw := range said.Sources[:min(len(said.Sources), maxSources)] {
		if s, ok := source(raw); ok && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// source reads one source; ok is false for what is none.
func source(raw json.RawMessage) (s convo.Source, ok bool) {
	var said struct {
		Title       string          `json:"title"`
		URL         string          `json:"url"`
		DownloadURL string          `json:"downloadUrl"`
		MediaType   string          `json:"mimeType"`
		Page        json.RawMessage `json:"pageNumber"`
	}
	if json.Unmarshal(raw, &said) != nil {
		return s, false
	}
	s = convo.Source{URL: webAddress(said.URL), MediaType: clipLine(said.MediaType), PageNumber: pageNumber(said.Page)}
	if s.URL == "" {
		s.DownloadURL = webAddress(said.DownloadURL)
	}
	if s.URL == "" && s.DownloadURL == "" {
		return s, false
	}
	if s.Title = clipLine(said.Title); s.Title == "" {
		s.Title = clipLine(s.URL + s.DownloadURL)
	}
	return s, true
}

// webAddress gives an address that a client may follow, or "".
func webAddress(s string) string {
	if s == "" || len(s) > maxSourceURL || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return s
}

// clipLine makes one line of a text, no longer than a title.
func clipLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxSourceTitle {
		return s
	}
	runes := []rune(s)
	return cutText(s, len(string(runes[:min(len(runes), maxSourceTitle)])))
}

// pageNumber reads a number that may be written as a text.
func pageNumber(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return clipLine(text)
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return clipLine(number.String())
	}
	return ""
}

// maxNumber is the last number of a conversation's sources: marks name no higher one.
// What comes then has none, and is not cited.
const maxNumber = 9999

// numbersOf gives so many sources the next numbers, behind the last one that was
// given. What a turn adds keeps its numbers for ever, so they are part of the event
// that adds it.
func numbersOf(last, count int) convo.Numbers {
	if count = min(count, maxNumber-last); count <= 0 {
		return convo.Numbers{}
	}
	return convo.Numbers{First: last + 1, Count: count}
}

// numbered gives the end of a call the numbers of the sources that its output names.
func numbered(b convo.ToolEnded, last int) convo.ToolEnded {
	b.Sources = numbersOf(last, len(sourcesOf(string(b.Output))))
	return b
}

// withNumbers gives the sources that have numbers, with these.
func withNumbers(named []convo.Source, numbers convo.Numbers) []convo.Source {
	list := slices.Clone(named[:min(len(named), max(numbers.Count, 0))])
	for i := range list {
		list[i].Number = numbers.First + i
	}
	return list
}

// sourcesNote tells the model the numbers of a result's sources. It stands behind the
// result in every prompt that has it, always the same.
func sourcesNote(numbered []convo.Source) string {
	if len(numbered) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n\nSources:")
	for _, s := range numbered {
		fmt.Fprintf(&b, "\n%d: %s", s.Number, s.Title)
	}
	b.WriteString("\n" + howToCite(numbered[0].Number))
	return b.String()
}

// howToCite asks the model for marks.
func howToCite(number int) string {
	return "Cite a source that you use by its number in square brackets, like [" + strconv.Itoa(number) + "], right behind what it supports."
}
