package document

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// The bounds of the process that reads what inflates.
const (
	maxExtracted  = 32 << 20  // bytes of text
	maxMemory     = 512 << 20 // that it may use; then it ends itself
	maxTime       = time.Minute
	maxProcesses  = 2
	maxComplaints = 4 << 10 // bytes that are kept of what it says when it dies
)

// Isolation reads PDF and DOCX files in processes of their own, of which no more
// than two run at once. A file that makes one loop or take memory without end costs
// that process, and is refused.
type Isolation struct {
	command []string
	slots   chan struct{}
	limit   time.Duration // of one file
}

// Isolate makes an Isolation. The command is that of a program that calls [Extract]
// with its input and output.
func Isolate(command ...string) *Isolation {
	return &Isolation{command: command, slots: make(chan struct{}, maxProcesses), limit: maxTime}
}

// request is what the process is told before the file's content, line is a line of
// what it answers: a block, or at its end the title or why there are none.
type request struct {
	Name   string
	Format format
	Size   int64
}

type line struct {
	Block *Block     `json:",omitempty"`
	Title string     `json:",omitempty"`
	End   bool       `json:",omitempty"`
	Kind  convo.Kind `json:",omitempty"`
	Error string     `json:",omitempty"`
}

// read has a process read a file.
func (i *Isolation) read(ctx context.Context, f File, format format) (parse, error) {
	select {
	case i.slots <- struct{}{}:
		defer func() { <-i.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, i.limit)
	defer cancel()
	title, blocks, err := i.run(limited, f, format)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, convo.Errorf(convo.Invalid, "the file %s cannot be read: it takes more than %v", quote(f.Name), i.limit)
	case err != nil:
		return nil, err
	}
	return given(title, blocks), nil
}

func (i *Isolation) run(ctx context.Context, f File, format format) (string, []Block, error) {
	head, err := json.Marshal(request{f.Name, format, f.Size})
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, i.command[0], i.command[1:]...)
	cmd.Env = []string{"GOMAXPROCS=1"} // it needs nothing of ours, secrets least of all
	cmd.Stdin = io.MultiReader(bytes.NewReader(append(head, '\n')), io.NewSectionReader(f.Content, 0, f.Size))
	cmd.WaitDelay = time.Second
	var complaints tail
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, fmt.Errorf("start the reader of %s files: %w", format, err)
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start the reader of %s files: %w", format, err)
	}
	title, blocks, answer := collect(out)
	if answer != nil {
		_ = cmd.Process.Kill() // what it would still say is not heard
	}
	err = cmd.Wait()
	switch {
	case convo.ErrorKind(answer) != convo.Internal && answer != nil:
		return "", nil, answer
	case answer != nil || err != nil:
		return "", nil, convo.WrapError(convo.Invalid, errors.Join(answer, err, errors.New(complaints.String())),
			"the file %s cannot be read: it takes too much memory, or is damaged in a way that nothing can be made of", quote(f.Name))
	}
	return title, blocks, nil
}

// collect reads what the process answers. An answer without an end is an error.
func collect(out io.Reader) (title string, blocks []Block, err error) {
	d := json.NewDecoder(io.LimitReader(out, 4*maxExtracted))
	for {
		var l line
		if err := d.Decode(&l); err != nil {
			return "", nil, fmt.Errorf("an answer without an end: %w", err)
		}
		switch {
		case l.Error != "":
			return "", nil, convo.Errorf(l.Kind, "%s", l.Error)
		case l.End:
			return l.Title, blocks, nil
		case l.Block != nil:
			blocks = append(blocks, *l.Block)
		}
	}
}

// Extract is the process's side: it reads a request and a file from in and writes
// the file's blocks to out. It confines its process, and ends it where it would go
// beyond its bounds.
func Extract(ctx context.Context, in io.Reader, out io.Writer) error {
	confine(maxMemory)
	encoder := json.NewEncoder(out)
	title, err := extract(ctx, in, func(b Block) error { return encoder.Encode(line{Block: &b}) })
	if kind := convo.ErrorKind(err); err != nil && kind != convo.Internal {
		return encoder.Encode(line{Kind: kind, Error: convo.PublicError(err).Message})
	}
	if err != nil {
		return err
	}
	return encoder.Encode(line{End: true, Title: title})
}

func extract(ctx context.Context, in io.Reader, put func(Block) error) (title string, err error) {
	content, err := io.ReadAll(io.LimitReader(in, MaxSize+4<<10))
	if err != nil {
		return "", err
	}
	var asked request
	head, content, _ := bytes.Cut(content, []byte("\n"))
	if err := json.Unmarshal(head, &asked); err != nil {
		return "", err
	}
	blocks, err := inflate(ctx, File{Name: asked.Name, Size: asked.Size, Content: bytes.NewReader(content)}, asked.Format)
	if err != nil {
		return "", err
	}
	var failed error
	size := 0
	title, err = blocks(func(b Block) bool {
		if size += len(b.Text); size > maxExtracted {
			failed = convo.Errorf(convo.TooLarge, "the file %s has more than %d MiB of text: split it into several files", quote(asked.Name), maxExtracted>>20)
			return false
		}
		failed = put(b)
		return failed == nil
	})
	return title, errors.Join(failed, err)
}

// inflate reads a file of a format that inflates.
func inflate(ctx context.Context, f File, format format) (parse, error) {
	if format == formatPDF {
		return portable(ctx, f)
	}
	return word(ctx, f)
}

// tail keeps the last bytes that are written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-maxComplaints):]
	return len(p), nil
}

func (t *tail) String() string { return string(t.b) }
