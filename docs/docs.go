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
