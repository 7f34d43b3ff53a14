package httpio

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

const (
	bodyPause  = 30 * time.Second // the longest pause in a body
	bodyTime   = 10 * time.Minute // the longest time for all of it
	drainLimit = 64 << 20         // how much of a refused body is read and thrown away
)

// ReadBody reads the body of a request, at most limit bytes. A larger one is
// [convo.TooLarge]; one that is cut off or comes too slowly is [convo.Invalid].
func ReadBody(w *Response, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, errBodySize(limit)
	}
	if r.ContentLength == 0 {
		return nil, nil
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		// Room for what ReadFrom wants to see free at the end.
		buf.Grow(int(min(r.ContentLength, 512<<10)) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(io.LimitReader(newPatient(w, r), limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, convo.WrapError(convo.Invalid, err, "the request body came too slowly")
	case err != nil:
		return nil, convo.WrapError(convo.Invalid, err, "the request body was cut off")
	case int64(buf.Len()) > limit:
		return nil, errBodySize(limit)
	}
	return buf.Bytes(), nil
}

// BodyReader gives the body of a request to those who do not want all of it at once.
// What is cut off or comes too slowly is [convo.Invalid].
func BodyReader(w *Response, r *http.Request) io.Reader { return bodyReader{newPatient(w, r)} }

type bodyReader struct{ *patient }

// Read implements io.Reader.
func (b bodyReader) Read(p []byte) (int, error) {
	n, err := b.patient.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, convo.WrapError(convo.Invalid, err, "the request body came too slowly")
	}
	return n, convo.WrapError(convo.Invalid, err, "the request body was cut off")
}

func errBodySize(limit int64) error {
	return convo.Errorf(convo.TooLarge, "the request body is too large; send at most %d bytes", limit)
}

// drain reads what is left of the body and reports whether it came to its end.
// After a read error, which has ended the context, there is nothing to read.
// A client that waits for "100 Continue" has not sent anything yet, and asking
// for it now would only be rude.
func drain(w *Response, r *http.Request) bool {
	waits := r.Header.Get("Expect") != "" && !w.reading
	if r.ContentLength > drainLimit || waits || r.Context().Err() != nil {
		return false
	}
	n, err := io.CopyN(io.Discard, newPatient(w, r), drainLimit+1)
	return err == io.EOF && n <= drainLimit
}

// patient reads a body with a deadline for each read. It clears the deadline
// at the end of the body: net/http goes on to read, to see whether the client
// leaves. After a failure the deadline stays, because net/http reads what is
// left of a body after the answer, for as long as that may take.
type patient struct {
	w    *Response
	body io.Reader
	end  time.Time
}

func newPatient(w *Response, r *http.Request) *patient {
	return &patient{w: w, body: r.Body, end: time.Now().Add(bodyTime)}
}

// Read implements io.Reader. A server without deadlines (a test's recorder)
// is read without them.
func (p *patient) Read(b []byte) (int, error) {
	p.w.reading = true
	deadline := time.Now().Add(bodyPause)
	if deadline.After(p.end) {
		deadline = p.end
	}
	_ = p.w.control.SetReadDeadline(deadline)
	n, err := p.body.Read(b)
	if err == io.EOF {
		_ = p.w.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
