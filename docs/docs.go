// Package docs holds the pages that the program itself can show, so that what
// parley help says and what the documentation says is one text.
package docs

import (
	_ "embed" // of the pages
	"strings"
)

//go:embed operations.md
var operations string

// Operations is the page about running a server, in Markdown.
func Operations() string { return operations }

//go:embed login.md
var login string

// Login is the page about signing in, in Markdown.
func Login() string { return login }

//go:embed retrieval.md
var retrieval string

// Retrieval is the page about how records are found, in Markdown.
func Retrieval() string { return retrieval }

//go:embed privacy.md
var privacy string

// Privacy is the page about what is kept from models, in Markdown.
func Privacy() string { return privacy }

// Section gives one section of the page about running a server, from its
// heading to the next one of that level. It is "" if there is none.
func Section(title string) string {
	_, rest, found := strings.Cut(operations, "\n## "+title+"\n")
	if !found {
		return ""
	}
	section, _, _ := strings.Cut(rest, "\n## ")
	return "## " + title + "\n" + strings.TrimRight(section, "\n") + "\n"
}
