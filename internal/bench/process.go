package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// process is a worker, as the run that started it sees it. Its calls are made
// one after the other.
type process struct {
	role  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	write *json.Encoder
	read  *json.Decoder
	said  *head // what it printed as errors
}

// start starts a worker, which lasts as long as the row, and reads what it says
// when it is ready.
func (b *bench) start(ctx context.Context, role string, with, ready any) (*process, error) {
	return b.startCommand(exec.CommandContext(ctx, b.Program, "bench", "worker", role), role, with, ready)
}

// startCommand starts a worker that is another program.
func (b *bench) startCommand(cmd *exec.Cmd, role string, with, ready any) (*process, error) {
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	p := &process{role: role, cmd: cmd, said: &head{}}
	cmd.Stderr = p.said
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the %s cannot be started: %w", role, err)
	}
	b.onEnd(p.close)
	p.write, p.read = json.NewEncoder(p.in), json.NewDecoder(out)
	return p, p.call("start", with, ready)
}

// call asks the worker to do something and waits until it is done.
func (p *process) call(op string, with, result any) error {
	in, err := json.Marshal(with)
	if err != nil {
		return err
	}
	if err := p.write.Encode(request{op, in}); err != nil {
		return p.failed(op, err)
	}
	var answer response
	if err := p.read.Decode(&answer); err != nil {
		return p.failed(op, err)
	}
	if answer.Error != "" {
		return p.failed(op, errors.New(answer.Error))
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Out, result)
}

func (p *process) failed(op string, err error) error {
	err = fmt.Errorf("%s: %s: %w", p.role, op, err)
	if said := p.said.String(); said != "" {
		err = fmt.Errorf("%w; it printed: %s", err, said)
	}
	return err
}

// closeTime is how long a worker may take to end by itself: a server that was
// used a moment ago watches its last answers for a second.
const closeTime = 15 * time.Second

// close ends the worker and waits until it is gone.
func (p *process) close() {
	_ = p.in.Close() // it ends with its input
	kill := time.AfterFunc(closeTime, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	_ = p.cmd.Wait() // what it had to say was said by its calls
}

// usage is what the worker has used up to now.
func (p *process) usage() (u Usage, err error) {
	err = p.call("usage", nil, &u)
	return u, err
}

// during gives the processor time that the worker uses while work is done.
func (p *process) during(work func() error) (time.Duration, error) {
	before, err := p.usage()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := p.usage()
	return after.CPU - before.CPU, err
}

// profiled profiles the worker while work is done, if this is the time for it
// and profiles are wanted.
func (b *bench) profiled(now bool, p *process, work func() error) error {
	if !now || b.Profile == "" {
		return work()
	}
	path, err := b.profilePath("")
	if err != nil {
		return err
	}
	if err := p.call("profile", path, nil); err != nil {
		return err
	}
	err = work()
	return errors.Join(err, p.call("profiled", nil, nil))
}

// heap writes what is on the worker's heap, if profiles are wanted.
func (b *bench) heap(p *process) error {
	if b.Profile == "" {
		return nil
	}
	path, err := b.profilePath(".heap")
	if err != nil {
		return err
	}
	return p.call("heap", path, nil)
}

// profilePath names the profile of the row that runs. Workers have folders of
// their own, so it is absolute.
func (b *bench) profilePath(kind string) (string, error) {
	return filepath.Abs(filepath.Join(b.Profile, b.name+kind+".pprof"))
}

// environment is ours without the settings of the program.
func environment() []string {
	var kept []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "PARLEY_") && !strings.HasPrefix(name, "OTEL_") &&
			!strings.HasSuffix(name, "_API_KEY") && !strings.HasSuffix(name, "_BASE_URL") && name != "OLLAMA_HOST" {
			kept = append(kept, e)
		}
	}
	return kept
}

// head keeps the beginning of what a process prints: its first error says most.
type head struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxHead = 4 << 10

func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf.Write(p[:min(len(p), maxHead-h.buf.Len())])
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.TrimSpace(h.buf.String())
}
