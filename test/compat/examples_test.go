package compat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exampleManifest is what the published scripts and the agent package need,
// beside themselves.
const exampleManifest = `{"private": true, "type": "module", "dependencies": {
	"@chatbotkit/sdk": "1.36.0", "dotenv": "16.4.5", "js-yaml": "4.1.0", "zod": "3.25.76", "zod-to-json-schema": "3.24.6"}}`

// chat is what is typed into the interactive examples, and what must come back.
var chat = []struct{ typed, answer string }{
	{"Hello there", "You said: Hello there"},
	{"Grüße 🌍", "You said: Grüße 🌍"},
}

// examples is the folder of the published package's example scripts, from
// PARLEY_EXAMPLES (examples/sdk of a checkout of its repository). The scripts
// are not ours to ship, so the tests that run them may be skipped even with
// PARLEY_TEST_STRICT=1.
func examples(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("PARLEY_EXAMPLES")
	if folder == "" {
		t.Skip("PARLEY_EXAMPLES names no folder with the published examples")
	}
	return folder
}

func TestThePublishedExamplesRunUnmodified(t *testing.T) {
	folder := examples(t)
	setup(t)
	b := newBench(t)
	workshop := newWorkshop(t, folder)
	conversations := seedConversations(t, b)

	for _, script := range []string{"conversation-chat-stream.js", "conversation-chat-stream.cjs", "gpt4-chatbot.js", "gpt4-chatbot-stream.js"} {
		t.Run(script, func(t *testing.T) {
			out := workshop.chat(t, b, script)
			for _, turn := range chat {
				if !strings.Contains(out, "bot: "+turn.answer+"\n") {
					t.Errorf("%q is not answered with %q", turn.typed, turn.answer)
				}
			}
		})
	}
	for script, want := range map[string][]string{
		"list-conversations.js":             {"algo", "plain"},
		"list-conversations-stream.js":      {"algo", "plain"},
		"list-conversations-with-filter.js": {"algo"},
		"export-conversations.js":           {"algo", "plain"},
	} {
		t.Run(script, func(t *testing.T) {
			out := workshop.run(t, b, script)
			for name, id := range conversations {
				listed, wanted := strings.Contains(out, id), strings.Contains(strings.Join(want, " "), name)
				if listed != wanted {
					t.Errorf("the conversation %s: listed %v, want %v", name, listed, wanted)
				}
			}
		})
	}
	t.Run("the export holds the messages", func(t *testing.T) {
		exported, err := os.ReadFile(filepath.Join(workshop.folder, "conversations.json"))
		if err != nil || !bytes.Contains(exported, []byte("Kept since the beginning")) {
			t.Errorf("conversations.json: %v\n%s", err, exported)
		}
	})
	t.Run("list-conversation-messages.js", func(t *testing.T) {
		// It shows the newest conversation.
		post(t, b, "/v1/conversation/create", `{"messages":[{"type":"user","text":"The newest one"}]}`)
		if out := workshop.run(t, b, "list-conversation-messages.js"); !strings.Contains(out, `text: "The newest one"`) {
			t.Error("the message is not shown")
		}
	})
}

func TestThePublishedExamplesOfDatasetsAndFilesRunUnmodified(t *testing.T) {
	folder := examples(t)
	setup(t)
	b := newBench(t)
	workshop := newWorkshop(t, folder)
	dataset := post(t, b, "/v1/dataset/create", `{"name":"Tea","description":"All of it"}`)
	texts := []string{"Green tea wants water of 80 degrees.", "Black tea wants boiling water."}
	for _, text := range texts {
		post(t, b, "/v1/dataset/"+dataset+"/record/create", `{"text":"`+text+`"}`)
	}
	workshop.env = []string{"CHATBOTKIT_DATASET_ID=" + dataset}

	for _, example := range []struct {
		script string
		prints []string
	}{
		{"create-dataset.js", []string{" created\n", " deleted\n"}},
		{"list-datasets-stream.js", []string{`id: "` + dataset + `"`, `name: "Tea"`, `description: "All of it"`}},
		{"list-records.js", texts},
		{"list-records-stream.js", texts},
		{"upload-and-download.js", []string{"field1,field2,field3\n"}},
	} {
		t.Run(example.script, func(t *testing.T) {
			out := workshop.run(t, b, example.script)
			for _, text := range example.prints {
				if !strings.Contains(out, text) {
					t.Errorf("%q is not printed", text)
				}
			}
		})
	}
}

// workshop is a folder with copies of the scripts and what they need.
type workshop struct {
	folder string
	env    []string // of the scripts, beside what all have
}

func newWorkshop(t *testing.T, examples string) workshop {
	t.Helper()
	w := workshop{folder: t.TempDir()}
	scripts, err := filepath.Glob(filepath.Join(examples, "*.*js"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in %s: %v", examples, err)
	}
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, filepath.Base(script), data)
	}
	w.write(t, "package.json", []byte(exampleManifest))
	install := exec.CommandContext(t.Context(), "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = w.folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	return w
}

func (w workshop) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w workshop) command(t *testing.T, b *bench, script string) *exec.Cmd {
	t.Helper()
	redirect, err := filepath.Abs("redirect.mjs")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "node", "--import", redirect, script)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "PARLEY_URL=http://"+b.server.Address, "CHATBOTKIT_API_SECRET="+apiSecret)
	cmd.Env = append(cmd.Env, w.env...)
	return cmd
}

// run runs a script to its end.
func (w workshop) run(t *testing.T, b *bench, script string) string {
	t.Helper()
	out, err := w.command(t, b, script).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// chat types into a script that asks for ever, as a person would: the next line
// when it asks again. It ends when its input does.
func (w workshop) chat(t *testing.T, b *bench, script string) string {
	t.Helper()
	cmd := w.command(t, b, script)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	prompts := &typist{stdin: stdin, lines: typed()}
	cmd.Stdout, cmd.Stderr = prompts, prompts
	if err := cmd.Run(); err != nil {
		t.Logf("%s", prompts.out.Bytes())
		t.Fatal(err)
	}
	t.Logf("%s", prompts.out.Bytes())
	return strings.ReplaceAll(prompts.out.String(), "user: ", "\n")
}

func typed() []string {
	lines := make([]string, len(chat))
	for i, turn := range chat {
		lines[i] = turn.typed + "\n"
	}
	return lines
}

// typist answers each prompt with its next line, and ends the input after them.
type typist struct {
	stdin io.WriteCloser
	lines []string
	out   bytes.Buffer
	seen  int
}

// Write is called by the one goroutine that copies the script's output.
func (p *typist) Write(data []byte) (int, error) {
	p.out.Write(data)
	for prompts := bytes.Count(p.out.Bytes(), []byte("user: ")); p.seen < prompts; p.seen++ {
		if p.seen == len(p.lines) {
			return len(data), p.stdin.Close()
		}
		if _, err := io.WriteString(p.stdin, p.lines[p.seen]); err != nil {
			return len(data), err
		}
	}
	return len(data), nil
}

// seedConversations gives the ids of two conversations by their names.
func seedConversations(t *testing.T, b *bench) map[string]string {
	t.Helper()
	return map[string]string{
		"algo":  post(t, b, "/v1/conversation/create", `{"meta":{"app":"algo"},"backstory":"You are kind."}`),
		"plain": post(t, b, "/v1/conversation/create", `{"messages":[{"type":"user","text":"Kept since the beginning"}]}`),
	}
}

// post sends a request and gives the id that it is answered with.
func post(t *testing.T, b *bench, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+b.server.Address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", path, resp.StatusCode, err)
	}
	return answer.ID
}
