package engine_test

import (
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store/memory"
)

// heldPieces is a store that knows which contents it has and nobody owns.
type heldPieces struct {
	*memory.Store
	mu      sync.Mutex
	uploads map[string]bool // false: it was dropped
}

func (s *heldPieces) PutPiece(ctx context.Context, upload string, n int64, at time.Time, data []byte) error {
	s.mu.Lock()
	s.uploads[upload] = true
	s.mu.Unlock()
	return s.Store.PutPiece(ctx, upload, n, at, data)
}

func (s *heldPieces) DropUpload(ctx context.Context, upload string) error {
	s.mu.Lock()
	s.uploads[upload] = false
	s.mu.Unlock()
	return s.Store.DropUpload(ctx, upload)
}

// kept counts the contents that came and were not dropped.
func (s *heldPieces) kept() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, there := range s.uploads {
		if there {
			n++
		}
	}
	return n
}

// web has pages by their addresses, and counts who asks for them.
type web struct {
	mu    sync.Mutex
	pages map[string]string
	asked int
}

func (w *web) Fetch(ctx context.Context, address string) (engine.Fetched, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	page, ok := w.pages[address]
	if strings.Contains(address, "192.168.") {
		return engine.Fetched{}, convo.Errorf(convo.Forbidden, "this address is refused")
	}
	if !ok {
		return engine.Fetched{}, convo.Errorf(convo.UpstreamFailed, "there is no such page")
	}
	return engine.Fetched{ReadCloser: io.NopCloser(strings.NewReader(page)), Name: "page.txt", MediaType: "text/plain"}, ctx.Err()
}

// attaching is a server over such a store and such a web.
type attaching struct {
	*bundle
	store *heldPieces
	web   *web
}

func setupAttaching(t *testing.T, quotas ...engine.Quota) *attaching {
	t.Helper()
	b := setup(t)
	b.stop()
	a := &attaching{
		bundle: b, store: &heldPieces{Store: b.store, uploads: map[string]bool{}},
		web: &web{pages: map[string]string{"https://a.example/page": "the page says parley"}},
	}
	b.Engine = engine.New(engine.Options{
		Store: a.store, Hub: hub.New(), Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits(), Fetcher: a.web, Quotas: quotas,
		NewSecret: func() (string, convo.TokenHash) { return "secret", sha256.Sum256(nil) },
	})
	if err := b.Engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// These are contents that come with a turn.
func webPage() engine.Content { return engine.Content{Address: "https://a.example/page"} }
func noPage() engine.Content {
	return engine.Content{Address: "https://a.example/nowhere"}
}
func wordsFile(content string) engine.Content {
	return engine.Content{Name: "words.txt", MediaType: "text/plain", Reader: strings.NewReader(content)}
}
func pngFile() engine.Content {
	return engine.Content{MediaType: "image/png", Reader: strings.NewReader(png)}
}

// keyed is a request with a key.
func keyed(key string) *engine.Ask {
	return &engine.Ask{Key: key, Operation: "POST /x", Render: func(any) []byte { return []byte("{}") }}
}

func (a *attaching) with(text *string, list ...engine.Content) engine.TurnInput {
	return engine.TurnInput{Text: text, Front: "test", Attachments: list}
}

// userSaid is what the user said last, as the model was told it.
func userSaid(prompt []model.Message) (said model.Message) {
	for _, m := range prompt {
		if m.Role == model.User {
			said = m
		}
	}
	return said
}

func TestATurnsAttachmentsArePartsOfItsMessage(t *testing.T) {
	t.Parallel()
	a := setupAttaching(t)
	id := a.conversation(convo.Fields{})
	a.attachFile(id, "text/plain", "what was uploaded before")
	r, err := a.Complete(t.Context(), a.actor, id, a.with(ptr("Look"), webPage(), wordsFile("some words"), pngFile()), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.read(r)
	said := userSaid(a.latestPrompt())
	at := 0
	for _, part := range []string{"Look", "what was uploaded before", "page.txt", "the page says parley", "words.txt", "some words", "image/png"} {
		i := strings.Index(said.Text[at:], part)
		if i < 0 {
			t.Fatalf("%q does not follow in %q", part, said.Text)
		}
		at += i
	}
	if len(said.Images) != 1 || string(said.Images[0].Data) != png {
		t.Errorf("%d images", len(said.Images))
	}
	m := a.messages(id)[0]
	if m.Text != "Look" || len(m.Parts) != 5 {
		t.Errorf("stored: %q with %d parts", m.Text, len(m.Parts))
	}
	list, err := a.Attachments(t.Context(), a.actor, id, engine.List{})
	if err != nil || len(list.Items) != 4 || slices.ContainsFunc(list.Items, func(f convo.File) bool { return f.Uses != 1 }) {
		t.Errorf("%+v, %v", list.Items, err)
	}
	if err := a.DeleteMessage(t.Context(), a.actor, id, m.ID, nil); err != nil {
		t.Fatal(err)
	}
	if list, err := a.Attachments(t.Context(), a.actor, id, engine.List{}); err != nil || len(list.Items) != 0 {
		t.Errorf("they stay behind their message: %+v, %v", list.Items, err)
	}
}

func TestAttachmentsAloneAreAMessage(t *testing.T) {
	t.Parallel()
	a := setupAttaching(t)
	id := a.conversation(convo.Fields{})
	r, err := a.Complete(t.Context(), a.actor, id, a.with(nil, pngFile()), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.read(r)
	if got := a.messages(id)[0]; got.Type != convo.User || got.Text != "" || len(got.Parts) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestARefusedTurnLeavesNothingOfItsAttachments(t *testing.T) {
	t.Parallel()
	private := convo.Fields{}
	private.Privacy = new(true)
	many := slices.Repeat([]engine.Content{wordsFile("x")}, engine.MaxAttachments+1)
	large := func() engine.Content {
		return engine.Content{Reader: io.LimitReader(endless{}, engine.DefaultLimits().File/2+1)}
	}
	for name, c := range map[string]struct {
		fields convo.Fields
		list   []engine.Content
		kind   convo.Kind
		says   string
	}{
		"one does not come":    {list: []engine.Content{wordsFile("x"), noPage()}, kind: convo.Invalid, says: "attachments[1].url: there is no such page"},
		"one may not be asked": {list: []engine.Content{{Address: "http://192.168.0.1/x"}}, kind: convo.Invalid, says: "attachments[0].url: this address is refused"},
		"too many":             {list: many, kind: convo.Invalid, says: "up to 10 files"},
		"too much together":    {list: []engine.Content{large(), large()}, kind: convo.TooLarge, says: "attachments[1].url: the file is too large"},
		"a picture in private": {fields: private, list: []engine.Content{wordsFile("x"), pngFile()}, kind: convo.Invalid, says: "cannot be masked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setupAttaching(t)
			id := a.conversation(c.fields)
			_, err := a.Complete(t.Context(), a.actor, id, a.with(ptr("Look"), c.list...), nil)
			if convo.ErrorKind(err) != c.kind || !strings.Contains(convo.PublicError(err).Message, c.says) {
				t.Errorf("%v", err)
			}
			if n := a.store.kept(); n != 0 {
				t.Errorf("%d contents stay", n)
			}
			a.wantListed(id, "")
			if len(a.model.Calls()) != 0 {
				t.Error("a model was asked")
			}
		})
	}
}

func TestARefusedDispatchLeavesNothingOfItsAttachments(t *testing.T) {
	t.Parallel()
	a := setupAttaching(t, engine.Quota{Tokens: 10, Per: engine.Daily})
	in := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "Look")}, Attachments: []engine.Content{wordsFile("x")}}
	if _, err := a.DispatchStateless(t.Context(), a.actor, in, "", keyed("k")); err != nil {
		t.Fatalf("the first turn passes the quota by what it reserves: %v", err)
	}
	kept := a.store.kept()
	in.Attachments = []engine.Content{wordsFile("y")}
	_, err := a.DispatchStateless(t.Context(), a.actor, in, "", keyed("l"))
	wantKind(t, err, convo.QuotaReached)
	if n := a.store.kept(); n != kept {
		t.Errorf("%d contents stay, %d before", n, kept)
	}
}

func TestARepeatedTurnReadsItsAttachmentsOnce(t *testing.T) {
	t.Parallel()
	a := setupAttaching(t)
	id := a.conversation(convo.Fields{})
	for range 3 {
		r, err := a.Complete(t.Context(), a.actor, id, a.with(ptr("Look"), webPage()), keyed("k"))
		if err != nil {
			t.Fatal(err)
		}
		a.read(r)
	}
	if a.web.asked != 1 || len(a.messages(id)) != 2 || a.store.kept() != 1 {
		t.Errorf("asked %d times, %s, %d contents", a.web.asked, a.listed(id), a.store.kept())
	}
	for range 3 {
		if _, err := a.Dispatch(t.Context(), a.actor, id, a.with(ptr("Look"), webPage()), "", keyed("d")); err != nil {
			t.Fatal(err)
		}
	}
	if a.web.asked != 2 {
		t.Errorf("the dispatch asked %d times", a.web.asked-1)
	}
}

func TestAttachmentsOfATurnWithoutAConversationAreStoredNowhere(t *testing.T) {
	t.Parallel()
	a := setupAttaching(t)
	in := engine.StatelessInput{
		Messages:    []engine.NewMessage{message(convo.User, "Look"), message(convo.Context, "It rains.")},
		Attachments: []engine.Content{webPage(), pngFile()},
	}
	for range 2 {
		r, err := a.CompleteStateless(t.Context(), a.actor, in, keyed("k"))
		if err != nil {
			t.Fatal(err)
		}
		a.read(r)
	}
	said := userSaid(a.latestPrompt())
	if !strings.Contains(said.Text, "the page says parley") || len(said.Images) != 1 || string(said.Images[0].Data) != png {
		t.Errorf("%q with %d images", said.Text, len(said.Images))
	}
	if len(a.model.Calls()) != 1 || a.web.asked != 1 || len(a.store.uploads) != 0 {
		t.Errorf("%d calls, asked %d times, %d uploads", len(a.model.Calls()), a.web.asked, len(a.store.uploads))
	}
}

func TestAttachmentsOfATurnWithoutAConversationAreRefusedWhole(t *testing.T) {
	t.Parallel()
	private := convo.Config{Privacy: new(true)}
	for name, c := range map[string]struct {
		in   engine.StatelessInput
		says string
	}{
		"nobody said anything": {engine.StatelessInput{Messages: []engine.NewMessage{message(convo.Bot, "Hi")}, Attachments: []engine.Content{wordsFile("x")}}, "need a message of the user"},
		"one does not come":    {engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "Hi")}, Attachments: []engine.Content{noPage()}}, "attachments[0].url"},
		"too much":             {engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "Hi")}, Attachments: []engine.Content{{Reader: endless{}}}}, "attachments[0].url: the file is too large; send at most 8388608 bytes"},
		"a picture in private": {engine.StatelessInput{Config: private, Messages: []engine.NewMessage{message(convo.User, "Hi")}, Attachments: []engine.Content{pngFile()}}, "cannot be masked"},
	} {
		a := setupAttaching(t)
		_, err := a.CompleteStateless(t.Context(), a.actor, c.in, nil)
		if kind := convo.ErrorKind(err); kind != convo.Invalid && kind != convo.TooLarge || !strings.Contains(convo.PublicError(err).Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttachmentsOfADispatchedTurnGoWithIt(t *testing.T) {
	t.Parallel()
	a := setupAttaching(t)
	in := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "Look")}, Attachments: []engine.Content{wordsFile("some words"), pngFile()}}
	if _, err := a.DispatchStateless(t.Context(), a.actor, in, "", nil); err != nil {
		t.Fatal(err)
	}
	call, err := a.model.Await(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	said := userSaid(call.Request.Messages)
	if !strings.Contains(said.Text, "some words") || len(said.Images) != 1 {
		t.Errorf("%q with %d images", said.Text, len(said.Images))
	}
}

func TestFilesAreNotLookedFor(t *testing.T) {
	t.Parallel()
	in := func(text *string, list ...engine.Content) engine.TurnInput {
		return engine.TurnInput{Text: text, Front: "test", Attachments: list, Given: guide("the tower is tall", "some words")}
	}
	b := setup(t)
	id := b.conversation(convo.Fields{})
	for said, want := range map[string]string{"is the tower tall": "1: Guide\nthe tower is tall", "": ""} {
		var text *string
		if said != "" {
			text = &said
		}
		r, err := b.Complete(t.Context(), b.actor, id, in(text, wordsFile("some words")), nil)
		if err != nil {
			t.Fatal(err)
		}
		b.read(r)
		prompt := b.latestPrompt()
		found := prompt[len(prompt)-1].Text
		if strings.Contains(found, "Found") != (want != "") || !strings.Contains(found, want) || strings.Contains(found, "some words") {
			t.Errorf("%q found %q", said, found)
		}
	}
	alone := engine.StatelessInput{
		Messages: []engine.NewMessage{message(convo.User, "is the tower tall")}, Attachments: []engine.Content{wordsFile("some words")}, Given: guide("the tower is tall", "some words"),
	}
	r, err := b.CompleteStateless(t.Context(), b.actor, alone, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)
	prompt := b.latestPrompt()
	if found := prompt[len(prompt)-1].Text; !strings.Contains(found, "1: Guide\nthe tower is tall") || strings.Contains(found, "2:") {
		t.Errorf("without a conversation it found %q", found)
	}
}

func TestATurnThatGoesOnShowsTheSameImages(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Calls("1", "ask", "{}")})
	id := b.conversation(convo.Fields{})
	text := "Look"
	in := engine.TurnInput{Text: &text, Front: "test", Attachments: []engine.Content{pngFile()}, Given: engine.Given{
		Functions: []engine.Function{{Name: "ask", Result: &engine.FunctionResult{Channel: "a-channel-of-its-own"}}},
	}}
	if _, err := b.Dispatch(t.Context(), b.actor, id, in, "", nil); err != nil {
		t.Fatal(err)
	}
	first, err := b.model.Await(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	<-first.Over()
	b.stop()
	b.start()
	if err := b.Publish(t.Context(), b.actor, "a-channel-of-its-own", convo.JSON(`{"done":true}`), nil); err != nil {
		t.Fatal(err)
	}
	second, err := b.model.Await(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := seen(second.Request.Messages); len(got) != 1 || string(got[0].Data) != png {
		t.Errorf("%d images", len(got))
	}
}

// silent is a web that never answers.
type silent struct{}

func (silent) Fetch(ctx context.Context, _ string) (engine.Fetched, error) {
	<-ctx.Done()
	return engine.Fetched{}, convo.WrapError(convo.UpstreamFailed, ctx.Err(), "it was given up")
}

func TestAttachmentsThatDoNotComeAreGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.stop()
		b.fetcher = silent{}
		b.start()
		id := b.conversation(convo.Fields{})
		in := engine.TurnInput{Front: "test", Attachments: []engine.Content{wordsFile("x"), webPage()}}
		begun := time.Now()
		_, err := b.Complete(t.Context(), b.actor, id, in, nil)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(convo.PublicError(err).Message, "attachments[1].url: the attachments did not come within 1m0s") {
			t.Errorf("%v", err)
		}
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("after %s", took)
		}
		b.wantListed(id, "")
	})
}

// meanwhile is a web whose first page takes as long as something else.
type meanwhile struct {
	once sync.Once
	do   func()
}

func (m *meanwhile) Fetch(context.Context, string) (engine.Fetched, error) {
	m.once.Do(m.do)
	return engine.Fetched{ReadCloser: io.NopCloser(strings.NewReader("page")), MediaType: "text/plain"}, nil
}

func TestTurnsThatBeganWhileAttachmentsCameCountInTheBackground(t *testing.T) {
	t.Parallel()
	for name, stateful := range map[string]bool{"with a conversation": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				b.stop()
				gate := make(chan struct{})
				other := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "go")}}
				b.fetcher = &meanwhile{do: func() {
					for range b.Limits().Background {
						b.model.Add(scripted.Wait(gate), scripted.Text("done"))
						if _, err := b.DispatchStateless(t.Context(), b.actor, other, "", nil); err != nil {
							t.Error(err)
						}
					}
				}}
				b.start()
				id, list := b.conversation(convo.Fields{}), []engine.Content{webPage()}
				var err error
				if stateful {
					_, err = b.Dispatch(t.Context(), b.actor, id, engine.TurnInput{Front: "test", Attachments: list}, "", nil)
				} else {
					_, err = b.DispatchStateless(t.Context(), b.actor, engine.StatelessInput{Messages: other.Messages, Attachments: list}, "", nil)
				}
				wantKind(t, err, convo.RateLimited)
				b.wantListed(id, "")
				close(gate)
				synctest.Wait()
			})
		})
	}
}
