package client

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// kinds reads all lines and gives their kinds, and how it ended.
func kinds(r io.Reader) ([]EventKind, error) {
	lines := newLineReader(r)
	var found []EventKind
	for {
		l, err := lines.next()
		if err != nil {
			return found, err
		}
		found = append(found, l.Type)
	}
}

func TestLinesAreReadWhereverTheyAreCut(t *testing.T) {
	t.Parallel()
	long := `{"type":"token","data":{"token":"` + strings.Repeat("x", 100_000) + `"}}`
	for name, c := range map[string]struct {
		text string
		want []EventKind
		end  error
	}{
		"lines":                                {"{\"type\":\"a\"}\n{\"type\":\"b\"}\n", []EventKind{"a", "b"}, io.EOF},
		"blanks before a line":                 {"   {\"type\":\"a\"}\r\n \n\n  {\"type\":\"b\"}\n ", []EventKind{"a", "b"}, io.EOF},
		"many blanks before a line":            {strings.Repeat(" ", 50_000) + "{\"type\":\"a\"}\n", []EventKind{"a"}, io.EOF},
		"a long line":                          {long + "\n" + long + "\n", []EventKind{"token", "token"}, io.EOF},
		"a last line without a break":          {"{\"type\":\"a\"}\n{\"type\":\"b\"}", []EventKind{"a", "b"}, io.EOF},
		"half a line":                          {"{\"type\":\"a\"}\n{\"type\":\"b\"", []EventKind{"a"}, io.ErrUnexpectedEOF},
		"half a line of which a part is whole": {"{\"type\":\"a\"}\n{\"type\":\"b\",\"data\":{}", []EventKind{"a"}, io.ErrUnexpectedEOF},
		"nothing":                              {"", nil, io.EOF},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
			if got, err := kinds(r); !slices.Equal(got, c.want) || !errors.Is(err, c.end) {
				t.Errorf("%s: got %d lines %.50v, %v", name, len(got), got, err)
			}
		}
	}
}

func TestALineThatComesBeforeAFailureIsNotGivenInHalf(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	got, err := kinds(io.MultiReader(strings.NewReader("{\"type\":\"a\"}\n{\"type\":\"b\"}"), iotest.ErrReader(broken)))
	if !slices.Equal(got, []EventKind{"a"}) || !errors.Is(err, broken) {
		t.Errorf("got %v, %v", got, err)
	}
}

// endless is a line that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestALineIsBounded(t *testing.T) {
	t.Parallel()
	_, err := kinds(endless{})
	if _, ok := errors.AsType[*malformedError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// A server, or whatever answers in its place, can send anything.
func FuzzLines(f *testing.F) {
	f.Add(`{"type":"completeBegin","data":{},"seq":5}` + "\n" + ` {"type":"token","data":{"token":"x"},"seq":6,"turn":"t","createdAt":1}` + "\n")
	f.Add("\n \r\n")
	f.Add(`{"type":"message","data":null,"seq":-1}`)
	f.Add(`{"type":"result","data":{"end":{"reason":"stop"},"usage":{"token":1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		lines := newLineReader(strings.NewReader(text))
		for {
			l, err := lines.next()
			if err != nil {
				return
			}
			event, err := l.event()
			if err == nil && event.Info().Kind != l.Type {
				t.Errorf("a line of kind %q became an event of kind %q", l.Type, event.Info().Kind)
			}
		}
	})
}

// The log of a conversation may hold anything too, and may be another one's.
func FuzzTurn(f *testing.F) {
	f.Add(`{"type":"completeBegin","data":{},"seq":5}`+"\n"+`{"type":"token","data":{"token":"x"},"seq":6}`+"\n",
		`{"type":"token","data":{"token":"x"},"seq":6,"turn":"t"}`+"\n"+`{"type":"completeEnd","data":{},"turn":"t"}`+"\n"+
			`{"type":"result","data":{"end":{"reason":"stop"}},"seq":9,"turn":"t"}`+"\n")
	f.Add(`{"type":"token","seq":-1}`, `{"type":"error","data":{"message":"m"}}`)
	f.Add(`{"type":"completeBegin","data":{},"seq":5}`, `{"type":"conversationDeleted","data":{"id":"c"}}`)
	f.Fuzz(func(t *testing.T, stream, log string) {
		var last int64
		var results int
		r := &turnReader{s: &settings{parley: new(atomic.Bool)}}
		r.give = func(e Event) bool {
			if results > 0 {
				t.Error("something follows the result")
			}
			if _, ok := e.(ResultEvent); ok {
				results++
			}
			if seq := e.Info().Seq; seq > 0 {
				last = seq
			}
			return true
		}
		read := func(text string, take func(line) error) {
			lines := newLineReader(strings.NewReader(text))
			for r.result == nil {
				l, err := lines.next()
				if err != nil || take(l) != nil {
					return
				}
			}
		}
		read(stream, r.own)
		if r.seq != last {
			t.Errorf("it stands at %d after %d", r.seq, last)
		}
		if r.seq > 0 && r.result == nil {
			read(log, r.logged())
		}
	})
}
