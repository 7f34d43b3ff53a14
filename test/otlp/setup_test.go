package otlp_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/test/process"
)

const (
	secret       = "the-secret-of-the-first-tenant"
	providerKey  = "sk-the-key-of-the-provider"
	metricsToken = "the-token-of-the-scrapers"
)

var binary string // of the server, made by TestMain

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "parley-otlp")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		binary = filepath.Join(folder, "parley")
		build := exec.Command("go", "build", "-o", binary, "./cmd/parley")
		build.Dir = "../.." // with the versions of the server's own module
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// server is a server with a provider.
type server struct {
	t        *testing.T
	url      string
	provider *fakeprovider.Server
	process  *process.Server
}

func start(t *testing.T, env ...string) *server {
	t.Helper()
	folder, err := os.MkdirTemp("", "parley") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, url: "http://" + address, provider: fakeprovider.Start(t)}
	s.process = &process.Server{
		Command: []string{binary, "serve"}, Address: address,
		Env: append([]string{
			"PARLEY_LISTEN=" + address, "PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_SECRET=" + secret,
			"OPENAI_BASE_URL=" + s.provider.URL + "/v1", "OPENAI_API_KEY=" + providerKey, "PARLEY_MODEL=fake-1",
		}, env...),
	}
	if err := s.process.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.process.Stop)
	return s
}

// stream is an answer that is being read.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

// ask posts a body and gives the lines of the answer as they come.
func (s *server) ask(path, body string, headers ...string) *stream {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Accept", "application/jsonl")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{t: s.t, lines: bufio.NewScanner(res.Body)}
}

// until reads to the first line with a text.
func (a *stream) until(text string) *stream {
	a.t.Helper()
	for a.lines.Scan() {
		if strings.Contains(a.lines.Text(), text) {
			return a
		}
	}
	a.t.Fatalf("no line has %q: %v", text, a.lines.Err())
	return nil
}

// end reads to the end.
func (a *stream) end() string {
	var all bytes.Buffer
	for a.lines.Scan() {
		all.Write(a.lines.Bytes())
		all.WriteByte('\n')
	}
	return all.String()
}

// create makes a conversation and gives its id.
func (s *server) create() string {
	s.t.Helper()
	var line struct {
		ID string `json:"id"`
	}
	answer := s.ask("/conversation/create", `{"backstory":"a secret backstory"}`).end()
	if err := json.Unmarshal([]byte(answer), &line); err != nil || line.ID == "" {
		s.t.Fatalf("create: %s, %v", answer, err)
	}
	return line.ID
}

// complete asks in a conversation.
func (s *server) complete(id, text string, headers ...string) *stream {
	s.t.Helper()
	return s.ask("/conversation/"+id+"/complete", fmt.Sprintf(`{"text":%q}`, text), headers...)
}

// metrics scrapes the server.
func (s *server) metrics(ctx context.Context) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+metricsToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("/metrics: %s: %s", res.Status, body)
	}
	return res.Header, body, err
}
