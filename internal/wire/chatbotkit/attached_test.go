package chatbotkit_test

import (
	"context"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// web has one page.
type web struct{}

func (web) Fetch(_ context.Context, address string) (engine.Fetched, error) {
	switch address {
	case "https://files.example/elsewhere":
		return engine.Fetched{}, convo.Errorf(convo.UpstreamFailed, "files.example answered with the status 500")
	case "https://files.example/menu.txt":
	default:
		return engine.Fetched{}, convo.Errorf(convo.Invalid, "this address is refused")
	}
	return engine.Fetched{ReadCloser: io.NopCloser(strings.NewReader("Soup 4, fish 9.")), Name: "menu.txt", MediaType: "text/plain"}, nil
}

const pngBytes = "\x89PNG\r\n\x1a\n, a picture"

// filesOf are attachments of a text, a picture and a page.
func filesOf() string {
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(pngBytes))
	return `"attachments":[{"url":"data:text/plain,parley%20is%20here"},{"url":"` + picture + `"},{"url":"https://files.example/menu.txt"}]`
}

// wantFiles checks that the model was given filesOf in its latest call.
func (b *bundle) wantFiles(what string, calls int) {
	b.t.Helper()
	call, err := b.model.Await(b.t.Context(), calls)
	must(b.t, err)
	var said model.Message
	for _, m := range call.Request.Messages {
		if m.Role == model.User {
			said = m
		}
	}
	for _, text := range []string{"Look", "parley is here", "menu.txt", "Soup 4"} {
		if !strings.Contains(said.Text, text) {
			b.t.Errorf("%s: %q lacks %q", what, said.Text, text)
		}
	}
	if len(said.Images) != 1 || said.Images[0].MediaType != "image/png" || string(said.Images[0].Data) != pngBytes {
		b.t.Errorf("%s: %d images", what, len(said.Images))
	}
}

func TestAttachmentsOfATurnReachItsModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.create("/v1/conversation/create", `{}`)
	for i, path := range []string{
		"/v1/conversation/" + id + "/complete", "/v1/conversation/complete",
		"/v1/conversation/" + id + "/dispatch", "/v1/conversation/dispatch",
	} {
		if a := b.post(path, `{"text":"Look",`+filesOf()+`}`); a.status != 200 {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		b.wantFiles(path, i+1)
	}
	if got := b.attachments(id); len(got) != 6 {
		t.Errorf("%+v", got)
	}
}

func TestASessionAttachesToItsTurn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine := b.make()
	a := b.do(request{path: "/v1/conversation/" + mine.conversation + "/complete", body: `{"text":"Look",` + filesOf() + `}`, token: mine.session})
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.wantFiles("a session", 1)
}

func TestWrongAttachmentsAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.create("/v1/conversation/create", `{}`)
	eleven := strings.Repeat(`{"url":"data:,x"},`, 10) + `{"url":"data:,x"}`
	for list, want := range map[string]string{
		`[{"url":"data:,x"},{"url":"ftp://files.example/x"}]`: "attachments[1].url must be",
		`[{"url":"x"}]`:                          "attachments[0].url must be",
		`[{}]`:                                   "attachments[0].url is missing",
		`[{"url":"data:text/plain;base64,%%%"}]`: "attachments[0].url: this data: URL",
		`[{"url":"data:nothing"}]`:               "attachments[0].url: this data: URL has no comma",
		`[{"url":"data:,x"},{"url":"https://files.example/elsewhere"}]`: "attachments[1].url: files.example answered with the status 500",
		`[` + eleven + `]`: "attachments must have at most 10 items",
	} {
		for _, path := range []string{"/v1/conversation/" + id + "/complete", "/v1/conversation/complete", "/v1/conversation/dispatch", "/v1/conversation/" + id + "/dispatch"} {
			if a := b.post(path, `{"text":"Look","attachments":`+list+`}`); a.status != 400 || !strings.Contains(a.body, want) {
				t.Errorf("%s %s: %d %s", path, list, a.status, a.body)
			}
		}
	}
	if a := b.post("/v1/conversation/"+id+"/receive", `{`+filesOf()+`}`); a.status != 400 || !strings.Contains(a.body, "ask for complete") {
		t.Errorf("receive has no message: %d %s", a.status, a.body)
	}
	if a := b.post("/v1/conversation/"+id+"/receive", `{"attachments":[]}`); a.status != 200 {
		t.Errorf("none are fine: %d %s", a.status, a.body)
	}
	if got := b.attachments(id); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestNoDataURLOfARequestIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.private()
	path := "/v1/conversation/" + id + "/complete"
	body := `{"text":"Look","attachments":[{"url":"data:text/plain,write%20to%20` + privateMail + `"}]}`
	if a := b.post(path, body); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.post(path, strings.Replace(body, "data:text/plain", "data:image/png", 1)) // is refused
	if log := b.log.String(); strings.Contains(log, privateMail) || strings.Contains(log, "data:") {
		t.Errorf("the log says %s", log)
	}
}
