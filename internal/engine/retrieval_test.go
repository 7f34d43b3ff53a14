package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// wordSearch finds the records that have words of a query: the score is the share of
// its words.
func wordSearch(records []convo.Record) func(retrieve.Query) []retrieve.Hit {
	return func(q retrieve.Query) []retrieve.Hit {
		var hits []retrieve.Hit
		words := strings.Fields(strings.ToLower(q.Text))
		for _, r := range records {
			have, n := strings.Fields(strings.ToLower(r.Text)), 0
			for _, w := range words {
				if slices.Contains(have, w) {
					n++
				}
			}
			if n > 0 {
				hits = append(hits, retrieve.Hit{Record: r.ID, Score: float64(n) / float64(len(words))})
			}
		}
		slices.SortStableFunc(hits, func(a, b retrieve.Hit) int { return cmp.Compare(b.Score, a.Score) })
		return hits[:min(len(hits), q.Limit)]
	}
}

// guide is a dataset of a turn.
func guide(texts ...string) engine.Given {
	d := engine.InlineDataset{Name: "Guide"}
	for _, text := range texts {
		d.Records = append(d.Records, engine.InlineRecord{Text: text})
	}
	return engine.Given{Datasets: []engine.InlineDataset{d}}
}

func (b *bundle) askWith(conversation, text string, given engine.Given) []convo.Event {
	b.t.Helper()
	in := engine.TurnInput{Front: "test", Given: given}
	if text != "" {
		in.Text = &text
	}
	r, err := b.Complete(b.t.Context(), b.actor, conversation, in, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.read(r)
}

const cite1 = "Cite a source that you use by its number in square brackets, like [1], right behind what it supports."

func TestWhatIsFoundStandsBehindTheUsersMessageAndIsCited(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("Tall 🗼 [", "2", "]."), answer("See [2] and [3]."))
	id := b.conversation(convo.Fields{})
	given := guide("the city is old", "the tower is tall", "nothing here")
	given.Datasets[0].Records[1].Meta = convo.JSON(`{"url":"https://tower.example/x"}`)
	events := b.askWith(id, "tower tall old", given)
	if got, want := kinds(events), "started given asked message delta  delta ended answered end"; !strings.HasSuffix(got, want) {
		t.Errorf("the turn went %s, not %s", got, want)
	}
	if got, want := quotes(t, events), "8+3[2] 2Guide"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
	found := "Found for the last message, by number:\n\n1: Guide\nthe tower is tall\n\n2: Guide\nthe city is old\n\n" + cite1
	if got, want := short(b.prompt(0)), "user:tower tall old | now | info:"+found; got != want {
		t.Errorf("the prompt is\n%s\nwant\n%s", got, want)
	}
	m := b.messages(id)[1]
	if want := `{"retrieval":{"query":"tower tall old","sources":[` +
		`{"number":1,"title":"Guide","record":"1.2","url":"https://tower.example/x","score":0.6666666666666666},` +
		`{"number":2,"title":"Guide","record":"1.1","score":0.3333333333333333}]}}`; m.Type != convo.Context || string(m.Meta) != want {
		t.Errorf("the message is %s with %s, not %s", m.Type, m.Meta, want)
	}
	events = b.askWith(id, "city", given)
	if got, want := quotes(t, events), "4+3[2] 2Guide, 12+3[3] 3Guide"; got != want {
		t.Errorf("the next turn cites %s, not %s", got, want)
	}
	first, later := b.prompt(0), b.prompt(1)
	for i := range first {
		if first[i].Text != later[i].Text {
			t.Errorf("message %d of the prompt has changed from %q to %q", i, first[i].Text, later[i].Text)
		}
	}
}

func TestAStatelessTurnLooksUpWhatItIsAskedToo(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: setup(t, answer("Tall [1].")), messages: []engine.NewMessage{message(convo.User, "how tall is the tower")}}
	if got, want := quotes(t, a.run(guide("the tower is tall"))), "5+3[1] 1Guide"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
}

func TestWhatHasNoTitleIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("Tall [1]."))
	given := guide("the tower is tall")
	given.Datasets[0].Name = ""
	events := b.askWith(b.conversation(convo.Fields{}), "how tall is the tower", given)
	if got, want := short(b.prompt(0)), "by number:\n\n1:\nthe tower is tall\n\n"+cite1; !strings.HasSuffix(got, want) {
		t.Errorf("the prompt is\n%s\nwant\n%s", got, want)
	}
	if got, want := quotes(t, events), "5+3[1] 1the tower is tall"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
}

func TestOneMessageIsLookedUpOnce(t *testing.T) {
	t.Parallel()
	failing := scripted.Script{scripted.Fail(&model.Error{Kind: model.Rejected, Provider: "test", Message: "no"})}
	b := withTools(t, []tool.Tool{gives("look", page)}, failing, calling("look", `{}`), answer("[1] [2] [3]"), answer("again"))
	id := b.conversation(convo.Fields{})
	b.askWith(id, "tower", guide("the tower"))
	b.askWith(id, "", guide("the tower"))     // goes on from the same message
	b.askWith(id, "", guide("another tower")) // and from an answer
	contexts := 0
	for _, m := range b.messages(id) {
		if m.Type == convo.Context {
			contexts++
		}
	}
	if contexts != 1 {
		t.Errorf("%d messages of what was found: %s", contexts, b.listed(id))
	}
}

func TestNothingIsSaidWhereNothingIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("ok"), answer("ok"))
	id := b.conversation(convo.Fields{})
	b.askWith(id, "zebra", guide("the tower"))
	b.askWith(id, "", engine.Given{})
	b.wantListed(id, "user:zebra | bot:ok | bot:ok")
}

func TestWhatIsFoundLeavesRoomForTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("ok"), answer("ok"))
	b.fixed.window = 600
	id := b.conversation(convo.Fields{})
	long := strings.Repeat("word ", 200)
	b.askWith(id, "tower "+strings.Repeat("x", 900), guide("tower "+long, "tower too "+long))
	if found := b.messages(id)[1]; found.Type != convo.Context || strings.Contains(found.Text, "2: Guide") {
		t.Errorf("there is %s %q", found.Type, found.Text)
	}
	id = b.conversation(convo.Fields{})
	b.askWith(id, "tower "+strings.Repeat("x", 2200), guide("tower "+long))
	if got := b.messages(id); len(got) != 2 {
		t.Errorf("where nothing fits, there is %s", b.listed(id))
	}
}

func TestWhatWasFoundIsErasedWithItsMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("ok"), answer("[1] [2]"))
	id := b.conversation(convo.Fields{})
	b.askWith(id, "tower", guide("the tower"))
	found := b.messages(id)[1].ID
	if err := b.DeleteMessage(t.Context(), b.actor, id, found, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := quotes(t, b.askWith(id, "tower again", guide("a tower"))), "4+3[2] 2Guide"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
	if got := fmt.Sprint(b.prompt(1)); strings.Contains(got, "the tower") {
		t.Errorf("the prompt still has %s", got)
	}
}

func TestAfterACrashATurnGoesOnBehindWhatItFound(t *testing.T) {
	t.Parallel()
	for name, found := range map[string]bool{"before it looked": false, "after it found something": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("Tall [1]."))
			id := b.conversation(convo.Fields{})
			given := guide("the tower")
			b.stop()
			log := asked(1, "tower")
			if found {
				log = append(log, convo.MessageGiven{
					ID: "found", Place: convo.Place(1, 1), Text: "what was found then", Sources: convo.Numbers{First: 1, Count: 1},
					Fields: convo.MessageFields{Type: convo.Context, Meta: convo.JSON(`{"retrieval":{"query":"tower","sources":[{"number":1,"title":"Then"}]}}`)},
				})
			}
			b.left(id, "turn", log[0])
			b.give(id, "turn", given)
			b.left(id, "turn", log[1:]...)
			b.start()
			want := "5+3[1] 1Guide"
			if found {
				want = "5+3[1] 1Then"
			}
			if got := quotes(t, b.turnEvents(id, "turn")); got != want {
				t.Errorf("it cites %s, not %s", got, want)
			}
			if got := b.messages(id); len(got) != 3 || found == strings.Contains(got[1].Text, "Found for") {
				t.Errorf("messages: %s", b.listed(id))
			}
		})
	}
}

func TestAStopInAMarkLeavesText(t *testing.T) {
	t.Parallel()
	cut := scripted.Script{scripted.Text("Tall [1], and [", "1"), scripted.Fail(&model.Error{Kind: model.Incomplete, Provider: "test", Message: "cut"})}
	b := setup(t, cut)
	id := b.conversation(convo.Fields{})
	if got, want := quotes(t, b.askWith(id, "tower", guide("the tower"))), "5+3[1] 1Guide"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
	if last := b.messages(id)[2]; last.Text != "Tall [1], and [1" || !last.Incomplete || len(last.Citations) != 1 {
		t.Errorf("the message is %+v", last)
	}
}

func TestExchangesShowNothingOfWhatWasFound(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("Tall [1]."))
	id := b.conversation(convo.Fields{})
	events := b.askWith(id, "tower", guide("the tower"))
	x, err := b.Exchange(t.Context(), b.actor, id, events[0].Turn)
	if err != nil || len(x.Messages) != 2 || len(x.Messages[1].Citations) != 1 {
		t.Errorf("%v: the exchange has %+v", err, x.Messages)
	}
}

func TestATurnSearchesTheDatasetsOfItsBotAndItsConversation(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("[1] [2] [3]"), answer("ok"), answer("ok"), answer("ok"))
	own := b.dataset(convo.Dataset{MatchInstruction: ptr("Be brief."), MismatchInstruction: ptr("Say that you do not know.")})
	bots := b.dataset(convo.Dataset{MismatchInstruction: ptr("Not told.")})
	declared := b.dataset(convo.Dataset{})
	b.record(own, "the tower is tall", "")
	b.record(bots, "the tower is old and tall", "")
	file := b.source("tower.md", "text/markdown", "# Tower\n\nThe tower is of steel.\n")
	b.attach(declared, file)
	b.entry(declared, file, convo.IndexDone)
	b.stop()
	b.botDatasets = func(tenant, bot string) []string {
		if tenant != "t" || bot == "" {
			t.Errorf("asked for the datasets of %q of %q", bot, tenant)
		}
		return []string{declared, own}
	}
	b.start()
	bot := b.object(engine.Bots(), bot(convo.Config{DatasetID: &bots})).ID
	id := b.conversation(convo.Fields{BotID: &bot, Config: convo.Config{DatasetID: &own}})
	events := b.say(id, "tall steel")
	if got, want := quotes(t, events), "0+3[1] 1the tower is tall, 4+3[2] 2tower.md: Tower"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
	if found := b.messages(id)[1].Text; !strings.HasSuffix(found, cite1+"\n\nBe brief.") || strings.Contains(found, "not told") {
		t.Errorf("the model is told %q", found)
	}
	last := b.messages(id)[2]
	if s := last.Citations[1].Sources[0]; s.File != file || s.Origin != "tower.md" || s.MediaType != "text/markdown" || s.URL != "" {
		t.Errorf("the source is %+v", s)
	}
	if content, err := b.SourceFile(t.Context(), "t", file); err != nil || content.Name != "tower.md" || content.Size == 0 {
		t.Errorf("%v: its file is %+v", err, content)
	}
	b.say(id, "zebra")
	if found := b.messages(id)[4]; found.Text != "Say that you do not know." || found.Type != convo.Context {
		t.Errorf("where nothing is found the model is told %s %q", found.Type, found.Text)
	}
	id = b.conversation(convo.Fields{BotID: &bot})
	b.say(id, "old")
	if found := b.messages(id)[1].Text; !strings.Contains(found, "the tower is old and tall") {
		t.Errorf("of the bot's dataset the model is told %q", found)
	}
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Datasets(), bots, nil); err != nil {
		t.Fatal(err)
	}
	b.say(id, "tower")
	if got := b.listed(id); !strings.HasSuffix(got, "bot:ok") {
		t.Errorf("without its dataset: %s", got)
	}
}

func TestAnUnknownDatasetIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.CreateConversation(t.Context(), b.actor, engine.NewConversation{Fields: convo.Fields{Config: convo.Config{DatasetID: ptr("none")}}}, nil)
	wantKind(t, err, convo.NotFound)
	_, err = b.stateless(convo.Config{DatasetID: ptr("none")}, message(convo.User, "x"))
	wantKind(t, err, convo.NotFound)
	if _, err := b.stateless(convo.Config{DatasetID: ptr(b.dataset(convo.Dataset{}))}, message(convo.User, "x")); convo.ErrorKind(err) == convo.NotFound {
		t.Error(err)
	}
}

func TestWhatIsRememberedOfTheBotAndTheContactIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("ok"), answer("ok"), answer("ok"))
	own := b.object(engine.Bots(), bot(convo.Config{})).ID
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		for id, of := range map[string]convo.RecordFields{
			"1": {Text: "tea with milk", BotID: own}, "2": {Text: "tea of another bot", BotID: "other"},
			"3": {Text: "tea of somebody else with this bot", BotID: own, ContactID: "ben"}, "4": {Text: "coffee", BotID: own},
		} {
			r := convo.Record{Tenant: "t", Dataset: convo.MemoryDataset, ID: id, RecordFields: of, Created: time.Now().UTC().Truncate(time.Millisecond)}
			r.Updated = r.Created
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	id := b.conversation(convo.Fields{BotID: &own})
	b.askWith(id, "tea", engine.Given{Memory: true})
	if found := b.messages(id)[1]; found.Text != "Remembered from earlier conversations:\n- tea with milk" || strings.Contains(string(found.Meta), "tea with milk") {
		t.Errorf("the model is told %q, with %s", found.Text, found.Meta)
	}
	b.askWith(id, "more tea", engine.Given{})
	if got := b.messages(id); got[len(got)-2].Type != convo.User {
		t.Errorf("without the feature: %s", b.listed(id))
	}
}

// shownTo is an embedder that remembers what it is shown.
type shownTo struct {
	mu    sync.Mutex
	texts []string
}

func (*shownTo) Space() string { return "test" }
func (*shownTo) Batch() int    { return 10 }
func (a *shownTo) Embed(_ context.Context, _ embed.Purpose, texts []string) ([][]float32, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.texts = append(a.texts, texts...)
	vectors := make([][]float32, len(texts))
	for i := range vectors {
		vectors[i] = []float32{1}
	}
	return vectors, nil
}

func TestAPrivateTurnLooksUpWhatItKeepsFromOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("See [1]."), answer("See [2]."))
	shown := &shownTo{}
	b.stop()
	b.embedder, b.vectors = shown, noVectors{}
	b.start()
	dataset := b.dataset(convo.Dataset{})
	id := b.conversation(convo.Fields{Config: convo.Config{DatasetID: &dataset, Privacy: ptr(true)}})
	b.askWith(id, "who is ann@example.com", guide("ann@example.com is Ann, the guide of the tower"))
	b.askWith(id, "and ann@example.com again", guide("ann@example.com is the guide"))
	for i := range 2 {
		if got := fmt.Sprint(b.prompt(i)); strings.Contains(got, "ann@") || !strings.Contains(got, "the guide") {
			t.Errorf("the model is told %s", got)
		}
	}
	for _, m := range b.messages(id) {
		if strings.Contains(m.Text+string(m.Meta), "ann@") {
			t.Errorf("it is stored that %s %s", m.Text, m.Meta)
		}
	}
	shown.mu.Lock()
	defer shown.mu.Unlock()
	if all := fmt.Sprint(shown.texts); len(shown.texts) == 0 || strings.Contains(all, "ann@") {
		t.Errorf("the service of embeddings is shown %s", all)
	}
}

// A question, its copy in the meta and a title are cut, never within a value.
func TestAPrivateTurnTellsNobodyHalfAValue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shown := &shownTo{}
	b.stop()
	b.embedder, b.vectors = shown, noVectors{}
	b.start()
	dataset := b.dataset(convo.Dataset{})
	for before := 280; before < 300; before += 2 {
		b.record(dataset, strings.Repeat("a", before)+" "+mail+" tower", "")
	}
	for _, most := range []int{1000, 8 << 10} {
		for before := most - 20; before < most; before += 3 {
			id := b.conversation(convo.Fields{Config: convo.Config{DatasetID: &dataset, Privacy: ptr(true)}})
			text := "tower " + strings.Repeat("b", before-6) + " " + mail
			b.read(b.complete(id, text, nil))
			in := engine.StatelessInput{Config: convo.Config{DatasetID: &dataset, Privacy: ptr(true)}, Messages: []engine.NewMessage{message(convo.User, text)}}
			r, err := b.CompleteStateless(t.Context(), b.actor, in, nil)
			if err != nil {
				t.Fatal(err)
			}
			b.read(r)
			for _, m := range b.messages(id) {
				mustNotHold(t, "a message", m.Text+string(m.Meta), mail[:8])
			}
		}
	}
	for _, call := range b.model.Calls() {
		mustNotHold(t, "a prompt", fmt.Sprint(call.Request.Messages), mail[:8])
	}
	shown.mu.Lock()
	defer shown.mu.Unlock()
	asked := 0
	for _, text := range shown.texts {
		if strings.Contains(text, "bbb") { // else it is a record
			asked++
			mustNotHold(t, "a question", text, mail[:8])
		}
	}
	if asked == 0 {
		t.Error("no question was embedded")
	}
}

func TestAToolIsGivenRecordsWithTheirAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dataset := b.dataset(convo.Dataset{})
	b.record(dataset, "the tower is tall", `{"url":"https://tower.example"}`)
	b.record(dataset, "the old bridge", "")
	got, err := b.SearchForTool(t.Context(), "t", dataset, "tower tall old")
	want := `{"records":[{"title":"the tower is tall","text":"the tower is tall","score":0.6666666666666666},{"title":"the old bridge","text":"the old bridge","score":0.3333333333333333}],` +
		`"sources":[{"title":"the tower is tall","url":"https://tower.example"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v: a tool is given %s, not %s", err, got, want)
	}
	if _, err := b.SearchForTool(t.Context(), "u", dataset, "tower"); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another tenant's tool gets %v", err)
	}
}
