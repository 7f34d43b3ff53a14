package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// conn is a client's connection. It does one request at a time, on the caller's
// goroutine: net/http's client has two goroutines of its own for each.
type conn struct {
	net   net.Conn
	to    address
	host  string
	in    *bufio.Reader
	stop  func() bool
	space []byte // for lines
}

// dial connects. The end of the context cuts the connection.
func dial(ctx context.Context, to address) (*conn, error) {
	host := strings.TrimPrefix(to.URL, "http://")
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	return &conn{
		net: c, to: to, host: host, in: bufio.NewReader(c), space: make([]byte, 4<<10),
		stop: context.AfterFunc(ctx, func() { _ = c.Close() }),
	}, nil
}

func (c *conn) close() {
	c.stop()
	_ = c.net.Close()
}

// do sends a request and gives the body of a good answer.
func (c *conn) do(method, path string, body []byte) (io.Reader, error) {
	return c.ask(method, path, "application/jsonl", body)
}

func (c *conn) ask(method, path, accept string, body []byte) (io.Reader, error) {
	request := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n", method, path, c.host, c.to.Secret, accept)
	if body != nil {
		request = fmt.Appendf(request, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	request = append(append(request, "\r\n"...), body...)
	if _, err := c.net.Write(request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return nil, fmt.Errorf("%s %s: status %s: %s", method, path, response.Status, text)
	}
	return response.Body, nil
}

// maxLine bounds a line: the whole text of an answer is in one.
const maxLine = 16 << 20

// lines gives each line of a body that is not empty, valid during the call.
func (c *conn) lines(body io.Reader, take func(line []byte) error) error {
	scanner := bufio.NewScanner(body)
	scanner.Buffer(c.space, maxLine)
	for scanner.Scan() {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		if err := take(scanner.Bytes()); err != nil {
			return err
		}
	}
	return scanner.Err()
}
