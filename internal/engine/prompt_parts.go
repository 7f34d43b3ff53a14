package engine

import (
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// render gives a message of several parts the text that prompts have of it: its
// texts apart from each other, and a line for each file. The same message gives the
// same text, so that prompts keep their beginnings.
func render(m convo.Message) convo.Message {
	if m.Parts == nil {
		return m
	}
	var texts []string
	rest := m.Text // what no part has: all of a text that was changed since
	for _, part := range m.Parts {
		switch n := part.End - part.Start; {
		case part.File != nil:
			texts = append(texts, fileLine(part))
		case n > 0 && n <= len(rest):
			texts, rest = append(texts, rest[:n]), rest[n:]
		}
	}
	if rest != "" {
		texts = append(texts, rest)
	}
	m.Text, m.Parts = strings.Join(texts, "\n\n"), nil
	return m
}

// fileLine tells the model of a file.
func fileLine(part convo.Part) string {
	line := fmt.Sprintf("[file %q", part.Name)
	if part.MediaType != "" {
		line += ", " + part.MediaType
	}
	if part.File.Size > 0 {
		line += fmt.Sprintf(", %d bytes", part.File.Size)
	}
	return line + "]"
}
