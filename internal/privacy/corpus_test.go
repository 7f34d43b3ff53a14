package privacy_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/parleyhq/parley/internal/privacy"
)

var update = flag.Bool("update", false, "write the corpus' table into docs/privacy.md")

// page is where the table stands, between these marks.
const (
	page     = "../../docs/privacy.md"
	tableTop = "<!-- corpus: go test ./internal/privacy -run Corpus -update -->\n"
	tableEnd = "<!-- end of corpus -->\n"
)

// labelled is a text of the corpus with what a person finds in it, in order.
type labelled struct {
	Lang     string
	Text     string
	Entities []struct{ Type, Text string }
}

// score counts how one type was found.
type score struct {
	there, found, hidden int // labelled; found as this type; found as any
	claimed, right       int // found; of these, labelled so
}

func (s score) recall() float64    { return share(s.found, s.there) }
func (s score) precision() float64 { return share(s.right, s.claimed) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// floors are what recall and precision may not fall below, by type, in the part that
// the detector was made with and in the part that it was not.
func floors() map[string][4]float64 {
	return map[string][4]float64{
		privacy.Email: {1, 1, 1, 1}, privacy.Card: {1, 0.9, 1, 1}, privacy.IBAN: {1, 1, 1, 1}, privacy.SSN: {1, 1, 1, 0.95}, privacy.IP: {1, 0.75, 1, 1},
		privacy.URL: {1, 1, 1, 1}, privacy.Key: {1, 1, 0.5, 1}, privacy.Phone: {1, 0.95, 0.95, 0.9}, privacy.Date: {1, 1, 0.85, 1},
		privacy.Name: {0.97, 0.97, 0.7, 0.95}, privacy.Address: {1, 1, 0.85, 1},
	}
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	dev, held := readCorpus(t, "dev"), readCorpus(t, "held")
	if n := len(dev) + len(held); n < 300 || len(held)*10 < 3*n {
		t.Fatalf("%d and %d texts", len(dev), len(held))
	}
	first, second := measure(t, dev), measure(t, held)
	for _, kind := range kinds() {
		floor := floors()[kind]
		for i, got := range []float64{first[kind].recall(), first[kind].precision(), second[kind].recall(), second[kind].precision()} {
			if got < floor[i] {
				t.Errorf("%s: %.2f is below the floor of %.2f (number %d)", kind, got, floor[i], i+1)
			}
		}
	}
	checkPage(t, table(dev, held, first, second))
}

func kinds() []string {
	return []string{
		privacy.Email, privacy.Card, privacy.IBAN, privacy.SSN, privacy.IP, privacy.URL, privacy.Key, privacy.Phone, privacy.Date, privacy.Name, privacy.Address,
	}
}

func readCorpus(t *testing.T, part string) []labelled {
	t.Helper()
	file, err := os.Open("testdata/" + part + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var all []labelled
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var l labelled
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// measure holds what is found against the labels. A labelled piece counts as found
// when all its letters and digits are covered.
func measure(t *testing.T, texts []labelled) map[string]score {
	t.Helper()
	scores := map[string]score{}
	for _, l := range texts {
		found := privacy.Detect(l.Text)
		right := make([]bool, len(found))
		at := 0
		for _, e := range l.Entities {
			start := strings.Index(l.Text[at:], e.Text)
			if start < 0 {
				t.Fatalf("%q is not in %q", e.Text, l.Text)
			}
			start += at
			at = start + len(e.Text)
			s := scores[e.Type]
			s.there++
			if covered(l.Text, start, at, found, "") {
				s.hidden++
			}
			if covered(l.Text, start, at, found, e.Type) {
				s.found++
			} else {
				t.Logf("missed %s %q in %q", e.Type, e.Text, l.Text)
			}
			scores[e.Type] = s
			for i, f := range found {
				right[i] = right[i] || f.Type == e.Type && f.Start < at && start < f.End
			}
		}
		for i, f := range found {
			s := scores[f.Type]
			s.claimed++
			if right[i] {
				s.right++
			} else {
				t.Logf("false %s %q in %q", f.Type, l.Text[f.Start:f.End], l.Text)
			}
			scores[f.Type] = s
		}
	}
	return scores
}

// covered says whether pieces of a type ("" = any) cover all letters and digits of a
// place.
func covered(text string, start, end int, found []privacy.Found, kind string) bool {
	for i, r := range text[start:end] {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		if !slices.ContainsFunc(found, func(f privacy.Found) bool {
			return (kind == "" || f.Type == kind) && f.Start <= start+i && start+i < f.End
		}) {
			return false
		}
	}
	return true
}

// table is what docs/privacy.md shows.
func table(dev, held []labelled, first, second map[string]score) string {
	langs := map[string]bool{}
	for _, l := range slices.Concat(dev, held) {
		langs[l.Lang] = true
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d texts in %d languages; %d of them held out.\n\n", len(dev)+len(held), len(langs), len(held))
	b.WriteString("| type | labelled | recall | precision | held out: labelled | recall | hidden | precision |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, kind := range kinds() {
		f, s := first[kind], second[kind]
		fmt.Fprintf(&b, "| %s | %d | %.2f | %.2f | %d | %.2f | %.2f | %.2f |\n",
			kind, f.there, f.recall(), f.precision(), s.there, s.recall(), share(s.hidden, s.there), s.precision())
	}
	return b.String()
}

// checkPage holds the page's table against the one that was measured.
func checkPage(t *testing.T, table string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, top := strings.Cut(string(text), tableTop)
	old, after, end := strings.Cut(rest, tableEnd)
	if !top || !end {
		t.Fatalf("%s has no place for the table", page)
	}
	if old == table {
		return
	}
	if !*update {
		t.Fatalf("%s has another table; run this test with -update. It is:\n%s", page, table)
	}
	if err := os.WriteFile(page, []byte(before+tableTop+table+tableEnd+after), 0o666); err != nil {
		t.Fatal(err)
	}
}
