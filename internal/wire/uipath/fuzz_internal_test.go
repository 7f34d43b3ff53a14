package uipath

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// FuzzCursor holds that what clients hand in as a cursor is refused, or stands for a
// position that is given out again as it was.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("e30")
	f.Add(cursor{List: "conversations", Params: map[string]string{"sort": ascending}, At: 5, ID: "x"}.encode())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readCursor(text)
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := readCursor(c.encode())
		if err != nil || again.List != c.List || again.At != c.At || again.ID != c.ID || len(again.Params) != len(c.Params) {
			t.Errorf("%+v came back as %+v, %v", c, again, err)
		}
	})
}

// FuzzSignedAddress holds that no query is taken for an address but the one that was
// made, in any spelling.
func FuzzSignedAddress(f *testing.F) {
	s := signer{key: []byte("a key"), now: func() time.Time { return time.Unix(1000, 0) }}
	made := s.address(signed{use: forDownload, id: "f", tenant: "t", conversation: "c", name: "notes.txt"}, time.Hour)
	_, good, _ := strings.Cut(made, "?")
	f.Add(good)
	f.Add("exp=4600&sig=AAAA")
	f.Add(strings.Replace(good, "notes", "other", 1))
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := httpio.ParseQuery(raw)
		if err != nil {
			return
		}
		file := func(id, tenant, conversation string) convo.File {
			return convo.File{ID: id, Tenant: tenant, Conversation: conversation}
		}
		a, ok := s.check(forDownload, file("f", "t", "c"), query)
		if ok && (a.name != "notes.txt" || a.mediaType != "" || a.expires != 4600) {
			t.Errorf("%q is taken for %+v", raw, a)
		}
		for _, other := range []convo.File{file("g", "t", "c"), file("f", "u", "c"), file("f", "t", "d"), file("f", "tc", "")} {
			if _, ok := s.check(forDownload, other, query); ok {
				t.Errorf("%q is good for %+v", raw, other)
			}
		}
		if _, ok := s.check(forUpload, file("f", "t", "c"), query); ok {
			t.Errorf("%q is good for an upload", raw)
		}
	})
}

func TestOfTwoMissingNumbersTheFirstIsToldEachTime(t *testing.T) {
	t.Parallel()
	for range 50 {
		if err := (&createRequest{}).check(); err == nil || !strings.Contains(err.Error(), "agentReleaseId") {
			t.Fatalf("got %v", err)
		}
	}
}

// FuzzBodies holds that bodies are decoded or refused with a code, and that what was
// decoded is within its bounds.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"agentReleaseId":1,"folderId":7,"label":"x","agentInput":{"inline":{}},"jobStartOverrides":{}}`,
		`{"label":null,"jobKey":null,"isLocalJobExecution":true}`, `{"name":"x","email":"a@b.c","timezone":null}`,
		`{"rating":"positive","comment":"x"}`, `{"name":5}`, `{"selections":[{"connectorKey":"k","connectionId":null}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		created, err := httpio.Decode[createRequest](body)
		checkDecoded(t, err)
		if err == nil && len([]rune(string(created.Label.Value))) > maxLabel {
			t.Errorf("a label has %d bytes", len(created.Label.Value))
		}
		_, err = httpio.Decode[updateRequest](body)
		checkDecoded(t, err)
		_, err = httpio.Decode[settingsRequest](body)
		checkDecoded(t, err)
		_, err = httpio.Decode[attachmentRequest](body)
		checkDecoded(t, err)
		_, err = httpio.Decode[feedbackRequest](body)
		checkDecoded(t, err)
	})
}

func checkDecoded(t *testing.T, err error) {
	t.Helper()
	if kind := convo.ErrorKind(err); kind != "" && kind != convo.Invalid {
		t.Errorf("got %v", err)
	}
}
