package client

import (
	"context"
	"fmt"
	"iter"
	"net/url"
)

// Visibility says who may see a bot, a skillset, a secret, a dataset or a file.
type Visibility string

// The visibilities.
const (
	Private   Visibility = "private"
	Protected Visibility = "protected"
	Public    Visibility = "public"
)

// objectPath is the path of an operation on what tenants configure, and below it
// on one of its parts. An id that proxies and servers may take out of the path
// is an error.
func objectPath(kind, id string, parts ...string) (string, error) {
	path := "/" + kind
	for _, part := range append([]string{id}, parts...) {
		switch part {
		case "":
			return "", fmt.Errorf("an id in the path of the %s is empty", kind)
		case ".", "..":
			return "", fmt.Errorf("%q cannot be an id in the path of a %s", part, kind)
		}
		path += "/" + url.PathEscape(part)
	}
	return path, nil
}

// getObject asks for something of an object.
func getObject(kind, id string, parts ...string) (*request, error) {
	path, err := objectPath(kind, id, parts...)
	if err != nil {
		return nil, err
	}
	return get(path, nil)
}

// postObject changes something of an object.
func postObject(in any, kind, id string, parts ...string) (*request, error) {
	path, err := objectPath(kind, id, parts...)
	if err != nil {
		return nil, err
	}
	return post(path, in)
}

// objects holds the operations that bots, skillsets, secrets, datasets, files,
// contacts and memories have alike. The types are those of one kind: a Bot, a
// BotCreateRequest and a BotUpdateRequest.
type objects[Object, CreateRequest, UpdateRequest any] struct {
	client *Client
	kind   string // as in paths
	id     func(*Object) string
}

func (s *objects[Object, CreateRequest, UpdateRequest]) listing() listing[Object] {
	return listing[Object]{client: s.client, path: "/" + s.kind + "/list", id: s.id}
}

// List reads a page, newest first.
func (s *objects[Object, CreateRequest, UpdateRequest]) List(ctx context.Context, in ListRequest, options ...Option) (*Page[Object], error) {
	return s.listing().page(ctx, in, options)
}

// All reads all there are page by page; in.Take is the length of a page.
func (s *objects[Object, CreateRequest, UpdateRequest]) All(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Object, error] {
	return s.listing().all(ctx, in, options)
}

// ListStream reads them out of one answer: all of them, or in.Take.
func (s *objects[Object, CreateRequest, UpdateRequest]) ListStream(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Object, error] {
	return s.listing().stream(ctx, in, options)
}

// Fetch reads one by its id or alias.
func (s *objects[Object, CreateRequest, UpdateRequest]) Fetch(ctx context.Context, id string, options ...Option) (*Object, error) {
	r, err := getObject(s.kind, id, "fetch")
	return call[Object](ctx, s.client, r, err, options)
}

// Create makes one.
func (s *objects[Object, CreateRequest, UpdateRequest]) Create(ctx context.Context, in CreateRequest, options ...Option) (*Reference, error) {
	r, err := post("/"+s.kind+"/create", in)
	return call[Reference](ctx, s.client, r, err, options)
}

// Update changes the fields that are given.
func (s *objects[Object, CreateRequest, UpdateRequest]) Update(ctx context.Context, id string, in UpdateRequest, options ...Option) (*Reference, error) {
	return s.post(ctx, in, options, id, "update")
}

// Delete removes one and what is its own: a skillset's abilities, a secret's
// value, a dataset's records, a file's content and the records that datasets have
// of it, a contact's memories. What names it elsewhere stays as it is.
func (s *objects[Object, CreateRequest, UpdateRequest]) Delete(ctx context.Context, id string, options ...Option) (*Reference, error) {
	return s.post(ctx, struct{}{}, options, id, "delete")
}

// post does something with an object that is answered with its id.
func (s *objects[Object, CreateRequest, UpdateRequest]) post(ctx context.Context, in any, options []Option, id string, parts ...string) (*Reference, error) {
	r, err := postObject(in, s.kind, id, parts...)
	return call[Reference](ctx, s.client, r, err, options)
}

// parts holds the lists of what belongs to an object, as the files of a dataset.
type parts[Item any] struct {
	client *Client
	kind   string // of the object, as in paths
	part   string // of its paths, as "file"
	id     func(*Item) string
}

func (s *parts[Item]) listing(owner, operation string) listing[Item] {
	path, err := objectPath(s.kind, owner, s.part, operation)
	return listing[Item]{client: s.client, path: path, err: err, id: s.id}
}

// List reads a page of those of one object.
func (s *parts[Item]) List(ctx context.Context, owner string, in ListRequest, options ...Option) (*Page[Item], error) {
	return s.listing(owner, "list").page(ctx, in, options)
}

// All reads all those of one object page by page; in.Take is the length of a page.
func (s *parts[Item]) All(ctx context.Context, owner string, in ListRequest, options ...Option) iter.Seq2[Item, error] {
	return s.listing(owner, "list").all(ctx, in, options)
}

// ListStream reads them out of one answer: all of them, or in.Take.
func (s *parts[Item]) ListStream(ctx context.Context, owner string, in ListRequest, options ...Option) iter.Seq2[Item, error] {
	return s.listing(owner, "list").stream(ctx, in, options)
}
