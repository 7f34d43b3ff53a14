package engine_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
)

func (b *bundle) object(at engine.Place, draft engine.Draft) convo.Object {
	b.t.Helper()
	made, err := b.CreateObject(b.t.Context(), b.actor, at, draft, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return made
}

func bot(config convo.Config) engine.Draft {
	return engine.Draft{Body: convo.BotConfig{Config: config}}
}

func (b *bundle) changeBot(id string, change func(*convo.BotConfig)) {
	b.t.Helper()
	_, err := b.UpdateObject(b.t.Context(), b.actor, engine.Bots(), id, func(d *engine.Draft) {
		body, _ := d.Body.(convo.BotConfig)
		change(&body)
		d.Body = body
	}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
}

// system is the beginning of the prompt of the n-th call of the model.
func (b *bundle) system(n int) string {
	b.t.Helper()
	call, err := b.model.Await(b.t.Context(), n)
	if err != nil {
		b.t.Fatal(err)
	}
	return call.Request.Messages[0].Text
}

func TestTheCurrentValuesOfABotCountWhereAConversationHasNone(t *testing.T) {
	t.Parallel()
	say := scripted.Script{scripted.Text("Yes.")}
	b := setup(t, say, say, say, say)
	guide := b.object(engine.Bots(), bot(convo.Config{Backstory: new("You are a guide.")}))
	plain := b.conversation(convo.Fields{BotID: &guide.ID})
	own := b.conversation(convo.Fields{BotID: &guide.ID, Config: convo.Config{Backstory: new("You are a cook.")}})

	b.say(plain, "one")
	b.changeBot(guide.ID, func(c *convo.BotConfig) { c.Backstory = new("You are a patient guide.") })
	b.say(plain, "two") // its past is remembered, the bot is not
	b.say(own, "three")
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{
		BotID: &guide.ID, Messages: []engine.NewMessage{message(convo.User, "four")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)
	for i, want := range []string{"You are a guide.", "You are a patient guide.", "You are a cook.", "You are a patient guide."} {
		if got := b.system(i + 1); got != want {
			t.Errorf("turn %d begins with %q, want %q", i+1, got, want)
		}
	}
}

func TestATurnOfABotThatIsGoneIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	guide := b.object(engine.Bots(), bot(convo.Config{}))
	id := b.conversation(convo.Fields{BotID: &guide.ID})
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Bots(), guide.ID, nil); err != nil {
		t.Fatal(err)
	}
	_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: new("hi")}, nil)
	if convo.ErrorKind(err) != convo.NotFound || !strings.Contains(err.Error(), "botId") {
		t.Errorf("the error is %v", err)
	}
	b.wantListed(id, "")
}

func TestEveryBotHasANumberAndAFolder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.object(engine.Bots(), bot(convo.Config{})), b.object(engine.Bots(), bot(convo.Config{}))
	clone, err := b.CloneBot(t.Context(), b.actor, first.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range []convo.Object{first, second, clone} {
		body, _ := o.Body.(convo.BotConfig)
		if o.Number != int64(i+1) || body.Folder != convo.FirstFolder {
			t.Errorf("bot %d has the number %d and the folder %d", i+1, o.Number, body.Folder)
		}
	}
}

// TestSecretsAreSealed looks into the store: what the tests' open sealer leaves
// readable everywhere else is bound to a box here.
func TestSecretsAreSealedAndReadByToolsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	box, err := seal.New(bytes.Repeat([]byte{1}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	b.sealer = box
	b.start()
	secret := convo.Secret{Scope: convo.SharedSecret, Type: convo.BearerSecret}
	named := func(value string) convo.Object {
		return b.object(engine.Secrets(), engine.Draft{
			ObjectFields: convo.ObjectFields{Name: new("KEY")}, Body: secret, Value: &value,
		})
	}
	old, fresh := named("old-value"), named("new-value")
	stored, err := b.store.Object(t.Context(), "t", convo.ObjectSecret, fresh.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Sealed == nil || bytes.Contains(stored.Sealed, []byte("value")) {
		t.Errorf("stored is %q", stored.Sealed)
	}

	objects := engine.NewObjects(b.store, box)
	for name, read := range map[string]func() (string, string, error){
		"old-value": func() (string, string, error) { return objects.SecretByID(t.Context(), "t", old.ID) },
		"new-value": func() (string, string, error) { return objects.SecretByName(t.Context(), "t", "KEY") },
	} {
		if kind, value, err := read(); err != nil || kind != convo.BearerSecret || value != name {
			t.Errorf("got %q %q %v, want %q", kind, value, err, name)
		}
	}
	for _, missing := range []struct{ tenant, name string }{{"t", "OTHER"}, {"u", "KEY"}, {"t", ""}} {
		if _, _, err := objects.SecretByName(t.Context(), missing.tenant, missing.name); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%v: %v", missing, err)
		}
	}
	if _, _, err := objects.SecretByID(t.Context(), "u", old.ID); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another tenant's secret: %v", err)
	}
	if _, err := b.RevokeSecret(t.Context(), b.actor, fresh.ID, nil); err != nil {
		t.Fatal(err)
	}
	if kind, value, err := objects.SecretByName(t.Context(), "t", "KEY"); err != nil || kind != convo.BearerSecret || value != "" {
		t.Errorf("a revoked one: %q %q %v", kind, value, err)
	}

	// A sealed value that was moved to another secret does not open.
	if _, err := b.store.Update(t.Context(), "t", "", store.Durable, func(tx store.Tx) error {
		moved, err := tx.Object(convo.ObjectSecret, fresh.ID)
		if err != nil {
			return err
		}
		moved.Sealed = old.Sealed
		return tx.PutObject(moved)
	}); err != nil {
		t.Fatal(err)
	}
	if _, value, err := objects.SecretByID(t.Context(), "t", fresh.ID); err == nil || strings.Contains(err.Error(), "old-value") {
		t.Errorf("a moved value: %q %v", value, err)
	}
}

func TestToolsReadTheAbilitiesOfASkillset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := b.object(engine.Skillsets(), engine.Draft{ObjectFields: convo.ObjectFields{Alias: new("set")}, Body: convo.Skillset{}})
	for _, name := range []string{"first", "second"} {
		b.object(engine.AbilitiesOf("set"), engine.Draft{
			ObjectFields: convo.ObjectFields{Name: &name, Meta: convo.JSON(`{"a":1}`)}, Body: convo.Ability{Instruction: "do " + name},
		})
	}
	guide := b.object(engine.Bots(), bot(convo.Config{SkillsetID: new("set")}))
	objects := engine.NewObjects(b.store, openSealer{})
	id, err := objects.BotSkillset(t.Context(), "t", guide.ID)
	if err != nil || id != set.ID {
		t.Errorf("the bot's skillset is %q: %v", id, err)
	}
	list, err := objects.Abilities(t.Context(), "t", id)
	if err != nil || len(list) != 2 || list[0].Name != "first" || list[1].Instruction != "do second" || string(list[0].Meta) != `{"a":1}` {
		t.Errorf("the abilities are %v: %v", list, err)
	}
	for _, err := range []error{
		errorOf(objects.Abilities(t.Context(), "u", id)), errorOf(objects.BotSkillset(t.Context(), "u", guide.ID)),
	} {
		if convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("another tenant's: %v", err)
		}
	}
}

func TestAbilitiesThatNoTurnCanHoldAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := b.object(engine.Skillsets(), engine.Draft{Body: convo.Skillset{}}).ID
	objects := engine.NewObjects(b.store, openSealer{})
	large := engine.Draft{Body: convo.Ability{Instruction: strings.Repeat("x", 250<<10)}}
	for range 16 {
		b.object(engine.AbilitiesOf(set), large)
	}
	if list, err := objects.Abilities(t.Context(), "t", set); err != nil || len(list) != 16 {
		t.Errorf("%d abilities of 250 KiB: %v", len(list), err)
	}
	b.object(engine.AbilitiesOf(set), large)
	if _, err := objects.Abilities(t.Context(), "t", set); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "4194304 bytes") {
		t.Errorf("one more: %v", err)
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestASessionTokenMayNotTouchWhatIsConfigured(t *testing.T) {
	t.Parallel()
	b := setup(t)
	guide := b.object(engine.Bots(), bot(convo.Config{}))
	b.actor.Conversation = b.conversation(convo.Fields{})
	ctx := t.Context()
	for what, err := range map[string]error{
		"create":  errorOf(b.CreateObject(ctx, b.actor, engine.Bots(), bot(convo.Config{}), nil)),
		"read":    errorOf(b.Object(ctx, b.actor, engine.Bots(), guide.ID)),
		"list":    errorOf(b.ListObjects(ctx, b.actor, engine.Bots(), engine.List{})),
		"update":  errorOf(b.UpdateObject(ctx, b.actor, engine.Bots(), guide.ID, func(*engine.Draft) {}, nil)),
		"delete":  errorOf(b.DeleteObject(ctx, b.actor, engine.Bots(), guide.ID, nil)),
		"clone":   errorOf(b.CloneBot(ctx, b.actor, guide.ID, nil)),
		"rate":    errorOf(b.RateBot(ctx, b.actor, guide.ID, 1, "", nil)),
		"usage":   errorOf(b.BotUsage(ctx, b.actor, guide.ID)),
		"session": errorOf(b.CreateBotSession(ctx, b.actor, guide.ID, engine.NewBotSession{}, nil)),
	} {
		if convo.ErrorKind(err) != convo.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
}
