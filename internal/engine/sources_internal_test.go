package engine

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// FuzzSources reads what tools name: never more than may be, and only what a
// client can show.
func FuzzSources(f *testing.F) {
	f.Add(`{"sources":[{"title":"A","url":"https://a.example/"},{"title":"B","downloadUrl":"https://b.example","pageNumber":7}]}`)
	f.Add(`{"sources":[1,null,{"url":"javascript:alert(1)"},{"title":"x"}]}`)
	f.Fuzz(func(t *testing.T, output string) {
		last := 7
		for range 2 {
			ended := numbered(convo.ToolEnded{Output: convo.JSON(output)}, last)
			list := withNumbers(sourcesOf(output), ended.Sources)
			for i, s := range list {
				if s.Number != last+i+1 || s.Title == "" || utf8.RuneCountInString(s.Title) > maxSourceTitle || s.URL == "" && s.DownloadURL == "" ||
					!strings.HasPrefix(strings.ToLower(s.URL+s.DownloadURL), "http") || len(s.URL+s.DownloadURL) > maxSourceURL {
					t.Fatalf("source %d is %+v", i, s)
				}
			}
			if len(list) > maxSources || len(list) != ended.Sources.Count {
				t.Fatalf("%d sources, %+v", len(list), ended.Sources)
			}
			last = max(last, ended.Sources.Last())
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
		named := sourcesOf(output)
		list := withNumbers(named, numbersOf(0, len(named)))
		var parts []string
		for _, s := range list {
			parts = append(parts, fmt.Sprintf("%d %s %s %s %s %s", s.Number, s.Title, s.URL, s.DownloadURL, s.MediaType, s.PageNumber))
		}
		if got := strings.Join(parts, ", "); got != want {
			t.Errorf("%.200s has the sources\n%s\nwant\n%s", output, got, want)
		}
	}
}

func TestNumbersEndWhereMarksDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last, count int
		want        convo.Numbers
	}{
		{0, 0, convo.Numbers{}},
		{0, 3, convo.Numbers{First: 1, Count: 3}},
		{9997, 5, convo.Numbers{First: 9998, Count: 2}},
		{9999, 1, convo.Numbers{}},
	} {
		if got := numbersOf(c.last, c.count); got != c.want {
			t.Errorf("%d sources behind number %d get %+v", c.count, c.last, got)
		}
	}
}
