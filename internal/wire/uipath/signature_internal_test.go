package uipath

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

func TestAnAddressOfAFileWorksUntilItsEnd(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	s := signer{key: []byte("a key"), now: func() time.Time { return now }}
	file := convo.File{ID: "f", Tenant: "t", Conversation: "c"}
	for use, lasts := range map[string]time.Duration{forUpload: time.Hour, forDownload: 24 * time.Hour} {
		made := now
		_, raw, _ := strings.Cut(s.address(signed{use: use, id: file.ID, tenant: file.Tenant, conversation: file.Conversation}, lasts), "?")
		query, err := httpio.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		for after, want := range map[time.Duration]bool{0: true, lasts - time.Second: true, lasts: false, lasts + time.Hour: false} {
			now = made.Add(after)
			if _, ok := s.check(use, file, query); ok != want {
				t.Errorf("%s after %s: good is %t", use, after, ok)
			}
		}
		now = made
		if _, ok := (signer{key: []byte("another key"), now: s.now}).check(use, file, query); ok {
			t.Errorf("%s: another server takes the address", use)
		}
	}
	if uploadFor != time.Hour || downloadFor != 24*time.Hour {
		t.Error("addresses last for another time than docs/uipath.md says")
	}
}
