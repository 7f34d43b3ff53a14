package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// idle is a row that looks at a server that nobody uses.
type idle struct{ after time.Duration }

func (m idle) measure(ctx context.Context, b *bench, r *Result) error {
	if resident("self") == 0 {
		return errNoResident
	}
	goals := []goal{
		{name: "resident memory", unit: "MiB", kind: Alone, limit: 40},
		{name: "ready after exec, first start", unit: "ms", kind: Alone, limit: 300},
		{name: "ready after exec, next start", unit: "ms", kind: Alone, limit: 300},
	}
	return b.rounds(ctx, r, true, goals, func(bool) ([]pair, error) {
		folder, err := b.newFolder()
		if err != nil {
			return nil, err
		}
		data := filepath.Join(folder, "data")
		first, err := m.serve(ctx, b, data)
		if err != nil {
			return nil, err
		}
		next, err := m.serve(ctx, b, data)
		return []pair{{subject: first.resident}, {subject: millis(first.ready)}, {subject: millis(next.ready)}}, err
	})
}

// idleServer is what a start and a wait showed.
type idleServer struct {
	ready    time.Duration
	resident float64 // MiB
}

// serve runs the command that operators run, to its end.
func (m idle) serve(ctx context.Context, b *bench, data string) (s idleServer, err error) {
	cmd := exec.CommandContext(ctx, b.Program, "serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "error")
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	said := &head{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return s, fmt.Errorf("the server cannot be started: %w", err)
	}
	err = awaitReady(out)
	s.ready = time.Since(began)
	if err == nil && !sleep(ctx, m.after) {
		err = context.Cause(ctx)
	}
	s.resident = float64(resident(strconv.Itoa(cmd.Process.Pid))) / (1 << 20)
	stopped := errors.Join(cmd.Process.Signal(syscall.SIGTERM), drain(out), cmd.Wait())
	if err = errors.Join(err, stopped); err != nil && said.String() != "" {
		err = fmt.Errorf("%w; it printed: %s", err, said)
	}
	return s, err
}

// awaitReady reads the greeting, which comes when requests are answered.
func awaitReady(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "Parley listens on ") {
			return nil
		}
	}
	return errors.Join(lines.Err(), errors.New("the server ended before it was ready"))
}

func drain(out io.Reader) error {
	_, err := io.Copy(io.Discard, out)
	return err
}
