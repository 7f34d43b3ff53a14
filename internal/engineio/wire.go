package engineio

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// writeChunk bounds what one write deadline covers, so that a slow but living
// reader of something large is not taken for a stalled one.
const writeChunk = 64 << 10

// wire is the connection as the WebSocket library sees it. The library upgrades
// and reads; from then on what it writes by itself (answers to control frames) is
// dropped, because everything must go through the queue: so nothing gets between
// the halves of a frame, and no two goroutines write.
type wire struct {
	net.Conn
	heard    atomic.Bool // something was read since the last ping
	broken   atomic.Bool // a read failed
	upgraded bool        // set before the first frame is read

	deadline time.Time // of writes, as far as it is set; the flusher's
}

// Read notes that the peer is alive.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 && !w.heard.Load() {
		w.heard.Store(true)
	}
	if err != nil {
		w.broken.Store(true)
	}
	return n, err
}

// Write is the library's.
func (w *wire) Write(p []byte) (int, error) {
	if w.upgraded {
		return len(p), nil
	}
	return w.Conn.Write(p)
}

// SetWriteDeadline is the library's.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.upgraded {
		return nil
	}
	return w.Conn.SetWriteDeadline(t)
}

// progress writes with a limit to the time without progress. The deadline is not
// moved for every frame: half of it may have passed.
type progress struct {
	wire  *wire
	limit time.Duration
}

// Write implements io.Writer.
func (p progress) Write(data []byte) (written int, err error) {
	for written < len(data) {
		if now := time.Now(); p.wire.deadline.Sub(now) < p.limit/2 {
			p.wire.deadline = now.Add(p.limit)
			if err := p.wire.Conn.SetWriteDeadline(p.wire.deadline); err != nil {
				return written, err
			}
		}
		n, err := p.wire.Conn.Write(data[written:min(len(data), written+writeChunk)])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// halfClose says to the peer that nothing more will come, where the connection
// can say so.
func (w *wire) halfClose() {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		// A failure shows at the close that follows.
		_ = half.CloseWrite()
	}
}

// hijacker lets the library take the connection through wrapped writers, and puts
// the wire around it.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// Hijack implements [http.Hijacker].
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.wire = &wire{Conn: c}
	return h.wire, buffers, nil
}

// WebSocket opcodes.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPong   = 10
)

// appendHeader appends the header of a whole frame with so many bytes, unmasked
// as servers send it.
func appendHeader(p []byte, opcode byte, size int) []byte {
	p = append(p, 0x80|opcode)
	switch {
	case size < 126:
		return append(p, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(p, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(p, 127), uint64(size))
	}
}
