package bench

import (
	"bytes"
	"fmt"
)

// answerReader reads the lines of an answer, in either protocol, and checks
// that it is whole.
type answerReader struct {
	protocol protocol
	check    *checker
	onToken  func() // called once, with the first one
	finished bool   // the answer said that it is complete
	ended    bool   // and nothing may follow
	last     []byte
}

// What the lines of the two protocols begin with.
const (
	providerLine = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"`
	tokenLine    = `{"type":"token","data":{"token":"`
	resultLine   = `{"type":"result","data":`
)

func (r *answerReader) line(line []byte) error {
	if r.ended {
		return fmt.Errorf("after the end of the answer: %.200s", line)
	}
	if r.protocol == bare {
		return r.provider(line)
	}
	return r.parley(line)
}

func (r *answerReader) provider(line []byte) error {
	if text, ok := bytes.CutPrefix(line, []byte(providerLine)); ok {
		return r.token(text)
	}
	r.finished = r.finished || bytes.Contains(line, []byte(`"finish_reason":"stop"`))
	r.ended = string(line) == "data: [DONE]"
	r.last = append(r.last[:0], line...)
	return nil
}

func (r *answerReader) parley(line []byte) error {
	if text, ok := bytes.CutPrefix(line, []byte(tokenLine)); ok {
		return r.token(text)
	}
	if bytes.HasPrefix(line, []byte(resultLine)) {
		r.ended = true
		r.finished = bytes.Contains(line, []byte(`"reason":"stop"`))
	}
	r.last = append(r.last[:0], line...)
	return nil
}

// token takes a piece of text, up to the quote that ends it.
func (r *answerReader) token(text []byte) error {
	if r.onToken != nil {
		r.onToken()
	}
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return fmt.Errorf("a token does not end: %.200s", text)
	}
	return r.check.take(text[:end])
}

// end checks that the answer was whole.
func (r *answerReader) end() error {
	if !r.finished || !r.ended {
		return fmt.Errorf("the answer does not end as it should; its last line is %.300s", r.last)
	}
	return r.check.end()
}
