package engine_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

func (b *bundle) bots() []convo.Object {
	b.t.Helper()
	page, err := b.ListObjects(b.t.Context(), b.actor, engine.Bots(), engine.List{})
	if err != nil {
		b.t.Fatal(err)
	}
	return page.Items
}

func TestADeclaredBotIsThereAtEachStartAndTheFileWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	declare := func(bots ...engine.DeclaredBot) {
		t.Helper()
		if err := b.DeclareBots(t.Context(), "t", bots); err != nil {
			t.Fatal(err)
		}
	}
	support := engine.DeclaredBot{ID: "support", Name: new("Support"), Config: convo.Config{Backstory: new("Be helpful.")}}
	sales := engine.DeclaredBot{ID: "sales", Number: 9, Folder: 4}
	declare(support, sales)
	first := b.bots()
	if len(first) != 2 {
		t.Fatalf("the bots are %v", first)
	}
	declare(support, sales)
	if again := b.bots(); !reflect.DeepEqual(again, first) {
		t.Errorf("a second start changed the bots:\n%v\n%v", again, first)
	}

	b.changeBot("support", func(c *convo.BotConfig) { c.Backstory, c.Model = new("Be rude."), new("m") })
	declare(support)
	got, err := b.Object(t.Context(), b.actor, engine.Bots(), "support")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := got.Body.(convo.BotConfig)
	if *body.Backstory != "Be helpful." || body.Model == nil || got.Number != 1 {
		t.Errorf("after a start the bot is %+v", got)
	}
	if list := b.bots(); len(list) != 1 || list[0].ID != "support" {
		t.Errorf("the list is %v", list)
	}
	kept, err := b.Object(t.Context(), b.actor, engine.Bots(), "sales")
	if err != nil || kept.Number != 9 {
		t.Errorf("what left the file is %v: %v", kept, err)
	}
	declare(support, engine.DeclaredBot{ID: "sales"})
	if list := b.bots(); len(list) != 2 {
		t.Errorf("what came back is not listed: %v", list)
	}
	if other := b.object(engine.Bots(), bot(convo.Config{})); other.Number != 10 {
		t.Errorf("the next number is %d", other.Number)
	}
}

func TestADeclarationThatCannotBeChangesNothingAndNamesItsLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	taken := b.object(engine.Bots(), engine.Draft{ObjectFields: convo.ObjectFields{Alias: new("helper")}, Body: convo.BotConfig{}})
	good := engine.DeclaredBot{ID: "good"}
	for name, bad := range map[string]engine.DeclaredBot{
		"a model that there is not": {ID: "bad", Config: convo.Config{Model: new("unknown")}},
		"a number of another bot":   {ID: "bad", Number: taken.Number},
		"an id that is an alias":    {ID: "helper"},
		"a text that is too long":   {ID: "bad", Name: new(strings.Repeat("x", 300<<10))},
	} {
		bad.Where = "parley.yaml:7"
		err := b.DeclareBots(t.Context(), "t", []engine.DeclaredBot{good, bad})
		if err == nil || !strings.HasPrefix(err.Error(), `parley.yaml:7: agent "`+bad.ID) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if list := b.bots(); len(list) != 1 {
			t.Errorf("%s: the bots are %v", name, list)
		}
	}
}
