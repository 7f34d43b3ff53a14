package engine

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// cited plays pieces of an answer and gives its text with what is cited in braces.
func cited(pieces ...string) (text, marked string, made []convo.Citation) {
	c := citer{sources: map[int]convo.Source{}}
	for i, title := range map[int]string{1: "a", 2: "b", 3: "c", 9999: "far"} {
		c.sources[i] = convo.Source{Title: title, Number: i}
	}
	c.begin()
	var all, marks strings.Builder
	say := func(text string, cited *convo.Citation) error {
		if cited == nil {
			marks.WriteString(text)
		} else {
			fmt.Fprintf(&marks, "{%d+%d %s}", cited.Offset, cited.Length, text)
		}
		all.WriteString(text)
		return nil
	}
	for _, piece := range pieces {
		_ = c.take(piece, say)
		if len(c.held) > maxHeld {
			panic(fmt.Sprintf("%q is held back", c.held))
		}
	}
	_ = c.rest(say)
	return all.String(), marks.String(), c.made
}

func TestMarksOfKnownSourcesAreCited(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"no mark at all":           "no mark at all",
		"It is so [1].":            "It is so {9+3 [1]}.",
		"[2] begins":               "{0+3 [2]} begins",
		"two[1][3]":                "two{3+3 [1]}{6+3 [3]}",
		"both [1, 3] and [1,2,3]!": "both {5+6 [1, 3]} and {16+7 [1,2,3]}!",
		"all [1, 2, 3]":            "all {4+9 [1, 2, 3]}",
		"too long [1,1,1,1,2]":     "too long [1,1,1,1,2]",
		"far [9999] [10000]":       "far {4+6 [9999]} [10000]",
		"none [0] [4] [1, 4] [01]": "none [0] [4] [1, 4] {20+4 [01]}",
		"🗼 é [2] 漢字 [3]":           "🗼 é {5+3 [2]} 漢字 {12+3 [3]}",
		"[[1]]":                    "[{1+3 [1]}]",
		"[1":                       "[1",
		"[":                        "[",
		"a[i] [ 1] [1 ] [,] [] [1,] [1,,2] [1 2] [1000]": "a[i] [ 1] [1 ] [,] [] [1,] [1,,2] [1 2] [1000]",
		`escaped \[1] and \\[1]`:                         `escaped \[1] and \\{19+3 [1]}`,
		"[1" + strings.Repeat(", 1", 20) + "]":           "[1" + strings.Repeat(", 1", 20) + "]",
	} {
		_, marked, made := cited(text)
		if marked != want {
			t.Errorf("%q is cited as %q, not %q", text, marked, want)
		}
		for _, c := range made {
			if len(c.Sources) == 0 || c.ID == "" {
				t.Errorf("%q has the citation %+v", text, c)
			}
		}
	}
}

func TestMarksInCodeAreText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"`a[1]` [1]":                            "`a[1]` {7+3 [1]}",
		"``a ` [1]`` [1]":                       "``a ` [1]`` {12+3 [1]}",
		"`open [1]\n[1]\n\n[1]":                 "`open [1]\n[1]\n\n{15+3 [1]}",
		"\\`a[1]\\` ":                           "\\`a{3+3 [1]}\\` ",
		"```go\nx[1]\n\ny[2]\n```\n[1]":         "```go\nx[1]\n\ny[2]\n```\n{21+3 [1]}",
		"  ~~~\n[1]\n```\n[1]\n~~~~  \n[2]":     "  ~~~\n[1]\n```\n[1]\n~~~~  \n{25+3 [2]}",
		"````\n```\n[1]\n````\n[1]":             "````\n```\n[1]\n````\n{18+3 [1]}",
		"```\n[1]\n``` no end\n[1]":             "```\n[1]\n``` no end\n[1]",
		"```[1]``` [1]":                         "```[1]``` {10+3 [1]}",
		"> ```\n> [1]\n> ```\n> [1]":            "> ```\n> [1]\n> ```\n> {20+3 [1]}",
		"- a\n\n    ```\n    [1]\n    ```\n[1]": "- a\n\n    ```\n    [1]\n    ```\n{29+3 [1]}",
		"a ~~~ [1] ~~ [2]":                      "a ~~~ {6+3 [1]} ~~ {13+3 [2]}",
		"`a`[1]`b`":                             "`a`{3+3 [1]}`b`",
		"[1]`[1]`":                              "{0+3 [1]}`[1]`",
		"[1]\n```\n[1]":                         "{0+3 [1]}\n```\n[1]",
	} {
		if _, marked, _ := cited(text); marked != want {
			t.Errorf("%q is cited as %q, not %q", text, marked, want)
		}
		if _, marked, _ := cited(strings.Split(text, "")...); marked != want {
			t.Errorf("%q, character by character, is cited as %q, not %q", text, marked, want)
		}
	}
}

func TestAMessageCitesNotWithoutEnd(t *testing.T) {
	t.Parallel()
	all := strings.Repeat("[1]", maxMarks+5)
	if text, _, made := cited(all); text != all || len(made) != maxMarks {
		t.Errorf("%d citations in %d bytes", len(made), len(text))
	}
}

// FuzzCiter cuts answers in pieces: nothing is lost, the marks are the same however
// the text came, and each is what its offsets say.
func FuzzCiter(f *testing.F) {
	f.Add("It is so [1], and [2, 3] too 🗼[1].", 1)
	f.Add("[[[1]]][", 2)
	f.Add("`a[1]`\n~~~\n[1]\n~~~\n[1, 2][3]", 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if !utf8.ValidString(text) {
			return
		}
		var pieces []string
		for rest := text; rest != ""; {
			n := min(max(size, 1), len(rest))
			for n < len(rest) && !utf8.RuneStart(rest[n]) {
				n++
			}
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		whole, marked, _ := cited(text)
		cut, again, made := cited(pieces...)
		if whole != text || cut != text || marked != again {
			t.Fatalf("%q became %q, and in pieces %q, with the marks %q and %q", text, whole, cut, marked, again)
		}
		units, end := utf16.Encode([]rune(text)), 0
		for _, c := range made {
			if c.Offset < end || c.Offset+c.Length > len(units) {
				t.Fatalf("%q has a citation at %d+%d after one that ends at %d", text, c.Offset, c.Length, end)
			}
			end = c.Offset + c.Length
			if mark := string(utf16.Decode(units[c.Offset:end])); mark[0] != '[' || mark[len(mark)-1] != ']' {
				t.Fatalf("%q is cited", mark)
			}
		}
	})
}
