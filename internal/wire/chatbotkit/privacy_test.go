package chatbotkit_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

const privateMail = "ann.example@mail.example.com"

// private makes a conversation that keeps personal data from its model, which says
// again what it was told.
func (b *bundle) private() string {
	b.t.Helper()
	return b.create("/v1/conversation/create", `{"privacy":true}`)
}

// slice is what JavaScript's slice gives of a text.
func slice(s string, begin, end float64) string {
	return string(utf16.Decode(utf16.Encode([]rune(s))[int(begin):int(end)]))
}

func TestSendAnswersWithTheEntitiesOfAPrivateText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.private()
	said := "😀 I am Zyx of " + privateMail
	var sent struct {
		Entities []struct {
			Type        string
			Begin, End  float64
			Text        string
			Replacement struct {
				Begin, End float64
				Text       string
			}
		}
	}
	body := `{"text":"` + said + `","entities":[{"type":"name","begin":0,"end":3,"text":"Zyx","replacement":{"begin":0,"end":11,"text":"i03n7d1g9fo"}}]}`
	decode(t, b.post("/v1/conversation/"+id+"/send", body), &sent)
	stored := b.messages(id)
	masked := strings.TrimSuffix(strings.TrimPrefix(stored, `user "`), `"`)
	if len(sent.Entities) != 2 || sent.Entities[0].Replacement.Text != "i03n7d1g9fo" || sent.Entities[1].Type != "email" {
		t.Fatalf("%+v", sent)
	}
	for _, e := range sent.Entities {
		if slice(said, e.Begin, e.End) != e.Text || slice(masked, e.Replacement.Begin, e.Replacement.End) != e.Replacement.Text {
			t.Errorf("%+v of %q and %q", e, said, masked)
		}
	}
	if strings.Contains(stored, privateMail) || strings.Contains(stored, "Zyx") {
		t.Errorf("stored: %s", stored)
	}
}

func TestWithoutPrivacyEntitiesAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	if a := b.post("/v1/conversation/"+id+"/send", `{"text":"`+privateMail+`"}`); !strings.Contains(a.body, `"entities":[]`) {
		t.Errorf("%s", a.body)
	}
}

func TestWithPrivacyEntitiesThatStandNowhereAreNotGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.private()
	for path, kind := range map[string]string{"send": "", "message/create": `"type":"user",`} {
		body := `{` + kind + `"text":"hello","entities":[{"type":"name","begin":2,"end":99,"text":"Zyx"}]}`
		if a := b.post("/v1/conversation/"+id+"/"+path, body); !strings.Contains(a.body, `"entities":[]`) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func TestAPrivateTurnIsShownWithItsValues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.private()
	for _, path := range []string{"/v1/conversation/" + id + "/complete", "/v1/conversation/complete"} {
		body := `{"text":"I am ` + privateMail + `, hello","privacy":true}`
		if strings.Contains(path, id) {
			body = `{"text":"I am ` + privateMail + `, hello"}`
		}
		lines := b.stream(request{path: path, body: body}).rest()
		shown := text(t, lines)
		var result struct{ Text string }
		unmarshal(t, string(lines[len(lines)-1].Data), &result)
		if result.Text != shown || !strings.Contains(shown, "I am "+privateMail+", hello") {
			t.Errorf("%s: tokens %q, result %q", path, shown, result.Text)
		}
		for _, l := range lines {
			if l.Type == "message" && !strings.Contains(string(l.Data), privateMail) {
				t.Errorf("%s: %s", path, l.Data)
			}
		}
	}
	for _, call := range b.model.Calls() {
		asked, err := json.Marshal(call.Request.Messages)
		must(t, err)
		if strings.Contains(string(asked), privateMail) {
			t.Errorf("the model was asked %s", asked)
		}
	}
	if stored := b.messages(id); strings.Contains(stored, privateMail) {
		t.Errorf("stored: %s", stored)
	}
	events := b.do(request{path: "/v1/conversation/" + id + "/events"})
	if !strings.Contains(events.body, privateMail) || regexp.MustCompile(`"text":"[^"]*\b[a-z]*[0-9][a-z0-9]{8,}\b`).MatchString(events.body) {
		t.Errorf("events: %s", events.body)
	}
}

func TestARepeatOfAPrivateRequestIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.private()
	for _, path := range []string{"/v1/conversation/" + id + "/complete", "/v1/conversation/complete", "/v1/conversation/" + id + "/send"} {
		body := `{"text":"I am ` + privateMail + `","privacy":true}`
		if strings.Contains(path, id) {
			body = `{"text":"I am ` + privateMail + `"}`
		}
		q := request{path: path, body: body, header: map[string]string{"Idempotency-Key": "key"}}
		first, again := b.do(q), b.do(q)
		if first.body != again.body || !strings.Contains(first.body, privateMail) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %s, then %s", path, first.body, again.body)
		}
	}
}

func TestWhatModerationFlagsIs422(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.create("/v1/conversation/create", `{"moderation":true}`)
	for _, path := range []string{"/v1/conversation/" + id + "/complete", "/v1/conversation/" + id + "/send", "/v1/conversation/complete", "/v1/conversation/" + id + "/dispatch"} {
		body := `{"text":"unspeakable"}`
		if path == "/v1/conversation/complete" {
			body = `{"text":"unspeakable","moderation":true}`
		}
		if a := b.post(path, body); a.status != 422 || !strings.Contains(a.body, `"code":"UNPROCESSABLE_ENTITY"`) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if stored := b.messages(id); stored != "" {
		t.Errorf("stored: %s", stored)
	}
	if a := b.post("/v1/conversation/"+id+"/complete", `{"text":"fine"}`); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
