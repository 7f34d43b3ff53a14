package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// provider is a model provider that costs as little as it can, so that it does
// not take the processor from what is measured: it speaks just enough HTTP, its
// bytes are made before, and one timer paces all answers of a speed.
type provider struct {
	ctx     context.Context
	serving sync.WaitGroup

	mu     sync.Mutex
	pacers map[time.Duration]*pacer
	open   map[net.Conn]struct{}
}

// address is what a worker that listens says when it is ready.
type address struct {
	URL    string
	Secret string
}

// provideTokens is the role of the provider.
func provideTokens(ctx context.Context, _ json.RawMessage) (any, map[string]operation, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	p := &provider{ctx: ctx, pacers: map[time.Duration]*pacer{}, open: map[net.Conn]struct{}{}}
	p.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.serving.Go(func() { p.serve(c) })
		}
	})
	end := func(context.Context, json.RawMessage) (any, error) {
		_ = l.Close()
		p.closeAll()
		p.serving.Wait()
		return nil, nil
	}
	return address{URL: "http://" + l.Addr().String()}, map[string]operation{"end": end}, nil
}

func (p *provider) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// track notes a connection, and reports false when the provider has ended.
func (p *provider) track(c net.Conn, open bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !open {
		delete(p.open, c)
		return false
	}
	p.open[c] = struct{}{}
	return p.ctx.Err() == nil
}

// serve answers the requests of a connection, one after the other.
func (p *provider) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	defer p.track(c, false)
	if !p.track(c, true) {
		return
	}
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || p.respond(c, r.Method, body) != nil {
			return
		}
	}
}

func (p *provider) respond(c net.Conn, method string, body []byte) error {
	if method == http.MethodGet {
		return plain(c, "200 OK", `{"object":"list","data":[{"id":"m","object":"model"}]}`)
	}
	spec, err := readSpec(body)
	if err != nil {
		text, _ := json.Marshal(map[string]any{"error": map[string]string{"message": err.Error()}})
		return errors.Join(plain(c, "400 Bad Request", string(text)), err)
	}
	return p.answer(c, spec)
}

func plain(c net.Conn, status, body string) error {
	_, err := fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	return err
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"

// answer sends a stream. Each token leaves by itself, as those of a model do.
func (p *provider) answer(c net.Conn, spec answerSpec) error {
	a := newAnswer(c, spec)
	if _, err := io.WriteString(c, streamHead); err != nil {
		return err
	}
	if spec.Pause == 0 {
		for a.send() {
		}
		return a.err
	}
	if a.send() {
		p.pacer(spec.Pause).add(a)
		select {
		case <-a.done:
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
	}
	return a.err
}

// answer is a stream on its way.
type answer struct {
	answerSpec
	to     net.Conn
	frame  []byte // a chunk with one event, whose token is written anew each time
	number []byte // in frame
	stamp  []byte // in frame
	sent   int
	err    error
	done   chan struct{}
}

const (
	eventHead = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"`
	eventTail = `"},"finish_reason":null}]}` + "\n\n"
	lastEvent = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" +
		`data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":%d,"total_tokens":%d}}` + "\n\n" +
		"data: [DONE]\n\n"
)

func newAnswer(to net.Conn, spec answerSpec) *answer {
	a := &answer{answerSpec: spec, to: to, done: make(chan struct{})}
	width := plainWidth
	if spec.Stamp {
		width = stampedFull
	}
	a.frame = fmt.Appendf(nil, "%x\r\n%s", len(eventHead)+width+len(eventTail), eventHead)
	at := len(a.frame)
	a.frame = append(a.frame, bytes.Repeat([]byte{' '}, width)...)
	a.frame = append(a.frame, eventTail+"\r\n"...)
	a.number = a.frame[at+1 : at+plainWidth]
	if spec.Stamp {
		a.frame[at+plainWidth] = '@'
		a.stamp = a.frame[at+plainWidth+1 : at+stampedFull]
	}
	return a
}

// send sends the next token, or the end. It reports whether more is to come.
func (a *answer) send() (more bool) {
	if a.sent == a.Tokens {
		end := fmt.Sprintf(lastEvent, a.Tokens, a.Tokens+10)
		_, a.err = fmt.Fprintf(a.to, "%x\r\n%s\r\n0\r\n\r\n", len(end), end)
		return false
	}
	putNumber(a.number, int64(a.sent))
	if a.stamp != nil {
		putNumber(a.stamp, time.Now().UnixMicro())
	}
	a.sent++
	_, a.err = a.to.Write(a.frame)
	return a.err == nil
}
