package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"
)

// How often in a row a connection is made anew before it is given up: patience
// once there is something to come back to, and less for a server that never
// answered. The waits between grow from a quarter of a second to four.
const (
	patience      = 8
	firstPatience = 3
)

// answer is one turn as it arrives, over as many connections as it takes.
type answer struct {
	client       *client
	conversation string
	text         string // what was asked
	key          string // by which the request can be repeated
	print        func(token string)

	seq    int64  // of the last line in the log that was seen
	turn   string // known once the log was read
	result *result
	failed string // what the server said of the failure
}

// result is the last line of a turn.
type result struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	End  struct {
		Reason string `json:"reason"`
	} `json:"end"`
}

// ask sends a message and prints the answer's tokens as they come. A cut
// connection is made anew: what was seen is not printed twice, and nothing is
// left out.
func (c *client) ask(ctx context.Context, conversation, text string, print func(string)) (*answer, error) {
	a := &answer{client: c, conversation: conversation, text: text, key: rand.Text(), print: print}
	pause := 250 * time.Millisecond
	for tries := 0; ; tries++ {
		before := a.seq
		err := a.read(ctx)
		if a.result != nil {
			return a, nil
		}
		if a.seq > before {
			tries, pause = 0, 250*time.Millisecond // it got on
		}
		limit := patience
		if a.seq == 0 {
			limit = firstPatience
		}
		if tries >= limit || !retryable(err) {
			return a, err
		}
		if err := wait(ctx, pause); err != nil {
			return a, err
		}
		pause = min(2*pause, 4*time.Second)
	}
}

// read follows the turn over one connection: by its own request until a number
// of the log is known, and from then on by the log.
func (a *answer) read(ctx context.Context) error {
	var resp *http.Response
	var err error
	emit := a.own
	if a.seq == 0 {
		resp, err = a.client.complete(ctx, a.conversation, a.text, a.key)
	} else {
		// The last line that was seen is read again: it names the turn.
		resp, err = a.client.events(ctx, a.conversation, a.seq-1)
		emit = a.logged
	}
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	err = readLines(resp.Body, emit)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// logged takes a line of the conversation's log, which holds other turns too.
func (a *answer) logged(l line) (bool, error) {
	if l.Seq == a.seq {
		a.turn = l.Turn
		return false, nil
	}
	if l.Turn != a.turn {
		return false, nil
	}
	return a.own(l)
}

// own takes a line of the turn.
func (a *answer) own(l line) (bool, error) {
	var data struct {
		Token   string `json:"token"`
		Message string `json:"message"`
	}
	switch l.Type {
	case "token", "error":
		if err := json.Unmarshal(l.Data, &data); err != nil {
			return false, err
		}
		if l.Type == "token" {
			a.print(data.Token)
		}
		a.failed = data.Message
	case "result":
		r := new(result)
		if err := json.Unmarshal(l.Data, r); err != nil {
			return false, err
		}
		a.result = r
	}
	if l.Seq > 0 {
		a.seq = l.Seq
	}
	return a.result != nil, nil
}
