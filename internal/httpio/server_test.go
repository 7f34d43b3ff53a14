package httpio_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// expecting answers each request with two lines and gives its receipt away.
func expecting(receipts chan<- receipt) httpio.Handler {
	return func(w *httpio.Response, _ *http.Request) error {
		r := newReceipt()
		w.Expect(r)
		receipts <- r
		out := httpio.StreamLines(w)
		defer out.Close()
		if err := out.Write([]byte("{}\n")); err != nil {
			return err
		}
		return out.End([]byte("{\"last\":true}\n"))
	}
}

func TestAnAnswerThatWasReadIsDelivered(t *testing.T) {
	t.Parallel()
	receipts := make(chan receipt, 1)
	b := serve(t, expecting(receipts))
	c := b.dial(t)
	_, body := ask(t, c, plainGet)
	if body != "{}\n{\"last\":true}\n" {
		t.Errorf("got %q", body)
	}
	r := <-receipts
	if first, second := r.next(), r.next(); first != "written" || second != "delivered" {
		t.Errorf("the receipt was told %s, %s", first, second)
	}
}

func TestTheNextRequestProvesTheAnswerBefore(t *testing.T) {
	t.Parallel()
	receipts := make(chan receipt, 2)
	inPipes(t, expecting(receipts), func(c net.Conn) {
		start := time.Now()
		for range 2 {
			if _, err := io.ReadAll(get(t, c).Body); err != nil {
				t.Fatal(err)
			}
		}
		first := <-receipts
		if got := first.next() + first.next(); got != "writtendelivered" || time.Since(start) != 0 {
			t.Errorf("the receipt was told %s, after %s", got, time.Since(start))
		}
	})
}

func TestTheDeadlinesOfAConnectionThatWasTakenAreItsOwners(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	b := serve(t, func(w *httpio.Response, _ *http.Request) error {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			return err
		}
		_, err = io.WriteString(c, "too late")
		failed <- err
		return nil
	})
	c := b.dial(t)
	if _, err := io.WriteString(c, plainGet); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

func TestAConnectionResetAfterTheAnswerBreaksIt(t *testing.T) {
	t.Parallel()
	receipts := make(chan receipt, 1)
	b := serve(t, expecting(receipts))
	// A busy machine may let the second go by before the reset comes.
	for range 5 {
		c := b.dial(t)
		if _, err := io.WriteString(c, plainGet); err != nil {
			t.Fatal(err)
		}
		r := <-receipts
		if got := r.next(); got != "written" {
			t.Fatalf("the receipt was told %s", got)
		}
		reset(t, c)
		if got := r.next(); got == "broken" {
			return
		}
	}
	t.Error("no reset was noticed")
}

// reset closes a connection as a process that dies does.
func reset(t *testing.T, c *net.TCPConn) {
	t.Helper()
	if err := c.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAReaderThatLeavesAfterTheWholeAnswerBreaksNothing(t *testing.T) {
	t.Parallel()
	receipts := make(chan receipt, 1)
	b := serve(t, expecting(receipts))
	c := b.dial(t)
	ask(t, c, plainGet)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	r := <-receipts
	if got := r.next() + r.next(); got != "writtendelivered" {
		t.Errorf("the receipt was told %s", got)
	}
}

func TestAClientThatLeavesBeforeTheLastByteBreaksTheAnswer(t *testing.T) {
	t.Parallel()
	r := newReceipt()
	b := serve(t, func(w *httpio.Response, req *http.Request) error {
		w.Expect(r)
		out := httpio.StreamLines(w)
		defer out.Close()
		<-req.Context().Done()
		return out.End([]byte("{}\n"))
	})
	c := b.dial(t)
	if _, err := io.WriteString(c, plainGet); err != nil {
		t.Fatal(err)
	}
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.next(); got != "broken" {
		t.Errorf("the receipt was told %s", got)
	}
}

func TestShutdownSettlesWhatIsOpen(t *testing.T) {
	t.Parallel()
	receipts := make(chan receipt, 1)
	b := serve(t, expecting(receipts))
	ask(t, b.dial(t), plainGet)
	r := <-receipts
	if got := r.next(); got != "written" {
		t.Fatalf("the receipt was told %s", got)
	}
	if err := b.server.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-r:
		if got != "delivered" {
			t.Errorf("the receipt was told %s", got)
		}
	default:
		t.Error("the receipt was told nothing")
	}
}

func TestAReceiptIsToldOnce(t *testing.T) {
	t.Parallel()
	receipts := make(chan receipt, 1)
	b := serve(t, expecting(receipts))
	c := b.dial(t)
	ask(t, c, plainGet)
	r := <-receipts
	r.next()
	r.next()
	reset(t, c)
	if err := b.server.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-r:
		t.Errorf("the receipt was told %s again", got)
	default:
	}
}

func TestAReaderThatLeavesWithTheLastByteBreaksNothing(t *testing.T) {
	t.Parallel()
	r := newReceipt()
	b := serve(t, func(w *httpio.Response, req *http.Request) error {
		w.Expect(r)
		err := w.Send(http.StatusOK, "text/plain", bytes.Repeat([]byte{'x'}, 64<<10))
		<-req.Context().Done() // the client is faster than the end of its handler
		return err
	})
	c := b.dial(t)
	ask(t, c, plainGet)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.next() + r.next(); got != "writtendelivered" {
		t.Errorf("the receipt was told %s", got)
	}
}

func TestABodyThatDoesNotComeHoldsNobody(t *testing.T) {
	t.Parallel()
	methods := []string{http.MethodGet, http.MethodOptions, http.MethodPost, http.MethodPut}
	for i := range 2 * len(methods) {
		rest := "Content-Length: 5\r\n\r\nab"
		if i >= len(methods) {
			rest = "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
		}
		method := methods[i%len(methods)]
		inPipes(t, func(w *httpio.Response, r *http.Request) error {
			if r.Method == http.MethodPost {
				return convo.Errorf(convo.Invalid, "refused")
			}
			// As to PUT: a handler that has no use for the body.
			w.NoContent()
			return nil
		}, func(c net.Conn) {
			if _, err := io.WriteString(c, method+" / HTTP/1.1\r\nHost: x\r\n"+rest); err != nil {
				t.Fatal(err)
			}
			// Whatever comes, or nothing: but it comes to its end.
			if _, err := io.ReadAll(c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOptionsForTheWholeServerReachTheHandler(t *testing.T) {
	t.Parallel()
	b := serve(t, func(w *httpio.Response, _ *http.Request) error {
		w.NoContent()
		return nil
	})
	if res, _ := ask(t, b.dial(t), "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"); res.StatusCode != http.StatusNoContent {
		t.Errorf("got %d", res.StatusCode)
	}
}
