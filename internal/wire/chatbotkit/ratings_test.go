package chatbotkit_test

import (
	"strings"
	"testing"
)

func TestRatingsOfAContactAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	contact := b.create("/v1/contact/create", `{"fingerprint":"ann"}`)
	bot := b.create("/v1/bot/create", `{}`)
	conversation := b.create("/v1/conversation/create", `{"contactId":"ann","botId":"`+bot+`"}`)
	message := b.create("/v1/conversation/"+conversation+"/message/create", `{"type":"bot","text":"Hello"}`)
	b.post("/v1/conversation/"+conversation+"/message/"+message+"/downvote", `{"value":-7,"reason":"Short."}`)
	b.post("/v1/conversation/"+conversation+"/upvote", `{}`)
	type rating struct {
		ContactID, BotID, ConversationID, MessageID, Reason string
		Value                                               int
	}
	var page struct {
		Items  []rating
		Cursor string
	}
	decode(t, b.do(request{path: "/v1/contact/ann/rating/list?order=asc"}), &page)
	want := []rating{{contact, bot, conversation, message, "Short.", -7}, {contact, bot, conversation, "", "", 100}}
	if len(page.Items) != 2 || page.Items[0] != want[0] || page.Items[1] != want[1] || page.Cursor == "" {
		t.Errorf("ratings = %+v", page)
	}
	if a := b.do(request{path: "/v1/contact/ann/rating/list", accept: jsonl}); strings.Count(a.body, "\n") != 2 {
		t.Errorf("as lines: %s", a.body)
	}
	if a := b.do(request{path: "/v1/contact/" + contact + "/rating/list", token: b.foreign}); a.status != 404 {
		t.Errorf("for another tenant: %d %s", a.status, a.body)
	}
}
