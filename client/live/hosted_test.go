package live_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/client/live"
)

// hosted is a recorded fake of the hosted service: it answers the requests of
// testdata/hosted, which a client must make exactly as they are there, and
// everything else with 418. Its sockets are a stage's.
type hosted struct {
	stage   *stage
	answers map[string]string // status, headers and body, by what identifies a request
}

func newHosted(t *testing.T) (*hosted, *live.Client) {
	t.Helper()
	files, err := filepath.Glob("testdata/hosted/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d exchanges, %v", len(files), err)
	}
	h := &hosted{stage: newStage(t), answers: map[string]string{}}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.SplitN(string(text), "--\n", 3)
		h.answers[parts[0]+strings.TrimSpace(parts[1])] = parts[2]
	}
	web := httptest.NewTLSServer(h)
	t.Cleanup(web.Close)
	var dialer net.Dialer
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "cloud.uipath.com:443" {
				return nil, fmt.Errorf("it asks %s", address)
			}
			return dialer.DialContext(ctx, network, web.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := live.New(live.WithBaseURL(live.HostedBaseURL), live.WithTenant("acme", "dev"), live.WithHTTPClient(&http.Client{Transport: transport}),
		live.WithTokenSource(func(context.Context) (string, error) { return "token", nil }))
	if err != nil {
		t.Fatal(err)
	}
	return h, c
}

func (h *hosted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/autopilotforeveryone_/websocket_/socket.io/" {
		h.stage.server.ServeHTTP(w, r)
		return
	}
	answer, ok := h.answers[identify(r)]
	if !ok {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	head, body, _ := strings.Cut(answer, "\n--\n")
	lines := strings.Split(head, "\n")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Set(name, value)
	}
	status, _ := strconv.Atoi(lines[0]) // a recording without one panics below
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// identify is a request as recordings have it: without what differs each time,
// and without what its transport adds.
func identify(r *http.Request) string {
	body, _ := io.ReadAll(r.Body) // a short one is another request
	var headers []string
	for name, values := range r.Header {
		if !slices.Contains([]string{"User-Agent", "Accept-Encoding", "Content-Length", "Idempotency-Key"}, name) {
			headers = append(headers, strings.ToLower(name)+": "+values[0]+"\n")
		}
	}
	slices.Sort(headers)
	return r.Method + " " + r.URL.RequestURI() + "\n" + strings.Join(headers, "") + string(body)
}

func TestTheHostedServiceIsAskedAsItExpects(t *testing.T) {
	t.Parallel()
	_, c := newHosted(t)
	ctx := t.Context()
	conversation, err := c.Conversation.Create(ctx, live.ConversationCreateRequest{AgentID: 101, FolderID: 7})
	if err != nil {
		t.Fatal(err)
	}
	if conversation.ID != "8F0C" || conversation.CreatedTime.Year() != 2026 || !conversation.AutogenerateLabel {
		t.Errorf("the conversation is %+v", conversation)
	}
	if conversation, err = conversation.Update(ctx, live.ConversationUpdateRequest{Label: client.Set("Lunch")}); err != nil || conversation.Label != "Lunch" {
		t.Errorf("after the update it is %+v, %v", conversation, err)
	}
	if _, err := c.Conversation.Get(ctx, "8F0C"); err != nil {
		t.Error(err)
	}
	listed := 0
	for found, err := range c.Conversation.All(ctx, live.ConversationListRequest{Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
		conversation = found
	}
	if listed != 2 {
		t.Errorf("%d conversations are listed", listed)
	}
	exchange, err := conversation.Exchanges().Get(ctx, "X1", live.Ascending)
	if err != nil {
		t.Fatal(err)
	}
	if part := exchange.Messages[1].ContentParts[0]; part.Text() != "Good day to you" || part.Citations[0].Length != 8 || exchange.Status != "" {
		t.Errorf("the exchange is %+v", exchange)
	}
	attachment, err := conversation.UploadAttachment(ctx, live.File{Name: "menu.txt", MimeType: "text/plain", Data: []byte("Soup")})
	if err != nil || attachment.URI != "urn:file:1" {
		t.Errorf("the attachment is %+v, %v", attachment, err)
	}
	if agents, err := c.Agent.List(ctx, 0); err != nil || len(agents) != 1 || agents[0].Name != "Support" {
		t.Errorf("the agents are %+v, %v", agents, err)
	}
	if settings, err := c.User.UpdateSettings(ctx, live.UserSettingsUpdate{Name: client.Set("Ann"), Country: client.Null[string]()}); err != nil || *settings.Name != "Ann" {
		t.Errorf("the settings are %+v, %v", settings, err)
	}
	if _, err := conversation.Delete(ctx); err != nil {
		t.Error(err)
	}
	_, err = c.Conversation.Get(ctx, "none")
	if refused, ok := errors.AsType[*live.Error](err); !ok || refused.Status != 404 || refused.Code != 4040 || refused.TraceID == "" {
		t.Errorf("the error is %v", err)
	}
}

func TestTheHostedServiceHoldsSessions(t *testing.T) {
	t.Parallel()
	h, c := newHosted(t)
	h.stage.token = "token"
	session := c.Conversation.StartSession("c1", live.SessionOptions{})
	told := follow(session)
	ask(t, session, "Hello!")
	h.stage.run(session)
	p := h.stage.accept()
	p.open(false)
	for range 4 {
		p.hear() // nothing is acknowledged
	}
	p.tell(answerStart, answerPart, chunk("Good day"), answerEnd)
	for range 7 { // the start, and its own message
		wait(t, told.lines)
	}
	told.expect(t, "message a1 of the assistant", "part p1", `chunk "Good day"`, "part p1 ended cut=false", "message a1 ended", "exchange x1 ended done")
}
