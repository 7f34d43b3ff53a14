package chatbotkit_test

import "testing"

type spokenMessage struct {
	ID, AttachmentID, Type, URL string
	Size                        int64
}

func TestAMessageIsSpoken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.create("/v1/conversation/create", `{}`)
	path := "/v1/conversation/" + conversation + "/message/"
	message := b.create(path+"create", `{"type":"bot","text":"Hello"}`)
	var spoken, again spokenMessage
	decode(t, b.post(path+message+"/synthesize", `{}`), &spoken)
	if spoken.ID != message || spoken.AttachmentID == "" || spoken.Type != "audio/mpeg" || spoken.Size != int64(len("sound of Hello")) {
		t.Errorf("it is %+v", spoken)
	}
	decode(t, b.post(path+message+"/synthesize", `{}`), &again)
	if again != spoken {
		t.Errorf("the second time it is %+v", again)
	}
	var page struct {
		Items []struct{ ID, Name, MessageID string }
	}
	decode(t, b.do(request{path: "/v1/conversation/" + conversation + "/attachment/list"}), &page)
	if len(page.Items) != 1 || page.Items[0].ID != spoken.AttachmentID || page.Items[0].Name != "speech.mp3" || page.Items[0].MessageID != message {
		t.Errorf("the attachments are %+v", page)
	}
	if a := b.do(request{path: path + message + "/synthesize", body: `{}`, token: b.foreign}); a.status != 404 {
		t.Errorf("for another tenant: %d %s", a.status, a.body)
	}
	private := b.create("/v1/conversation/create", `{"privacy":true,"messages":[{"type":"bot","text":"Write to ben@mail.example.com"}]}`)
	var list struct{ Items []struct{ ID string } }
	decode(t, b.do(request{path: "/v1/conversation/" + private + "/message/list"}), &list)
	if a := b.post("/v1/conversation/"+private+"/message/"+list.Items[0].ID+"/synthesize", `{}`); a.status != 400 {
		t.Errorf("of what is masked: %d %s", a.status, a.body)
	}
}
