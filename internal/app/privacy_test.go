package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/parleyhq/parley/internal/console"
)

// outside is all that is outside of a server: a model, embeddings, moderation and
// speech. It keeps every byte that it is sent.
type outside struct {
	mu     sync.Mutex
	random *rand.Rand
	sent   []string
	more   chan struct{} // something was sent since it was last looked at
	*httptest.Server
}

func startOutside(t *testing.T, random *rand.Rand) *outside {
	o := &outside{random: random, more: make(chan struct{}, 1)}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// heard gives what was sent since it was asked last.
func (o *outside) heard() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}

func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, r.URL.String()+"\n"+string(body))
	select {
	case o.more <- struct{}{}:
	default:
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/models"):
		_, _ = io.WriteString(w, `{"object":"list","data":[{"id":"gpt-4o","object":"model"}]}`)
	case strings.HasSuffix(r.URL.Path, "/moderations"):
		_, _ = io.WriteString(w, `{"results":[{"flagged":false,"categories":{}}]}`)
	case strings.HasSuffix(r.URL.Path, "/embeddings"):
		o.embed(w, body)
	case strings.HasSuffix(r.URL.Path, "/audio/speech"):
		w.Header().Set("Content-Type", "audio/mpeg")
		_, _ = io.WriteString(w, "sound")
	default:
		o.answer(w, body)
	}
}

func (o *outside) embed(w io.Writer, body []byte) {
	var in struct{ Input []string }
	_ = json.Unmarshal(body, &in)
	type vector struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	var data []vector
	for i := range in.Input {
		data = append(data, vector{"embedding", i, []float32{1, float32(i), 0.5, 0.25}})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": "e", "data": data})
}

// answer repeats the last message, in pieces and sometimes in capitals, or calls each
// function that there is with it.
func (o *outside) answer(w io.Writer, body []byte) {
	var in struct {
		Messages []struct {
			Role    string
			Content string
		}
		Tools []struct{ Function struct{ Name string } }
	}
	_ = json.Unmarshal(body, &in)
	said := ""
	for _, m := range in.Messages {
		if m.Role == "user" || m.Role == "tool" {
			said = m.Content
		}
	}
	send := func(delta any, finish any) {
		frame, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}})
		_, _ = fmt.Fprintf(w, "data: %s\n\n", frame)
	}
	if last := in.Messages[len(in.Messages)-1]; last.Role != "tool" && len(in.Tools) > 0 {
		for i, tool := range in.Tools {
			arguments, _ := json.Marshal(map[string]string{"about": said})
			send(map[string]any{"tool_calls": []any{map[string]any{"index": i, "id": fmt.Sprint("call-", i), "type": "function",
				"function": map[string]any{"name": tool.Function.Name, "arguments": string(arguments)}}}}, nil)
		}
		send(map[string]any{}, "tool_calls")
	} else {
		answer := []rune("You said: " + said)
		if o.random.IntN(3) == 0 {
			answer = []rune(placeholders.ReplaceAllStringFunc(string(answer), strings.ToUpper))
		}
		for len(answer) > 0 {
			n := min(1+o.random.IntN(7), len(answer))
			send(map[string]any{"content": string(answer[:n])}, nil)
			answer = answer[n:]
		}
		send(map[string]any{}, "stop")
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

var placeholders = regexp.MustCompile(`\b[a-z0-9]{11}\b`)

// private is a personal value, of a type with a check digit or a fixed form, or one
// that only its caller knows.
type private struct {
	kind, value string
	configured  bool // it stands in what is stored as it was given
}

func privateValues(t *testing.T, random *rand.Rand) func() private {
	t.Helper()
	file, err := os.ReadFile("../privacy/testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []private
	seen := map[string]bool{}
	for line := range strings.Lines(string(file)) {
		kind, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !seen[bare(value)] {
			all = append(all, private{kind: kind, value: value})
		}
		seen[bare(value)] = true
	}
	signs := func(of string, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = of[random.IntN(len(of))]
		}
		return string(out)
	}
	const small, mixed = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return func() private {
		switch random.IntN(8) {
		case 0:
			return private{kind: "email", value: signs(small, 6) + "." + signs(small, 5) + "@" + signs(small, 7) + ".example.org"}
		case 1:
			return private{kind: "ip", value: fmt.Sprintf("2a02:%x:%x::%x", 4096+random.IntN(50000), 4096+random.IntN(50000), 4096+random.IntN(50000))}
		case 2:
			return private{kind: "key", value: "sk-proj-" + signs(mixed, 40) + "7a"}
		case 3:
			return private{kind: "url", value: "https://" + signs(small, 6) + ":" + signs(mixed, 10) + "@" + signs(small, 7) + ".example/x"}
		}
		n := random.IntN(len(all)) // each once, to know where it may stand
		v := all[n]
		all = slices.Delete(all, n, n+1)
		return v
	}
}

// spelled writes a value as people and programs do.
func spelled(random *rand.Rand, v private) string {
	between := func(with string) string {
		var b strings.Builder
		for _, c := range v.value {
			b.WriteRune(c)
			if random.IntN(3) == 0 {
				b.WriteString(with)
			}
		}
		return b.String()
	}
	switch random.IntN(8) {
	case 0:
		return between("\u200b")
	case 1:
		return url.QueryEscape(v.value)
	case 2:
		return strings.Map(func(c rune) rune {
			if c > ' ' && c < 0x7f {
				return c + 0xfee0
			}
			return c
		}, v.value)
	case 3:
		return html.EscapeString(strings.ReplaceAll(v.value, "@", "&#64;"))
	}
	return v.value
}

// bare is a text without all that makes two spellings of a value different.
func bare(text string) string {
	for range 2 {
		text = norm.NFC.String(html.UnescapeString(text))
		if plain, err := url.QueryUnescape(strings.ReplaceAll(text, "+", "%2B")); err == nil {
			text = plain
		}
	}
	return strings.ToLower(strings.Map(func(c rune) rune {
		if c > 0xff00 && c < 0xff5f {
			c -= 0xfee0
		}
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return c
	}, text))
}

// strung gives all texts in a JSON value, with those that are in JSON texts.
func strung(text string) []string {
	texts := []string{text}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return texts
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			texts = append(texts, strung(v)...)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				texts = append(texts, name)
				walk(e)
			}
		}
	}
	walk(value)
	return texts
}

// talk is a run of random private conversations.
type talk struct {
	*server
	spelling *rand.Rand // for how known values are written
	random   *rand.Rand
	outside  *outside
	value    func() private
	said     []private // whatever was kept from others
	attached []private // what of that stands in files and their names
	shown    []string  // what readers saw
	asked    map[string]int
	round    int
	dataset  string
}

// some is a text with values in it.
func (s *talk) some() string { return s.about(false) }

// configured is a text with values of what is stored as it is given: a backstory, a
// record, the meta of a conversation.
func (s *talk) configured() string { return s.about(true) }

func (s *talk) about(configured bool) string {
	text := "😀 About the harbour"
	for range 1 + s.random.IntN(3) {
		v := s.value()
		v.configured = configured
		s.said = append(s.said, v)
		text += []string{", then ", " (", "\n- ", " und ", " «"}[s.random.IntN(5)] + spelled(s.random, v) + []string{", ", ") ", "\n", " und ", "» "}[s.random.IntN(5)]
	}
	return text + "thanks"
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// must is a request that is answered.
func (s *talk) must(path string, body any) map[string]any {
	s.t.Helper()
	status, out := s.call("POST", path, jsonOf(body))
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %v", path, jsonOf(body), status, out)
	}
	return out
}

func (s *talk) id(path string, body any) string {
	s.t.Helper()
	id, _ := s.must(path, body)["id"].(string)
	return id
}

// lines is a turn as its caller reads it.
func (s *talk) lines(path string, body any) string {
	s.t.Helper()
	resp := s.request("POST", path, "application/jsonl", jsonOf(body))
	var shown, result strings.Builder
	all := ""
	for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); {
		var line struct {
			Type string
			Data struct{ Token, Text string }
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			s.t.Fatalf("%s: %s", path, scanner.Text())
		}
		all += scanner.Text() + "\n"
		switch line.Type {
		case "token":
			shown.WriteString(line.Data.Token)
		case "result":
			result.WriteString(line.Data.Text)
		case "error":
			s.t.Errorf("%s: %s", path, scanner.Text())
		}
	}
	s.shown = append(s.shown, shown.String(), result.String())
	if !strings.HasSuffix(shown.String(), result.String()) || result.String() == "" {
		s.t.Errorf("%s: tokens %q, result %q\n%s", path, shown.String(), result.String(), all)
	}
	return all
}

// respelled is a value that its caller knows, as others may write it.
func (s *talk) respelled(known string) string {
	switch s.spelling.IntN(7) {
	case 0:
		return norm.NFD.String(known)
	case 1:
		return strings.ToUpper(known)
	case 2:
		return strings.ToLower(known)
	case 3:
		return strings.ReplaceAll(known, " ", "\u00a0\n")
	case 4:
		return url.PathEscape(known)
	}
	return spelled(s.spelling, private{kind: "known", value: known})
}

// extras is what a turn is given beside its text.
func (s *talk) extras(body map[string]any) map[string]any {
	known := fmt.Sprint("Zyxé Öst", s.random.Uint64())
	s.said = append(s.said, private{kind: "known", value: known})
	body["entities"] = []any{map[string]any{"type": "place", "begin": 0, "end": 1, "text": known}}
	if text, ok := body["text"].(string); ok {
		body["text"] = text + " " + s.respelled(known) + " and " + s.respelled(known)
	}
	if s.random.IntN(2) == 0 {
		body["functions"] = []any{map[string]any{
			"name": "lookUp", "description": "Looks up " + s.some(), "result": map[string]any{"data": map[string]any{"found": s.some(), "also": []string{s.some()}}},
			"parameters": map[string]any{"type": "object", "properties": map[string]any{"about": map[string]any{"type": "string", "description": "as " + s.some()}}},
		}}
	}
	if s.random.IntN(2) == 0 {
		body["extensions"] = map[string]any{
			"backstory": "Ask " + s.some(), "features": []any{map[string]any{"name": "memory"}},
			"skillsets": []any{map[string]any{"name": "S", "abilities": []any{map[string]any{
				"name": "Find", "description": "Finds " + s.some(), "instruction": "```search/datasetId=" + s.dataset + "\n$[about!]\n```",
			}}}},
			"datasets": []any{map[string]any{"name": "d", "records": []any{map[string]any{"text": "Harbour: " + s.some(), "meta": map[string]any{"url": "https://example.org/x"}}}}},
		}
	}
	return body
}

// leaks looks for what was kept, in all that was sent.
func (s *talk) leaks() {
	s.t.Helper()
	held := map[string]bool{}
	for _, request := range s.outside.heard() {
		path, body, _ := strings.Cut(request, "\n")
		s.asked[path]++
		for _, part := range []string{"The harbour of", "Likes the harbour", "Harbour:", "Looks up", "You help", "Mind ", filed, letThrough, heldBack} {
			s.asked[part] += strings.Count(body, part)
		}
		var texts []string
		for _, text := range strung(body) {
			texts = append(texts, bare(text))
			for _, p := range placeholders.FindAllString(text, -1) {
				held[p] = strings.ContainsAny(p, "0123456789") && strings.Trim(p, "0123456789") != ""
			}
		}
		all := strings.Join(texts, "\n")
		for _, v := range s.said {
			if strings.Contains(all, bare(v.value)) {
				s.t.Errorf("round %d: %s was sent the %s %q: %.2000s", s.round, path, v.kind, v.value, body)
			}
		}
	}
	for _, shown := range s.shown {
		for _, word := range words.FindAllString(strings.ToLower(shown), -1) {
			if held[word] {
				s.t.Errorf("round %d: a reader sees the placeholder %q: %s", s.round, word, shown)
			}
		}
	}
	s.shown = nil
}

var words = regexp.MustCompile(`[a-z0-9]+`)

func (s *talk) shows(where, shown string, of ...string) {
	s.t.Helper()
	all := ""
	s.shown = append(s.shown, shown)
	for line := range strings.Lines(shown) {
		for _, text := range strung(strings.TrimSpace(line)) {
			all += "\n" + bare(text)
		}
	}
	for _, text := range of {
		if !strings.Contains(all, bare(text)) {
			s.t.Errorf("round %d: %s does not show %q:\n%s", s.round, where, text, shown)
		}
	}
}

// Whatever a private conversation is made of, nobody outside learns a value of it, and
// who reads it sees them all.
func TestNothingOfAPrivateConversationIsSentToAnybody(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	o := startOutside(t, random)
	s := &talk{asked: map[string]int{}, outside: o, random: rand.New(rand.NewPCG(1, 2)), spelling: rand.New(rand.NewPCG(5, 6)), value: privateValues(t, rand.New(rand.NewPCG(3, 4)))}
	cfg := configured(t, "OPENAI_BASE_URL="+o.URL+"/v1", "PARLEY_MODERATION_URL="+o.URL+"/v1",
		"PARLEY_EMBEDDING_URL="+o.URL+"/v1", "PARLEY_EMBEDDING_MODEL=e", "PARLEY_SPEECH_URL="+o.URL+"/v1")
	s.server = start(t, cfg)
	dataset := s.id("/v1/dataset/create", map[string]any{"matchInstruction": "Mind " + s.configured()})
	s.must("/v1/dataset/"+dataset+"/record/create", map[string]any{"text": "The harbour of " + s.configured(), "source": "https://example.org/a"})
	contact := s.id("/v1/contact/create", map[string]any{"name": "C"})
	s.must("/v1/memory/create", map[string]any{"text": "Likes the harbour, " + s.configured(), "contactId": contact})
	s.embedded("The harbour of", "Likes the harbour")
	s.dataset = dataset
	for s.round = range 4 {
		s.conversation(dataset, contact)
		s.alone(contact)
		s.leaks()
	}
	for _, what := range []string{"/v1/chat/completions", "/v1/moderations", "/v1/embeddings", "/v1/audio/speech", "The harbour of", "Likes the harbour", "Harbour:", "Looks up", "You help", "Mind ", filed, letThrough} {
		if s.asked[what] == 0 {
			t.Errorf("nobody was sent anything of %q: %v", what, s.asked)
		}
	}
	if s.asked[heldBack] != 0 {
		t.Error("a picture that was held back was sent")
	}
	s.end()
	s.keeps("the log of the server", s.log.String())
	s.keepsFiled("the log of the server", s.log.String())
	var archive bytes.Buffer
	err := offline(t, cfg, false, func(a console.Archive) error { return a.Export(t.Context(), "", &archive, nil, console.Values{}) })
	if err != nil || archive.Len() < 10_000 {
		t.Fatalf("%d bytes, %v", archive.Len(), err)
	}
	for line := range strings.Lines(archive.String()) {
		s.keeps("the export", strings.TrimSpace(line))
		s.keepsFiled("the export", line)
	}
	s.files(cfg.Data)
}

// embedded waits until records went to the service of embeddings.
func (s *talk) embedded(records ...string) {
	s.t.Helper()
	for {
		s.outside.mu.Lock()
		sent := strings.Join(s.outside.sent, "\n")
		s.outside.mu.Unlock()
		if !slices.ContainsFunc(records, func(record string) bool { return !strings.Contains(sent, record) }) {
			return
		}
		<-s.outside.more
	}
}

func (s *talk) conversation(dataset, contact string) {
	s.t.Helper()
	first := s.some()
	id := s.id("/v1/conversation/create", map[string]any{
		"privacy": true, "moderation": s.random.IntN(2) == 0, "datasetId": dataset, "contactId": contact, "backstory": "You help " + s.configured(),
		"name": s.some(), "messages": []any{map[string]any{"type": "user", "text": first, "meta": map[string]any{"of": s.some()}}, map[string]any{"type": "bot", "text": s.some()}},
	})
	at := "/v1/conversation/" + id
	var texts []string
	for range 3 {
		body := s.extras(map[string]any{"text": s.some()})
		text, _ := body["text"].(string)
		texts = append(texts, text)
		s.shows("the turn", s.lines(at+"/complete", body))
		sent := s.extras(map[string]any{"text": s.some()})
		delete(sent, "functions")
		delete(sent, "extensions")
		s.must(at+"/send", sent)
		shown := s.lines(at+"/receive", map[string]any{})
		text, _ = sent["text"].(string)
		s.shows("the answer to send", shown, text)
		texts = append(texts, text)
	}
	if s.round%3 == 0 {
		s.must(at+"/compact", map[string]any{})
		text := s.some()
		s.shows("behind the summary", s.lines(at+"/complete", map[string]any{"text": text}), text)
	}
	s.attaches(at)
	s.dispatched(at)
	s.votes(at, contact)
	_, events := s.text(at + "/events")
	s.shows("the log", events, slices.Concat(texts, []string{first})...)
	_, list := s.text(at + "/message/list")
	s.keeps("message/list", list)
	_, exported := s.text(at + "/message/export")
	s.keeps("message/export", exported)
	s.speaks(at)
}

// keeps looks for values in what shows stored messages.
func (s *talk) keeps(where, shown string) {
	s.t.Helper()
	all := ""
	for _, text := range strung(shown) {
		all += "\n" + bare(text)
	}
	for _, v := range s.said {
		if !v.configured && strings.Contains(all, bare(v.value)) {
			s.t.Errorf("round %d: %s shows the %s %q: %s", s.round, where, v.kind, v.value, shown)
		}
	}
}

// files looks for values in the files of a server that has ended.
func (s *talk) files(folder string) {
	s.t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, v := range s.said {
			if !v.configured && bytes.Contains(content, []byte(v.value)) {
				s.t.Errorf("%s holds the %s %q", path, v.kind, v.value)
			}
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

// dispatched is a turn whose answer is read from a channel.
func (s *talk) dispatched(at string) {
	s.t.Helper()
	text := s.some()
	channel, _ := s.must(at+"/dispatch", map[string]any{"text": text})["channelId"].(string)
	resp := s.request("POST", "/v1/channel/"+channel+"/subscribe", "application/jsonl", `{"historyLength":100}`)
	shown := ""
	for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); {
		shown += scanner.Text() + "\n"
		if strings.Contains(scanner.Text(), `"result"`) {
			break
		}
	}
	_ = resp.Body.Close()
	s.shows("the channel", shown, text)
}

// alone is a turn without a conversation, and a summary.
func (s *talk) alone(contact string) {
	s.t.Helper()
	messages := []any{map[string]any{"type": "user", "text": s.some()}, map[string]any{"type": "bot", "text": s.some()}, map[string]any{"type": "user", "text": s.some()}}
	body := s.extras(map[string]any{"messages": messages, "privacy": true, "moderation": true, "contactId": contact, "backstory": s.some()})
	s.lines("/v1/conversation/complete", body)
	made := s.must("/v1/conversation/compact", map[string]any{"messages": messages, "privacy": true})
	s.shows("a summary", jsonOf(made))
	s.attachesAlone()
	s.attachesPartly()
}
