package chatbotkit_test

import (
	"strings"
	"testing"
)

type shownAttachment struct {
	ID, Name, Type string
	Size           int64
}

func (b *bundle) attachments(conversation string) []shownAttachment {
	b.t.Helper()
	var page struct{ Items []shownAttachment }
	decode(b.t, b.do(request{path: "/v1/conversation/" + conversation + "/attachment/list?order=asc"}), &page)
	return page.Items
}

func TestAnAttachmentComesInAnyFormAndIsListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.create("/v1/conversation/create", `{}`)
	path := "/v1/conversation/" + conversation + "/attachment/upload"

	var announced struct {
		ID            string
		UploadRequest struct {
			Method, URL string
			Headers     map[string]string
		}
	}
	decode(t, b.post("/api/v1/Attachment/"+conversation+"/upload", `{"file":{"type":"text/csv","size":7,"name":"a.csv"}}`), &announced)
	up := announced.UploadRequest
	if announced.ID == "" || up.Method != "PUT" || up.Headers["content-type"] != "text/csv" {
		t.Fatalf("%+v", announced)
	}
	if got := b.attachments(conversation); len(got) != 0 {
		t.Errorf("before its content: %+v", got)
	}
	for _, content := range []string{"x", "a,b\n1,2"} { // the second replaces the first
		if a := b.put(up.URL, "text/csv", content); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	var stored struct{ ID string }
	decode(t, b.post(path, `{"file":"data:text/plain,hello"}`), &stored)
	kind, body := form(t, "file", "b.md", "text/markdown", "# Title")
	if a := b.do(request{path: path, body: body, header: map[string]string{"Content-Type": kind}}); a.status != 200 {
		t.Errorf("a form: %d %s", a.status, a.body)
	}
	if a := b.do(request{path: path, body: "plain", header: map[string]string{"Content-Type": "text/plain"}}); a.status != 200 {
		t.Errorf("a body: %d %s", a.status, a.body)
	}

	got := b.attachments(conversation)
	want := []shownAttachment{
		{announced.ID, "a.csv", "text/csv", 7}, {stored.ID, "attachment", "text/plain", 5},
		{"", "b.md", "text/markdown", 7}, {"", "attachment", "text/plain", 5},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if want[i].ID == "" {
			want[i].ID = got[i].ID
		}
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

func TestTheNextMessageGetsWhatWasAttached(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.create("/v1/conversation/create", `{}`)
	path := "/v1/conversation/" + conversation
	b.post(path+"/attachment/upload", `{"file":"data:text/plain,the%20password%20is%20parley"}`)
	if a := b.post(path+"/complete", `{"text":"What is it?"}`); a.status != 200 || !strings.Contains(a.body, "the password is parley") {
		t.Errorf("the answer repeats the prompt: %d %s", a.status, a.body)
	}
	if a := b.do(request{path: path + "/message/list"}); !strings.Contains(a.body, `"text":"What is it?"`) {
		t.Errorf("the message keeps its text: %s", a.body)
	}
	if got := b.attachments(conversation); len(got) != 1 {
		t.Errorf("it is listed still: %+v", got)
	}
}

func TestTheModelReadsTheTextOfADocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.create("/v1/conversation/create", `{}`)
	path := "/v1/conversation/" + conversation
	b.post(path+"/attachment/upload", `{"file":"data:text/html,<p>parley</p><script>hidden</script>"}`)
	b.post(path+"/attachment/upload", `{"file":"data:application/pdf,broken"}`) // says nothing, and harms nobody
	b.post(path+"/send", `{"text":"What is it?"}`)
	a := b.post(path+"/receive", `{}`)
	if a.status != 200 || !strings.Contains(a.body, "parley") || !strings.Contains(a.body, "application/pdf, 6 bytes") || strings.Contains(a.body, "hidden") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := b.post(path+"/complete", `{"text":"And now?"}`); a.status != 200 || strings.Contains(a.body, "[file") {
		t.Errorf("a file belongs to one message: %d %s", a.status, a.body)
	}
}

func TestASessionAttachesToItsOwnConversationOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, other := b.make(), b.make()
	for conversation, want := range map[string]int{mine.conversation: 200, other.conversation: 403} {
		a := b.do(request{path: "/v1/conversation/" + conversation + "/attachment/upload", body: `{"file":"data:,x"}`, token: mine.session})
		if a.status != want {
			t.Errorf("%d %s, want %d", a.status, a.body, want)
		}
	}
}

func TestARepeatedUploadAttachesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.create("/v1/conversation/create", `{}`)
	ask := request{
		path: "/v1/conversation/" + conversation + "/attachment/upload", body: `{"file":"data:,x"}`,
		header: map[string]string{"Idempotency-Key": "k"},
	}
	one, two := b.do(ask), b.do(ask)
	if one.status != 200 || two.body != one.body {
		t.Errorf("%d %s, then %d %s", one.status, one.body, two.status, two.body)
	}
	if got := b.attachments(conversation); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAPrivateConversationTakesNoPictures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.create("/v1/conversation/create", `{"privacy":true}`)
	path := "/v1/conversation/" + conversation + "/attachment/upload"
	if a := b.post(path, `{"file":"data:image/png;base64,AAAA"}`); a.status != 400 || !strings.Contains(a.body, "cannot be masked") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := b.post(path, `{"file":"data:text/plain,hello"}`); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := b.attachments(conversation); len(got) != 1 || got[0].Type != "text/plain" {
		t.Errorf("%+v", got)
	}
}
