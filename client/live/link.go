package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// What bounds a connection.
const (
	connectTimeout = 20 * time.Second // from dialling to the answer of CONNECT
	writeTimeout   = 20 * time.Second
	maxFrame       = 16 << 20 // servers take 10 MB; what they send may be a little more
)

// link is a connection whose CONNECT was accepted. One goroutine reads, one
// writes.
type link struct {
	ws      *websocket.Conn
	silence time.Duration // after so much of it the connection is lost
	pid     string        // names the socket session; "" = the server keeps none
	control chan string   // frames of the protocol itself, before all others
}

// handshake is what the server says first.
type handshake struct {
	PingInterval int64 `json:"pingInterval"` // ms
	PingTimeout  int64 `json:"pingTimeout"`  // ms
}

// connectAuth is what a client says first.
type connectAuth struct {
	PID    string `json:"pid,omitempty"`
	Offset string `json:"offset,omitempty"`
	Token  string `json:"token"`
}

// connect makes a connection. With a pid it asks to go on with that socket
// session: the link has the same pid if that is granted.
func (s *settings) connect(ctx context.Context, pid, offset string) (*link, error) {
	token, err := s.token(ctx)
	if err != nil {
		return nil, &tokenError{err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, errConnectTimeout)
	defer cancel()
	ws, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
	l := &link{ws: ws, silence: connectTimeout, control: make(chan string, 1)}
	err = l.greet(connectAuth{PID: pid, Offset: offset, Token: token})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = ws.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return l, nil
}

var errConnectTimeout = fmt.Errorf("the server did not answer in %s", connectTimeout)

// dial opens the WebSocket.
func (s *settings) dial(ctx context.Context) (*websocket.Conn, error) {
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: connectTimeout, ReadBufferSize: 4096, WriteBufferSize: 4096}
	if transport, ok := s.http.Transport.(*http.Transport); ok {
		dialer.Proxy, dialer.NetDialContext = transport.Proxy, transport.DialContext
		if transport.TLSClientConfig != nil {
			dialer.TLSClientConfig = transport.TLSClientConfig.Clone()
			dialer.TLSClientConfig.NextProtos = nil // a WebSocket is HTTP/1.1
		}
	}
	header := s.header.Clone()
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "parley-go")
	}
	ws, resp, err := dialer.DialContext(ctx, s.socketAddress(), header)
	if err == nil {
		ws.SetReadLimit(maxFrame)
		return ws, nil
	}
	if resp != nil { // its body is what was read of it, and needs no closing
		refused := errorOf(resp)
		if refused.Status == http.StatusTooManyRequests || refused.Status >= 500 {
			return nil, refused
		}
		return nil, &ConnectError{Message: refused.Message, Status: refused.Status, Code: refused.Code}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("the server cannot be reached: %w", err)
}

// socketAddress is where sessions are: on this machine the plain path, and
// behind the host name of a service that of the service.
func (s *settings) socketAddress() string {
	u := url.URL{Scheme: "ws", Host: s.base.Host, Path: "/autopilotforeveryone_/websocket_/socket.io/"}
	if s.base.Scheme == "https" {
		u.Scheme = "wss"
	}
	if host := s.base.Hostname(); host == "localhost" || host == "127.0.0.1" {
		u.Path = "/socket.io/"
	}
	query := url.Values{
		"EIO": {"4"}, "transport": {"websocket"},
		"x-uipath-internal-accountid": {s.org}, "x-uipath-internal-tenantid": {s.tenant},
	}
	if s.external != "" {
		query.Set(strings.ToLower(externalHeader), s.external)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// greet waits for the server's opening, says who connects, and reads whether
// that is accepted.
func (l *link) greet(auth connectAuth) error {
	open, err := l.await(packetOpen)
	if err != nil {
		return err
	}
	var hello handshake
	if err := json.Unmarshal(open.data, &hello); err != nil || hello.PingInterval <= 0 || hello.PingTimeout <= 0 {
		return errPacket
	}
	body, err := json.Marshal(auth)
	if err != nil {
		return err
	}
	if err := l.write(append([]byte("40"), body...)); err != nil {
		return err
	}
	accepted, err := l.await(packetConnect)
	if err != nil {
		return err
	}
	var session struct {
		PID string `json:"pid"`
	}
	_ = json.Unmarshal(accepted.data, &session) // without a pid nothing is kept
	l.pid = session.PID
	l.silence = time.Duration(min(hello.PingInterval+hello.PingTimeout, 600_000)) * time.Millisecond
	return nil
}

// await reads until a packet of a kind comes.
func (l *link) await(kind packetKind) (packet, error) {
	for {
		p, err := l.read()
		switch {
		case err != nil || p.kind == kind:
			return p, err
		case p.kind == packetPing:
			if err := l.write([]byte(pongFrame)); err != nil {
				return p, err
			}
		case p.kind == packetConnectError:
			return p, connectErrorOf(p.data)
		}
	}
}

func connectErrorOf(data json.RawMessage) *ConnectError {
	var refused struct {
		Message string `json:"message"`
		Data    struct {
			Status    int `json:"status"`
			ErrorCode int `json:"errorCode"`
		} `json:"data"`
	}
	if json.Unmarshal(data, &refused) != nil || refused.Message == "" {
		refused.Message = "it does not say why"
	}
	return &ConnectError{Message: refused.Message, Status: refused.Data.Status, Code: refused.Data.ErrorCode}
}

// read reads a packet. Silence for longer than two pings is a lost connection.
func (l *link) read() (packet, error) {
	if err := l.ws.SetReadDeadline(time.Now().Add(l.silence)); err != nil {
		return packet{}, err
	}
	kind, text, err := l.ws.ReadMessage()
	if err != nil {
		return packet{}, lost(err)
	}
	if kind != websocket.TextMessage {
		return packet{}, errPacket
	}
	return decodePacket(string(text))
}

func (l *link) write(frame []byte) error {
	if err := l.ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if err := l.ws.WriteMessage(websocket.TextMessage, frame); err != nil {
		return lost(err)
	}
	return nil
}

// lost says that a connection is gone, in words that name no address.
func lost(err error) error {
	if failed, ok := errors.AsType[*net.OpError](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("the connection was lost: %w", errors.Join(io.ErrUnexpectedEOF, err))
}
