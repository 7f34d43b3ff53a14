package client

import (
	"fmt"
	"net/url"
)

// Visibility says who may see a bot, a skillset or a secret.
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
