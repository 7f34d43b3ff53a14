package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/client"
)

func TestAnAnswerCitesTheRecordThatItWasFoundIn(t *testing.T) {
	t.Parallel()
	c := connect(t)
	dataset, err := c.Dataset.Create(t.Context(), client.DatasetCreateRequest{})
	must(t, err)
	_, err = c.Dataset.Record.Create(t.Context(), dataset.ID, client.RecordCreateRequest{
		Text: "The inn closes at ten.", Source: client.Set("https://inn.example/rules"),
	})
	must(t, err)
	made, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{DatasetID: client.Set(dataset.ID)})
	must(t, err)
	// The model of these tests repeats its user, so it marks what its user marks.
	result, err := c.Conversation.Complete(t.Context(), made.ID, say("😀 The inn closes at ten. [1]"))
	must(t, err)
	message, err := c.Conversation.Message.Fetch(t.Context(), made.ID, result.ID)
	must(t, err)
	offset := len("You said: ") + 2 + len(" The inn closes at ten. ") // the face counts 2
	want := client.Citation{Number: 1, URL: "https://inn.example/rules", Source: "https://inn.example/rules", Offset: offset, Length: 3}
	got := message.Citations()
	if len(got) == 1 {
		want.Title = got[0].Title
	}
	if !slices.Equal(got, []client.Citation{want}) {
		t.Errorf("%q has the citations %+v, not %+v", message.Text, got, want)
	}
}

func TestAMessageWithoutCitationsHasNone(t *testing.T) {
	t.Parallel()
	for _, meta := range []client.Optional[client.Meta]{
		{}, client.Null[client.Meta](), client.Set(client.Meta{"a": 1}), client.Set(client.Meta{"citations": "none"}),
	} {
		message := client.Message{Meta: meta}
		if got := message.Citations(); len(got) != 0 {
			t.Errorf("%v has %v", meta, got)
		}
	}
}

func TestADatasetGoesThroughItsLife(t *testing.T) {
	t.Parallel()
	c := connect(t)
	made, err := c.Dataset.Create(t.Context(), client.DatasetCreateRequest{
		Name: client.Set("One"), Alias: client.Set("client-one"), Store: "mine", Separators: client.Set("---"),
		SearchMinScore: client.Set(0.25), SearchMaxTokens: client.Set(100), MatchInstruction: client.Set("Quote it."),
	})
	must(t, err)
	_, err = c.Dataset.Update(t.Context(), made.ID, client.DatasetUpdateRequest{Separators: client.Null[string](), RecordMaxTokens: client.Set(64)})
	must(t, err)
	shown, err := c.Dataset.Fetch(t.Context(), "client-one")
	must(t, err)
	if _, separated := shown.Separators.Get(); separated || shown.ID != made.ID || shown.Store != "mine" || shown.SearchMinScore.Or(0) != 0.25 ||
		shown.SearchMaxTokens.Or(0) != 100 || shown.RecordMaxTokens.Or(0) != 64 || shown.MatchInstruction.Or("") != "Quote it." || shown.CreatedAt.IsZero() {
		t.Errorf("the dataset is %+v", shown)
	}
	_, err = c.Dataset.Delete(t.Context(), "client-one")
	must(t, err)
	if _, err := c.Dataset.Search(t.Context(), made.ID, client.DatasetSearchRequest{Search: "x"}); !refusedWith(err, client.CodeNotFound) {
		t.Errorf("a deleted dataset: %v", err)
	}
}

func TestAnUploadHasAFileOrAnAddress(t *testing.T) {
	t.Parallel()
	c := connect(t)
	file, err := c.File.Create(t.Context(), client.FileCreateRequest{})
	must(t, err)
	for name, in := range map[string]client.FileUploadRequest{"neither": {}, "both": {File: &client.File{}, URL: "data:,x"}} {
		if _, err := c.File.Upload(t.Context(), file.ID, in); err == nil || refusedWith(err, client.CodeBadRequest) {
			t.Errorf("%s is sent: %v", name, err)
		}
	}
	_, err = c.File.Upload(t.Context(), file.ID, client.FileUploadRequest{URL: "data:text/html,<p>Open</p>"})
	must(t, err)
	content, err := c.File.Download(t.Context(), file.ID)
	must(t, err)
	defer func() { _ = content.Close() }()
	if text, err := io.ReadAll(content); err != nil || string(text) != "<p>Open</p>" || content.Type != "text/html" {
		t.Errorf("it is %q of the type %s, %v", text, content.Type, err)
	}
	if _, err := c.File.Upload(t.Context(), "unknown", client.FileUploadRequest{URL: "data:,x"}); !refusedWith(err, client.CodeNotFound) {
		t.Errorf("an unknown file: %v", err)
	}
}

func TestAFileWithoutContentIsEmpty(t *testing.T) {
	t.Parallel()
	c := connect(t)
	file, err := c.File.Create(t.Context(), client.FileCreateRequest{})
	must(t, err)
	content, err := c.File.Download(t.Context(), file.ID)
	must(t, err)
	defer func() { _ = content.Close() }()
	if text, err := io.ReadAll(content); err != nil || len(text) != 0 {
		t.Errorf("it is %q, %v", text, err)
	}
	shown, err := c.File.Fetch(t.Context(), file.ID)
	must(t, err)
	if _, known := shown.Size.Get(); known || shown.Type != "" {
		t.Errorf("the file is %+v", shown)
	}
}

// An upload that was done and whose answer was lost is not done again.
func TestAnUploadThatIsRetriedIsTheSame(t *testing.T) {
	t.Parallel()
	var keys, bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
		if len(keys) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"id":"f"}`)
	}))
	defer server.Close()
	c := connect(t, client.WithBaseURL(server.URL))
	_, err := c.File.Upload(t.Context(), "f", client.FileUploadRequest{File: &client.File{Name: "a", Data: []byte("text")}})
	must(t, err)
	if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] || bodies[0] != bodies[1] || !strings.Contains(bodies[0], "text") {
		t.Errorf("the keys are %q, the bodies %q", keys, bodies)
	}
}

func TestAnAnnouncedFileGoesWhereTheServerIs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"/api/v1/blob/k": "/below/api/v1/blob/k", "https://blobs.example/k": "https://blobs.example/k"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":"f","uploadRequest":{"method":"PUT","url":"`+given+`","headers":{"content-type":"a/b"}}}`)
		}))
		defer server.Close()
		announced, err := connect(t, client.WithBaseURL(server.URL+"/below/")).File.Announce(t.Context(), "f", client.FileAnnounceRequest{Size: 1})
		must(t, err)
		if got := strings.TrimPrefix(announced.URL, server.URL); got != want || announced.Method != http.MethodPut || announced.Header["content-type"] != "a/b" {
			t.Errorf("%s is %+v", given, announced)
		}
	}
}

func TestAServerThatTakesNoAnnouncedFilesIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"f"}`) }))
	defer server.Close()
	if _, err := connect(t, client.WithBaseURL(server.URL)).File.Announce(t.Context(), "f", client.FileAnnounceRequest{}); err == nil {
		t.Error("there is nowhere to bring the content, and no error")
	}
}

func TestMemoriesAreListedByWhoseTheyAre(t *testing.T) {
	t.Parallel()
	c := connect(t)
	contact, err := c.Contact.Create(t.Context(), client.ContactCreateRequest{Fingerprint: client.Set("client-ann")})
	must(t, err)
	bot, err := c.Bot.Create(t.Context(), client.BotCreateRequest{})
	must(t, err)
	for text, in := range map[string]client.MemoryCreateRequest{
		"of both": {ContactID: client.Set("client-ann"), BotID: client.Set(bot.ID)}, "of the contact": {ContactID: client.Set(contact.ID)}, "of the bot": {BotID: client.Set(bot.ID)},
	} {
		in.Text = text
		_, err := c.Memory.Create(t.Context(), in)
		must(t, err)
	}
	for want, in := range map[string]client.MemoryListRequest{
		"of both, of the contact": {ContactID: "client-ann", ListRequest: client.ListRequest{Take: 1}}, "of both, of the bot": {BotID: bot.ID},
		"of both": {ContactID: contact.ID, BotID: bot.ID},
	} {
		var texts []string
		for memory, err := range c.Memory.All(t.Context(), in) {
			must(t, err)
			texts = append(texts, memory.Text)
		}
		slices.Sort(texts)
		if got := strings.Join(texts, ", "); got != want {
			t.Errorf("%+v gives %q, not %q", in, got, want)
		}
	}
}

func TestThePartsOfAnObjectNeedItsID(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, id := range []string{"", ".", ".."} {
		_, search := c.Dataset.Search(t.Context(), id, client.DatasetSearchRequest{})
		_, record := c.Dataset.Record.Delete(t.Context(), "d", id)
		_, list := c.Dataset.File.List(t.Context(), id, client.ListRequest{})
		_, table := c.Dataset.Record.ExportCSV(t.Context(), id, client.ListRequest{})
		_, download := c.File.Download(t.Context(), id)
		_, announce := c.File.Announce(t.Context(), id, client.FileAnnounceRequest{})
		for what, err := range map[string]error{
			"a search": search, "a record": record, "a list": list, "a table": table, "a download": download, "an upload": announce,
		} {
			if _, refused := errors.AsType[*client.Error](err); err == nil || refused {
				t.Errorf("%s with the id %q was asked for: %v", what, id, err)
			}
		}
	}
}
