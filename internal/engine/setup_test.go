package engine_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"strings"
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
