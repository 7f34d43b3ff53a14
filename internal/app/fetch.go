package app

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"path"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/outbound"
)

// fetcher reads files from addresses that callers chose.
type fetcher struct{ client *outbound.Client }

// Fetch implements [engine.Fetcher].
func (f fetcher) Fetch(ctx context.Context, address string) (engine.Fetched, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return engine.Fetched{}, convo.WrapError(convo.Invalid, err, "this is no address that can be read; give an http or https URL")
	}
	r.Header.Set("User-Agent", "parley")
	res, err := f.client.Do(r)
	if err != nil {
		return engine.Fetched{}, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close() // nothing of it is wanted
		kind := convo.UpstreamFailed
		if res.StatusCode < http.StatusInternalServerError {
			kind = convo.Invalid // asking again would not help
		}
		return engine.Fetched{}, convo.Errorf(kind, "%s answered with the status %d; its content must be there for everybody", r.URL.Hostname(), res.StatusCode)
	}
	return engine.Fetched{ReadCloser: res.Body, Name: nameOf(res), MediaType: res.Header.Get("Content-Type")}, nil
}

// nameOf is what an answer calls its content, or the end of its address.
func nameOf(res *http.Response) string {
	if _, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return path.Base(params["filename"])
	}
	return lastSegment(res.Request.URL)
}

func lastSegment(u *url.URL) string {
	if name := path.Base(u.Path); name != "." && name != "/" {
		return name
	}
	return ""
}
