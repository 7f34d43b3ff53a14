package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// mcpEnd is how long the end of a session may take.
const mcpEnd = 2 * time.Second

// mcpLink is the bridge's side towards the server: a session of streamable HTTP.
// A session that the server has forgotten, because it was restarted or has not
// been used for long, is begun again, without the client's noticing.
type mcpLink struct {
	reach func(context.Context) (reached, error)

	mu      sync.Mutex // guards what follows; a new session is begun under it
	server  reached
	session mcpSession
	begun   []byte // the client's own initialize
}

// mcpSession is what each request of a session names.
type mcpSession struct {
	id, version string
	number      int // counts the sessions
}

// errMCPSession says that the server does not know the session, or its token.
var errMCPSession = errors.New("the server has forgotten the session")

// dial reaches the server, from now on with a fresh secret if it gives one.
func (l *mcpLink) dial(ctx context.Context) error {
	server, err := l.reach(ctx)
	if err != nil {
		return err
	}
	if l.server.close != nil {
		l.server.close()
	}
	l.server = server
	return nil
}

// close ends the session, and what runs in it.
func (l *mcpLink) close(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session.id != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mcpEnd)
		defer cancel()
		if resp, err := l.ask(ctx, l.server, l.session, http.MethodDelete, nil); err == nil {
			_ = resp.Body.Close() // it has ended, or will by itself
		}
	}
	l.server.close()
}

// send posts a message and passes on what is answered.
func (l *mcpLink) send(ctx context.Context, m *mcpMessage, line []byte, write func([]byte)) error {
	if m.Method == "initialize" {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.begun = line
		return l.begin(ctx, write)
	}
	l.mu.Lock()
	server, session := l.server, l.session
	l.mu.Unlock()
	err := l.post(ctx, server, session, line, write)
	if !errors.Is(err, errMCPSession) {
		return err
	}
	if server, session, err = l.renew(ctx, session); err != nil {
		return err
	}
	return l.post(ctx, server, session, line, write)
}

// renew begins another session in place of a lost one, unless somebody has done
// so meanwhile.
func (l *mcpLink) renew(ctx context.Context, lost mcpSession) (reached, mcpSession, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session.number != lost.number || l.begun == nil {
		return l.server, l.session, nil
	}
	if err := l.dial(ctx); err != nil {
		return reached{}, mcpSession{}, err
	}
	if err := l.begin(ctx, func([]byte) {}); err != nil {
		return reached{}, mcpSession{}, err
	}
	initialized := []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return l.server, l.session, l.post(ctx, l.server, l.session, initialized, func([]byte) {})
}

// begin begins a session as the client has asked for it.
func (l *mcpLink) begin(ctx context.Context, write func([]byte)) error {
	resp, err := l.ask(ctx, l.server, mcpSession{}, http.MethodPost, l.begun)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	next := mcpSession{id: resp.Header.Get("Mcp-Session-Id"), number: l.session.number + 1}
	return l.read(resp, func(message []byte) {
		var m mcpMessage
		if json.Unmarshal(message, &m) == nil && m.Result != nil {
			next.version = m.Result.ProtocolVersion
			l.session = next
		}
		write(message)
	})
}

func (l *mcpLink) post(ctx context.Context, server reached, session mcpSession, line []byte, write func([]byte)) error {
	resp, err := l.ask(ctx, server, session, http.MethodPost, line)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return l.read(resp, write)
}

// ask makes one request.
func (l *mcpLink) ask(ctx context.Context, server reached, session mcpSession, method string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(server.base, "/")+"/mcp", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+server.secret)
	req.Header.Set("User-Agent", "parley-mcp/"+version)
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Content-Type", "application/json")
	if session.id != "" {
		req.Header.Set("Mcp-Session-Id", session.id)
	}
	if session.version != "" {
		req.Header.Set("Mcp-Protocol-Version", session.version)
	}
	resp, err := server.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer: %w", err)
	}
	return resp, nil
}

// read passes on the messages of an answer, each as soon as it is there.
func (l *mcpLink) read(resp *http.Response, write func([]byte)) error {
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s", errMCPSession, refusal(resp))
	case resp.StatusCode >= http.StatusBadRequest:
		return errors.New(refusal(resp))
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream"):
		return readEvents(resp.Body, write)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mcpLine))
	if len(body) > 0 && err == nil {
		write(body)
	}
	return err
}

// refusal is what an error says.
func refusal(resp *http.Response) string {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what there is
	var said struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil && said.Error.Message != "" {
		return said.Error.Message
	}
	return fmt.Sprintf("the server answered with status %d: %s", resp.StatusCode, plain(strings.TrimSpace(string(body))))
}

// readEvents reads a stream of server-sent events up to its end, and passes on
// the data of each. A stream that is cut is an error.
func readEvents(r io.Reader, write func([]byte)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), mcpLine)
	var data []byte
	for lines.Scan() {
		line := bytes.TrimSuffix(lines.Bytes(), []byte{'\r'})
		if len(line) == 0 {
			if len(data) > 0 {
				write(data)
			}
			data = data[:0]
			continue
		}
		if rest, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if len(data)+len(rest) > mcpLine {
				return fmt.Errorf("an event has more than %d bytes", mcpLine)
			}
			if len(data) > 0 {
				data = append(data, '\n')
			}
			data = append(data, bytes.TrimPrefix(rest, []byte{' '})...)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the connection was lost before the answer was whole: %w", err)
	}
	return nil
}
