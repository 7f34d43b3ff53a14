package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
)

// archive gives what it has, and remembers what it was given.
type archive struct {
	text     string
	err      error // after the text
	imported console.Imported
	reads    int64 // how much of an import it wants

	tenant string
	values console.Values
	dryRun bool
	got    bytes.Buffer
	ids    []string
	left   chan error // the end of a transfer whose client went away
}

func (a *archive) Export(_ context.Context, tenant string, w io.Writer, total func(int), v console.Values) error {
	a.tenant, a.values = tenant, v
	if a.left != nil { // it has no end
		for {
			if _, err := io.WriteString(w, a.text); err != nil {
				a.left <- err
				return err
			}
		}
	}
	if total != nil {
		total(7)
	}
	if a.text == "" {
		return a.err
	}
	_, err := io.WriteString(w, a.text)
	return errors.Join(err, a.err)
}

func (a *archive) Import(_ context.Context, tenant string, r io.Reader, dryRun bool, v console.Values) (console.Imported, error) {
	a.tenant, a.dryRun, a.values = tenant, dryRun, v
	if a.reads > 0 {
		r = io.LimitReader(r, a.reads)
	}
	_, err := io.Copy(&a.got, r)
	if a.left != nil {
		a.left <- err
	}
	return a.imported, errors.Join(err, a.err)
}

func (a *archive) Updated(_ context.Context, tenant string, ids []string) (map[string]time.Time, error) {
	a.tenant, a.ids = tenant, ids
	return map[string]time.Time{"a": born}, a.err
}

func TestArchivesPassThroughTheSocket(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 1<<16)
	a := &archive{text: long, imported: console.Imported{
		Imported: 1, Skipped: 2, Refused: 3, Events: 4, Problems: []console.Problem{{Conversation: "c", Text: "no"}},
	}}
	c := serve(t, &console.Server{Archive: a})
	var out bytes.Buffer
	total := 0
	err := c.Export(t.Context(), "a&b/c", &out, func(n int) { total = n }, console.Values{})
	if err != nil || out.String() != long || total != 7 || a.tenant != "a&b/c" {
		t.Errorf("%d bytes of %d conversations of %q, %v", out.Len(), total, a.tenant, err)
	}
	if err := c.Export(t.Context(), "", io.Discard, nil, console.Values{}); err != nil {
		t.Error(err)
	}
	for _, dryRun := range []bool{false, true} {
		a.got.Reset()
		done, err := c.Import(t.Context(), "x/y", strings.NewReader(long), dryRun, console.Values{})
		if err != nil || !reflect.DeepEqual(done, a.imported) || a.got.String() != long || a.dryRun != dryRun || a.tenant != "x/y" {
			t.Errorf("%+v, %v; the server got %d bytes for %q (%v)", done, err, a.got.Len(), a.tenant, a.dryRun)
		}
	}
	there, err := c.Updated(t.Context(), "x/y", []string{"a", "b"})
	if err != nil || len(there) != 1 || !there["a"].Equal(born) || len(a.ids) != 2 {
		t.Errorf("%v, %v", there, err)
	}
	if _, err := c.Updated(t.Context(), "", make([]string, console.MaxUpdated+1)); convo.ErrorKind(err) != convo.TooLarge {
		t.Errorf("too many: %v", err)
	}
}

func TestAnArchiveThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "some of it"} {
		a := &archive{text: text, err: convo.Errorf(convo.NotFound, "no such\ntenant: 100 %% né")}
		c := serve(t, &console.Server{Archive: a})
		var out bytes.Buffer
		err := c.Export(t.Context(), "", &out, nil, console.Values{})
		if convo.ErrorKind(err) != convo.NotFound || err.Error() != "no such\ntenant: 100 % né" || out.String() != text {
			t.Errorf("after %q: %v", text, err)
		}
		// What comes behind the failure is sent and read all the same.
		a.imported, a.reads = console.Imported{Imported: 5}, 3
		done, err := c.Import(t.Context(), "", strings.NewReader(strings.Repeat("x", 8<<20)), false, console.Values{})
		if convo.ErrorKind(err) != convo.NotFound || done.Imported != 5 || a.got.Len() != 3 {
			t.Errorf("%+v, %v", done, err)
		}
	}
}

func TestAnImportEndsWhenItsClientGoesAway(t *testing.T) {
	t.Parallel()
	a := &archive{left: make(chan error, 1)}
	c := serve(t, &console.Server{Archive: a})
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(context.Canceled) })
	go func() {
		_, _ = io.WriteString(w, "the beginning")
		cancel()
	}()
	if _, err := c.Import(ctx, "", r, false, console.Values{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the client: %v", err)
	}
	if err := <-a.left; err == nil {
		t.Error("the server takes the cut for the end")
	}
	broken := errors.New("broken")
	a.left = nil
	if _, err := c.Import(t.Context(), "", iotest.ErrReader(broken), false, console.Values{}); !errors.Is(err, broken) {
		t.Errorf("a broken input: %v", err)
	}
}

func TestAnExportEndsWhenItsClientGoesAway(t *testing.T) {
	t.Parallel()
	a := &archive{text: strings.Repeat("x", 1<<16), left: make(chan error, 1)}
	c := serve(t, &console.Server{Archive: a})
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Export(ctx, "", writes(func() { cancel() }), nil, console.Values{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the client: %v", err)
	}
	if err := <-a.left; err == nil {
		t.Error("the server goes on")
	}
}

// writes is told of each write.
type writes func()

func (w writes) Write(p []byte) (int, error) { w(); return len(p), nil }

func TestAnOlderServerIsNamedAsOne(t *testing.T) {
	t.Parallel()
	c := serveHandler(t, http.NotFoundHandler())
	if err := c.Export(t.Context(), "", io.Discard, nil, console.Values{}); err == nil || !strings.Contains(err.Error(), "older than this command") {
		t.Errorf("got %v", err)
	}
}

func TestTheValuesOfSecretsAreAskedForInHeaders(t *testing.T) {
	t.Parallel()
	a := &archive{text: "text", imported: console.Imported{Values: 2, Withheld: 3}}
	var paths []string
	server := &console.Server{Archive: a}
	c := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.String())
		server.Handler().ServeHTTP(w, r)
	}))
	for _, v := range []console.Values{
		{}, {Passphrase: "pässphrase \n with\x00 all"}, {Passphrase: "p", Salt: []byte{0, 1, 255}}, {Passphrase: "p", Must: true}, {Must: true},
	} {
		if done, err := c.Import(t.Context(), "", strings.NewReader("x"), false, v); err != nil || !reflect.DeepEqual(a.values, v) || !reflect.DeepEqual(done, a.imported) {
			t.Errorf("an import with %+v has %+v: %+v, %v", v, a.values, done, err)
		}
		v.Must = false // exports have no need of it
		if err := c.Export(t.Context(), "", io.Discard, nil, v); err != nil || !reflect.DeepEqual(a.values, v) {
			t.Errorf("an export with %+v has %+v: %v", v, a.values, err)
		}
	}
	if strings.Contains(strings.Join(paths, "\n"), "ssphrase") {
		t.Errorf("the passphrase is in an address: %q", paths)
	}
}

func TestValuesAreNotLeftOutByAServerThatDoesNotKnowThem(t *testing.T) {
	t.Parallel()
	old := http.NewServeMux()
	old.HandleFunc("GET /console/export", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "without values") })
	c := serveHandler(t, old)
	var out bytes.Buffer
	err := c.Export(t.Context(), "", &out, nil, console.Values{Passphrase: "p"})
	if err == nil || !strings.Contains(err.Error(), "older than this command") || out.Len() != 0 {
		t.Errorf("it gives %q, %v", &out, err)
	}
}

func TestAPassphraseThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	handler := (&console.Server{Archive: &archive{text: "text"}}).Handler()
	for _, q := range []struct{ method, path, passphrase, salt string }{
		{"GET", "/console/export/values", "", ""},
		{"GET", "/console/export/values", "no base64!", ""},
		{"GET", "/console/export/values", "cA==", "no base64!"},
		{"POST", "/console/import", "no base64!", ""},
	} {
		r := httptest.NewRequest(q.method, q.path, strings.NewReader("x"))
		r.Header.Set("Parley-Passphrase", q.passphrase)
		r.Header.Set("Parley-Salt", q.salt)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if body := w.Body.String(); !strings.Contains(body, "not what this version of parley understands") || strings.Contains(body, "base64") {
			t.Errorf("%+v: %s", q, body)
		}
	}
}
