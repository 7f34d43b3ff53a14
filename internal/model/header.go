package model

import (
	"context"
	"net/http"
)

type headerKey struct{}

// WithHeader gives a context whose calls of a provider send these headers too: a
// trace's, for example. Drivers that speak HTTP heed it; none of the headers
// replaces one that the driver sets itself.
func WithHeader(ctx context.Context, header http.Header) context.Context {
	return context.WithValue(ctx, headerKey{}, header)
}

// Header gives what WithHeader was given, or nil.
func Header(ctx context.Context) http.Header {
	header, _ := ctx.Value(headerKey{}).(http.Header)
	return header
}
