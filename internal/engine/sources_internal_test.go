package engine

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

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
