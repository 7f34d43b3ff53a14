package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
)

// request is a line that a worker reads, response the line that it answers.
type request struct {
	Op string          `json:"op"`
	In json.RawMessage `json:"in"`
}

type response struct {
	Error string          `json:"error,omitempty"`
	Out   json.RawMessage `json:"out,omitempty"`
}

// operation is something that a worker does when it is asked to.
type operation func(ctx context.Context, in json.RawMessage) (any, error)

// role is what a worker is. It gives what it says when it is ready, and the
// operations that it knows; it ends with its context.
type role func(ctx context.Context, in json.RawMessage) (ready any, ops map[string]operation, err error)

func roles() map[string]role {
	return map[string]role{
		"provider": provideTokens,
		"proxy":    proxyRequests,
		"load":     makeLoad,
		"server":   serveParley,
		"turns":    writeTurns,
		"filler":   fillFolders,
		"searcher": findRecords,
		"vectors":  findVectors,
		"markdown": indexFiles,
		"masker":   maskTexts,
	}
}

// Roles are the names that Worker knows.
func Roles() []string { return slices.Sorted(maps.Keys(roles())) }

// Worker is the process of a role. It does what the lines of in say, and ends
// with them: a worker outlives nobody.
func Worker(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	begin, ok := roles()[name]
	if !ok {
		return fmt.Errorf("there is no worker %q; there are %s", name, strings.Join(Roles(), ", "))
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &worker{begin: begin, cancel: cancel}
	defer w.close()
	requests := make(chan request)
	go func() {
		defer cancel() // whoever asks is gone
		defer close(requests)
		for decoder := json.NewDecoder(in); ; {
			var r request
			if decoder.Decode(&r) != nil {
				return
			}
			select {
			case requests <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	encoder := json.NewEncoder(out)
	for r := range requests {
		if err := encoder.Encode(w.do(ctx, r)); err != nil {
			return err
		}
	}
	return nil
}

// worker is the state of a worker between two lines.
type worker struct {
	begin   role
	cancel  context.CancelFunc
	ops     map[string]operation
	profile *os.File
}

func (w *worker) do(ctx context.Context, r request) response {
	out, err := w.answer(ctx, r)
	if err != nil {
		return response{Error: err.Error()}
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return response{Error: err.Error()}
	}
	return response{Out: encoded}
}

func (w *worker) answer(ctx context.Context, r request) (out any, err error) {
	switch r.Op {
	case "start":
		out, w.ops, err = w.begin(ctx, r.In)
		return out, err
	case "usage":
		return used()
	case "profile":
		return nil, w.startProfile(r.In)
	case "profiled":
		return nil, w.endProfile()
	case "heap":
		return nil, writeHeap(r.In)
	}
	op, ok := w.ops[r.Op]
	if !ok {
		return nil, errors.New("unknown operation")
	}
	return op(ctx, r.In)
}

func (w *worker) startProfile(in json.RawMessage) (err error) {
	var path string
	if err := json.Unmarshal(in, &path); err != nil {
		return err
	}
	if w.profile, err = os.Create(path); err != nil {
		return err
	}
	return pprof.StartCPUProfile(w.profile)
}

// writeHeap writes what is on the heap now.
func writeHeap(in json.RawMessage) error {
	var path string
	if err := json.Unmarshal(in, &path); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.WriteHeapProfile(f), f.Close())
}

func (w *worker) endProfile() error {
	if w.profile == nil {
		return nil
	}
	pprof.StopCPUProfile()
	err := w.profile.Close()
	w.profile = nil
	return err
}

// close ends the role and waits until it has let everything go.
func (w *worker) close() {
	w.cancel()
	_ = w.endProfile()
	if end := w.ops["end"]; end != nil {
		// Its context has ended; what it waits for ends because of that.
		_, _ = end(context.Background(), nil)
	}
}
