package uipath

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/store"
)

// notFoundIn gives an error of an operation on exchanges its code.
func notFoundIn(err error) error {
	if errors.Is(err, engine.ErrNoExchange) {
		return unknown(err, codeExchange)
	}
	return unknown(err, codeConversation)
}

func listExchanges(c *call) error {
	at, limit, err := c.page("exchanges/"+c.conversation(), "exchangeSort", "messageSort")
	if err != nil {
		return err
	}
	q := store.TurnQuery{Limit: limit}
	if at.Position {
		q.After = at.At
	}
	if q.Desc, err = at.desc("exchangeSort", descending); err != nil {
		return err
	}
	newestFirst, err := at.desc("messageSort", ascending)
	if err != nil {
		return err
	}
	found, more, err := c.engine().Exchanges(c.r.Context(), c.actor, c.conversation(), q)
	if err != nil {
		return notFoundIn(err)
	}
	out := listObject[exchangeObject]{Data: []exchangeObject{}}
	for i := range found {
		out.Data = append(out.Data, c.showExchange(&found[i], newestFirst))
	}
	if more {
		at.At, at.ID = found[len(found)-1].OpenedSeq, ""
		out.Cursor = at.encode()
	}
	return c.answer(out)
}

func getExchange(c *call) error {
	value, given := c.query.Lookup("messageSort")
	at := cursor{Params: map[string]string{}}
	if given {
		at.Params["messageSort"] = value
	}
	newestFirst, err := at.desc("messageSort", ascending)
	if err != nil {
		return err
	}
	found, err := c.findExchange()
	if err != nil {
		return err
	}
	return c.answer(c.showExchange(&found, newestFirst))
}

// findExchange reads the exchange of the path.
func (c *call) findExchange() (engine.Exchange, error) {
	found, err := c.engine().Exchange(c.r.Context(), c.actor, c.conversation(), c.exchange())
	return found, notFoundIn(err)
}

// findMessage reads the message of the path.
func (c *call) findMessage() (messageObject, error) {
	found, err := c.findExchange()
	if err != nil {
		return messageObject{}, err
	}
	id := c.match.Param("messageId")
	for _, m := range c.showExchange(&found, false).Messages {
		if m.ID == id {
			return m, nil
		}
	}
	return messageObject{}, refuse(convo.NotFound, codeMessage, "there is no such message in this exchange")
}

func getMessage(c *call) error {
	found, err := c.findMessage()
	if err != nil {
		return err
	}
	return c.answer(found)
}

func getPart(c *call) error {
	found, err := c.findMessage()
	if err != nil {
		return err
	}
	id := c.match.Param("contentPartId")
	for _, p := range found.Parts {
		if p.ID == id {
			return c.answer(p)
		}
	}
	return refuse(convo.NotFound, codePart, "there is no such content part in this message")
}

// rating is a vote on an exchange: 1 or -1.
type rating int

// The votes.
const (
	positive = "positive"
	negative = "negative"
)

// DecodeField implements [httpio.Field].
func (v *rating) DecodeField(path string, value []byte) error {
	switch string(value) {
	case `"` + positive + `"`:
		*v = 1
	case `"` + negative + `"`:
		*v = -1
	default:
		return refuseField(codeRating, path, "%s must be %s or %s", path, positive, negative)
	}
	return nil
}

// comment is what somebody says about an exchange.
type comment string

// DecodeField implements [httpio.Field].
func (t *comment) DecodeField(path string, value []byte) error {
	if value[0] != '"' || json.Unmarshal(value, (*string)(t)) != nil {
		return refuseField(codeComment, path, "%s must be a string", path)
	}
	return nil
}

// feedbackRequest is a vote, and why.
type feedbackRequest struct {
	Rating  httpio.Optional[rating]  `json:"rating"`
	Comment httpio.Optional[comment] `json:"comment"`
}

// createFeedback answers with an empty object: clients read one.
func createFeedback(c *call, in feedbackRequest) error {
	if in.Rating.Pointer() == nil {
		return refuseField(codeRating, "rating", "rating must be %s or %s", positive, negative)
	}
	c.renders(func(any) []byte { return []byte(`{}`) })
	err := c.engine().RateExchange(c.r.Context(), c.actor, c.conversation(), c.exchange(), int(in.Rating.Value), string(in.Comment.Value), c.ask)
	if err != nil {
		return notFoundIn(err)
	}
	return c.reply(http.StatusCreated, struct{}{})
}
