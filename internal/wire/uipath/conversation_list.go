package uipath

import (
	"strconv"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// maxSearch is how many characters a search may have.
const maxSearch = 100

func listConversations(c *call) error {
	at, limit, err := c.page("conversations", "sort", "search", "agentReleaseId", "agentReleaseKey")
	if err != nil {
		return err
	}
	q := store.ActiveQuery{After: at.after(), Limit: limit + 1}
	if q.Desc, err = at.desc("sort", descending); err != nil {
		return err
	}
	var given bool
	if q.Search, given = at.Params["search"]; given {
		if n := utf8.RuneCountInString(q.Search); n < 1 || n > maxSearch {
			return refuseField(codeSearch, "search", "search must have 1 to %d characters", maxSearch)
		}
	}
	out := listObject[conversationObject]{Data: []conversationObject{}}
	bot, matches, err := c.agentFilter(at.Params)
	if err != nil {
		return err
	}
	if !matches {
		return c.answer(out)
	}
	q.Bot = bot
	found, err := c.engine().OwnConversations(c.r.Context(), c.actor, q)
	if err != nil {
		return err
	}
	found, more := trim(found, limit)
	bots := &agents{c: c}
	for _, conv := range found {
		shown, err := bots.show(c.r.Context(), conv)
		if err != nil {
			return err
		}
		out.Data = append(out.Data, shown)
	}
	if more {
		out.Cursor = at.atConversation(found[len(found)-1])
	}
	return c.answer(out)
}

// agentFilter gives the id of the bot that a list is restricted to, nil for none. It
// matches nothing if there is no such agent.
func (c *call) agentFilter(params map[string]string) (bot *string, matches bool, err error) {
	id, byID := params["agentReleaseId"]
	key, byKey := params["agentReleaseKey"]
	if !byID && !byKey {
		return nil, true, nil
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if byID && err != nil {
		return nil, false, refuseField(codeNumber, "agentReleaseId", "agentReleaseId must be a number")
	}
	if byID && number == 0 { // conversations without an agent are listed with this one
		return new(string), !byKey, nil
	}
	o, err := c.filteredAgent(number, byID, key)
	if convo.ErrorKind(err) == convo.NotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return &o.ID, !byKey || agentKey(o) == key, nil
}

// filteredAgent finds an agent by its number, or else by its key.
func (c *call) filteredAgent(number int64, byNumber bool, key string) (convo.Object, error) {
	if byNumber {
		return c.engine().Agent(c.r.Context(), c.actor, number)
	}
	all, err := c.engine().Agents(c.r.Context(), c.actor)
	for _, o := range all {
		if agentKey(o) == key {
			return o, nil
		}
	}
	if err == nil {
		err = convo.Errorf(convo.NotFound, "there is no agent with the key %q", key)
	}
	return convo.Object{}, err
}
