package remote

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesComeWholeHoweverTheyArrive(t *testing.T) {
	t.Parallel()
	var want []string
	for _, n := range []int{0, 1, 10, 1023, 1024, 1025, 5000, 20_000, 3, 200_000, 0, 7} {
		want = append(want, strings.Repeat("x", n)+"\n")
	}
	want = append(want, "the last one has no end")
	text := strings.Join(want, "")
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"as they are": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
		"half of what fits": iotest.HalfReader, "the end with the last bytes": iotest.DataErrReader,
	} {
		r := lineReader{source: wrap(strings.NewReader(text))}
		for i, line := range want {
			got, err := r.next()
			if last := i == len(want)-1; string(got) != line || last && err != io.EOF || !last && err != nil {
				t.Fatalf("%s: line %d is %d bytes long (%v), want %d", name, i, len(got), err, len(line))
			}
		}
		if got, err := r.next(); len(got) > 0 || err != io.EOF {
			t.Errorf("%s: after the end: %q, %v", name, got, err)
		}
	}
}

func TestALineThatIsTooLongIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	endless := &counter{}
	r := lineReader{source: endless}
	if _, err := r.next(); !errors.Is(err, errTooLong) {
		t.Errorf("err = %v", err)
	}
	if endless.n > 4*maxEvent {
		t.Errorf("%d bytes were read", endless.n)
	}
}

// counter is a source without an end, and without a line.
type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) {
	c.n += len(p)
	copy(p, bytes.Repeat([]byte("x"), len(p)))
	return len(p), nil
}

func TestASlowStreamKeepsItsSmallBuffer(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	r := lineReader{source: in}
	go func() {
		for range 100 {
			_, _ = out.Write([]byte(strings.Repeat("x", 299) + "\n"))
		}
		_ = out.Close()
	}()
	for {
		if _, err := r.next(); err != nil {
			break
		}
	}
	if len(r.buf) != smallBuffer {
		t.Errorf("the buffer has %d bytes", len(r.buf))
	}
}
