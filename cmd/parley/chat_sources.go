package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parleyhq/parley/client"
)

// cited is a source that an answer names by its number.
type cited struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	URL    string `json:"url"`
	Source string `json:"source"`
}

// citedBy gives the sources of an answer in the order of their numbers, each once.
func citedBy(message client.Message) []cited {
	text, err := json.Marshal(message.Meta.Or(nil)["citations"])
	var list []cited
	if err != nil || json.Unmarshal(text, &list) != nil {
		return nil // whoever made the message may have written there what he likes
	}
	slices.SortStableFunc(list, func(a, b cited) int { return cmp.Compare(a.Number, b.Number) })
	return slices.CompactFunc(list, func(a, b cited) bool { return a.Number == b.Number })
}

// printSources shows what the numbers in an answer stand for.
func printSources(out io.Writer, sources []cited) {
	for _, s := range sources {
		from := cmp.Or(s.Source, s.URL)
		title := cmp.Or(s.Title, from)
		if strings.HasPrefix(title, from) { // as that of a piece of a file begins with the file
			from = ""
		} else {
			from = " (" + from + ")"
		}
		fmt.Fprintf(out, "[%d] %s%s\n", s.Number, plain(title), plain(from))
	}
}
