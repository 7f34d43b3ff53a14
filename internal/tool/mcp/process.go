package mcp

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a program may take to end: by itself when its input has ended, and
// when it was asked to. Then it is killed.
const (
	leaveTime = 2 * time.Second
	askedTime = time.Second
)

// usual are the variables of the environment that programs need to run at all.
func usual() []string {
	return []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"}
}

// process is a program that is spoken with over its standard input and output. It
// has a process group of its own, of which nothing is left when it has ended.
type process struct {
	in      *os.File
	out     *os.File
	printed *tail
	exited  chan struct{}
	pid     int
	end     func() // ends it, and waits until it has ended
}

// start runs a server's program.
func start(s Server) (*process, error) {
	stdin, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close(), in.Close())
	}
	p := &process{in: in, out: out, printed: &tail{}, exited: make(chan struct{})}
	p.end = sync.OnceFunc(p.stop)
	cmd := exec.Command(s.Command[0], s.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, p.printed
	cmd.Env = environment(s.Env)
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = askedTime // somebody else may hold its error output open
	started := make(chan error)
	go p.run(cmd, started)
	err = <-started
	// The program has its own ends of them.
	err = errors.Join(err, stdin.Close(), stdout.Close())
	if err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	return p, nil
}

// run starts the program and waits for its end. It stays on one thread: that is
// whose end the kernel takes for the parent's.
func (p *process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	_ = cmd.Wait() // how it ended says nothing that its end does not
	// What it has started must not live on, nor hold its output open.
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	close(p.exited)
}

// stop ends the program: its input first, then with signals to all of its group.
func (p *process) stop() {
	_ = p.in.Close()
	if !p.left(leaveTime) {
		_ = syscall.Kill(-p.pid, syscall.SIGTERM)
		if !p.left(askedTime) {
			_ = syscall.Kill(-p.pid, syscall.SIGKILL)
			<-p.exited
		}
	}
	_ = p.out.Close()
}

// left reports whether the program ends within a time.
func (p *process) left(within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// environment is the usual one with more.
func environment(more map[string]string) []string {
	var env []string
	for _, name := range usual() {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for name, value := range more {
		env = append(env, name+"="+value)
	}
	slices.Sort(env[len(env)-len(more):]) // the same each time
	return env
}

// tailSize is how much of what a program prints is kept.
const tailSize = 2 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p[max(0, len(p)-tailSize):]...)
	t.kept = slices.Delete(t.kept, 0, max(0, len(t.kept)-tailSize))
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "\uFFFD"))
}

// lines bounds the messages that a program writes, a line for each.
type lines struct {
	io.ReadCloser
	seen    int
	tooLong func()
}

// Read implements [io.Reader].
func (l *lines) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	for _, b := range p[:n] {
		if l.seen++; b == '\n' {
			l.seen = 0
		}
		if l.seen > maxMessage {
			l.tooLong()
			return 0, errTooLarge
		}
	}
	return n, err
}
