package engine

import (
	"context"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

// Quota bounds the tokens that turns use in a day or a month, which begin at
// midnight UTC. A turn is refused when what was used and what other turns have
// reserved are as many as the quota has: so a quota is passed by what the turns
// used more than they had reserved, and by one turn's reservation at most.
type Quota struct {
	Tenant string // "" = each tenant, by itself
	Bot    string // the id or alias of the bot whose turns count; "" = all turns of the tenant
	Tokens int64
	Per    Period
}

// Period is how long a quota lasts.
type Period string

// The periods.
const (
	Daily   Period = "day"
	Monthly Period = "month"
)

// bounds gives the first moment of the period that holds a moment, and of the next.
func (p Period) bounds(at time.Time) (from, to time.Time) {
	year, month, day := at.UTC().Date()
	if p == Monthly {
		from = time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(0, 1, 0)
	}
	from = time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return from, from.AddDate(0, 0, 1)
}

// usualAnswer is how many tokens are reserved for an answer that no limit is known of.
const usualAnswer = 4096

// claim is what a turn counts for: whose it is, and about how much it will use.
type claim struct {
	tenant, bot string
	tokens      int64
}

// newClaim reserves for a prompt and the answer to it.
func newClaim(tenant string, bot *string, choice model.Choice, prompt int64) claim {
	answer := int64(usualAnswer)
	switch {
	case choice.Params.MaxTokens != nil:
		answer = *choice.Params.MaxTokens
	case choice.MaxOutput > 0:
		answer = min(answer, choice.MaxOutput)
	}
	return claim{tenant: tenant, bot: text(bot), tokens: prompt + answer}
}

// quotas hold turns against the quotas. What was used is in the store; what turns
// reserve that have not ended is only here, and is made again at a start. nil has
// none.
type quotas struct {
	rules []Quota
	store store.Reader

	mu      sync.Mutex
	last    int64
	open    map[string]reservation // by turn
	reading int                    // how many read what was used
	spent   map[string]int64       // while anybody reads: tokens of turns that have ended since, by holder
}

// reservation is a claim in the order in which they were made.
type reservation struct {
	claim
	n int64
}

func newQuotas(rules []Quota, s store.Reader) *quotas {
	if len(rules) == 0 {
		return nil
	}
	return &quotas{rules: rules, store: s, open: map[string]reservation{}, spent: map[string]int64{}}
}

// errQuota says which quota is used up, and until when.
func errQuota(q Quota, at time.Time) error {
	_, next := q.Per.bounds(at)
	return convo.Errorf(convo.QuotaReached, "the quota of %d tokens a %s is used up; it begins again at %s", q.Tokens, q.Per, next.Format(time.RFC3339))
}

// admit reserves for a turn, unless a quota is used up.
func (q *quotas) admit(ctx context.Context, turn string, c claim) error {
	return q.hold(ctx, c, func(read []quotaRead) error {
		err := q.decide(read, 0)
		if err == nil {
			q.put(turn, c)
		}
		return err
	})
}

// check is admit without a reservation.
func (q *quotas) check(ctx context.Context, c claim) error {
	return q.hold(ctx, c, func(read []quotaRead) error { return q.decide(read, 0) })
}

// start holds a turn that starts against what is used by now, and what those have
// reserved that were admitted before it.
func (q *quotas) start(ctx context.Context, turn string, c claim) error {
	q.reserve(turn, c)
	return q.hold(ctx, c, func(read []quotaRead) error { return q.decide(read, q.open[turn].n) })
}

// hold holds a claim against what was used. decide has the lock.
func (q *quotas) hold(ctx context.Context, c claim, decide func([]quotaRead) error) error {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	q.reading++
	q.mu.Unlock()
	read, err := q.read(ctx, c)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		err = decide(read)
	}
	if q.reading--; q.reading == 0 {
		clear(q.spent) // the store has it
	}
	return err
}

// reserve reserves for a turn that was admitted, unless it has a reservation.
func (q *quotas) reserve(turn string, c claim) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.open[turn]; !known {
		q.put(turn, c)
	}
}

func (q *quotas) put(turn string, c claim) {
	q.last++
	q.open[turn] = reservation{c, q.last}
}

// drop takes back the reservation of a turn that was not admitted after all.
func (q *quotas) drop(turn string) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, turn)
}

// settle gives back what turns have reserved that have ended, once what they used
// is stored.
func (q *quotas) settle(events []convo.Event) {
	if q == nil {
		return
	}
	for _, e := range events {
		if ended, ok := e.Body.(convo.TurnEnded); ok {
			q.end(e.Turn, ended.Usage.Total())
		}
	}
}

// end is settle for one turn.
func (q *quotas) end(turn string, used int64) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	r, known := q.open[turn]
	if !known {
		return
	}
	delete(q.open, turn)
	if q.reading == 0 {
		return
	}
	q.spent[holder(r.tenant, "")] += used
	if r.bot != "" {
		q.spent[holder(r.tenant, r.bot)] += used
	}
}

func holder(tenant, bot string) string { return tenant + "\x00" + bot }

// quotaRead is a quota that a claim counts against, with what the store says was used
// of it. What turns used that ended while it was read may be in it or not; it is
// counted as if it were not.
type quotaRead struct {
	rule   Quota
	claim  claim
	at     time.Time
	used   int64
	before int64 // spent when the reading began
}

// bot is whose turns count, "" for all.
func (r quotaRead) bot() string {
	if r.rule.Bot == "" {
		return ""
	}
	return r.claim.bot
}

// read reads what was used of the quotas that a claim counts against.
func (q *quotas) read(ctx context.Context, c claim) (all []quotaRead, err error) {
	for _, rule := range q.rules {
		counts, err := q.counts(ctx, rule, c)
		if err != nil {
			return nil, err
		}
		if !counts {
			continue
		}
		r := quotaRead{rule: rule, claim: c, at: now()}
		q.mu.Lock()
		r.before = q.spent[holder(c.tenant, r.bot())]
		q.mu.Unlock()
		from, to := rule.Per.bounds(r.at)
		rows, err := q.store.Spent(ctx, c.tenant, from, to)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if rule.Bot == "" || row.Bot == c.bot {
				r.used += row.Tokens
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// counts reports whether a turn counts against a quota.
func (q *quotas) counts(ctx context.Context, rule Quota, c claim) (bool, error) {
	switch {
	case rule.Tenant != "" && rule.Tenant != c.tenant:
		return false, nil
	case rule.Bot == "" || rule.Bot == c.bot:
		return true, nil
	case c.bot == "":
		return false, nil
	}
	named, err := q.store.Object(ctx, c.tenant, convo.ObjectBot, rule.Bot)
	if convo.ErrorKind(err) == convo.NotFound {
		return false, nil
	}
	return named.ID == c.bot, err
}

// decide refuses where a quota is used up. Of the reservations those count that were
// made before the number; 0 = all.
func (q *quotas) decide(read []quotaRead, before int64) error {
	for _, r := range read {
		used := r.used + q.spent[holder(r.claim.tenant, r.bot())] - r.before
		for _, other := range q.open {
			if other.tenant == r.claim.tenant && (r.rule.Bot == "" || other.bot == r.claim.bot) && (before == 0 || other.n < before) {
				used += other.tokens
			}
		}
		if used >= r.rule.Tokens {
			return errQuota(r.rule, r.at)
		}
	}
	return nil
}
