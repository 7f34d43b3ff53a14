package tooltest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/tool"
)

// Upstream is a server on this machine for tools that make requests: its paths
// are /echo?text=…, /fails, /hangs, /long and /binary, and each of them sends
// back the Authorization that it got.
type Upstream struct {
	URL   string
	Began <-chan struct{} // closed when /hangs was asked for
}

// NewUpstream starts one, which ends with the test.
func NewUpstream(t *testing.T) *Upstream {
	t.Helper()
	began := make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/echo":
			fmt.Fprintf(w, "You sent %s with %s.", r.URL.Query().Get("text"), secret)
		case "/fails":
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprintf(w, "This is why %s fails.", secret)
		case "/hangs":
			begin()
			<-r.Context().Done()
		case "/long":
			piece := secret + strings.Repeat("a", 1000)
			for n := 0; n < 10*tool.MaxOutput; n += len(piece) {
				if _, err := io.WriteString(w, piece); err != nil {
					return
				}
			}
		case "/binary":
			fmt.Fprintf(w, "\xff%s\x00\xfe", secret)
		}
	}))
	t.Cleanup(server.Close)
	return &Upstream{URL: server.URL, Began: began}
}
