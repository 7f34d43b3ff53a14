package engineio

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"time"
)

// overhead is what a queued frame costs beside its bytes, about.
const overhead = 64

// lingering is how long the peer has to close the connection after it was told.
const lingering = time.Second

// Message is one message for a peer: Data and then Tail, which stands for what
// differs between receivers of the same Data. Both are kept until they are
// written, and must not be changed.
type Message struct {
	Data, Tail []byte
	Binary     bool
}

func (m Message) size() int { return len(m.Data) + len(m.Tail) }

// frame is a WebSocket frame that waits to be written.
type frame struct {
	Message
	opcode byte
	packet packetType // of a text frame; 0 = none
}

func messageFrame(m Message) frame {
	if m.Binary {
		return frame{Message: m, opcode: opBinary}
	}
	return frame{Message: m, opcode: opText, packet: packetMessage}
}

func packetFrame(kind packetType, payload []byte) frame {
	return frame{Message: Message{Data: payload}, opcode: opText, packet: kind}
}

func closeFrame(e *CloseError) frame {
	code := e.Code
	if e.ByPeer { // the answer
		code = Normal
	}
	text := e.Text
	if e.ByPeer || len(text) > 123 {
		text = "" // a control frame holds 125 bytes
	}
	return frame{Message: Message{Data: append(binary.BigEndian.AppendUint16(nil, uint16(code)), text...)}, opcode: opClose}
}

// queue is what waits for one peer. A goroutine writes it as long as there is
// something.
type queue struct {
	mu       sync.Mutex
	frames   []frame
	count    int // frames that are not written yet, those being written included
	bytes    int // of them
	flushing bool
	ending   bool          // nothing more is taken: the close frame is in it, or nobody reads
	room     chan struct{} // closed when there is room; nil = nobody waits
	done     chan struct{} // closed when the close frame was written or will never be; made with it
	cause    error         // why the connection ends: the first reason
}

// TrySend queues messages, all of them next to each other or none: then the error
// is [ErrFull] or [ErrClosed]. It never blocks.
func (c *Conn) TrySend(messages ...Message) error {
	size := 0
	for _, m := range messages {
		size += m.size() + overhead
	}
	q := &c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ending {
		return ErrClosed
	}
	o := &c.server.options
	if !q.roomy(o) && (q.count+len(messages) > o.MaxMessages || q.bytes+size > o.MaxBytes) {
		o.Observer.Full()
		return ErrFull
	}
	for _, m := range messages {
		c.push(messageFrame(m))
	}
	return nil
}

// Send queues messages as TrySend does, and waits for room. It ends without
// having taken anything when ctx or the connection ends.
func (c *Conn) Send(ctx context.Context, messages ...Message) error {
	for {
		err := c.TrySend(messages...)
		if !errors.Is(err, ErrFull) {
			return err
		}
		select {
		case <-c.Room():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Room is closed when at least half of the queue is free, or the connection ends.
// It is good for one wait.
func (c *Conn) Room() <-chan struct{} {
	q := &c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room == nil {
		q.room = make(chan struct{})
	}
	room := q.room
	q.tell(&c.server.options)
	return room
}

// tell wakes who waits for room, if there is some.
func (q *queue) tell(o *Options) {
	if q.room != nil && (q.ending || q.roomy(o)) {
		close(q.room)
		q.room = nil
	}
}

// roomy reports whether at least half of the queue is free. Then whatever comes is
// taken: who waited for room must not find that it is too little for him.
func (q *queue) roomy(o *Options) bool {
	return q.count <= o.MaxMessages/2 && q.bytes <= o.MaxBytes/2
}

// Buffered is what waits to be written.
func (c *Conn) Buffered() (frames, bytes int) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	return c.queue.count, c.queue.bytes
}

// control queues a frame of the protocol itself, for which there is always room:
// there are few.
func (c *Conn) control(f frame) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if !c.queue.ending {
		c.push(f)
	}
}

// push needs the lock.
func (c *Conn) push(f frame) {
	q := &c.queue
	q.frames = append(q.frames, f)
	q.count++
	q.bytes += f.size() + overhead
	if !q.flushing {
		q.flushing = true
		go c.flush()
	}
}

// flush writes until nothing waits any longer.
func (c *Conn) flush() {
	w := c.server.writers.Get().(*bufio.Writer)
	w.Reset(progress{c.wire, c.server.options.WriteTimeout})
	last, err := c.writeAll(w)
	w.Reset(nil)
	c.server.writers.Put(w)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = ErrStalled
		}
		c.abort(err)
	} else if last {
		c.wire.halfClose()
		// A failure shows in the read that follows.
		_ = c.wire.SetReadDeadline(time.Now().Add(lingering))
	}
	if last || err != nil {
		c.queue.settle()
	}
}

// writeAll reports whether this was the last of the connection.
func (c *Conn) writeAll(w *bufio.Writer) (last bool, err error) {
	q := &c.queue
	for {
		q.mu.Lock()
		batch := q.frames
		q.frames = nil
		if len(batch) == 0 {
			q.flushing = false
			last = q.ending // given up
			q.mu.Unlock()
			return last, nil
		}
		q.mu.Unlock()
		size := 0
		for i := range batch {
			size += batch[i].size() + overhead
			writeFrame(w, &batch[i])
		}
		if err := w.Flush(); err != nil {
			return false, err
		}
		c.server.options.Observer.Sent(len(batch), size-overhead*len(batch))
		q.mu.Lock()
		q.count -= len(batch)
		q.bytes -= size
		q.tell(&c.server.options)
		q.mu.Unlock()
		if batch[len(batch)-1].opcode == opClose {
			return true, nil
		}
	}
}

// writeFrame leaves errors to the flush that follows.
func writeFrame(w *bufio.Writer, f *frame) {
	size := f.size()
	if f.packet != 0 {
		size++
	}
	_, _ = w.Write(appendHeader(w.AvailableBuffer(), f.opcode, size))
	if f.packet != 0 {
		_ = w.WriteByte(byte(f.packet))
	}
	_, _ = w.Write(f.Data)
	_, _ = w.Write(f.Tail)
}

// finish takes nothing more, and queues the last frames and the close frame behind
// what waits.
func (c *Conn) finish(e *CloseError, cause error, last ...frame) {
	q := &c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ending {
		return
	}
	q.done = make(chan struct{})
	for _, f := range last {
		c.push(f)
	}
	c.push(closeFrame(e))
	q.end(cause, &c.server.options)
}

// abandon takes nothing more, and forgets what waits.
func (c *Conn) abandon(cause error) {
	q := &c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames = nil
	if !q.ending {
		q.end(cause, &c.server.options)
	}
}

// end needs the lock.
func (q *queue) end(cause error, o *Options) {
	q.ending = true
	q.cause = cause
	q.tell(o)
}

// settle says that nothing more will be written.
func (q *queue) settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.done != nil {
		close(q.done)
	}
}

// ended gives what to wait for until the close frame is out, nil = for nothing, and
// why the connection ends, nil = it does not.
func (q *queue) ended() (done <-chan struct{}, cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.done, q.cause
}
