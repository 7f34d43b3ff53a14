package remote_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

func TestEventsSayWhetherAnotherOneFollows(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var got []string
	events := remote.NewEvents(func(e model.Event, err error) bool {
		text := e.Text
		if e.More {
			text += "+"
		}
		if err != nil {
			text = err.Error()
		}
		got = append(got, text)
		return true
	})
	give := func(text string) { events.Give(model.Event{Type: model.Text, Text: text}) }
	give("a")
	give("b")
	for range 2 { // the second time there is nothing to pass on
		if !events.Flush() {
			t.Error("the reader is said to have gone")
		}
	}
	if want := []string{"a+", "b"}; !slices.Equal(got, want) {
		t.Errorf("before the wait %q, want %q", got, want)
	}
	give("c")
	events.End(broken)
	if want := []string{"a+", "b", "c", "broken"}; !slices.Equal(got, want) {
		t.Errorf("at the end %q, want %q", got, want)
	}
}

func TestAReaderWhoHasGoneGetsNothing(t *testing.T) {
	t.Parallel()
	n := 0
	events := remote.NewEvents(func(model.Event, error) bool { n++; return false })
	events.Give(model.Event{Text: "a"})
	if events.Flush() || events.Give(model.Event{Text: "b"}) || !events.Left() {
		t.Error("the reader has not gone")
	}
	events.End(errors.New("broken"))
	if n != 1 {
		t.Errorf("the reader got %d events", n)
	}
}
