package fakeprovider

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"time"
)

// dialect is one of the APIs.
type dialect interface {
	name() string
	// parse reads a request, and refuses what the real provider would refuse.
	parse(body []byte) (asked, error)
	// frames gives the answer: what comes before the end, and the end.
	frames(b Behaviour) (pieces, end []frame)
	// failed is an error, as the body of an answer or inside of a stream.
	failed(status int, message string) any
	errorFrame(message string) frame
	// contentType is that of a stream.
	contentType() string
}

// events is the type of a stream of server-sent events.
const events = "text/event-stream"

// frame is one event of a stream. A piece is one that brings something new.
type frame struct {
	event string // its name, if it has one
	data  string
	piece bool
}

func dialectOf(r *http.Request) dialect {
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		return openAI{}
	case strings.HasSuffix(r.URL.Path, "/messages"):
		return anthropic{}
	case strings.HasSuffix(r.URL.Path, ":streamGenerateContent") && r.URL.Query().Get("alt") == "sse":
		return gemini{model: path.Base(strings.TrimSuffix(r.URL.Path, ":streamGenerateContent"))}
	case strings.HasSuffix(r.URL.Path, "/api/chat"):
		return ollama{}
	}
	return nil
}

func refuse(w http.ResponseWriter, d dialect, b Behaviour) {
	if d == nil {
		d = openAI{}
	}
	if b.RetryAfter != "" {
		w.Header().Set("Retry-After", b.RetryAfter)
	}
	message := b.Message
	if message == "" {
		message = "The fake provider was told to fail."
	}
	writeJSON(w, b.Status, d.failed(b.Status, message))
}

// player writes one answer.
type player struct {
	w        http.ResponseWriter
	ctx      context.Context
	closed   <-chan struct{}
	dialect  dialect
	split    bool
	whole    bool
	complete bool // all was written that was to be
}

func (p *player) play(b Behaviour) {
	if b.Status != 0 {
		p.complete = true
		refuse(p.w, p.dialect, b)
		return
	}
	if b.Fault == Mute {
		p.wait(nil)
		return
	}
	p.split, p.whole = b.Split, b.Whole
	p.w.Header().Set("Content-Type", p.dialect.contentType())
	p.w.WriteHeader(http.StatusOK)
	p.flush()
	pieces, end := p.dialect.frames(b)
	told := 0
	for _, f := range pieces {
		if f.piece && told == b.After && !p.reached(b) {
			return
		}
		if !p.write(f) || f.piece && !p.pause(b.Rate) {
			return
		}
		if f.piece {
			told++
		}
	}
	// A short answer has its fault, too.
	if told <= b.After && !p.reached(b) {
		return
	}
	for _, f := range end {
		if !p.write(f) {
			return
		}
	}
	p.complete = true
}

// reached does what was ordered for this point. It reports whether the answer
// goes on.
func (p *player) reached(b Behaviour) bool {
	switch b.Fault {
	case Break:
		panic(http.ErrAbortHandler) // the only way to break a connection in net/http
	case Garbage:
		return p.write(frame{data: `{"choices":[{"delta":{"content":`})
	case Huge:
		return p.write(frame{data: `{"type":"ping","choices":[],"x":"` + strings.Repeat("x", 2<<20) + `"}`})
	case Error:
		message := b.Message
		if message == "" {
			message = "The fake provider was told to fail."
		}
		p.complete = p.write(p.dialect.errorFrame(message))
		return false
	case Silence:
		p.wait(nil)
		return false
	case Cut:
		p.complete = true
		return false
	}
	return b.Hold == nil || p.wait(b.Hold)
}

func (p *player) wait(until <-chan struct{}) bool {
	select {
	case <-until:
		return true
	case <-p.ctx.Done():
	case <-p.closed:
	}
	return false
}

func (p *player) pause(rate float64) bool {
	if rate <= 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(float64(time.Second) / rate))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
	case <-p.closed:
	}
	return false
}

func (p *player) write(f frame) bool {
	text := "data: " + f.data + "\n\n"
	switch {
	case p.dialect.contentType() != events:
		text = f.data + "\n"
	case f.event != "":
		text = "event: " + f.event + "\n" + text
	}
	if !p.split {
		return p.send([]byte(text))
	}
	for i := range len(text) {
		if !p.send([]byte{text[i]}) {
			return false
		}
	}
	return true
}

func (p *player) send(data []byte) bool {
	if _, err := p.w.Write(data); err != nil || p.ctx.Err() != nil {
		return false
	}
	if !p.whole {
		p.flush()
	}
	return true
}

func (p *player) flush() { _ = http.NewResponseController(p.w).Flush() } // shows at the next write

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "null" // cannot be: the values are strings and numbers
	}
	return string(data)
}

type object = map[string]any
