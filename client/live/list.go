package live

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
)

// SortOrder is the order of a list.
type SortOrder string

// The orders. Without one, messages come oldest first and everything else
// newest first.
const (
	Ascending  SortOrder = "ascending"
	Descending SortOrder = "descending"
)

// Page is a part of a list. Cursor is where the next one begins; it is "" on
// the last.
type Page[T any] struct {
	Items  []T    `json:"data"`
	Cursor string `json:"cursor"`
}

// setPage adds what names a page to a query.
func setPage(query url.Values, cursor string, limit int) {
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
}

// all reads page after page.
func all[T any](ctx context.Context, cursor string, page func(context.Context, string) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for {
			p, err := page(ctx, cursor)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
			switch p.Cursor {
			case "":
				return
			case cursor:
				yield(none, errors.New("a page of a list points to itself"))
				return
			}
			cursor = p.Cursor
		}
	}
}
