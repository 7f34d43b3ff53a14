package uipath_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// stored makes a file of the tenant.
func (b *bundle) stored(id, name, content string) {
	b.t.Helper()
	at := time.Now().UTC()
	must(b.t, b.store.PutPiece(b.t.Context(), "upload-"+id, 0, at, []byte(content)))
	_, err := b.store.Update(b.t.Context(), tenantOne, "", store.Durable, func(tx store.Tx) error {
		return tx.PutObject(convo.Object{Tenant: tenantOne, ID: id, Created: at, Updated: at, Body: convo.Stored{
			Name: name, MediaType: "text/markdown", Size: int64(len(content)), Upload: "upload-" + id, At: at,
		}})
	})
	must(b.t, err)
}

// cites stores a turn that looked something up, and whose answer cites a passage of
// a file.
func (b *bundle) cites(conversation, file string) {
	b.t.Helper()
	source := convo.Source{Title: "Guide", Number: 1, File: file, Origin: "guide.md", MediaType: "text/markdown", PageNumber: "3"}
	cited := convo.Citation{ID: "k", Offset: 3, Length: 3, Sources: []convo.Source{source}}
	_, err := b.store.Update(b.t.Context(), tenantOne, conversation, store.Buffered, func(tx store.Tx) error {
		for _, body := range []convo.Body{
			convo.TurnOpened{Front: "test"},
			convo.MessageGiven{ID: "q", Fields: convo.MessageFields{Type: convo.User}, Text: "Is it?"},
			convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
			convo.MessageGiven{
				ID: "found", Place: convo.Place(1, 1), Text: "what was found", Sources: convo.Numbers{First: 1, Count: 1},
				Fields: convo.MessageFields{Type: convo.Context, Meta: convo.JSON(`{"retrieval":{}}`)},
			},
			convo.MessageStarted{ID: "a", Place: convo.Place(1, 2), Type: convo.Bot},
			convo.Delta{Message: "a", Type: convo.Bot, Text: "It "},
			convo.Cited{Message: "a", Citation: cited},
			convo.Delta{Message: "a", Type: convo.Bot, Text: "[1]"},
			convo.MessageEnded{ID: "a", Place: convo.Place(1, 2), Type: convo.Bot, Text: "It [1]", Citations: []convo.Citation{cited}},
			convo.TurnEnded{Reason: convo.EndDone},
		} {
			if err := tx.Append(convo.Event{At: time.Now(), Turn: "turn", Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
	must(b.t, err)
}

func TestACitedFileIsReadAtTheAddressThatIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	b.stored("file", "guide.md", "# Guide")
	b.cites(id, "file")
	a := b.want(http.StatusOK, request{path: "/conversation/" + id + "/exchange/turn"})
	var x struct {
		Messages []struct {
			Role         string
			ContentParts []struct {
				Citations []struct {
					Offset, Length int
					Sources        []struct {
						Title, DownloadURL, MimeType, PageNumber string
						Number                                   int
					}
				}
			}
		}
	}
	must(t, json.Unmarshal([]byte(a.body), &x))
	if strings.Contains(a.body, "what was found") || len(x.Messages) != 2 {
		t.Errorf("the exchange is %s", a.body)
	}
	c := x.Messages[1].ContentParts[0].Citations[0]
	s := c.Sources[0]
	if c.Offset != 3 || c.Length != 3 || s.Title != "Guide" || s.Number != 1 || s.MimeType != "text/markdown" || s.PageNumber != "3" {
		t.Errorf("the citation is %+v", c)
	}
	address, ours := strings.CutPrefix(s.DownloadURL, b.url)
	if !ours {
		t.Fatalf("the address is %q", s.DownloadURL)
	}
	for _, token := range []string{"-", b.secret} {
		read := b.want(http.StatusOK, request{path: "/" + address, token: token})
		if read.body != "# Guide" || read.header.Get("Content-Type") != "text/markdown" || !strings.Contains(read.header.Get("Content-Disposition"), "guide.md") {
			t.Errorf("read %q with %v", read.body, read.header)
		}
	}
	if got := b.do(request{path: "/" + strings.Replace(address, "sig=", "sig=x", 1), token: "-"}); got.status != http.StatusForbidden {
		t.Errorf("with another signature: %d", got.status)
	}
	b.refused(4030, request{path: "/" + strings.Replace(address, "/files/file", "/files/other", 1), token: "-"})
}

func TestSessionsAreGivenTheAddressOfACitedFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	b.stored("file", "guide.md", "# Guide")
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(id)
	b.cites(id, "file")
	b.want(http.StatusOK, request{method: http.MethodPatch, path: "/conversation/" + id, body: `{"label":"now"}`}) // has the log looked at
	for {
		shown := ann.next()
		if strings.Contains(shown, "what was found") {
			t.Errorf("the session was told %s", shown)
		}
		if strings.Contains(shown, `"downloadUrl":"`+b.url+`/files/file?`) {
			return
		}
	}
}
