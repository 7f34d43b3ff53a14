package sqlite

import (
	"context"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

const spend = `
	INSERT INTO spent (tenant, day, bot, model, tokens, conversations, messages) VALUES (?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (tenant, day, bot, model) DO UPDATE SET tokens = tokens + excluded.tokens,
		conversations = conversations + excluded.conversations, messages = messages + excluded.messages`

// Spend implements store.UsageTx.
func (t *tx) Spend(s convo.Spent) error {
	t.spent = append(t.spent, s)
	return nil
}

func (t *tx) applySpent() error {
	for _, s := range t.spent {
		err := ask(t.conn(), spend).text(t.key.tenant).int(dayOf(s.Day)).position(s.Bot).text(s.Model).
			int(s.Tokens).int(s.Conversations).int(s.Messages).exec()
		if err != nil {
			return err
		}
	}
	return nil
}

const day = 24 * time.Hour

// dayOf counts the days since 1970, in UTC.
func dayOf(t time.Time) int64 { return t.UTC().Truncate(day).Unix() / int64(day/time.Second) }

// firstDay is the first day whose beginning is not before t.
func firstDay(t time.Time) int64 {
	n := dayOf(t)
	if t.UTC().Truncate(day).Before(t) {
		n++
	}
	return n
}

const spentBetween = `
	SELECT day, bot, model, tokens, conversations, messages FROM spent WHERE tenant = ? AND day >= ? AND day < ?`

// Spent implements store.UsageReader.
func (s *reader) Spent(ctx context.Context, tenant string, from, to time.Time) (list []convo.Spent, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, spentBetween).text(tenant).int(firstDay(from)).int(firstDay(to))
		for q.next() {
			list = append(list, convo.Spent{
				Day: time.Unix(q.readInt()*int64(day/time.Second), 0).UTC(), Bot: q.readKey(), Model: q.readText(),
				Tokens: q.readInt(), Conversations: q.readInt(), Messages: q.readInt(),
			})
		}
		return q.done()
	})
	slices.SortFunc(list, convo.Spent.Compare) // ids are not in their order in the database
	return list, err
}

const (
	objectCounts = `SELECT kind, count(*) FROM objects WHERE tenant = ? GROUP BY kind`
	recordCount  = `
		SELECT coalesce(sum(records), 0) FROM collections WHERE tenant = ? AND dataset IS NOT NULL AND dataset <> ?`
)

// Totals implements store.UsageReader.
func (s *reader) Totals(ctx context.Context, tenant string) (sum convo.Totals, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, objectCounts).text(tenant)
		for q.next() {
			if n := sum.Of(convo.ObjectKind(q.readText())); n != nil {
				*n = q.readInt()
			}
		}
		if err := q.done(); err != nil {
			return err
		}
		_, err := ask(conn, recordCount).text(tenant).text(convo.MemoryDataset).
			one(func(q *query) { sum.Records = q.readInt() })
		return err
	})
	return sum, err
}
