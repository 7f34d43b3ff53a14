package httpio_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/httpio"
)

func TestALinkOpensOneFileUntilItsEnd(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)
	links := httpio.NewLinks([]byte("a key"), func() time.Time { return at })
	address := links.Path("org/tenant", "file 1")
	path, raw, _ := strings.Cut(address, "?")
	if path != "/files/file%201" {
		t.Errorf("the path is %s", path)
	}
	query, err := httpio.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	open := func(l *httpio.Links, file string, q httpio.Query) bool {
		_, ok := l.Check(file, q)
		return ok
	}
	if tenant, ok := links.Check("file 1", query); !ok || tenant != "org/tenant" {
		t.Errorf("the link opens %t, for %q", ok, tenant)
	}
	other, err := httpio.ParseQuery(strings.Replace(raw, "tenant=org", "tenant=ogr", 1))
	if err != nil {
		t.Fatal(err)
	}
	if open(links, "file 2", query) || open(links, "file 1", other) || open(httpio.NewLinks([]byte("another"), time.Now), "file 1", query) {
		t.Error("a link opens another file, another tenant's, or another server's")
	}
	at = at.Add(10 * time.Hour)
	if again := links.Path("org/tenant", "file 1"); again != address || !open(links, "file 1", query) {
		t.Errorf("on the same day it is %s, and was %s", again, address)
	}
	at = at.Add(37 * time.Hour)
	if open(links, "file 1", query) {
		t.Error("it works after two days")
	}
}
