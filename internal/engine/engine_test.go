package engine_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/moderate"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/speak"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/transcribe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a server without a front: an engine over the memory store and a
// model that plays scripts.
type bundle struct {
	*engine.Engine
	t     *testing.T
	store *memory.Store
	hub   *hub.Hub
	model *scripted.Provider
	fixed *fixedModel
	actor convo.Actor

	observer engine.Observer // nil = none
	sealer   engine.Sealer   // nil = openSealer
	tools    tool.Set
	log      *slog.Logger // nil = none

	abilities   engine.Abilities
	transcriber transcribe.Transcriber
	speaker     speak.Speaker
	moderator   moderate.Moderator

	vectors     retrieve.Vectors
	embedder    embed.Embedder
	fetcher     engine.Fetcher
	inline      func([]convo.Record) func(retrieve.Query) []retrieve.Hit // nil = wordSearch
	botDatasets func(tenant, bot string) []string

	quotas  []engine.Quota
	compact bool
}

// fixedModel resolves every model string but "unknown" to one provider.
type fixedModel struct {
	provider model.Provider
	window   int64
	latest   int
	refused  bool // nothing resolves
	kind     string
}

func (f *fixedModel) Resolve(_ context.Context, spec string) (model.Choice, error) {
	if spec == "unknown" || f.refused {
		return model.Choice{}, convo.Errorf(convo.Invalid, "unknown model")
	}
	return model.Choice{Provider: f.provider, ProviderName: "test", ProviderKind: f.kind, Name: "m", ID: "test/m", Window: f.window, MaxMessages: f.latest}, nil
}

func (f *fixedModel) List(context.Context) []model.Listed { return nil }

// openSealer seals nothing, so that tests can look.
type openSealer struct{}

func (openSealer) Seal(plain, _ []byte) []byte           { return append([]byte(nil), plain...) }
func (openSealer) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

func setup(t *testing.T, scripts ...scripted.Script) *bundle {
	t.Helper()
	b := &bundle{t: t, store: memory.New(), model: scripted.New(scripts...), actor: convo.Actor{Tenant: "t", Token: "token"}}
	b.fixed = &fixedModel{provider: b.model, window: 32_000}
	b.start()
	t.Cleanup(func() { b.stop(); mustBeSound(t, b.store); b.store.Close() })
	return b
}

// start makes an engine over the bundle's store, as a new process would.
func (b *bundle) start() {
	b.t.Helper()
	b.hub = hub.New()
	if b.sealer == nil {
		b.sealer = openSealer{}
	}
	if b.inline == nil {
		b.inline = wordSearch
	}
	limits := engine.DefaultLimits()
	limits.Compact = b.compact
	b.Engine = engine.New(engine.Options{
		Inline: b.inline, BotDatasets: b.botDatasets,
		Store: b.store, Hub: b.hub, Models: b.fixed, Sealer: b.sealer, Limits: limits, Quotas: b.quotas, Observer: b.observer, Tools: b.tools, Abilities: b.abilities, Transcriber: b.transcriber, Speaker: b.speaker, Moderator: b.moderator, Log: b.log,
		Texts: byWords{b.store}, Vectors: b.vectors, Embedder: b.embedder, Fetcher: b.fetcher,
		NewSecret: func() (string, convo.TokenHash) { return "secret", sha256.Sum256([]byte(time.Now().String())) },
	})
	if err := b.Engine.Start(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

// stop drains at once.
func (b *bundle) stop() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	b.Drain(now)
}

func (b *bundle) conversation(fields convo.Fields, messages ...engine.NewMessage) string {
	b.t.Helper()
	created, err := b.CreateConversation(b.t.Context(), b.actor, engine.NewConversation{Fields: fields, Messages: messages}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return created.Conversation.ID
}

func message(kind convo.MessageType, text string) engine.NewMessage {
	return engine.NewMessage{MessageFields: convo.MessageFields{Type: kind}, Text: text}
}

func (b *bundle) complete(conversation, text string, ask *engine.Ask) *engine.Reading {
	b.t.Helper()
	in := engine.TurnInput{Front: "test"}
	if text != "" {
		in.Text = &text
	}
	r, err := b.Complete(b.t.Context(), b.actor, conversation, in, ask)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// read reads a turn to its end.
func (b *bundle) read(r *engine.Reading) []convo.Event {
	b.t.Helper()
	var all []convo.Event
	err := r.Each(b.t.Context(), func(events []convo.Event) error {
		all = append(all, events...)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func (b *bundle) say(conversation, text string) []convo.Event {
	b.t.Helper()
	return b.read(b.complete(conversation, text, nil))
}

func (b *bundle) messages(conversation string) []convo.Message {
	b.t.Helper()
	page, err := b.Messages(b.t.Context(), b.actor, conversation, engine.List{Take: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	return page.Items
}

// listed is a conversation's messages as "type:text", with a mark on incomplete ones.
func (b *bundle) listed(conversation string) string {
	b.t.Helper()
	var parts []string
	for _, m := range b.messages(conversation) {
		s := string(m.Type) + ":" + m.Text
		if m.Incomplete {
			s += "…"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " | ")
}

func (b *bundle) wantListed(conversation, want string) {
	b.t.Helper()
	if got := b.listed(conversation); got != want {
		b.t.Errorf("messages:\n got %s\nwant %s", got, want)
	}
}

// kinds names the events of a turn in short.
func kinds(events []convo.Event) string {
	names := map[convo.EventKind]string{
		convo.KindTurnOpened: "opened", convo.KindMessageGiven: "given", convo.KindTurnQueued: "queued",
		convo.KindTurnStarted: "started", convo.KindModelAsked: "asked", convo.KindMessageStarted: "message",
		convo.KindDelta: "delta", convo.KindMessageEnded: "ended", convo.KindModelAnswered: "answered", convo.KindTurnEnded: "end",
		convo.KindToolRequested: "call", convo.KindToolStarted: "runs", convo.KindToolEnded: "result",
		convo.KindTurnWaiting: "waits", convo.KindTurnResumed: "resumed",
	}
	var parts []string
	for _, e := range events {
		name := names[e.Body.Kind()]
		if len(parts) == 0 || name != "delta" || parts[len(parts)-1] != "delta" {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, " ")
}

func end(t *testing.T, events []convo.Event) convo.TurnEnded {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("the turn has no events")
	}
	e, ok := events[len(events)-1].Body.(convo.TurnEnded)
	if !ok {
		t.Fatalf("the last event is a %T", events[len(events)-1].Body)
	}
	return e
}

// spoken is the text of a turn's deltas.
func spoken(events []convo.Event) string {
	var s strings.Builder
	for _, e := range events {
		if d, ok := e.Body.(convo.Delta); ok && d.Type == convo.Bot {
			s.WriteString(d.Text)
		}
	}
	return s.String()
}

func wantKind(t *testing.T, err error, kind convo.Kind) {
	t.Helper()
	if got := convo.ErrorKind(err); got != kind {
		t.Errorf("error = %v (%s), want %s", err, got, kind)
	}
}

func answer(pieces ...string) scripted.Script {
	return scripted.Script{scripted.Text(pieces...), scripted.Usage(7, 3), scripted.Finish(model.StopEnd)}
}

func ptr[T any](v T) *T { return &v }

func TestATurnIsLoggedFromItsOpeningToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{
		scripted.Reasoning("hm", "m"), scripted.Text("It ", "is."), scripted.Usage(7, 3), scripted.Finish(model.StopEnd),
	})
	id := b.conversation(convo.Fields{})
	events := b.say(id, "Is it?")

	want := "opened given queued started asked message delta ended message delta ended answered end"
	if got := kinds(events); got != want {
		t.Errorf("events:\n got %s\nwant %s", got, want)
	}
	e := end(t, events)
	if e.Reason != convo.EndDone || e.Usage.Total() != 10 || e.Usage.Estimated() {
		t.Errorf("end = %+v", e)
	}
	for i, event := range events {
		if event.Seq != int64(i+2) {
			t.Errorf("event %d has number %d; want no gap after the conversation's event 1", i, event.Seq)
		}
	}
	b.wantListed(id, "user:Is it? | reasoning:hmm | bot:It is.")
	logged, _, err := b.Events(t.Context(), b.actor, id, 1, 1000)
	if err != nil || kinds(logged) != want || spoken(logged) != "It is." {
		t.Errorf("the log says %s, %q, %v", kinds(logged), spoken(logged), err)
	}
}

func TestAnEmptyAnswerIsAMessageAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	events := b.say(id, "Hi")
	if got := kinds(events); got != "opened given queued started asked message delta ended answered end" {
		t.Errorf("events: %s", got)
	}
	b.wantListed(id, "user:Hi | bot:")
	if e := end(t, events); e.Usage.Total() == 0 || !e.Usage.Estimated() {
		t.Errorf("usage = %+v, want an estimate", e.Usage)
	}
}

func TestWithoutTextATurnGoesOnFromWhatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("one"), answer("two"))
	id := b.conversation(convo.Fields{}, message(convo.User, "count"))
	b.say(id, "")
	b.say(id, "")
	b.wantListed(id, "user:count | bot:one | bot:two")
}

func TestTurnsOfAConversationRunOneAfterTheOther(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t,
		scripted.Script{scripted.Text("first"), scripted.Wait(gate), scripted.Finish(model.StopEnd)},
		answer("second"))
	id := b.conversation(convo.Fields{})
	one := b.complete(id, "1", nil)
	two := b.complete(id, "2", nil)
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Context, "meanwhile"), nil); err != nil {
		t.Fatal(err)
	}
	b.wantListed(id, "user:1 | context:meanwhile")
	close(gate)
	b.read(one)
	if events := b.read(two); spoken(events) != "second" {
		t.Errorf("the second turn said %q", spoken(events))
	}
	b.wantListed(id, "user:1 | bot:first | context:meanwhile | user:2 | bot:second")
}

func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	readings := []*engine.Reading{b.complete(id, "running", nil)}
	for range 16 {
		readings = append(readings, b.complete(id, "waits", nil))
	}
	text := "one too many"
	_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text}, nil)
	wantKind(t, err, convo.Conflict)
	close(gate)
	for _, r := range readings {
		b.read(r)
	}
	if strings.Contains(b.listed(id), text) {
		t.Error("the refused message was stored")
	}
}

func TestARefusedTurnChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 100
	good := b.conversation(convo.Fields{})
	for name, c := range map[string]struct {
		conversation, text string
		want               convo.Kind
	}{
		"an unknown conversation":  {"nope", "hi", convo.NotFound},
		"a text beyond its limit":  {good, strings.Repeat("x", 256<<10+1), convo.TooLarge},
		"a text beyond the window": {good, strings.Repeat("x", 1000), convo.Invalid},
		"a text that is not UTF-8": {good, "\xff", convo.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Complete(t.Context(), b.actor, c.conversation, engine.TurnInput{Text: &c.text}, nil)
			wantKind(t, err, c.want)
		})
	}
	head, err := b.store.Head(t.Context(), "t", good)
	if err != nil || head.LastSeq != 1 || len(b.model.Calls()) != 0 {
		t.Errorf("something happened: %+v, %v, %d calls", head, err, len(b.model.Calls()))
	}
}

func TestAStopKeepsThePartialText(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	reached := make(chan struct{}, 1)
	b := setup(t, scripted.Script{scripted.Text("half an ans"), scripted.Reached(reached), scripted.Wait(gate)}, answer("next"))
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "tell me", nil)
	<-reached
	n, err := b.Stop(t.Context(), b.actor, id, "", nil)
	if n != 1 || err != nil {
		t.Fatalf("Stop = %d, %v", n, err)
	}
	call := b.model.Calls()[0]
	<-call.Over()
	if !call.Cancelled() {
		t.Error("the provider's request was not cancelled")
	}
	events := b.read(r)
	if e := end(t, events); e.Reason != convo.EndStopped || e.Failure != nil {
		t.Errorf("end = %+v", e)
	}
	b.wantListed(id, "user:tell me | bot:half an ans…")
	if n, err := b.Stop(t.Context(), b.actor, id, "", nil); n != 0 || err != nil {
		t.Errorf("a second Stop = %d, %v", n, err)
	}
	b.say(id, "go on")
	b.wantListed(id, "user:tell me | bot:half an ans… | user:go on | bot:next")
}

func TestAQueuedTurnThatIsStoppedKeepsItsUserMessage(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Text("a"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	one, two := b.complete(id, "1", nil), b.complete(id, "2", nil)
	if n, err := b.Stop(t.Context(), b.actor, id, two.Turn, nil); n != 1 || err != nil {
		t.Fatalf("Stop = %d, %v", n, err)
	}
	events := b.read(two)
	if got := kinds(events); got != "opened given queued started end" {
		t.Errorf("events: %s", got)
	}
	close(gate)
	b.read(one)
	b.wantListed(id, "user:1 | bot:a | user:2")
	if len(b.model.Calls()) != 1 {
		t.Error("the stopped turn asked the model")
	}
}

func TestALostReaderDoesNotStopAStatefulTurn(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Text("b"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "hi", nil)
	lost := errors.New("connection lost")
	err := r.Each(t.Context(), func(events []convo.Event) error {
		if spoken(events) != "" {
			return lost
		}
		return nil
	})
	if !errors.Is(err, lost) {
		t.Fatal(err)
	}
	close(gate)
	var rest []convo.Event
	err = b.Follow(t.Context(), b.actor, id, 1, func(events []convo.Event) error {
		rest = append(rest, events...)
		if _, ended := events[len(events)-1].Body.(convo.TurnEnded); ended {
			return lost
		}
		return nil
	})
	if !errors.Is(err, lost) || spoken(rest) != "ab" {
		t.Errorf("read on: %q, %v", spoken(rest), err)
	}
	b.wantListed(id, "user:hi | bot:ab")
}

func TestALostReaderCancelsAStatelessTurn(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Finish(model.StopEnd)})
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = r.Each(ctx, func(events []convo.Event) error {
		if spoken(events) != "" {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || !b.model.Calls()[0].Cancelled() {
		t.Errorf("Each = %v, cancelled = %v", err, b.model.Calls()[0].Cancelled())
	}
}

func TestAStatelessTurnStoresNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("Hello", "!"))
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	events := b.read(r)
	if got := kinds(events); got != "started asked message delta ended answered end" {
		t.Errorf("events: %s", got)
	}
	for _, e := range events {
		if e.Seq != 0 || e.Turn != "" {
			t.Errorf("an event has a place in a log: %+v", e)
		}
	}
	page, err := b.Conversations(t.Context(), b.actor, engine.List{})
	if err != nil || len(page.Items) != 0 || page.Cursor != "" {
		t.Errorf("conversations: %+v, %v", page, err)
	}
}

func TestAFailingModel(t *testing.T) {
	t.Parallel()
	broken := &model.Error{Kind: model.Rejected, Message: "no"}
	for name, c := range map[string]struct {
		script scripted.Script
		kind   convo.Kind
		listed string
	}{
		"before its first token":     {scripted.Script{scripted.Fail(broken)}, convo.Invalid, "user:hi"},
		"in the middle":              {scripted.Script{scripted.Text("ha"), scripted.Fail(broken)}, convo.Invalid, "user:hi | bot:ha…"},
		"by ending without a reason": {scripted.Script{scripted.Text("ha"), scripted.Cut()}, convo.UpstreamFailed, "user:hi | bot:ha…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.script)
			id := b.conversation(convo.Fields{})
			e := end(t, b.say(id, "hi"))
			if e.Reason != convo.EndFailed || e.Failure == nil || e.Failure.Kind != c.kind {
				t.Errorf("end = %+v, %+v", e, e.Failure)
			}
			b.wantListed(id, c.listed)
		})
	}
}

func TestDeletingAConversationStopsItsTurns(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate)})
	id := b.conversation(convo.Fields{})
	one, two := b.complete(id, "1", nil), b.complete(id, "2", nil)
	follower := make(chan error, 1)
	go func() {
		follower <- b.Follow(t.Context(), b.actor, id, 0, func([]convo.Event) error { return nil })
	}()
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteConversation(t.Context(), b.actor, id, nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*engine.Reading{one, two} {
		if e := end(t, b.read(r)); e.Reason != convo.EndStopped {
			t.Errorf("end = %+v", e)
		}
	}
	if err := <-follower; !errors.Is(err, engine.ErrDeleted) && convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("the follower got %v", err)
	}
	_, err := b.Conversation(t.Context(), b.actor, id)
	wantKind(t, err, convo.NotFound)
	wantKind(t, b.DeleteConversation(t.Context(), b.actor, id, nil), convo.NotFound)
}

func TestAnotherTenantSeesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("a"))
	id := b.conversation(convo.Fields{}, message(convo.User, "hi"))
	mid := b.messages(id)[0].ID
	ctx, other := t.Context(), convo.Actor{Tenant: "other", Token: "x"}
	ops := map[string]func() error{
		"fetch":          func() error { _, err := b.Conversation(ctx, other, id); return err },
		"update":         func() error { return b.UpdateConversation(ctx, other, id, func(*convo.Fields) {}, nil) },
		"delete":         func() error { return b.DeleteConversation(ctx, other, id, nil) },
		"usage":          func() error { _, err := b.Usage(ctx, other, id, time.Time{}, time.Time{}); return err },
		"rate":           func() error { return b.Rate(ctx, other, id, "", 1, "", nil) },
		"rate message":   func() error { return b.Rate(ctx, other, id, mid, 1, "", nil) },
		"create message": func() error { _, err := b.CreateMessage(ctx, other, id, message(convo.User, "x"), nil); return err },
		"messages":       func() error { _, err := b.Messages(ctx, other, id, engine.List{}); return err },
		"message":        func() error { _, err := b.Message(ctx, other, id, mid); return err },
		"update message": func() error {
			return b.UpdateMessage(ctx, other, id, mid, func(*convo.MessageFields, *string) {}, nil, nil)
		},
		"delete message": func() error { return b.DeleteMessage(ctx, other, id, mid, nil) },
		"session":        func() error { _, err := b.CreateSession(ctx, other, id, 0, nil); return err },
		"complete":       func() error { _, err := b.Complete(ctx, other, id, engine.TurnInput{}, nil); return err },
		"stop":           func() error { _, err := b.Stop(ctx, other, id, "", nil); return err },
		"events":         func() error { _, _, err := b.Events(ctx, other, id, 0, 10); return err },
		"follow":         func() error { return b.Follow(ctx, other, id, 0, func([]convo.Event) error { return nil }) },
	}
	for name, op := range ops {
		err := op()
		if convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	page, err := b.Conversations(ctx, other, engine.List{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("another tenant lists %v, %v", page, err)
	}
	b.wantListed(id, "user:hi")
}

func TestASessionTokenWorksForItsConversationOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("a"))
	id := b.conversation(convo.Fields{}, message(convo.Backstory, "secret"), message(convo.Instruction, "secret"), message(convo.User, "hi"))
	other := b.conversation(convo.Fields{})
	hidden := b.messages(id)[0].ID
	session := convo.Actor{Tenant: "t", Token: "s", Conversation: id}
	ctx := t.Context()

	page, err := b.Messages(ctx, session, id, engine.List{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Text != "hi" {
		t.Errorf("its messages: %+v, %v", page.Items, err)
	}
	_, err = b.Message(ctx, session, id, hidden)
	wantKind(t, err, convo.NotFound)
	events, _, err := b.Events(ctx, session, id, 0, 100)
	if err != nil || len(events) != 1 {
		t.Errorf("its events: %d, %v", len(events), err)
	}
	text := "hello"
	r, err := b.Complete(ctx, session, id, engine.TurnInput{Text: &text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)

	refused := map[string]error{}
	_, refused["another conversation"] = b.Messages(ctx, session, other, engine.List{})
	_, refused["fetch"] = b.Conversation(ctx, session, id)
	refused["delete"] = b.DeleteConversation(ctx, session, id, nil)
	_, refused["session"] = b.CreateSession(ctx, session, id, 0, nil)
	_, refused["stateless"] = b.CompleteStateless(ctx, session, engine.StatelessInput{}, nil)
	_, refused["create"] = b.CreateConversation(ctx, session, engine.NewConversation{}, nil)
	_, refused["list"] = b.Conversations(ctx, session, engine.List{})
	_, refused["bot message"] = b.CreateMessage(ctx, session, id, message(convo.Bot, "x"), nil)
	for name, err := range refused {
		if convo.ErrorKind(err) != convo.Forbidden {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
}

func TestManyCallersOfManyConversations(t *testing.T) {
	t.Parallel()
	b := setup(t) // echoes
	var all sync.WaitGroup
	for range 8 {
		id := b.conversation(convo.Fields{})
		for range 4 {
			all.Go(func() {
				for range 3 {
					text := "hello"
					r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text}, nil)
					if err != nil {
						t.Error(err)
						return
					}
					var events []convo.Event
					if err := r.Each(t.Context(), func(e []convo.Event) error { events = append(events, e...); return nil }); err != nil {
						t.Error(err)
						return
					}
					if end(t, events).Reason != convo.EndDone || spoken(events) == "" {
						t.Errorf("a turn went wrong: %s", kinds(events))
					}
				}
			})
		}
	}
	all.Wait()
	open, err := b.store.OpenTurns(t.Context())
	if err != nil || len(open) != 0 {
		t.Errorf("turns are open: %v, %v", open, err)
	}
}

var _ store.Store = (*memory.Store)(nil)
