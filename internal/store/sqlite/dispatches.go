package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/audit"
)

const (
	dispatchColumns   = `d.tenant, d.channel, d.conversation, d.turn, d.hidden, d.body, d.created`
	dispatchByChannel = `SELECT ` + dispatchColumns + ` FROM dispatches d WHERE d.tenant = ? AND d.channel = ?`
)

func scanDispatch(q *query) (d convo.Dispatch) {
	d.Tenant, d.Channel, d.Conversation, d.Turn = q.readText(), q.readText(), q.readKey(), q.readKey()
	d.Hidden = q.readBool()
	copy(d.Body[:], q.readBlob())
	d.Created = fromMilli(q.readInt())
	return d
}

func readDispatch(conn *sqlite.Conn, tenant, channel string) (d convo.Dispatch, ok bool, err error) {
	ok, err = ask(conn, dispatchByChannel).text(tenant).text(channel).one(func(q *query) { d = scanDispatch(q) })
	return d, ok, err
}

func writeDispatch(conn *sqlite.Conn, d convo.Dispatch) error {
	return ask(conn, `INSERT INTO dispatches (tenant, channel, conversation, turn, hidden, body, created) VALUES (?, ?, ?, ?, ?, ?, ?)`).
		text(d.Tenant).text(d.Channel).key(d.Conversation).key(d.Turn).bool(d.Hidden).blob(d.Body[:]).int(d.Created.UnixMilli()).exec()
}

// Dispatch implements store.Channels.
func (s *Store) Dispatch(ctx context.Context, tenant, channel string) (d convo.Dispatch, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		var ok bool
		if d, ok, err = readDispatch(conn, tenant, channel); err == nil && !ok {
			err = convo.Errorf(convo.NotFound, "no turn was dispatched to the channel %q", channel)
		}
		return err
	})
	return d, err
}

const expiredDispatches = `
	SELECT ` + dispatchColumns + ` FROM dispatches d
	JOIN conversations c ON c.tenant = d.tenant AND c.key = d.conversation
	JOIN turns t ON t.conversation = c.id AND t.key = d.turn
	WHERE d.hidden AND d.created < ?1 AND t.state = 4 AND t.ended < ?1 ORDER BY d.created LIMIT ?2`

// ExpiredDispatches implements store.Channels.
func (s *Store) ExpiredDispatches(ctx context.Context, before time.Time, limit int) (list []convo.Dispatch, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, expiredDispatches).int(ceilMilli(before)).int(int64(limit))
		for q.next() {
			list = append(list, scanDispatch(q))
		}
		return q.done()
	})
	return list, err
}

// Dispatch implements store.ChannelTx.
func (t *tx) Dispatch(channel string) (convo.Dispatch, bool, error) {
	for _, d := range t.dispatches {
		if d.Channel == channel {
			return d, true, nil
		}
	}
	d, ok, err := readDispatch(t.conn(), t.key.tenant, channel)
	if t.deleted && d.Conversation == t.key.id {
		return convo.Dispatch{}, false, err // it goes with the conversation
	}
	return d, ok, err
}

// PutDispatch implements store.ChannelTx.
func (t *tx) PutDispatch(d convo.Dispatch) error {
	if t.conversation == nil {
		return noConversation(t.key.id)
	}
	_, taken, err := t.Dispatch(d.Channel)
	if err != nil {
		return err
	}
	c, err := t.openChannel(d.Channel)
	if err != nil {
		return err
	}
	if taken || c.id != 0 || slices.ContainsFunc(t.published, func(p *publication) bool { return p.channel == c }) {
		return convo.Errorf(convo.Conflict, "this channel is in use already; name another one")
	}
	d.Tenant, d.Conversation, d.Created = t.key.tenant, t.key.id, fromMilli(d.Created.UnixMilli())
	t.dispatches = append(t.dispatches, d)
	return nil
}

const deleteDispatches = `DELETE FROM dispatches WHERE tenant = ? AND conversation = ?`

const looseDispatches = `
	dispatches WHERE NOT EXISTS (
		SELECT 1 FROM conversations c WHERE c.tenant = dispatches.tenant AND c.key = dispatches.conversation)`

// looseDispatches looks for channels of turns whose conversation does not exist.
func (r *rowCheck) looseDispatches(conn *sqlite.Conn) error {
	q := ask(conn, `SELECT tenant, conversation, channel FROM `+looseDispatches)
	for q.next() {
		f := audit.Finding{Problem: audit.Orphan, Remedy: remedyRepair, Repairable: true}
		f.Tenant, f.Conversation = q.readText(), q.readKey()
		f.Text = fmt.Sprintf("channel %q is of a turn in a conversation that does not exist", q.readText())
		r.found(f)
	}
	return q.done()
}
