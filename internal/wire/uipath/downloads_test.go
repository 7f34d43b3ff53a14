package uipath_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// countedPieces counts the pieces of files that are read.
type countedPieces struct {
	store.Store
	read atomic.Int64
}

func (c *countedPieces) Piece(ctx context.Context, f convo.File, n int64) ([]byte, error) {
	c.read.Add(1)
	return c.Store.Piece(ctx, f, n)
}

func TestAFileIsReadOnceForAnAnswer(t *testing.T) {
	t.Parallel()
	var counted *countedPieces
	b := setupEngine(t, func(o *engine.Options) {
		counted = &countedPieces{Store: o.Store}
		o.Store = counted
	}, func(*uipath.Options) {})
	url, uri := b.upload(b.conversation(), "x")
	content := strings.Repeat("0123456789", 80_000)
	b.want(http.StatusCreated, request{method: http.MethodPut, path: "/" + url, body: content, token: "-"})
	file := "//files/" + strings.TrimPrefix(uri, "urn:parley:file:")
	const pieces = 4 // 800,000 bytes
	for name, c := range map[string]struct {
		ranges, want string
		status       int
		reads        int64
	}{
		"all of it":              {"", content, http.StatusOK, pieces},
		"what lies over a bound": {"bytes=262140-262149", content[262140:262150], http.StatusPartialContent, 2},
		"its end":                {"bytes=-3", "789", http.StatusPartialContent, 1},
		"many ranges":            {"bytes=" + strings.Repeat("0-0,700000-700000,", 1000) + "1-1", content, http.StatusOK, pieces},
	} {
		counted.read.Store(0)
		q := request{path: file}
		if c.ranges != "" {
			q.header = map[string]string{"Range": c.ranges}
		}
		if a := b.want(c.status, q); a.body != c.want {
			t.Errorf("%s: read %d bytes, want %d", name, len(a.body), len(c.want))
		}
		if n := counted.read.Load(); n > c.reads {
			t.Errorf("%s: %d pieces were read, want at most %d", name, n, c.reads)
		}
	}
}
