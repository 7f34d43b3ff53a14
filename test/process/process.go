// Package process builds the project's programs and runs them as processes of
// their own, for tests that kill them.
//
// A server keeps its data folder and its address over restarts, so that clients
// find it again. It sees nothing of the settings of whoever runs the tests.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds a start: a machine that runs many tests at once is slow.
const startTimeout = 60 * time.Second

// Build compiles main packages of this module, named by their import paths,
// into a folder.
func Build(ctx context.Context, folder string, packages ...string) error {
	args := append([]string{"build", "-o", folder + string(os.PathSeparator)}, packages...)
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(packages, " "), err, out)
	}
	return nil
}

// Address gives a free address of this machine, with a port below those that
// the kernel gives to outgoing connections: nobody takes it while a killed
// server is down, and a client that tries again meanwhile cannot meet itself.
func Address() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		l, err := net.Listen("tcp", address)
		if err == nil {
			return address, l.Close()
		}
	}
	return "", errors.New("no free port between 20000 and 32000")
}

// Server is a program that serves HTTP at an address and answers /readyz. Its
// fields are set before Start and not changed after it.
type Server struct {
	Command []string // the binary and its arguments
	Env     []string // added to what is left of the environment
	Address string   // where it answers

	cmd    *exec.Cmd
	output output
	exited chan struct{}
}

// Start runs the program and waits until it is ready.
func (s *Server) Start(ctx context.Context) error {
	if err := s.Launch(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		s.Kill()
		return fmt.Errorf("%s is not ready: %w; it printed:\n%s", s.Command[0], err, s.Output())
	}
	return nil
}

// Launch runs the program and does not wait for it.
func (s *Server) Launch() error {
	s.cmd = exec.Command(s.Command[0], s.Command[1:]...)
	s.cmd.Env = append(environment(), s.Env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	// A pipe that a grandchild holds open must not keep Wait from returning.
	s.cmd.WaitDelay = time.Second
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		defer close(exited)
		_ = cmd.Wait() // how it ended is told by what it printed
	}(s.cmd, s.exited)
	return nil
}

func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok(ctx, "http://"+s.Address+"/readyz") {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ok asks over a connection of its own: one that is kept would be cut by a kill.
func ok(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// Roll starts another process beside the one that runs, which has to wait for what
// that one holds, asks that one to end, and waits until the new one is ready.
func (s *Server) Roll(ctx context.Context) error {
	old, exited := s.cmd, s.exited
	if err := s.Launch(); err != nil {
		return err
	}
	_ = old.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	<-exited
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return s.ready(ctx)
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop asks the process to end and waits until it has.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(signal syscall.Signal) {
	if s.exited == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal) // it may have ended by itself
	<-s.exited
}

// Peak is the most memory, in bytes, that the process has had so far.
func (s *Server) Peak() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("this system does not say how much memory a process had: %w", err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kibi int64
	if _, err := fmt.Sscanf(peak, "%d kB", &kibi); err != nil {
		return 0, fmt.Errorf("this system does not say how much memory a process had: %w", err)
	}
	return kibi << 10, nil
}

// Output is what the process and those before it printed.
func (s *Server) Output() string { return s.output.String() }

// output collects what several processes print.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// environment is ours without the settings of the program. What runs on this
// machine besides is not looked for: a test is the same everywhere.
func environment() []string {
	kept := []string{"PARLEY_FIND_OLLAMA=false"}
	for _, e := range os.Environ() {
		if !slices.ContainsFunc([]string{"PARLEY_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "OLLAMA_", "OTEL_"}, func(own string) bool { return strings.HasPrefix(e, own) }) {
			kept = append(kept, e)
		}
	}
	return kept
}
