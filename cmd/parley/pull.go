package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/pull"
)

// remote makes a client of the server that the flags name. PARLEY_SECRET is
// that of this one: it must not be sent elsewhere by mistake.
func (p *program) remote(o importOptions) (*client.Client, func(), error) {
	secret := cmp.Or(o.secret, p.variable(config.ImportSecret))
	if secret == "" {
		return nil, nil, errors.New("--from needs a secret of that server: set " + config.ImportSecret + ", or give --secret")
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	c, err := client.New(client.WithBaseURL(o.from), client.WithSecret(secret),
		client.WithHTTPClient(&http.Client{Transport: transport}), client.WithRetries(pull.Retries))
	return c, transport.CloseIdleConnections, err
}

// pull reads another server's conversations and imports them while they come.
func (p *program) pull(ctx context.Context, a console.Archive, from *client.Client, o importOptions) error {
	began := time.Now()
	bar := p.newBar()
	r, w := io.Pipe()
	var read pull.Result
	var failed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		read, failed = pull.Pull(ctx, from, w, pull.Options{
			Updated: func(ctx context.Context, ids []string) (map[string]time.Time, error) {
				return a.Updated(ctx, o.tenant, ids)
			},
			Moved: func(so pull.Result) {
				bar.show(0, 0, fmt.Sprintf("%d conversations read, %d were there already", so.Read, so.Skipped))
			},
		})
		_ = w.Close() // what was read whole counts, also after a failure
	}()
	meter := &inputMeter{r: r}
	imported, err := a.Import(ctx, o.tenant, meter, o.dryRun, console.Values{})
	_ = r.CloseWithError(errors.Join(err, errNotRead)) // a pull that goes on has no reader
	<-done
	bar.clear()
	if errors.Is(failed, errNotRead) {
		failed = nil // err says why
	}
	return p.tellPulled(imported, read, errors.Join(err, failed), meter.bytes, began, o.dryRun)
}

// errNotRead ends a pull whose import has ended.
var errNotRead = errors.New("the import has ended")

// tellPulled adds to what an import did what was not even read.
func (p *program) tellPulled(done console.Imported, read pull.Result, err error, bytes int64, began time.Time, dryRun bool) error {
	done.Skipped += read.Skipped
	for _, problem := range append(read.Changed, read.Refused...) {
		done.Refused++
		done.Problems = append(done.Problems, console.Problem{Conversation: problem.Conversation, Text: problem.Text})
	}
	if read.Read > 0 && !read.Votes {
		fmt.Fprintln(p.err, "parley: that server does not show votes: they were left out")
	}
	return p.tellImported(done, err, bytes, began, dryRun)
}
