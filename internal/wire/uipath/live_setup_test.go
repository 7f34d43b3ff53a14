package uipath_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var update = flag.Bool("update", false, "write the golden files anew")

// peer is a client on a socket, by raw frames.
type peer struct {
	t      *testing.T
	name   string
	log    *transcript
	conn   *websocket.Conn
	pid    string
	sid    string
	offset string // of the last event that had one
	told   []string
	order  order
}

// transcript is what some peers said and heard, for a golden file.
type transcript struct {
	t     *testing.T
	lines []string
	ids   map[string]string
}

// options are those of a connection; the zero value of a field takes a default.
type options struct {
	token, pid, offset string
	query              url.Values
}

// dial connects and gives the answer to CONNECT, whatever it is.
func (b *bundle) dial(name string, log *transcript, o options) (*peer, string) {
	b.t.Helper()
	if o.query == nil {
		o.query = url.Values{"x-uipath-internal-accountid": {"acme"}, "x-uipath-internal-tenantid": {"dev"}}
	}
	o.query.Set("EIO", "4")
	o.query.Set("transport", "websocket")
	address := "ws" + strings.TrimPrefix(b.url, "http") + "/socket.io/?" + o.query.Encode()
	conn, response, err := websocket.DefaultDialer.DialContext(b.t.Context(), address, nil)
	if err != nil {
		b.t.Fatal(err, response)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	p := &peer{t: b.t, name: name, log: log, conn: conn}
	if opening := p.raw(); !strings.HasPrefix(opening, `0{"sid":"`) {
		b.t.Fatalf("the opening is %s", opening)
	}
	auth := map[string]string{"token": o.token}
	if o.token == "" {
		auth["token"] = b.secret
	}
	if o.pid != "" {
		auth["pid"] = o.pid
	}
	if o.offset != "" {
		auth["offset"] = o.offset
	}
	text, err := json.Marshal(auth)
	must(b.t, err)
	p.write("40" + string(text))
	return p, p.raw()
}

// connect is dial for somebody who is let in.
func (b *bundle) connect(name string, log *transcript, o options) *peer {
	b.t.Helper()
	p, answer := b.dial(name, log, o)
	var ids struct{ SID, PID string }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(answer, "40")), &ids); err != nil || ids.PID == "" {
		b.t.Fatalf("the answer to CONNECT is %s", answer)
	}
	p.sid, p.pid = ids.SID, ids.PID
	return p
}

func (p *peer) write(text string) {
	p.t.Helper()
	must(p.t, p.conn.WriteMessage(websocket.TextMessage, []byte(text)))
}

// raw reads a message that is no ping; "" if the connection ended.
func (p *peer) raw() string {
	p.t.Helper()
	must(p.t, p.conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	for {
		_, text, err := p.conn.ReadMessage()
		if websocket.IsUnexpectedCloseError(err) || websocket.IsCloseError(err) {
			return ""
		}
		if err != nil {
			p.t.Fatalf("%s: %v; told so far: %s", p.name, err, strings.Join(p.told, "\n"))
		}
		if string(text) != "2" {
			return string(text)
		}
		p.write("3")
	}
}

// say sends an event.
func (p *peer) say(format string, args ...any) {
	p.t.Helper()
	body := fmt.Sprintf(format, args...)
	p.log.add(p.name, ">", body)
	if strings.Contains(body, `"endToolCall"`) {
		must(p.t, p.order.see(body)) // the call has ended for who ends it
	}
	p.write(`42["ConversationEvent",` + body + `]`)
}

// next reads an event.
func (p *peer) next() string {
	p.t.Helper()
	text := p.raw()
	var args []json.RawMessage
	if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "42")), &args); err != nil || len(args) < 2 {
		p.t.Fatalf("%s: not an event: %q", p.name, text)
	}
	if len(args) == 3 {
		must(p.t, json.Unmarshal(args[2], &p.offset))
	}
	body := string(args[1])
	p.told = append(p.told, body)
	if err := p.order.see(body); err != nil {
		p.t.Errorf("%s: %v: %s", p.name, err, body)
	}
	p.log.add(p.name, "<", body)
	return body
}

// until reads events up to one that holds a text.
func (p *peer) until(text string) string {
	p.t.Helper()
	for {
		if body := p.next(); strings.Contains(body, text) {
			return body
		}
	}
}

// quiet checks that nothing else comes: an event that is refused for certain is
// answered next.
func (p *peer) quiet() {
	p.t.Helper()
	p.write(`42["ConversationEvent",{"conversationId":"nowhere","startSession":{}}]`)
	text := p.raw()
	if !strings.Contains(text, `"conversationId":"nowhere"`) {
		p.t.Errorf("%s: told %s", p.name, text)
	}
}

func newTranscript(t *testing.T) *transcript { return &transcript{t: t, ids: map[string]string{}} }

var (
	uuids  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	clocks = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)
	chunks = regexp.MustCompile(`^(.*"chunk":\{"data":")((?:[^"\\]|\\.)*)("\}+)$`)
	usages = regexp.MustCompile(`"(inputTokens|outputTokens)":\d+`)
)

// add adds a line. What differs from run to run gets a name; text that came in pieces
// is one piece.
func (l *transcript) add(who, way, body string) {
	if l == nil {
		return
	}
	body = uuids.ReplaceAllStringFunc(body, func(id string) string {
		if l.ids[id] == "" {
			l.ids[id] = "id-" + strconv.Itoa(len(l.ids)+1)
		}
		return l.ids[id]
	})
	body = usages.ReplaceAllString(clocks.ReplaceAllString(body, `"<time>"`), `"$1":0`)
	line := who + " " + way + " " + body
	if n := len(l.lines); n > 0 && way == "<" {
		last, next := chunks.FindStringSubmatch(l.lines[n-1]), chunks.FindStringSubmatch(line)
		if last != nil && next != nil && last[1] == next[1] {
			l.lines[n-1] = last[1] + last[2] + next[2] + last[3]
			return
		}
	}
	l.lines = append(l.lines, line)
}

// golden compares the transcript with its file.
func (l *transcript) golden(name string) {
	l.t.Helper()
	file := filepath.Join("testdata", "live", name+".txt")
	got := []byte(strings.Join(l.lines, "\n") + "\n")
	if *update {
		must(l.t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(l.t, os.WriteFile(file, got, 0o600))
		return
	}
	want, err := os.ReadFile(file)
	must(l.t, err)
	if !bytes.Equal(got, want) {
		l.t.Errorf("%s differs (write it anew with -update):\n%s", file, got)
	}
}

// ask says a whole user message in an exchange of its own.
func (p *peer) ask(conversation, exchange, text string) {
	p.t.Helper()
	p.say(`{"conversationId":%q,"exchange":{"exchangeId":%q,"startExchange":{}}}`, conversation, exchange)
	in := fmt.Sprintf(`{"conversationId":%q,"exchange":{"exchangeId":%q,"message":{"messageId":"%s-M",`, conversation, exchange, exchange)
	p.say(`%s"startMessage":{"role":"user"}}}}`, in)
	p.say(`%s"contentPart":{"contentPartId":"%s-P","startContentPart":{"mimeType":"text/markdown"}}}}}`, in, exchange)
	p.say(`%s"contentPart":{"contentPartId":"%s-P","chunk":{"data":%q}}}}}`, in, exchange, text)
	p.say(`%s"contentPart":{"contentPartId":"%s-P","endContentPart":{}}}}}`, in, exchange)
	p.say(`%s"endMessage":{}}}}`, in)
}

// start starts a session.
func (p *peer) start(conversation string) {
	p.t.Helper()
	p.say(`{"conversationId":%q,"startSession":{}}`, conversation)
	p.until(`"sessionStarted"`)
}
