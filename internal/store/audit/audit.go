// Package audit proves that what a store shows is what its logs say: it reads
// each conversation's log, replays it, and compares the projections with what
// comes out. It reads a snapshot, so it works for every driver and while others
// write; what only a driver can see, its rows and indexes, a driver checks
// beside it.
//
// It changes nothing. Its memory is that of the largest conversation's
// messages, without their texts.
package audit

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/replay"
)

// Problem says in one word what kind of damage a finding is. The words are
// stable: scripts read them.
type Problem string

// The kinds of damage.
const (
	Database   Problem = "database"   // the database's own files or indexes
	Log        Problem = "log"        // an event is missing, unreadable or contradicts others
	Projection Problem = "projection" // something reads differently from what the log says
	Erasure    Problem = "erasure"    // what was deleted is still there
	Orphan     Problem = "orphan"     // it belongs to nothing
	Identity   Problem = "identity"   // an id in a form in which nobody finds it
)

// Finding is one damage.
type Finding struct {
	Problem      Problem
	Tenant       string
	Conversation string // "" where it is about no conversation that is known
	Event        int64  // the number of the event that it is about, or 0
	Text         string // what is wrong
	Remedy       string // what to do next
	Repairable   bool   // a repair can mend it from what is there
}

// Counts is how much was looked at so far.
type Counts struct{ Conversations, Messages, Events int64 }

// Options are what a driver and a caller add to an audit.
type Options struct {
	// Found is called for each finding.
	Found func(Finding)
	// Progress, if it is set, is called after each conversation.
	Progress func(Counts)
	// List, if it is set, names the conversations, those included that the
	// snapshot's lists leave out because of a damage.
	List func(ctx context.Context, each func(tenant, conversation string) error) error
	// Rows, if it is set, compares what only a driver sees of a conversation
	// whose log is sound.
	Rows func(ctx context.Context, l *replay.Log, found func(Finding)) error
	// Mend, if it is set, is called after the findings of a conversation whose
	// log is sound.
	Mend func(ctx context.Context, l *replay.Log) error
}

// maxFindings is how many findings of one conversation are told one by one.
const maxFindings = 20

// Run audits everything in a snapshot. The error says why it could not go on;
// damage is not an error.
func Run(ctx context.Context, snap store.Snapshot, o Options) (Counts, error) {
	a := &auditor{snap: snap, Options: o, seed: maphash.MakeSeed()}
	list := o.List
	if list == nil {
		list = a.list
	}
	err := list(ctx, func(tenant, id string) error {
		if err := a.conversation(ctx, tenant, id); err != nil {
			return err
		}
		a.counts.Conversations++
		if o.Progress != nil {
			o.Progress(a.counts)
		}
		return nil
	})
	return a.counts, err
}

type auditor struct {
	Options
	snap   store.Snapshot
	seed   maphash.Seed
	counts Counts
}

// list names the conversations that the snapshot lists.
func (a *auditor) list(ctx context.Context, each func(tenant, id string) error) error {
	tenants, err := a.snap.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		q := store.ConversationQuery{Limit: 100}
		for more := true; more; {
			page, err := a.snap.Conversations(ctx, tenant, q)
			if err != nil {
				return err
			}
			for _, c := range page {
				if err := each(tenant, c.ID); err != nil {
					return err
				}
				q.After = store.Position{Created: c.Created, ID: c.ID}
			}
			more = len(page) == q.Limit
		}
	}
	return nil
}

// digest is kept in place of texts.
func (a *auditor) digest(text string) string {
	return strconv.FormatUint(maphash.String(a.seed, text), 36)
}

// conversation audits one conversation.
func (a *auditor) conversation(ctx context.Context, tenant, id string) error {
	c := &subject{auditor: a, tenant: tenant, id: id, log: replay.New(tenant, id, a.digest)}
	sound, err := c.replay(ctx)
	if err != nil {
		return err
	}
	if sound {
		err = c.compare(ctx)
		if err == nil && a.Rows != nil {
			err = a.Rows(ctx, c.log, c.found)
		}
	}
	if rest := c.findings - maxFindings; rest > 0 {
		a.Found(Finding{
			Problem: Projection, Tenant: tenant, Conversation: id, Repairable: sound,
			Text: fmt.Sprintf("and %d more findings in this conversation", rest), Remedy: repair,
		})
	}
	if err == nil && sound && c.findings > 0 && a.Mend != nil {
		err = a.Mend(ctx, c.log)
	}
	return err
}

// What to do about a finding.
const (
	repair = "stop the server and run parley check --repair"
	goBack = "the log itself is damaged: restore a backup, or delete the conversation"
)

// subject is the conversation that is audited.
type subject struct {
	*auditor
	tenant, id string
	log        *replay.Log
	findings   int
}

func (c *subject) found(f Finding) {
	if c.findings++; c.findings > maxFindings {
		return
	}
	f.Tenant, f.Conversation = c.tenant, c.id
	c.auditor.Found(f)
}

// differs reports that something reads differently from what the log says.
func (c *subject) differs(event int64, format string, args ...any) {
	c.found(Finding{
		Problem: Projection, Event: event, Text: fmt.Sprintf(format, args...), Remedy: repair, Repairable: true,
	})
}

// broken reports a damage of the log.
func (c *subject) broken(event int64, text string) {
	c.found(Finding{Problem: Log, Event: event, Text: text, Remedy: goBack})
}

// ends reports whether an error says nothing of the data: the audit is over.
func ends(ctx context.Context, err error) bool {
	return ctx.Err() != nil || convo.ErrorKind(err) == convo.Unavailable ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
