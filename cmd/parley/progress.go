package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// bar shows on a terminal how far something is. A nil one shows nothing.
type bar struct {
	out   io.Writer
	began time.Time
	shown time.Time
}

// The bar's width, and how often it is drawn anew.
const (
	barWidth = 24
	barEvery = 100 * time.Millisecond
)

// newBar makes a bar, if somebody is there to see it.
func (p *program) newBar() *bar {
	if !isTerminal(p.err) {
		return nil
	}
	return &bar{out: p.err, began: time.Now()}
}

// show draws the bar, unless it was drawn a moment ago. Without a total there is
// only the text.
func (b *bar) show(done, total int, text string) {
	if b == nil || time.Since(b.shown) < barEvery {
		return
	}
	b.shown = time.Now()
	fmt.Fprint(b.out, "\r\x1b[K"+drawBar(done, total)+text)
}

// clear removes the bar from the terminal.
func (b *bar) clear() {
	if b != nil && !b.shown.IsZero() {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

func drawBar(done, total int) string {
	if total <= 0 {
		return ""
	}
	done = min(done, total)
	full := barWidth * done / total
	return fmt.Sprintf("[%s%s] %3d %%  ", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), 100*done/total)
}

// archiveMeter counts what an archive has while it is written.
type archiveMeter struct {
	w                     io.Writer
	moved                 func() // after each write; may be nil
	bytes                 int64
	conversations, events int
	tail                  []byte // of what was written, shorter than a mark
}

// How lines of an archive begin. A line break stands nowhere else in it.
var (
	conversationMark = []byte("\n{\"type\":\"conversation\",")
	eventMark        = []byte("\n{\"type\":\"event\",")
)

// Write implements io.Writer.
func (m *archiveMeter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.bytes += int64(n)
	m.conversations += m.count(p[:n], conversationMark)
	m.events += m.count(p[:n], eventMark)
	m.tail = append(m.tail, p[max(0, n-len(conversationMark)):n]...)
	m.tail = m.tail[max(0, len(m.tail)-len(conversationMark)):]
	if m.moved != nil {
		m.moved()
	}
	return n, err
}

// count finds the marks that end in p.
func (m *archiveMeter) count(p, mark []byte) int {
	before := m.tail[max(0, len(m.tail)-len(mark)+1):]
	border := append(bytes.Clone(before), p[:min(len(p), len(mark)-1)]...)
	return bytes.Count(p, mark) + bytes.Count(border, mark)
}

// inputMeter counts what is read.
type inputMeter struct {
	r     io.Reader
	moved func() // after each read; may be nil
	bytes int64
}

// Read implements io.Reader.
func (m *inputMeter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.bytes += int64(n)
	if m.moved != nil {
		m.moved()
	}
	return n, err
}

// size writes a number of bytes for people.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, i := float64(n)/unit, 0
	for ; value >= unit && i < 3; i++ {
		value /= unit
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[i])
}

// since is how long something took, for people.
func since(began time.Time) time.Duration {
	d := time.Since(began)
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
