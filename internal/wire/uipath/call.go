package uipath

import (
	"crypto/sha256"
	"net/http"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/ratelimit"
)

// call is one request on its way through an operation.
type call struct {
	front *Front
	w     *httpio.Response
	r     *http.Request
	actor convo.Actor
	match httpio.Match[operation]
	path  string // without empty segments, escaped
	query httpio.Query
	ask   *engine.Ask // of a request that changes something

	pass    *ratelimit.Pass
	refused error // by a limit, unless the request repeats one that was carried out
}

func (c *call) engine() *engine.Engine { return c.front.engine }

// The ids in the path.
func (c *call) conversation() string { return c.match.Param("conversationId") }
func (c *call) exchange() string     { return c.match.Param("exchangeId") }

// readRequest reads and decodes a body, and makes the Ask by which a repeat of the
// request is recognised, which only those with an Idempotency-Key are: the published
// client repeats nothing by itself.
func readRequest[T any](c *call) (T, error) {
	var request T
	key, err := "", error(nil)
	if c.match.Value.repeats() {
		if key, err = httpio.IdempotencyKey(c.r); err != nil {
			return request, err
		}
	}
	body, err := httpio.ReadBody(c.w, c.r, bodyLimit)
	if err != nil {
		return request, err
	}
	if key != "" {
		c.ask = &engine.Ask{Key: key, Operation: c.r.Method + " " + c.path, Body: sha256.Sum256(body)}
		c.w.Expect(c.ask)
	}
	if err := c.admitRepeat(); err != nil {
		return request, err
	}
	return httpio.Decode[T](body)
}

// admitRepeat refuses a request that is over a limit, unless it repeats one that was
// carried out: what has happened is to be answered.
func (c *call) admitRepeat() error {
	if c.refused == nil {
		return nil
	}
	if c.ask == nil {
		return c.refused
	}
	repeats, err := c.engine().Repeats(c.r.Context(), c.actor, c.ask)
	if err != nil {
		return err
	}
	if !repeats {
		return c.refused
	}
	pass, err := c.front.limiter.AdmitRepeat(c.actor, false)
	*c.pass = pass
	c.pass.SetHeaders(c.w.Header())
	return err
}

// renders says how the result of the operation is answered. It is asked for while
// the effect is stored, so that a repeat gets the same answer.
func (c *call) renders(render func(result any) []byte) {
	if c.ask != nil {
		c.ask.Render = render
	}
}

// reply answers with what an earlier request was answered, if this one repeats it,
// else with the object.
func (c *call) reply(status int, object any) error {
	if body, ok := c.ask.Replay(); ok {
		c.w.Header().Set("Idempotent-Replayed", "true")
		return c.send(status, body)
	}
	return c.send(status, encode(object))
}

// answer sends one object.
func (c *call) answer(object any) error { return c.send(http.StatusOK, encode(object)) }

func (c *call) send(status int, body []byte) error {
	c.w.Header().Set("Cache-Control", "no-store")
	return c.w.Send(status, "application/json", body)
}
