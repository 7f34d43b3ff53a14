package document

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// table reads a CSV file. Each row is a block of lines with the name of a column and
// its value, so that a row that is found says what its values are. The first row is
// the names, unless it has a number or nothing in one of its cells.
func table(text string) parse {
	comma := commaOf(text)
	return func(emit func(Block) bool) (string, error) {
		rest := row{text: text, comma: string(comma)}
		r := csv.NewReader(&rest)
		r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = comma, -1, true, true
		var names []string
		for first := true; ; first = false {
			rest.commas = 0
			values, err := r.Read()
			if errors.Is(err, io.EOF) {
				return "", nil
			}
			if err != nil {
				return "", unreadableRow(err)
			}
			if first {
				if names = columns(values); names != nil {
					continue
				}
			}
			if b := (Block{Kind: Row, Text: record(names, values)}); !blank(b.Text) && !emit(b) {
				return "", nil
			}
		}
	}
}

// maxValues bounds the values of a row. Each takes many times more memory than the
// comma behind it.
const maxValues = 1 << 20

// row gives a text to a reader of rows, which sets commas to 0 before each of them.
type row struct {
	text   string
	comma  string
	commas int
}

func (r *row) Read(p []byte) (int, error) {
	if r.commas > maxValues {
		return 0, convo.Errorf(convo.Invalid, "the CSV file cannot be read: it has a row of more than %d values, or a quote that is not closed", maxValues)
	}
	n := copy(p, r.text)
	if n == 0 {
		return 0, io.EOF
	}
	r.commas += strings.Count(r.text[:n], r.comma)
	r.text = r.text[n:]
	return n, nil
}

func unreadableRow(err error) error {
	if convo.ErrorKind(err) != convo.Internal {
		return err
	}
	return convo.WrapError(convo.Invalid, err, "the CSV file cannot be read: %s", reason(err))
}

// reason is what a reader of CSV says is wrong, with its line.
func reason(err error) string {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return "line " + strconv.Itoa(e.Line) + ": " + e.Err.Error()
	}
	return "it is damaged"
}

// commaOf is what stands between the values of a row: what is there most often, of
// what is usual, in the first lines.
func commaOf(text string) rune {
	head := text[:min(len(text), 4<<10)]
	best, most := ',', 0
	for _, comma := range ",;\t|" {
		if n := strings.Count(head, string(comma)); n > most {
			best, most = comma, n
		}
	}
	return best
}

// columns are the names that a first row gives, nil if it does not look like names.
func columns(row []string) []string {
	names := make([]string, len(row))
	for i, cell := range row {
		names[i] = short(cell)
		if _, err := strconv.ParseFloat(strings.TrimSpace(cell), 64); err == nil || names[i] == "" && i < len(row)-1 {
			return nil
		}
	}
	return names
}

// record is a row as a text: a line for each value that there is, or, without names,
// its values between bars.
func record(names, row []string) string {
	var b strings.Builder
	for i, cell := range row {
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		switch {
		case names == nil && b.Len() > 0:
			b.WriteString(" | ")
		case names != nil && b.Len() > 0:
			b.WriteByte('\n')
		}
		if i < len(names) && names[i] != "" {
			b.WriteString(names[i] + ": ")
		}
		b.WriteString(cell)
	}
	return b.String()
}
