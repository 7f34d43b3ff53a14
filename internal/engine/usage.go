package engine

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// today is the day (UTC) that something is counted on.
func today() time.Time { return now().Truncate(24 * time.Hour) }

// spend counts what was used, if anything was. Bot and model are "" where there is
// none, or where it is not known: of a turn that was closed without running.
func spend(tx store.Tx, s convo.Spent) error {
	if s.Tokens == 0 && s.Conversations == 0 && s.Messages == 0 {
		return nil
	}
	s.Day = today()
	return tx.Spend(s)
}

// counted reports whether messages of a type count as such: what users and bots say.
func counted(t convo.MessageType) bool { return t == convo.User || t == convo.Bot }

// spendMessages counts messages that come from outside of turns.
func spendMessages(tx store.Tx, head *convo.Head, conversations int64, types ...convo.MessageType) error {
	s := convo.Spent{Bot: text(head.BotID), Conversations: conversations}
	for _, t := range types {
		if counted(t) {
			s.Messages++
		}
	}
	return spend(tx, s)
}

// spendTurn counts what a turn has used that is about to end.
func spendTurn(tx store.Tx, usage convo.Usage, model string, messages int64) error {
	head := tx.Head()
	if head.Channel != nil {
		messages = 0 // nobody keeps them
	}
	return spend(tx, convo.Spent{Bot: text(head.BotID), Model: model, Tokens: usage.Total(), Messages: messages})
}

// said counts the messages of users and bots that a turn has.
func (l *loop) said() (n int64) {
	for _, m := range l.history.messages {
		if m.Turn == l.turn && counted(m.Type) {
			n++
		}
	}
	return n
}

// cost is what a turn has used so far, that of an open model call as far as it is
// known.
func (l *loop) cost() convo.Usage {
	usage := l.progress.usage
	if l.progress.asked != nil {
		usage = usage.Add(l.answeredNow().Usage)
	}
	return usage
}

// spend counts what a turn without a conversation has used.
func (s *stateless) spend() {
	used := s.loop.cost().Total()
	s.e.spendApart(s.loop.key.Tenant, convo.Spent{Bot: text(s.bot), Model: s.loop.choice.ID, Tokens: used})
	s.e.quotas.end(s.id, used)
}

// spendApart counts what was used for something that no transaction stores, or that
// may be dropped. What cannot be counted is logged: the answer is there.
func (e *Engine) spendApart(tenant string, s convo.Spent) {
	if s.Tokens == 0 {
		return
	}
	err := e.update(e.over, hub.Key{Tenant: tenant}, store.Buffered, func(tx store.Tx) error { return spend(tx, s) })
	if err != nil {
		e.log.Error("what was used could not be counted", "tokens", s.Tokens, "error", err)
	}
}

// TenantUsage is what a tenant used, and has.
type TenantUsage struct {
	Spent  []convo.Spent // by day, bot and model
	Totals convo.Totals
}

// usageDays is how many days of usage are summed unless others are asked for.
const usageDays = 30

// maxUsageDays bounds what is read at once.
const maxUsageDays = 366

// UsageDays gives the whole days (UTC) that lie at or after from and before to. Zero
// times mean the last 30 days.
func UsageDays(from, to time.Time) (time.Time, time.Time, error) {
	const day = 24 * time.Hour
	if to.IsZero() {
		to = today().Add(day)
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -usageDays)
	}
	from = from.UTC().Truncate(day)
	if to = to.UTC(); !to.Truncate(day).Equal(to) {
		to = to.Truncate(day).Add(day)
	}
	if to.Sub(from) > maxUsageDays*day {
		return from, to, convo.Errorf(convo.Invalid, "from and to may lie %d days apart", maxUsageDays)
	}
	return from, to, nil
}

// TenantUsage reads what the actor's tenant used at or after from and before to,
// which are midnights (UTC), and what it has.
func (e *Engine) TenantUsage(ctx context.Context, actor convo.Actor, from, to time.Time) (TenantUsage, error) {
	var usage TenantUsage
	err := account(actor)
	if err != nil {
		return usage, err
	}
	if usage.Spent, err = e.store.Spent(ctx, actor.Tenant, from, to); err != nil {
		return usage, err
	}
	usage.Totals, err = e.store.Totals(ctx, actor.Tenant)
	return usage, err
}
