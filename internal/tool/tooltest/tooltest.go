// Package tooltest is the conformance suite of the port internal/tool: what
// turns rely on, of whatever driver their tools come from. Each driver's tests
// run it over tools of that driver that behave, or misbehave, as it wants them.
package tooltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

// Driver is what a driver's test brings: a set that has tools of these names for
// a tenant and what he wants. None of them is another tenant's.
type Driver struct {
	Set    tool.Set
	Tenant string
	Want   tool.Want

	Echo   string // gives its argument "text" as part of its output
	Fails  string // what it calls fails, with a text that has "why" in it
	Hangs  string // does not answer before its context ends; closes Began when it begins
	Long   string // answers with far more than tool.MaxOutput
	Binary string // answers with bytes that are not UTF-8

	Began  <-chan struct{}
	Secret string // which all of them are called with, and which nothing may show
}

// suite is a run of the tests.
type suite struct {
	Driver
	tools map[string]tool.Tool
}

// Run holds a driver to the port.
func Run(t *testing.T, d Driver) {
	t.Helper()
	s := &suite{d, nil}
	s.tools = s.load(t)
	t.Run("the specs are the same each time, and what models take", s.specs)
	t.Run("another tenant does not get them", s.foreign)
	t.Run("an argument arrives and the output is JSON", s.echo)
	t.Run("many calls run at once", s.parallel)
	t.Run("a failure says why", s.fails)
	t.Run("a call ends with its context", s.hangs)
	t.Run("an output is bounded", s.long)
	t.Run("an output is UTF-8, or the call fails", s.binary)
}

func (s *suite) load(t *testing.T) map[string]tool.Tool {
	t.Helper()
	list, err := s.Set.Tools(t.Context(), s.Tenant, s.Want)
	if err != nil {
		t.Fatal(err)
	}
	tools := map[string]tool.Tool{}
	for _, one := range list {
		name := one.Spec().Name
		if tools[name] != nil {
			t.Errorf("two tools have the name %q", name)
		}
		tools[name] = one
	}
	for _, name := range []string{s.Echo, s.Fails, s.Hangs, s.Long, s.Binary} {
		if tools[name] == nil {
			t.Fatalf("there is no tool %q", name)
		}
	}
	return tools
}

func (s *suite) specs(t *testing.T) {
	name := regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]{0,63}$`)
	again := s.load(t)
	for called, one := range s.tools {
		spec := one.Spec()
		var schema struct{ Type string }
		if !name.MatchString(spec.Name) || json.Unmarshal(spec.Parameters, &schema) != nil || schema.Type != "object" {
			t.Errorf("%q takes %s", spec.Name, spec.Parameters)
		}
		if other := again[called]; other == nil || other.Spec().Description != spec.Description || !bytes.Equal(other.Spec().Parameters, spec.Parameters) {
			t.Errorf("%q is another one the second time", called)
		}
		s.hides(t, called, spec.Description+string(spec.Parameters))
	}
}

func (s *suite) foreign(t *testing.T) {
	list, err := s.Set.Tools(t.Context(), "another "+s.Tenant, s.Want)
	if len(list) > 0 || err != nil && convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another tenant gets %d tools, %v", len(list), err)
	}
}

// call calls a tool and holds what it gives to what is promised of every call.
func (s *suite) call(ctx context.Context, t *testing.T, name string, arguments any) (string, error) {
	t.Helper()
	object, err := json.Marshal(arguments)
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.tools[name].Call(ctx, tool.Call{ID: "call", Arguments: object, Tenant: s.Tenant})
	if err != nil {
		s.hides(t, name, err.Error())
		return "", err
	}
	output := string(result.Output)
	if !json.Valid(result.Output) || !utf8.ValidString(output) || len(output) > tool.MaxOutput {
		t.Errorf("%q gives %d bytes: %.100q", name, len(output), output)
	}
	s.hides(t, name, output)
	return output, nil
}

// hides holds a text to the promise that it has no secret.
func (s *suite) hides(t *testing.T, name, text string) {
	t.Helper()
	if s.Secret != "" && strings.Contains(text, s.Secret) {
		t.Errorf("%q shows the secret: %.200s", name, text)
	}
}

type text struct {
	Text string `json:"text"`
}

func (s *suite) echo(t *testing.T) {
	output, err := s.call(t.Context(), t, s.Echo, text{"Zürich"})
	if err != nil || !strings.Contains(output, "Zürich") {
		t.Errorf("it gives %s, %v", output, err)
	}
}

func (s *suite) parallel(t *testing.T) {
	var running sync.WaitGroup
	for _, word := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight"} {
		running.Go(func() {
			if output, err := s.call(t.Context(), t, s.Echo, text{word}); err != nil || !strings.Contains(output, word) {
				t.Errorf("%s gives %s, %v", word, output, err)
			}
		})
	}
	running.Wait()
}

func (s *suite) fails(t *testing.T) {
	output, err := s.call(t.Context(), t, s.Fails, text{"x"})
	if err == nil || convo.ErrorKind(err) == convo.Internal || !strings.Contains(convo.PublicError(err).Message, "why") {
		t.Errorf("it gives %s, %v", output, err)
	}
}

func (s *suite) hangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		select {
		case <-s.Began:
		case <-ctx.Done():
		}
		cancel()
	}()
	if output, err := s.call(ctx, t, s.Hangs, text{"x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %s, %v", output, err)
	}
}

func (s *suite) long(t *testing.T) {
	if output, err := s.call(t.Context(), t, s.Long, text{"x"}); err == nil && len(output) < tool.MaxOutput/2 {
		t.Errorf("it gives only %d bytes", len(output))
	}
}

func (s *suite) binary(t *testing.T) {
	if output, err := s.call(t.Context(), t, s.Binary, text{"x"}); err != nil && convo.ErrorKind(err) == convo.Internal {
		t.Errorf("it gives %s, %v", output, err)
	}
}
