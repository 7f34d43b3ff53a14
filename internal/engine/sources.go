package engine

import (
	"bytes"
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
	maxSources     = 100  // of a turn
	maxSourceTitle = 300  // characters; a longer one is cut
	maxSourceURL   = 2000 // bytes; a longer one is no source
)

// sourcesOf reads the sources that the output of a tool names: the objects in its
// member "sources" that have a title or not, and an address of the web. It costs
// nothing where there are none.
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
		if s, ok := source(raw); ok {
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
	return string(runes[:min(len(runes), maxSourceTitle)])
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

// sourceList numbers the sources of one turn, in the order in which the results of
// its tools name them. One that is named again keeps its number.
type sourceList []convo.Source

// add takes in what a result names, and gives it with its numbers.
func (l *sourceList) add(named []convo.Source) []convo.Source {
	var numbered []convo.Source
	for _, s := range named {
		i := slices.IndexFunc(*l, func(known convo.Source) bool {
			s.Number = known.Number
			return s == known
		})
		switch {
		case i >= 0:
			s = (*l)[i]
		case len(*l) == maxSources:
			continue
		default:
			s.Number = len(*l) + 1
			*l = append(*l, s)
		}
		numbered = append(numbered, s)
	}
	return numbered
}

// sourcesNote tells the model the numbers of a result's sources. It stands behind the
// result in every prompt that has it, always the same.
func sourcesNote(numbered []convo.Source) string {
	if len(numbered) == 0 {
		return ""
	}
	var b bytes.Buffer
	b.WriteString("\n\nSources:")
	for _, s := range numbered {
		fmt.Fprintf(&b, "\n%d: %s", s.Number, s.Title)
	}
	b.WriteString("\nCite a source that you use by its number in square brackets, like [" + strconv.Itoa(numbered[0].Number) + "], right behind what it supports.")
	return b.String()
}
