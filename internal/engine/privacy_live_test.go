package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/moderate"
)

// repeats is an answer with all placeholders of the last user message.
func repeats(_ int, r *model.Request) []model.Event {
	return said("Hello " + strings.Join(holders(r), " "))
}

func TestWhatAClientSaysPrivatelyIsStoredWhenItIsWhole(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	b.utter(id, spokenText("X", "")[:3]...)
	half := len(mail) / 2
	for _, piece := range []string{"I am ", mail[:half], mail[half:], ", hello"} {
		b.utter(id, engine.SaidText{Exchange: "X", Message: "m-X", Part: "p", Text: piece})
		mustNotHold(t, "the store", b.atRest(id), "I am", mail[:half])
	}
	b.utter(id, engine.SaidMessageEnd{Exchange: "X", Message: "m-X"})
	events := b.exchange(id, "X")
	if got := spoken(events); !strings.HasSuffix(got, "Hello "+mail) {
		t.Errorf("shown: %q", got)
	}
	text := ""
	for _, e := range events {
		if d, ok := e.Body.(convo.Delta); ok && d.Type == convo.User {
			text += d.Text
		}
	}
	if text != "I am "+mail+", hello" {
		t.Errorf("others see %q", text)
	}
	mustNotHold(t, "the store", b.atRest(id), mail)
	mustNotHold(t, "the prompt", m.all(), mail)
}

func TestCitationsMoveWithWhatIsMasked(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	cited := &engine.SaidCitation{ID: "k", Starts: true, Ends: true, Sources: []convo.Source{{Title: "T", Number: 1, URL: "https://example.com"}}}
	b.utter(id,
		engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: "😀 " + mail + " "},
		engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: "so " + boss, Cites: cited},
		engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: " end"},
		engine.SaidMessageEnd{Exchange: "X", Message: "m"},
	)
	b.exchange(id, "X")
	stored := b.messages(id)[0]
	if c := stored.Parts[0].Citations; len(c) != 1 || c[0].Offset != 3+11+1 || c[0].Length != 3+11 {
		t.Errorf("stored: %q, %+v", stored.Text, c)
	}
	x, err := b.Exchange(t.Context(), b.actor, id, "X")
	if err != nil {
		t.Fatal(err)
	}
	c := x.Messages[0].Parts[0].Citations
	if len(c) != 1 || c[0].Offset != 3+len(mail)+1 || c[0].Length != 3+len(boss) || x.Messages[0].Text != "😀 "+mail+" so "+boss+" end" {
		t.Errorf("shown: %q, %+v", x.Messages[0].Text, c)
	}
	events, _, err := b.Events(t.Context(), b.actor, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if live, ok := e.Body.(convo.Cited); ok && (live.Citation.Offset != 3+len(mail)+1) {
			t.Errorf("live: %+v", live)
		}
	}
}

func TestWordsThatARestartTookAreAskedForAgain(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	b.utter(id, engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: "I am " + mail})
	b.stop()
	b.start()
	b.utter(id, engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: " and wait"}, engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	wantFailed(t, b.exchange(id, "X"), engine.LostWords)
	mustNotHold(t, "the store", b.atRest(id), mail)
}

func TestAtOnceAValueGetsOnePlaceholder(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, "I am "+mail), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, m := range b.messages(id) {
		seen[m.Text] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d placeholders: %v", len(seen), seen)
	}
}

func TestAPlaceholderOfATransactionThatFailedIsForgotten(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	long := strings.Repeat("x", engine.DefaultLimits().Text+1)
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, mail+long), nil); err == nil {
		t.Fatal("too long a text was taken")
	}
	if got := spoken(b.read(b.complete(id, "I am "+mail, nil))); got != "Hello "+mail {
		t.Errorf("shown: %q", got)
	}
}

func TestPrivacyMayComeAndGo(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, repeats)
	id := b.conversation(convo.Fields{})
	b.read(b.complete(id, "I am "+mail, nil))
	set := func(on bool) {
		if err := b.UpdateConversation(t.Context(), b.actor, id, func(f *convo.Fields) { f.Privacy = &on }, nil); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	before := len(m.sent)
	if got := spoken(b.read(b.complete(id, "Who is "+mail+"?", nil))); got != "Hello "+mail {
		t.Errorf("shown: %q", got)
	}
	mustNotHold(t, "the prompt", strings.Join(m.sent[before:], ""), mail)
	set(false)
	b.read(b.complete(id, "What did I say?", nil))
	events, _, err := b.Events(t.Context(), b.actor, id, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if text := spoken(events); !strings.Contains(text, "Hello "+mail) || placeholder.MatchString(text) {
		t.Errorf("readers see %q", text)
	}
}

func TestABotDecidesForItsConversations(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, repeats)
	bot, err := b.CreateObject(t.Context(), b.actor, engine.Bots(), engine.Draft{Body: convo.BotConfig{Config: convo.Config{Privacy: new(true)}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := b.conversation(convo.Fields{BotID: &bot.ID})
	if got := spoken(b.read(b.complete(id, "I am "+mail, nil))); got != "Hello "+mail {
		t.Errorf("shown: %q", got)
	}
	mustNotHold(t, "the store", b.atRest(id)+m.all(), mail)
	open := b.conversation(convo.Fields{BotID: &bot.ID, Config: convo.Config{Privacy: new(false)}})
	b.read(b.complete(open, "I am "+mail, nil))
	if !strings.Contains(b.messages(open)[0].Text, mail) {
		t.Error("what a conversation says itself does not count")
	}
}

func TestWhatAModelMakesUpIsMaskedAtRest(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, func(int, *model.Request) []model.Event {
		return said("Pay with " + card + " or write to " + mail + ", please.")
	})
	id := b.conversation(privately(convo.Fields{}))
	for range 2 {
		events := b.read(b.complete(id, "How?", nil))
		if got := spoken(events); got != "Pay with "+card+" or write to "+mail+", please." {
			t.Errorf("shown: %q", got)
		}
	}
	mustNotHold(t, "the store", b.atRest(id)+m.all(), card, mail)
}

func TestLabelsAreMaskedAndShown(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, func(n int, r *model.Request) []model.Event {
		return said("About " + placeholder.FindString(r.Messages[len(r.Messages)-1].Text))
	})
	id := b.conversation(privately(convo.Fields{Agenda: convo.Agenda{AutoLabel: true}}))
	b.read(b.complete(id, "I am "+mail, nil))
	b.stop() // waits for the label
	c, err := b.Conversation(t.Context(), b.actor, id)
	if err != nil || c.Name == nil || *c.Name != "About "+mail {
		t.Errorf("%v, %v", c.Name, err)
	}
	mustNotHold(t, "the store", b.atRest(id)+m.all(), mail)
}

func TestAChannelKeepsAPrivateAnswerEncrypted(t *testing.T) {
	t.Parallel()
	const channel = "a-channel-of-16-and-more"
	b, m := withMimic(t, nil, func(n int, r *model.Request) []model.Event {
		if n == 0 {
			return []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "c", Name: "ask", Arguments: `{}`}}}
		}
		return said("It is " + r.Messages[len(r.Messages)-1].Text)
	})
	id := b.conversation(privately(convo.Fields{}))
	in := engine.TurnInput{Text: ptr("Ask"), Front: "test", Given: engine.Given{Functions: []engine.Function{{Name: "ask", Result: &engine.FunctionResult{Channel: channel}}}}}
	r, err := b.Complete(t.Context(), b.actor, id, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var events []convo.Event
	err = r.Each(t.Context(), func(more []convo.Event) error {
		events = append(events, more...)
		for _, e := range more {
			if _, ok := e.Body.(convo.ToolStarted); ok {
				return b.Publish(t.Context(), b.actor, channel, convo.JSON(`{"mail":"`+mail+`"}`), nil)
			}
		}
		return nil
	})
	if err != nil || !strings.Contains(spoken(events), mail) {
		t.Errorf("%q, %v", spoken(events), err)
	}
	kept, err := b.store.Published(t.Context(), "t", channel, 0, 10)
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v, %v", kept, err)
	}
	mustNotHold(t, "the store", b.atRest(id)+m.all()+string(kept[0].Message), mail)
	s, err := b.Subscribe(t.Context(), b.actor, channel, engine.ChannelQuery{History: 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, enough := context.WithCancel(t.Context())
	_ = s.Each(ctx, engine.Subscriber{Messages: func(page []convo.Published) error {
		defer enough()
		if len(page) != 1 || string(page[0].Message) != `{"mail":"`+mail+`"}` {
			t.Errorf("listeners get %s", page[0].Message)
		}
		return nil
	}})
}

func TestAnotherConversationHasAnotherVault(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, func(_ int, r *model.Request) []model.Event { return said(r.Messages[len(r.Messages)-2].Text) })
	one, two := b.conversation(privately(convo.Fields{})), b.conversation(privately(convo.Fields{}))
	b.read(b.complete(one, mail, nil))
	holder := placeholder.FindString(b.messages(one)[0].Text)
	events := b.read(b.complete(two, "What is "+holder+"?", nil))
	mustNotHold(t, "the other conversation", spoken(events), mail)
}

func TestADeletedConversationLeavesNoVault(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	b.read(b.complete(id, mail, nil))
	if err := b.DeleteConversation(t.Context(), b.actor, id, nil); err != nil {
		t.Fatal(err)
	}
	if rows, err := b.store.Vault(t.Context(), "t", id); len(rows) > 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestWatchersSeeTheValues(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	b.read(b.complete(id, mail, nil))
	w := b.Watch("t", id, func() {})
	defer w.Cancel()
	events, err := w.Next(t.Context(), 0)
	if err != nil || spoken(events) != "Hello "+mail {
		t.Errorf("%q, %v", spoken(events), err)
	}
}

// strict flags texts with a certain word, and remembers what it was shown.
type strict struct {
	mu    sync.Mutex
	shown []string
	err   error
}

func (s *strict) Judge(_ context.Context, text string) (moderate.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, text)
	return moderate.Verdict{Flagged: strings.Contains(text, "unspeakable"), Categories: []string{"violence"}}, s.err
}

func TestWhatIsFlaggedHasNoEffect(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, repeats)
	judge := &strict{}
	b.stop()
	b.moderator = judge
	b.start()
	config := convo.Config{Moderation: new(true), Privacy: new(true)}
	id := b.conversation(convo.Fields{Config: config})
	ctx := t.Context()
	bad := "unspeakable " + mail
	_, err := b.Complete(ctx, b.actor, id, engine.TurnInput{Text: &bad}, nil)
	wantKind(t, err, convo.Unprocessable)
	_, err = b.CreateMessage(ctx, b.actor, id, message(convo.User, bad), nil)
	wantKind(t, err, convo.Unprocessable)
	_, err = b.CompleteStateless(ctx, b.actor, engine.StatelessInput{Config: config, Messages: []engine.NewMessage{message(convo.User, bad)}}, nil)
	wantKind(t, err, convo.Unprocessable)
	_, err = b.CreateConversation(ctx, b.actor, engine.NewConversation{Fields: convo.Fields{Config: config}, Messages: []engine.NewMessage{message(convo.User, bad)}}, nil)
	wantKind(t, err, convo.Unprocessable)
	b.utter(id, spokenText("X", bad)...)
	wantFailed(t, b.exchange(id, "X"), engine.Flagged)
	if list := b.messages(id); len(list) != 0 {
		t.Errorf("stored: %+v", list)
	}
	if m.all() != "" {
		t.Errorf("the model was asked: %s", m.all())
	}
	b.utter(id, spokenText("Y", "fine, "+mail)...)
	if got := spoken(b.exchange(id, "Y")); !strings.HasSuffix(got, "Hello "+mail) {
		t.Errorf("shown: %q", got)
	}
	mustNotHold(t, "what was judged", strings.Join(judge.shown, "\n"), mail)
	judge.err = convo.Errorf(convo.UpstreamFailed, "it is down")
	_, err = b.Complete(ctx, b.actor, id, engine.TurnInput{Text: ptr("fine")}, nil)
	wantKind(t, err, convo.UpstreamFailed)
}

func TestModerationWithoutAServiceIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{Config: convo.Config{Moderation: new(true)}})
	_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: ptr("hello")}, nil)
	wantKind(t, err, convo.Invalid)
	if err == nil || !strings.Contains(err.Error(), "moderation.url") {
		t.Errorf("%v", err)
	}
}

func TestFilesThatCannotBeMaskedAreRefused(t *testing.T) {
	t.Parallel()
	for _, partly := range []bool{false, true} {
		b, _ := withMimic(t, nil, repeats)
		draft := engine.Draft{Body: convo.BotConfig{Config: convo.Config{Privacy: new(true)}}}
		if partly {
			draft.Meta = convo.JSON(`{"privacy":"partly"}`)
		}
		bot, err := b.CreateObject(t.Context(), b.actor, engine.Bots(), draft, nil)
		if err != nil {
			t.Fatal(err)
		}
		id := b.conversation(convo.Fields{BotID: &bot.ID})
		b.utter(id,
			engine.SaidPart{Exchange: "X", Message: "m", Part: "p", MediaType: "image/png", Name: "me.png", File: &convo.FileRef{URI: "https://example.com/me.png"}},
			engine.SaidMessageEnd{Exchange: "X", Message: "m"},
		)
		if events := b.exchange(id, "X"); partly {
			if end(t, events).Reason != convo.EndDone {
				t.Errorf("the bot lets it through, and it ended as %+v", end(t, events).Failure)
			}
		} else {
			wantFailed(t, events, engine.Unmaskable)
		}
	}
}

// The values in a prompt are the same whoever reads the history, and whatever was
// stored before privacy was on.
func TestPromptsContinueEachOtherInPrivate(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, repeats)
	id := b.conversation(privately(convo.Fields{}))
	b.read(b.complete(id, "I am "+mail, nil))
	b.read(b.complete(id, "and "+boss, nil))
	b.stop()
	b.start() // the history is read again
	b.read(b.complete(id, "and "+card, nil))
	first := strings.Split(m.sent[1], "Current date")[0]
	if !strings.HasPrefix(m.sent[2], strings.TrimSuffix(first, " ")[:40]) {
		t.Errorf("%s\n%s", m.sent[1], m.sent[2])
	}
	for n := 1; n < 3; n++ {
		if a, b := placeholder.FindString(m.sent[n-1]), placeholder.FindString(m.sent[n]); a != b || a == "" {
			t.Errorf("prompt %d has %q, the one before %q", n, b, a)
		}
	}
}

// What is cut before it is masked must not be cut within a value: half of one is not
// told any more.
func TestALabelIsNotMadeOfHalfAValue(t *testing.T) {
	t.Parallel()
	for _, made := range []string{"", "A label"} {
		b, m := withMimic(t, nil, func(int, *model.Request) []model.Event { return said(made) })
		var ids []string
		for before := 0; before < 80; before += 3 {
			for _, filler := range []string{"", strings.Repeat("b ", 960)} {
				id := b.conversation(convo.Fields{Agenda: convo.Agenda{AutoLabel: true}})
				in := message(convo.User, filler+strings.Repeat("a", before)+" "+card+" "+mail+" said before it was private")
				if _, err := b.CreateMessage(t.Context(), b.actor, id, in, nil); err != nil {
					t.Fatal(err)
				}
				if err := b.UpdateConversation(t.Context(), b.actor, id, func(f *convo.Fields) { f.Privacy = new(true) }, nil); err != nil {
					t.Fatal(err)
				}
				r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{}, nil)
				if err != nil {
					t.Fatal(err)
				}
				b.read(r)
				other := b.conversation(privately(convo.Fields{Agenda: convo.Agenda{AutoLabel: true}}))
				b.read(b.complete(other, in.Text, nil))
				ids = append(ids, id, other)
			}
		}
		for _, id := range ids {
			b.labelled(id)
		}
		mustNotHold(t, "a prompt", m.all(), mail[:8], card[:9])
		for _, id := range ids {
			head, err := b.store.Head(t.Context(), "t", id)
			if err != nil || head.Name == nil {
				t.Fatalf("%+v, %v", head, err)
			}
			mustNotHold(t, "a label", *head.Name, mail[:8], card[:9])
		}
	}
}
