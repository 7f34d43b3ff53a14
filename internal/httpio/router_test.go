package httpio_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

func routes(t testing.TB) *httpio.Router[string] {
	t.Helper()
	r, err := httpio.NewRouter([]httpio.Route[string]{
		{Method: "GET", Pattern: "/a/list", Value: "list"},
		{Method: "POST", Pattern: "/a/create", Value: "create"},
		{Method: "GET", Pattern: "/a/{id}/fetch", Value: "fetch"},
		{Method: "POST", Pattern: "/a/{id}/fetch", Value: "post fetch"},
		{Method: "GET", Pattern: "/a/list/only", Value: "only"},
		{Method: "GET", Pattern: "/a/{id}/b/{b}/fetch", Value: "inner"},
		{Method: "GET", Pattern: "/files/{path...}", Value: "files"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRouterFindsByEscapedSegments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, want, id string }{
		{"/a/list", "list", ""},
		{"/%61/list", "list", ""},
		{"/a/1/fetch", "fetch", "1"},
		{"/a/list/fetch", "fetch", "list"}, // back from the literal
		{"/a/list/only", "only", ""},
		{"/a/x%2Fy/fetch", "fetch", "x/y"},
		{"/a/..%2F..%2Fetc/fetch", "fetch", "../../etc"},
		{"/a/../fetch", "fetch", ".."},
		{"/a/1/b/2/fetch", "inner", "1"},
		{"/files/a/b/c", "files", ""},
	} {
		m, err := routes(t).Find("GET", c.path)
		if err != nil || m.Value != c.want || m.Param("id") != c.id {
			t.Errorf("Find(%q) = %q, id %q, %v; want %q, id %q", c.path, m.Value, m.Param("id"), err, c.want, c.id)
		}
	}
}

func TestRouterKnowsNoOtherPaths(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "/", "a/list", "//a/list", "/a//fetch", "/a/list/", "/A/list", "/a/1/fetch/more",
		"/a/%zz/fetch", "/a/./list", "/x/../a/list", "/a%2Flist", "/files/", "/files",
	} {
		if m, err := routes(t).Find("GET", path); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("Find(%q) = %q, %v; want not found", path, m.Value, err)
		}
	}
}

func TestRouterNamesTheMethodsOfAPath(t *testing.T) {
	t.Parallel()
	_, err := routes(t).Find("DELETE", "/a/1/fetch")
	wrong, ok := errors.AsType[*httpio.NotAllowed](err)
	if !ok || wrong.Allow != "GET, POST, OPTIONS" || wrong.Pattern != "/a/{id}/fetch" {
		t.Fatalf("got %v", err)
	}
}

func TestRouterRefusesTheSameRouteTwice(t *testing.T) {
	t.Parallel()
	_, err := httpio.NewRouter([]httpio.Route[int]{{"GET", "/a/{x}", 1}, {"GET", "/a/{y}", 2}})
	if err == nil {
		t.Fatal("no error")
	}
}

func FuzzRouter(f *testing.F) {
	for _, s := range []string{"/a/1/fetch", "/a/%2e%2e/fetch", "//", "/a/%", "/files/x/"} {
		f.Add(s)
	}
	r := routes(f)
	f.Fuzz(func(t *testing.T, path string) {
		m, err := r.Find("GET", path)
		switch {
		case err != nil && convo.ErrorKind(err) != convo.NotFound && !errors.As(err, new(*httpio.NotAllowed)):
			t.Fatalf("%q: %v", path, err)
		case err == nil && m.Pattern == "/a/{id}/fetch" && (m.Param("id") == "" || strings.Count(path, "/") != 3):
			t.Fatalf("%q matched with id %q", path, m.Param("id"))
		}
	})
}
