package chatbotkit

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/ratelimit"
)

// call is one request on its way through an operation.
type call struct {
	front *front
	w     *httpio.Response
	r     *http.Request
	actor convo.Actor
	known bool // who asks has a token; only open operations may find false
	match httpio.Match[operation]
	path  string // after /v1, escaped
	query httpio.Query
	zone  string
	lines bool        // JSON Lines were asked for
	ask   *engine.Ask // of a POST

	pass    *ratelimit.Pass
	refused error // by a limit, unless the request repeats one that was carried out
}

func (c *call) engine() *engine.Engine { return c.front.engine }

// conversation and message are the ids in the path.
func (c *call) conversation() string { return c.match.Param("conversationId") }
func (c *call) message() string      { return c.match.Param("messageId") }

// param reads a parameter of the query string. One that the operation does not
// declare is a mistake of ours: nobody could know of it.
func param[T any](c *call, p httpio.Param[T]) (value T, err error) {
	declares := func(d httpio.Declared) bool { return d.QueryName() == p.QueryName() }
	if !slices.ContainsFunc(c.match.Value.query, declares) {
		return value, fmt.Errorf("%s does not declare the parameter %s", c.match.Value.name, p.QueryName())
	}
	return p.Read(c.query)
}

// readRequest reads and decodes a body, and makes the Ask by which a repeat of
// the request is recognised.
func readRequest[T any](c *call) (T, error) {
	var request T
	key, err := httpio.IdempotencyKey(c.r)
	if err != nil {
		return request, err
	}
	body, err := httpio.ReadBody(c.w, c.r, c.front.bodyLimit)
	if err != nil {
		return request, err
	}
	c.ask = &engine.Ask{Key: key, Operation: c.r.Method + " /v1" + c.path, Body: sha256.Sum256(body)}
	if err := c.admit(); err != nil {
		return request, err
	}
	c.w.Expect(c.ask)
	return httpio.Decode[T](body)
}

// admit refuses a request that is over a limit, before anything of it is done.
// Its body had to be read, as that of any refused request, and is all that tells
// whether it repeats an earlier one, whose answer it gets in spite of the limit.
func (c *call) admit() error {
	if c.refused == nil {
		return nil
	}
	repeats, err := c.engine().Repeats(c.r.Context(), c.actor, c.ask)
	if err != nil {
		return err
	}
	if !repeats {
		return c.refused
	}
	pass, err := c.front.limiter.AdmitRepeat(c.actor, c.lines || c.match.Value.turn)
	*c.pass = pass
	c.pass.SetHeaders(c.w.Header())
	return err
}

// answer sends one object: as JSON, or as the only line, a result, for those
// who asked for lines of an operation that has a stream form.
func (c *call) answer(object []byte, streams bool) error {
	if !c.lines {
		c.w.Header().Set("Cache-Control", "no-store")
		return c.w.Send(http.StatusOK, "application/json", object)
	}
	var line []byte
	if streams {
		line = append(line, `{"type":"result","data":`...)
	}
	line = httpio.AppendASCII(line, object)
	if streams {
		line = append(line, '}')
	}
	httpio.SetLineHeaders(c.w.Header())
	return c.w.Send(http.StatusOK, "application/jsonl", append(line, '\n'))
}

// reply answers a mutation with what the engine stored for it: rendered from
// its result, or what an earlier request was answered.
func (c *call) reply(result any, streams bool) error {
	if body, ok := c.ask.Replay(); ok {
		c.w.Header().Set("Idempotent-Replayed", "true")
		return c.answer(body, streams)
	}
	return c.answer(c.ask.Render(result), streams)
}

// rendersID prepares the reply of an operation that answers with an id that it
// was given. The engine asks for it while it stores the effect.
func (c *call) rendersID(id string) {
	c.ask.Render = func(any) []byte { return encode(idObject{id}) }
}

type idObject struct {
	ID string `json:"id"`
}

// encode makes JSON as JavaScript would, without escaping for HTML. What is
// encoded here are structs of our own and JSON that was checked when it came
// in, so it cannot fail.
func encode(v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("encoding an answer: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})
}
