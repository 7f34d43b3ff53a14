package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// cited plays pieces of an answer and gives its text with what is cited in braces.
func cited(pieces ...string) (text, marked string, made []convo.Citation) {
	c := citer{sources: []convo.Source{{Title: "a", Number: 1}, {Title: "b", Number: 2}, {Title: "c", Number: 3}}}
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
		"none [0] [4] [1, 4] [01]": "none [0] [4] [1, 4] {20+4 [01]}",
		"🗼 é [2] 漢字 [3]":           "🗼 é {5+3 [2]} 漢字 {12+3 [3]}",
		"[[1]]":                    "[{1+3 [1]}]",
		"[1":                       "[1",
		"[":                        "[",
		"a[i] [ 1] [1 ] [,] [] [1,] [1,,2] [1 2] [1000]": "a[i] [ 1] [1 ] [,] [] [1,] [1,,2] [1 2] [1000]",
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

// FuzzSources reads what tools name: never more than may be, and only what a
// client can show.
func FuzzSources(f *testing.F) {
	f.Add(`{"sources":[{"title":"A","url":"https://a.example/"},{"title":"B","downloadUrl":"https://b.example","pageNumber":7}]}`)
	f.Add(`{"sources":[1,null,{"url":"javascript:alert(1)"},{"title":"x"}]}`)
	f.Fuzz(func(t *testing.T, output string) {
		var list sourceList
		for range 2 {
			list.add(sourcesOf(output))
		}
		for i, s := range list {
			if s.Number != i+1 || s.Title == "" || utf8.RuneCountInString(s.Title) > maxSourceTitle || s.URL == "" && s.DownloadURL == "" ||
				!strings.HasPrefix(strings.ToLower(s.URL+s.DownloadURL), "http") || len(s.URL+s.DownloadURL) > maxSourceURL {
				t.Fatalf("source %d is %+v", i, s)
			}
		}
		if len(list) > maxSources {
			t.Fatalf("%d sources", len(list))
		}
	})
}

func TestSourcesAreReadFromTheOutputsOfTools(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 400)
	for output, want := range map[string]string{
		`{"sources":[{"title":"A","url":"https://a.example/x?y=1"},{"title":" B \n b","downloadUrl":"http://b.example","mimeType":"text/pdf","pageNumber":3}]}`: "1 A https://a.example/x?y=1   , 2 B b  http://b.example text/pdf 3",
		`{"sources":[{"url":"https://a.example"},{"title":"A","url":"https://a.example"},{"title":"A","url":"https://a.example"}]}`:                             "1 https://a.example https://a.example   , 2 A https://a.example   ",
		`{"sources":[{"title":"A"},{"title":"A","url":"file:///etc/passwd"},{"title":"A","url":"//x"},{"title":"A","url":"https://"},7,"x",null,[]]}`:           "",
		`{"sources":[{"title":"A","url":"https://a.example/` + strings.Repeat("x", 2000) + `"}]}`:                                                               "",
		`{"sources":[{"title":"` + long + `","url":"https://a.example"}]}`:                                                                                      "1 " + long[:600] + " https://a.example   ",
		`{"sources":{"title":"A","url":"https://a.example"}}`:                                                                                                   "",
		`{"within":{"sources":[{"title":"A","url":"https://a.example"}]}}`:                                                                                      "",
		`[{"sources":[{"title":"A","url":"https://a.example"}]}]`:                                                                                               "",
		`"\"sources\""`: "",
		`null`:          "",
	} {
		var list sourceList
		list.add(sourcesOf(output))
		var parts []string
		for _, s := range list {
			parts = append(parts, fmt.Sprintf("%d %s %s %s %s %s", s.Number, s.Title, s.URL, s.DownloadURL, s.MediaType, s.PageNumber))
		}
		if got := strings.Join(parts, ", "); got != want {
			t.Errorf("%.200s has the sources\n%s\nwant\n%s", output, got, want)
		}
	}
}

// FuzzApproval reads what a client answers to an interrupt: it is a clear word, or
// refused.
func FuzzApproval(f *testing.F) {
	f.Add(`{"approved":true,"input":{"a":1}}`)
	f.Add(`{"value":{"approved":false}}`)
	f.Add(`{"value":{"value":{"approved":true}}}`)
	f.Fuzz(func(t *testing.T, value string) {
		approved, input, err := approval(convo.JSON(value))
		switch {
		case err != nil && (approved || input != nil || convo.ErrorKind(err) != convo.Invalid):
			t.Fatalf("%q gave %t, %s and %v", value, approved, input, err)
		case err == nil && !strings.Contains(value, fmt.Sprint(approved)):
			t.Fatalf("%q was taken as %t", value, approved)
		case input != nil && !json.Valid(input):
			t.Fatalf("%q gave the input %s", value, input)
		}
	})
}
