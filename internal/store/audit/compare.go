package audit

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// pageSize is how many rows are read at once.
const pageSize = 1000

// replay reads the log to its end. sound says that it can be trusted, so that
// the projections may be held against it.
func (c *subject) replay(ctx context.Context) (sound bool, err error) {
	sound = true
	for after, more := int64(0), true; more; {
		page, err := c.snap.Events(ctx, c.tenant, c.id, after, pageSize)
		if err != nil {
			if ends(ctx, err) {
				return false, err
			}
			c.broken(after+1, fmt.Sprintf("the log cannot be read on after event %d: %v", after, err))
			return false, nil
		}
		for _, e := range page {
			if err := c.log.Add(e); err != nil {
				c.broken(e.Seq, err.Error())
				return false, nil // what follows would only say it again
			}
			after = e.Seq
			c.counts.Events++
		}
		more = len(page) == pageSize
	}
	if c.log.Head().LastSeq == 0 {
		c.broken(1, "the log is empty: not even its first event is there")
		return false, nil
	}
	for _, r := range c.log.Remnants() {
		c.found(Finding{
			Problem: Erasure, Event: r.Seq, Repairable: true, Remedy: repair,
			Text: fmt.Sprintf("event %d still holds what message %q said, which was deleted", r.Seq, r.Message),
		})
	}
	return sound, nil
}

// compare holds the projections against the log.
func (c *subject) compare(ctx context.Context) error {
	for _, compare := range []func(context.Context) error{c.compareHead, c.compareMessages, c.compareTurns} {
		if err := compare(ctx); err != nil {
			return err
		}
	}
	return nil
}

// unreadable reports a projection that gives an error, unless the audit is over.
func (c *subject) unreadable(ctx context.Context, what string, err error) error {
	if ends(ctx, err) {
		return err
	}
	c.differs(0, "%s cannot be read: %v", what, err)
	return nil
}

func (c *subject) compareHead(ctx context.Context) error {
	got, err := c.snap.Head(ctx, c.tenant, c.id)
	if err != nil {
		return c.unreadable(ctx, "the conversation", err)
	}
	want := c.log.Head()
	if got.LastSeq != want.LastSeq {
		c.broken(want.LastSeq+1, fmt.Sprintf("the log can be read up to event %d, but goes on to %d", want.LastSeq, got.LastSeq))
	}
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"the conversation's fields are", got.Fields, want.Fields},
		{"the time of its creation is", got.Created, want.Created},
		{"the time of its last change is", got.Updated, want.Updated},
		{"the time of its last activity is", got.Conversation.Active, want.Conversation.Active},
		{"the next slot is", got.NextSlot, want.NextSlot},
		{"the place from which prompts begin is", got.ContextFrom, want.ContextFrom},
		{"the last number of a source is", got.Sources, want.Sources},
		{"the number of open turns is", len(got.Open), len(want.Open)},
	} {
		if !reflect.DeepEqual(field.got, field.want) {
			c.differs(0, "%s%s not what the log says", field.name, values(field.got, field.want))
		}
	}
	return nil
}

// values shows two values that differ, if they are short and hold nothing that
// callers wrote.
func values(got, want any) string {
	if _, ok := got.(convo.Fields); ok {
		return ""
	}
	return fmt.Sprintf(" %v instead of %v:", got, want)
}

func (c *subject) compareMessages(ctx context.Context) error {
	seen := make(map[string]bool)
	for after, more := int64(0), true; more; {
		page, err := c.snap.Messages(ctx, c.tenant, c.id, store.MessageQuery{After: after, Limit: pageSize})
		if err != nil {
			return c.unreadable(ctx, "the list of messages", err)
		}
		for _, m := range page {
			c.counts.Messages++
			c.compareMessage(m, seen[m.ID])
			seen[m.ID], after = true, m.Place
		}
		more = len(page) == pageSize
	}
	for _, want := range c.log.Messages() {
		if convo.SlotOf(want.Place) > 0 && !seen[want.ID] {
			c.differs(want.Seq, "message %q is missing from the list", want.ID)
		}
	}
	return nil
}

func (c *subject) compareMessage(m convo.Message, again bool) {
	want := c.log.Message(m.ID)
	if want == nil || again {
		c.differs(0, "message %q is listed, but the log says that there is none", m.ID)
		return
	}
	m.Text = c.digest(m.Text)
	if differ := differing(m, want.Message); differ != "" {
		c.differs(want.Seq, "message %q is not as the log says: %s", m.ID, differ)
	}
}

func (c *subject) compareTurns(ctx context.Context) error {
	page, err := c.snap.Turns(ctx, c.tenant, c.id, 0)
	if err != nil {
		return c.unreadable(ctx, "the list of turns", err)
	}
	listed := make(map[string]convo.Turn)
	for _, t := range page {
		listed[t.ID] = t
	}
	for _, want := range c.log.Turns() {
		got, ok := listed[want.ID]
		delete(listed, want.ID)
		if ok != (want.Slot > 0) {
			c.differs(want.OpenedSeq, "turn %q is listed wrongly among those that started", want.ID)
		}
		if !ok {
			if got, err = c.snap.Turn(ctx, c.tenant, c.id, want.ID); err != nil {
				if err := c.unreadable(ctx, fmt.Sprintf("turn %q", want.ID), err); err != nil {
					return err
				}
				continue
			}
		}
		if differ := differing(got, want); differ != "" {
			c.differs(want.OpenedSeq, "turn %q is not as the log says: %s", want.ID, differ)
		}
	}
	for id := range listed {
		c.differs(0, "turn %q is listed, but the log says that there is none", id)
	}
	return nil
}

// differing names the fields in which two values of a struct differ.
func differing[T any](got, want T) string {
	if reflect.DeepEqual(got, want) {
		return ""
	}
	var names []string
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			names = append(names, g.Type().Field(i).Name)
		}
	}
	return strings.Join(names, ", ")
}
