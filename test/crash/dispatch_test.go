package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dispatched is a turn in the background and what was seen of it.
type dispatched struct {
	*scene
	t       *testing.T
	channel string
	seen    []line // its channel's messages, by number
}

// dispatch sends a turn off.
func (s *scene) dispatch(ctx context.Context, t *testing.T, body map[string]any) *dispatched {
	t.Helper()
	var sent struct{ ChannelID string }
	if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/dispatch", "", body, &sent); err != nil {
		t.Fatal(err)
	}
	return &dispatched{scene: s, t: t, channel: sent.ChannelID}
}

// read reads the turn from its first line until one has enough, or to its end.
// What was seen before has to be there again.
func (d *dispatched) read(ctx context.Context, enough func(lines []line) bool) (lines []line) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var seen []line
	read := false // as much as is wanted; the turn may end before the reader has left
	err := d.client.lines(ctx, http.MethodPost, "/v1/channel/"+d.channel+"/subscribe", "", struct{}{}, func(l line) {
		if l.Type == "message" && ctx.Err() == nil {
			var inner line
			if err := json.Unmarshal(l.Data, &inner); err != nil {
				d.t.Error(err)
			}
			seen, lines = append(seen, l), append(lines, inner)
			if enough != nil && enough(lines) {
				read = true
				cancel()
			}
		}
	})
	if enough == nil && err != nil || enough != nil && !read {
		d.t.Fatalf("the channel ended with %v after %s", err, steps(d.t, lines))
	}
	for i, before := range d.seen {
		if i >= len(seen) || seen[i].Seq != int64(i+1) || !bytes.Equal(seen[i].Data, before.Data) {
			d.t.Fatalf("line %d was %s, and is not any more", i+1, before.Data)
		}
	}
	if len(seen) > len(d.seen) {
		d.seen = seen
	}
	return lines
}

// speaking waits for three tokens of an answer that so many others precede.
func speaking(before int) func([]line) bool {
	return func(lines []line) bool {
		answers, tokens := 0, 0
		for _, l := range lines {
			switch l.Type {
			case "token":
				tokens++
			case "message":
				answers, tokens = answers+1, 0
			}
		}
		return answers == before && tokens >= 3
	}
}

func count(lines []line, kind string) (n int) {
	for _, l := range lines {
		if l.Type == kind {
			n++
		}
	}
	return n
}

func TestADispatchGoesOnAfterAKillOnce(t *testing.T) {
	t.Parallel()
	for _, kills := range []int{1, 2} {
		t.Run(map[int]string{1: "one kill", 2: "two kills"}[kills], func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			s := newScene(t, "parley")
			d := s.dispatch(ctx, t, map[string]any{"text": "fake:slow n=40 rate=40"})
			for kill := range kills {
				d.read(ctx, speaking(kill))
				s.restart(ctx, t)
			}
			lines := d.read(ctx, nil)
			want := map[int]string{1: "bot | bot | result stop", 2: "bot | bot | result error"}[kills]
			if got := steps(t, lines); got != want {
				t.Errorf("the turn went %s, want %s", got, want)
			}
			for _, kind := range []string{"completeBegin", "completeEnd", "result"} {
				if n := count(lines, kind); n != 1 {
					t.Errorf("there are %d lines %s", n, kind)
				}
			}
			for i, m := range bots(t, lines) {
				if cut := i == 0 || kills == 2; m.Meta.Incomplete != cut {
					t.Errorf("answer %d: incomplete is %v", i, m.Meta.Incomplete)
				}
			}
			s.server.Kill()
			s.mustBeSound(t)
		})
	}
}

// bots are the bot messages among a turn's lines.
func bots(t *testing.T, lines []line) (all []message) {
	t.Helper()
	for _, l := range lines {
		var m message
		if l.Type != "message" {
			continue
		}
		if err := json.Unmarshal(l.Data, &m); err != nil {
			t.Fatal(err)
		}
		if m.Type == "bot" {
			all = append(all, m)
		}
	}
	return all
}

func TestADispatchWaitsForAMessageOverKills(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := newScene(t, "parley")
	const channel = "weather-0123456789abcdef"
	d := s.dispatch(ctx, t, map[string]any{
		"text":      "fake:calls tool=weather",
		"functions": []any{map[string]any{"name": "weather", "result": map[string]string{"channel": channel}}},
	})
	waits := func(lines []line) bool { return count(lines, "waitForChannelMessageBegin") == 1 }
	for range 3 { // to wait on is no rerun, of which there is one
		d.read(ctx, waits)
		s.restart(ctx, t)
	}
	var published struct{ ID string }
	body := map[string]any{"message": map[string]any{"data": 21}}
	if err := s.client.object(ctx, http.MethodPost, "/v1/channel/"+channel+"/publish", "k", body, &published); err != nil {
		t.Fatal(err)
	}
	d.read(ctx, func(lines []line) bool { return strings.Contains(steps(t, lines), "response weather 21") })
	s.restart(ctx, t)
	if err := s.client.object(ctx, http.MethodPost, "/v1/channel/"+channel+"/publish", "k", body, &published); err != nil {
		t.Fatalf("the repeat of the publication: %v", err)
	}
	lines := d.read(ctx, nil)
	if got := steps(t, lines); !strings.HasPrefix(got, "request weather | response weather 21 | bot") || !strings.HasSuffix(got, "| result stop") {
		t.Errorf("the turn went %s", got)
	}
	if begins, ends := count(lines, "waitForChannelMessageBegin"), count(lines, "waitForChannelMessageEnd"); begins != 1 || ends != 1 {
		t.Errorf("it began to wait %d times and ended %d times", begins, ends)
	}
	s.server.Kill()
	s.mustBeSound(t)
}
