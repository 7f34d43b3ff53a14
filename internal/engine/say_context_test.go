package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// file makes a file of a conversation with that content.
func (b *bundle) file(conversation, name, mediaType, content string) string {
	b.t.Helper()
	f, err := b.CreateFile(b.t.Context(), b.actor, conversation, name)
	if err == nil {
		err = b.FillFile(b.t.Context(), f.ID, mediaType, strings.NewReader(content))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return f.URI()
}

func attachment(exchange, uri string) []engine.Said {
	return []engine.Said{
		engine.SaidPart{Exchange: exchange, Message: "m", Part: uri, File: &convo.FileRef{URI: uri}},
		engine.SaidPartEnd{Exchange: exchange, Message: "m", Part: uri},
	}
}

func TestTheModelReadsTheTextsThatAreAttached(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("I see"), answer("again"))
	id := b.conversation(convo.Fields{})
	text, image := b.file(id, "a.txt", "text/plain", "Tower: 330 m"), b.file(id, "b.png", "image/png", "\x89PNG")
	b.utter(id, attachment("X", text)...)
	b.utter(id, attachment("X", image)...)
	b.utter(id, engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: "How high?"}, engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	b.exchange(id, "X")
	want := "[file \"a.txt\", text/plain, 12 bytes]\nTower: 330 m\n[end of file \"a.txt\"]\n\n[file \"b.png\", image/png, 4 bytes]\n\nHow high?"
	first, _ := b.model.Await(t.Context(), 1)
	if got := lastUser(first); got != want {
		t.Errorf("the model read %q", got)
	}
	b.say(id, "And?")
	second, _ := b.model.Await(t.Context(), 2)
	if got := second.Request.Messages[0].Text; got != want {
		t.Errorf("later it read %q", got)
	}
	m := b.messages(id)[0]
	if m.Text != "How high?" || m.Parts[0].MediaType != "text/plain" || m.Parts[0].Name != "a.txt" || m.Parts[0].File.Size != 12 {
		t.Errorf("the message is %+v", m)
	}
	if err := b.FillFile(t.Context(), strings.TrimPrefix(text, convo.FileURI), "text/plain", strings.NewReader("other")); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a file that a message has was filled again: %v", err)
	}
}

func TestAFileThatDoesNotFitIsCutToItsShare(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("long"))
	b.fixed.window = 1000
	id := b.conversation(convo.Fields{})
	uri := b.file(id, "a.txt", "text/plain", strings.Repeat("word ", 10_000))
	b.utter(id, attachment("X", uri)...)
	b.utter(id, engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	if got := spoken(b.exchange(id, "X")); got != "long" {
		t.Fatalf("it said %q", got)
	}
	call, _ := b.model.Await(t.Context(), 1)
	if got := lastUser(call); len(got) > 1200 || !strings.HasSuffix(got, "[the rest of file \"a.txt\" is left out]") {
		t.Errorf("the model read %d bytes: …%s", len(got), got[max(0, len(got)-60):])
	}
}

func TestAFileThatIsNoneOfTheConversationFailsTheExchange(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id, other := b.conversation(convo.Fields{}), b.conversation(convo.Fields{})
	empty, err := b.CreateFile(t.Context(), b.actor, id, "e")
	if err != nil {
		t.Fatal(err)
	}
	for i, uri := range []string{convo.FileURI + "none", b.file(other, "o", "", "o"), empty.URI()} {
		name := fmt.Sprint("X", i)
		mine := b.file(id, "m", "text/plain", "m")
		b.utter(id, spokenText(name, "before")[:4]...)
		b.utter(id, engine.SaidPart{Exchange: name, Message: "m-" + name, Part: "mine", File: &convo.FileRef{URI: mine}},
			engine.SaidPart{Exchange: name, Message: "m-" + name, Part: "f", File: &convo.FileRef{URI: uri}},
			engine.SaidMessageEnd{Exchange: name, Message: "m-" + name})
		wantFailed(t, b.exchange(id, name), engine.BadFile)
		if _, err := b.File(t.Context(), strings.TrimPrefix(mine, convo.FileURI)); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("a file of a message that was deleted is there: %v", err)
		}
	}
	b.wantListed(id, "")
	if n := len(b.model.Calls()); n != 0 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestTheModelKnowsWhatTheUserSaysOfHimselfAndTheApplicationOfItsInput(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("one"), answer("two"), answer("three"))
	ann := convo.Actor{Tenant: "t", User: "ann", Own: true}
	_, err := b.UpdateSettings(t.Context(), ann, func(s *convo.Settings) error {
		s.Name, s.Zone = ptr("Ann"), ptr("Europe/Paris")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	id := b.conversation(convo.Fields{
		Agenda: convo.Agenda{Owner: ptr("ann"), AgentInput: convo.JSON(`{"inline":{"order":7}}`)},
		Config: convo.Config{Backstory: ptr("Be kind.")},
	})
	if _, err := b.Say(t.Context(), ann, id, engine.Saying{Front: "test", From: "s1", Said: spokenText("X", "Who am I?")}); err != nil {
		t.Fatal(err)
	}
	b.exchange(id, "X")
	b.say(id, "And now?") // through another front
	service := b.conversation(convo.Fields{})
	b.say(service, "Who?")
	var prompts [3][]model.Message
	for i := range prompts {
		call, _ := b.model.Await(t.Context(), i+1)
		prompts[i] = call.Request.Messages
	}
	head := prompts[0][0]
	for _, part := range []string{"Be kind.", `{"inline":{"order":7}}`, "Name: Ann", "Europe/Paris"} {
		if head.Role != model.System || !strings.Contains(head.Text, part) {
			t.Errorf("the prompt begins with %q, without %q", head.Text, part)
		}
	}
	if note := prompts[0][2].Text; !strings.Contains(note, "(Europe/Paris)") {
		t.Errorf("the time of day is %q", note)
	}
	for i, m := range prompts[0] {
		if prompts[1][i].Text != m.Text {
			t.Errorf("the next prompt begins with %q instead of %q", prompts[1][i].Text, m.Text)
		}
	}
	if strings.Contains(fmt.Sprint(prompts[2]), "Ann") {
		t.Error("the settings of a user are in another's prompt")
	}
}
