package uipath_test

import (
	"net/http"
	"strings"
	"testing"
)

// attach says a user message that is a file.
func (p *peer) attach(conversation, exchange, uri string) {
	p.t.Helper()
	p.say(`{"conversationId":%q,"exchange":{"exchangeId":%q,"startExchange":{},"message":{"messageId":"M","startMessage":{"role":"user"},`+
		`"contentPart":{"contentPartId":"P","startContentPart":{"mimeType":"text/plain","externalValue":{"uri":%q}},"endContentPart":{}},"endMessage":{}}}}`,
		conversation, exchange, uri)
}

func TestAFileInAMessageIsReadWithoutATokenByWhoeverIsShownIt(t *testing.T) {
	t.Parallel()
	b := live(t)
	conversation := b.conversation()
	url, uri := b.upload(conversation, "notes.txt")
	put := request{method: http.MethodPut, path: "/" + url, body: "mine", token: "-"}
	b.want(http.StatusCreated, put)
	ann := b.connect("ann", nil, options{})
	ann.start(conversation)
	ann.attach(conversation, "X", uri)
	ann.until(`"endExchange"`)
	if a := b.do(put); a.status != http.StatusConflict {
		t.Errorf("a file that is said can be changed: %d %s", a.status, a.body)
	}
	part := b.want(http.StatusOK, request{path: "/conversation/" + conversation + "/exchange/X/message/M/contentPart/P"}).object(t)
	data, _ := part["data"].(map[string]any)
	address, _ := data["uri"].(string)
	if !strings.HasPrefix(address, b.url+"/files/") || data["byteCount"] != float64(len("mine")) {
		t.Fatalf("the file is shown as %v", data)
	}
	shown := "/" + strings.TrimPrefix(address, b.url)
	if a := b.want(http.StatusOK, request{path: shown, token: "-"}); a.body != "mine" {
		t.Errorf("read %q", a.body)
	}
	b.refused(4030, request{method: http.MethodPut, path: shown, body: "other", token: "-"})
	b.refused(4030, request{path: strings.Replace(shown, "type=text%2Fplain", "type=text%2Fhtml", 1), token: "-"})
}

func TestNobodyAttachesAFileOfAnother(t *testing.T) {
	t.Parallel()
	b := live(t)
	bob := map[string]string{"X-UiPath-External-User-Id": "bob"}
	made := b.want(http.StatusCreated, request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7}`, header: bob}).object(t)
	theirs, _ := made["conversationId"].(string)
	access := b.want(http.StatusCreated, request{path: "/conversation/" + theirs + "/attachment", body: `{"name":"x"}`, header: bob}).object(t)
	upload, _ := access["fileUploadAccess"].(map[string]any)
	url, _ := upload["url"].(string)
	uri, _ := access["uri"].(string)
	b.want(http.StatusCreated, request{method: http.MethodPut, path: "/" + strings.TrimPrefix(url, b.url), body: "secret", token: "-"})
	conversation := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(conversation)
	ann.attach(conversation, "X", uri)
	ann.until(`EXTERNAL_CONTENT_PART_PROCESSING_FAILED`)
	if shown := b.want(http.StatusOK, request{path: "/conversation/" + conversation + "/exchange"}).body; strings.Contains(shown, "/files/") {
		t.Errorf("another's file is shown: %s", shown)
	}
}
