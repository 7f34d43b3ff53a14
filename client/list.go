package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"net/url"
	"strconv"
)

// Order is the order of a list, by creation.
type Order string

// The orders. Without one, messages are listed oldest first and everything else
// newest first.
const (
	Ascending  Order = "asc"
	Descending Order = "desc"
)

// ListRequest says what part of a list to read. Its zero value is the first
// page, as long as the server likes.
type ListRequest struct {
	Cursor string            // what the page before this one gave, or the id of an item
	Take   int               // at most so many, 1 to 1000; 0 = the server's choice
	Order  Order             // "" = the list's own
	Meta   map[string]string // only items whose meta has these values, as text
}

func (r *ListRequest) query() url.Values {
	query := url.Values{}
	if r.Cursor != "" {
		query.Set("cursor", r.Cursor)
	}
	if r.Take != 0 {
		query.Set("take", strconv.Itoa(r.Take))
	}
	if r.Order != "" {
		query.Set("order", string(r.Order))
	}
	for key, value := range r.Meta {
		query.Set("meta."+key, value)
	}
	return query
}

// Page is a part of a list. Cursor is where the next one begins; it is "" on an
// empty page, and always with servers that have no cursors.
type Page[T any] struct {
	Items  []T    `json:"items"`
	Cursor string `json:"cursor"`
}

// listing is a list of the API: where it is, and by what its items are known.
type listing[T any] struct {
	client *Client
	path   string     // below prefix
	query  url.Values // beside what a ListRequest says
	err    error      // in place of a path
	id     func(*T) string
}

// request asks for the list, or an export of it.
func (l listing[T]) request(in ListRequest) (*request, error) {
	if l.err != nil {
		return nil, l.err
	}
	query := in.query()
	maps.Copy(query, l.query)
	return get(l.path, query)
}

// page reads one page.
func (l listing[T]) page(ctx context.Context, in ListRequest, options []Option) (*Page[T], error) {
	r, err := l.request(in)
	return call[Page[T]](ctx, l.client, r, err, options)
}

// all reads page after page, until one is empty. Where the server gives no
// cursor, the id of the last item is one.
func (l listing[T]) all(ctx context.Context, in ListRequest, options []Option) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for {
			page, err := l.page(ctx, in, options)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			n := len(page.Items)
			if n == 0 {
				return
			}
			next := page.Cursor
			if next == "" {
				next = l.id(&page.Items[n-1])
			}
			if next == in.Cursor {
				yield(none, &malformedError{errors.New("a page of a list points to itself")})
				return
			}
			in.Cursor = next
		}
	}
}

// stream reads the items of one answer while they come: all there are, or as
// many as in says.
func (l listing[T]) stream(ctx context.Context, in ListRequest, options []Option) iter.Seq2[T, error] {
	r, err := l.request(in)
	return streamLines[T](ctx, l.client, r, err, EventItem, options)
}

// csv asks for a table with a row of headings. The caller closes it.
func (l listing[T]) csv(ctx context.Context, in ListRequest, options []Option) (io.ReadCloser, error) {
	r, err := l.request(in)
	if err != nil {
		return nil, err
	}
	r.accept = typeCSV
	c, err := l.client.open(ctx, r, options)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func failing[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}

// streamLines reads the lines of one kind out of an answer. A connection that
// is lost in between is an error: what was given cannot be told from what was
// not.
func streamLines[T any](ctx context.Context, client *Client, r *request, err error, kind EventKind, options []Option) iter.Seq2[T, error] {
	if err != nil {
		return failing[T](err)
	}
	return func(yield func(T, error) bool) {
		var none T
		r.accept = typeLines
		c, err := client.open(ctx, r, options)
		if err != nil {
			yield(none, err)
			return
		}
		defer c.close()
		for {
			l, err := c.lines.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var item T
			if err == nil {
				item, err = itemOf[T](l, kind)
			}
			if errors.Is(err, errOther) {
				continue
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// errOther marks a line of a kind that is not asked for.
var errOther = errors.New("another line")

func itemOf[T any](l line, kind EventKind) (item T, err error) {
	switch l.Type {
	case kind:
		if err := json.Unmarshal(l.Data, &item); err != nil {
			return item, &malformedError{err}
		}
		return item, nil
	case EventError:
		return item, endOfLog(l)
	}
	return item, errOther
}
