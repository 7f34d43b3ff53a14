package sqlite

import (
	"context"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/replay"
)

// aliasKey is an id that a client chose: of a turn, or of a message of that turn.
type aliasKey struct {
	message bool
	turn    string
	alias   string
}

// bind binds the columns that name an alias, behind that of its conversation.
func (k aliasKey) bind(q *query) *query {
	if !k.message {
		return q.int(0).text(k.alias)
	}
	return q.position(k.turn).text(k.alias)
}

const aliasByName = `SELECT key FROM aliases WHERE conversation = ? AND turn = ? AND alias = ?`

// readAlias gives the id that an alias stands for, "" if it stands for none.
func readAlias(conn *sqlite.Conn, c int64, k aliasKey) (id string, err error) {
	if k.alias == "" {
		return "", nil
	}
	_, err = k.bind(ask(conn, aliasByName).int(c)).one(func(q *query) { id = q.readKey() })
	return id, err
}

// writeAlias makes an alias stand for an id, or, with "", for none.
func writeAlias(conn *sqlite.Conn, c int64, k aliasKey, id string) error {
	if id == "" {
		return k.bind(ask(conn, `DELETE FROM aliases WHERE conversation = ? AND turn = ? AND alias = ?`).int(c)).exec()
	}
	return k.bind(ask(conn, `INSERT OR REPLACE INTO aliases (conversation, turn, alias, key) VALUES (?, ?, ?, ?)`).int(c)).
		key(id).exec()
}

// aliasesOf gives the aliases that a log says there are, which has these turns
// and messages.
func aliasesOf(l *replay.Log, turns []convo.Turn, messages []*replay.Message) map[aliasKey]string {
	var all map[aliasKey]string
	name := func(k aliasKey, id string) {
		if k.alias != "" {
			put(&all, k, id)
		}
	}
	for _, t := range turns {
		name(aliasKey{alias: t.Alias}, t.ID)
	}
	for _, m := range messages {
		name(aliasKey{true, m.Turn, m.Alias}, m.ID)
	}
	for _, t := range l.Head().Open {
		for _, c := range t.Coming {
			name(aliasKey{true, t.ID, c.Alias}, c.ID)
		}
	}
	return all
}

func writeAliases(conn *sqlite.Conn, c int64, all map[aliasKey]string) error {
	for k, id := range all {
		if err := writeAlias(conn, c, k, id); err != nil {
			return err
		}
	}
	return nil
}

// name notes an alias of this tx, if it is one.
func (t *tx) name(k aliasKey, id string) {
	if k.alias != "" {
		put(&t.aliases, k, id)
	}
}

// named gives the id that an alias stands for, with what this tx did.
func (t *tx) named(k aliasKey) (string, error) {
	if id, ok := t.aliases[k]; ok {
		return id, nil
	}
	if t.conversation == nil || !t.stored {
		return "", nil
	}
	return readAlias(t.conn(), t.conversation.id, k)
}

// checkTurnAlias refuses the alias of a new turn that another one is called by.
func (t *tx) checkTurnAlias(alias string) error {
	if alias == "" {
		return nil
	}
	id, err := t.named(aliasKey{alias: alias})
	if err != nil {
		return err
	}
	turn, err := t.turn(alias)
	if err == nil && (id != "" || turn != nil) {
		err = convo.Errorf(convo.Conflict, "there is a turn %q already", alias)
	}
	return err
}

// checkMessageAlias refuses the alias of a new message that another one of its
// turn is called by.
func (t *tx) checkMessageAlias(turn, alias string) error {
	if alias == "" {
		return nil
	}
	id, err := t.named(aliasKey{true, turn, alias})
	if err != nil {
		return err
	}
	m, err := t.message(alias)
	if err == nil && (id != "" || m != nil) {
		err = messageExists(alias)
	}
	return err
}

// TurnByAlias implements store.Tx.
func (t *tx) TurnByAlias(alias string) (convo.Turn, error) {
	id, err := t.named(aliasKey{alias: alias})
	if err != nil {
		return convo.Turn{}, err
	}
	if id == "" {
		return convo.Turn{}, noTurn(alias)
	}
	return t.Turn(id)
}

// MessageByAlias implements store.Tx.
func (t *tx) MessageByAlias(turn, alias string) (convo.Message, error) {
	id, err := t.named(aliasKey{true, turn, alias})
	if err != nil {
		return convo.Message{}, err
	}
	if id == "" {
		return convo.Message{}, noMessage(alias)
	}
	return t.Message(id)
}

// Length implements store.Tx.
func (t *tx) Length(message, part string) convo.Length {
	if t.conversation == nil {
		return convo.Length{}
	}
	return t.textSoFar(message).lengths.of(part)
}

// Text implements store.Tx.
func (t *tx) Text(message string) (string, error) {
	if t.conversation == nil || t.textSoFar(message).size <= 0 {
		return "", nil
	}
	var text strings.Builder
	if u := t.w.pieces.find(t.conversation.id, message); u != nil {
		for _, piece := range u.pieces {
			_, err := ask(t.conn(), `SELECT text FROM open_deltas WHERE id = ?`).int(piece.row).
				one(func(q *query) { text.WriteString(q.readText()) })
			if err != nil {
				return "", err
			}
		}
	}
	for _, s := range t.steps {
		if d, ok := s.event.Body.(convo.Delta); ok && d.Message == message {
			text.WriteString(d.Text)
		}
	}
	return text.String(), nil
}

// TurnByAlias implements store.Reader.
func (s *reader) TurnByAlias(ctx context.Context, tenant, conversation, alias string) (t convo.Turn, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		id, err := readAlias(conn, c, aliasKey{alias: alias})
		if err != nil {
			return err
		}
		var ok bool
		t, ok, err = (&turnReader{conn, s.texts, tenant, conversation}).one(c, id)
		if err == nil && !ok {
			err = noTurn(alias)
		}
		return err
	})
	return t, err
}

// MessageByAlias implements store.Reader.
func (s *reader) MessageByAlias(
	ctx context.Context, tenant, conversation, turn, alias string,
) (m convo.Message, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		id, err := readAlias(conn, c, aliasKey{true, turn, alias})
		if err != nil {
			return err
		}
		var ok bool
		m, ok, err = newMessageReader(conn, s.texts, c, conversation).one(id)
		if err == nil && !ok {
			err = noMessage(alias)
		}
		return err
	})
	return m, err
}
