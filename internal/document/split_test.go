package document_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/document"
)

func split(d *document.Document, tokens int64, separators string) []document.Chunk {
	return slices.Collect(document.Split(d, document.Options{MaxTokens: tokens, Separators: separators}))
}

func TestSmallNeighboursUnderAHeadingAreJoined(t *testing.T) {
	t.Parallel()
	d := read(t, "a.md", "", "# A\none\n\n```\ncode\n```\n\nafter\n\n## B\ntwo\n")
	want := []document.Chunk{
		{Title: "A", Text: "one\n\n```\ncode\n```\n\nafter"},
		{Title: "A > B", Text: "two"},
	}
	if got := split(d, 0, ""); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTextIsSplitWhereItHurtsLeast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"paragraphs", strings.Repeat("a", 40) + "\n\n" + strings.Repeat("b", 40), []string{strings.Repeat("a", 40), strings.Repeat("b", 40)}},
		{"lines", strings.Repeat("a", 40) + "\n" + strings.Repeat("b", 40), []string{strings.Repeat("a", 40), strings.Repeat("b", 40)}},
		{"sentences", "One sentence that has a few words in it. Another that has some more of them.", []string{"One sentence that has a few words in it.", "Another that has some more of them."}},
		{"words", strings.Repeat("word ", 20), []string{"word word word word word word word word word word word word", "word word word word word word word word"}},
		{"long words", strings.Repeat("x", 100), []string{strings.Repeat("x", 64), strings.Repeat("x", 36)}},
		{"scripts without spaces", strings.Repeat("語", 20), []string{strings.Repeat("語", 16), strings.Repeat("語", 4)}},
		{"Chinese sentences", "今天天气很好。我们去公园散步吧。后来回家吃饭了。", []string{"今天天气很好。我们去公园散步吧。", "后来回家吃饭了。"}},
	} {
		var got []string
		for _, chunk := range split(read(t, "a.txt", "", c.text), 16, "") {
			got = append(got, chunk.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestPiecesOfTablesAndCodeRepeatWhatStandsAroundThem(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	for i := range 10 {
		fmt.Fprintf(&rows, "| row %d | value |\n", i)
	}
	for i, chunk := range split(read(t, "a.md", "", "| a | b |\n|---|---|\n"+rows.String()), 24, "") {
		if !strings.HasPrefix(chunk.Text, "| a | b |\n|---|---|\n| row ") || !strings.HasSuffix(chunk.Text, "|") {
			t.Errorf("piece %d of the table: %q", i, chunk.Text)
		}
	}
	chunks := split(read(t, "a.md", "", "```go\n"+strings.Repeat("f()\n", 40)+"```\n"), 24, "")
	if len(chunks) < 2 {
		t.Fatalf("the code is in %d pieces", len(chunks))
	}
	for i, chunk := range chunks {
		if !strings.HasPrefix(chunk.Text, "```go\nf()") || !strings.HasSuffix(chunk.Text, "f()\n```") {
			t.Errorf("piece %d of the code: %q", i, chunk.Text)
		}
	}
}

func TestCodeThatFitsIsKeptWhole(t *testing.T) {
	t.Parallel()
	code := "```\n" + strings.Repeat("call()\n", 7) + "```"
	chunks := split(read(t, "a.md", "", strings.Repeat("word ", 10)+"\n\n"+code), 16, "")
	if len(chunks) != 2 || chunks[1].Text != code {
		t.Errorf("%+v: want the code whole in the second chunk", chunks)
	}
}

func TestADatasetsSeparatorsSplitInAnyCase(t *testing.T) {
	t.Parallel()
	d := read(t, "a.md", "", "# A\none ### two\n%%\nthree ###")
	var got []string
	for _, chunk := range split(d, 0, "###\n\\n%%\\n") {
		got = append(got, chunk.Text)
	}
	if want := []string{"one", " two", "three"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheSameFileGivesTheSameChunksEachTime(t *testing.T) {
	t.Parallel()
	d := read(t, "a.json", "", `{"x":[{"a":"`+strings.Repeat("word ", 500)+`"},{"b":[1,{"c":2}]}]}`)
	if first, second := split(d, 32, ""), split(d, 32, ""); !slices.Equal(first, second) || len(first) < 10 {
		t.Errorf("%d and %d chunks", len(first), len(second))
	}
}

func TestSplittingStopsWhenNobodyAsksForMore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.md", "a.html", "a.csv", "a.json", "a.txt"} {
		content := strings.Repeat("[1]\n\n# h\n\n", 100)
		if name != "a.md" {
			content = strings.Repeat("[1]\n", 100)
		}
		var got int
		for range document.Split(read(t, name, "", content), document.Options{MaxTokens: 16}) {
			if got++; got == 1 {
				break
			}
		}
		if got != 1 {
			t.Errorf("%s: %d chunks", name, got)
		}
	}
}

func TestTokensCountBytesAndLettersThatAreWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"": 0, "a": 1, "abcd": 1, "abcde": 2, "日本語": 3, "日本語 abcd": 5, "привет": 3} {
		if got := document.Tokens(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// checkChunks holds that every chunk is within its bounds and that together they
// hold all words of the document.
func checkChunks(t *testing.T, d *document.Document, tokens int64) {
	t.Helper()
	var all strings.Builder
	for chunk := range document.Split(d, document.Options{MaxTokens: tokens}) {
		if n := document.Tokens(chunk.Text); n > max(tokens, 16) {
			t.Fatalf("a chunk has %d tokens, more than %d: %q", n, tokens, chunk.Text)
		}
		if !utf8.ValidString(chunk.Text) || !utf8.ValidString(chunk.Title) {
			t.Fatalf("a rune was torn: %q", chunk.Text)
		}
		if strings.TrimSpace(chunk.Text) == "" {
			t.Fatal("a chunk without a text")
		}
		all.WriteString(chunk.Text)
	}
	rest := letters(all.String())
	for block := range d.Blocks() {
		for _, r := range letters(block.Text) {
			at := strings.IndexRune(rest, r)
			if at < 0 {
				t.Fatalf("the chunks lack %q of %q", r, block.Text)
			}
			rest = rest[at+utf8.RuneLen(r):]
		}
	}
}

// letters is a text without its spaces.
func letters(text string) string { return strings.Join(strings.Fields(text), "") }

func FuzzSplit(f *testing.F) {
	f.Add("One.\n\nTwo words. Three 日本語 ไทย é", int64(16))
	f.Add(strings.Repeat("# H\n```\ncode\n```\n| a |\n|---|\n| b |\n", 5), int64(20))
	f.Fuzz(func(t *testing.T, text string, tokens int64) {
		for _, name := range []string{"a.txt", "a.md"} {
			d, err := document.Reader{}.Read(t.Context(), file(name, "", text))
			if err != nil {
				continue
			}
			checkChunks(t, d, min(max(tokens, 1), 1<<16))
		}
	})
}

// fuzzFormat holds that a format neither panics nor gives other chunks a second time.
func fuzzFormat(f *testing.F, name string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		d, err := document.Reader{}.Read(t.Context(), file(name, "", content))
		if err == nil {
			checkChunks(t, d, 32)
			d.Text(100)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	fuzzFormat(f, "a.md", "---\ntitle: x\n---\n# A\n\nb\n===\n~~~\nc\n~~~\n|a|\n|-|\n|b|\n## [x](y) `z` {#i}")
}

func FuzzHTML(f *testing.F) {
	fuzzFormat(f, "a.html", "<title>t</title><h1>a<h2>b</h2><p>c<table><tr><th>d<td>e<tr><td>f</table><pre>g</pre><li>h<br><img alt=i><nav>j", "<meta charset=utf-16><p>x")
}

func FuzzCSV(f *testing.F) {
	fuzzFormat(f, "a.csv", "a,b\n1,\"2\"\"\n", "a;b\n;\n", "\xff\xfea\x00,\x00")
}

func FuzzJSON(f *testing.F) {
	fuzzFormat(f, "a.json", `{"a":[{"b":[1,[2]]},true,null,"x"],"c":{"d":1.5e3}}`, "1\n2\n[3]", `{"a"`)
}
