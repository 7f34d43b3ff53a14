package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// answerSpec says what the provider is to send. It travels in the text of the
// user's message, so that it passes whatever lies between.
type answerSpec struct {
	Tokens int
	Pause  time.Duration // between tokens; 0 = as fast as they go
	Stamp  bool          // each token carries the time at which it was sent
}

const specWord = "bench:"

// String is the text that asks for the answer.
func (s answerSpec) String() string {
	stamp := 0
	if s.Stamp {
		stamp = 1
	}
	return fmt.Sprintf("%s%d:%d:%d;", specWord, s.Tokens, s.Pause.Microseconds(), stamp)
}

// readSpec finds the last spec in a request: those before it are history.
func readSpec(body []byte) (s answerSpec, err error) {
	at := bytes.LastIndex(body, []byte(specWord))
	if at < 0 {
		return s, fmt.Errorf("the prompt asks for no answer: %.200s", body)
	}
	text, _, _ := strings.Cut(string(body[at+len(specWord):min(len(body), at+64)]), ";")
	fields := strings.Split(text, ":")
	if len(fields) != 3 {
		return s, fmt.Errorf("the prompt asks for the answer %q", text)
	}
	var numbers [3]int64
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return s, err
		}
	}
	return answerSpec{Tokens: int(numbers[0]), Pause: time.Duration(numbers[1]) * time.Microsecond, Stamp: numbers[2] == 1}, nil
}

// A token is a blank and its number, and with a stamp an @ and the time in
// microseconds, all of fixed width: so a reader knows what has to come next,
// however the text is cut into pieces.
const (
	numberWidth = 7
	plainWidth  = 1 + numberWidth
	stampWidth  = 16
	stampedFull = plainWidth + 1 + stampWidth
)

// putNumber writes a number in decimal digits, as many as there is room for.
func putNumber(dst []byte, n int64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// checker compares the text of an answer with what was asked for.
type checker struct {
	answerSpec
	seen  int // tokens, whole
	part  int // bytes of the next one
	token [plainWidth]byte
	late  []time.Duration // of each token with a stamp
}

func newChecker(s answerSpec) *checker {
	c := &checker{answerSpec: s}
	c.token[0] = ' '
	putNumber(c.token[1:], 0)
	return c
}

// take checks the next piece of the text.
func (c *checker) take(text []byte) error {
	if c.Stamp {
		return c.takeStamped(text)
	}
	for len(text) > 0 {
		n := min(len(text), plainWidth-c.part)
		if c.seen == c.Tokens || !bytes.Equal(text[:n], c.token[c.part:c.part+n]) {
			return c.wrong(text)
		}
		text = text[n:]
		if c.part += n; c.part == plainWidth {
			c.next()
		}
	}
	return nil
}

// takeStamped checks tokens that carry their time. They are sent so slowly
// that none is cut.
func (c *checker) takeStamped(text []byte) error {
	now := time.Now().UnixMicro()
	for len(text) > 0 {
		if c.seen == c.Tokens || len(text) < stampedFull || !bytes.Equal(text[:plainWidth], c.token[:]) || text[plainWidth] != '@' {
			return c.wrong(text)
		}
		sent, err := strconv.ParseInt(string(text[plainWidth+1:stampedFull]), 10, 64)
		if err != nil {
			return c.wrong(text)
		}
		c.late = append(c.late, time.Duration(now-sent)*time.Microsecond)
		text = text[stampedFull:]
		c.next()
	}
	return nil
}

func (c *checker) next() {
	c.seen++
	c.part = 0
	putNumber(c.token[1:], int64(c.seen))
}

func (c *checker) wrong(text []byte) error {
	return fmt.Errorf("token %d of %d is wrong: got %.80q", c.seen, c.Tokens, text)
}

// end checks that nothing is missing.
func (c *checker) end() error {
	if c.seen != c.Tokens || c.part != 0 {
		return fmt.Errorf("the answer ended after %d of %d tokens", c.seen, c.Tokens)
	}
	return nil
}
