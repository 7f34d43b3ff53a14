package chatbotkit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// tenantUsageObject has no optional fields: an account that did nothing shows 0.
type tenantUsageObject struct {
	Tokens        int64          `json:"tokens"`
	Conversations int64          `json:"conversations"`
	Messages      int64          `json:"messages"`
	Database      databaseObject `json:"database"`
}

// databaseObject counts what an account has. Its users are contacts.
type databaseObject struct {
	Datasets  int64 `json:"datasets"`
	Records   int64 `json:"records"`
	Skillsets int64 `json:"skillsets"`
	Abilities int64 `json:"abilities"`
	Files     int64 `json:"files"`
	Users     int64 `json:"users"`
}

// usageSeriesObject has a value for each day, also where it is 0.
type usageSeriesObject struct {
	Tokens        []dayObject `json:"tokens"`
	Conversations []dayObject `json:"conversations"`
	Messages      []dayObject `json:"messages"`
}

type dayObject struct {
	Date  int64 `json:"date"`
	Total int64 `json:"total"`
}

// usageItemObject is what was used of one thing on one day, of one bot and one model.
type usageItemObject struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Count     int64  `json:"count"`
	BotID     string `json:"botId,omitempty"`
	Model     string `json:"model,omitempty"`
	CreatedAt int64  `json:"createdAt"`
	UpdatedAt int64  `json:"updatedAt"`
}

// tenantUsage reads the usage of the days that were asked for.
func (c *call) tenantUsage() (usage engine.TenantUsage, from, to time.Time, err error) {
	if from, err = param(c, usageFrom); err != nil {
		return usage, from, to, err
	}
	if to, err = param(c, usageTo); err != nil {
		return usage, from, to, err
	}
	from, to, err = engine.UsageDays(from, to)
	if err == nil {
		usage, err = c.engine().TenantUsage(c.r.Context(), c.actor, from, to)
	}
	return usage, from, to, err
}

func fetchTenantUsage(c *call) error {
	usage, _, _, err := c.tenantUsage()
	if err != nil {
		return err
	}
	t := usage.Totals
	out := tenantUsageObject{Database: databaseObject{t.Datasets, t.Records, t.Skillsets, t.Abilities, t.Files, t.Contacts}}
	for _, s := range usage.Spent {
		out.Tokens += s.Tokens
		out.Conversations += s.Conversations
		out.Messages += s.Messages
	}
	return c.answer(encode(out), false)
}

func fetchUsageSeries(c *call) error {
	usage, from, to, err := c.tenantUsage()
	if err != nil {
		return err
	}
	out := usageSeriesObject{[]dayObject{}, []dayObject{}, []dayObject{}}
	rows := usage.Spent
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		var sum convo.Spent
		for len(rows) > 0 && !rows[0].Day.After(day) {
			sum.Tokens += rows[0].Tokens
			sum.Conversations += rows[0].Conversations
			sum.Messages += rows[0].Messages
			rows = rows[1:]
		}
		out.Tokens = append(out.Tokens, dayObject{millis(day), sum.Tokens})
		out.Conversations = append(out.Conversations, dayObject{millis(day), sum.Conversations})
		out.Messages = append(out.Messages, dayObject{millis(day), sum.Messages})
	}
	return c.answer(encode(out), false)
}

// listUsage lists the same, one item for each day, bot, model and thing.
func listUsage(c *call) error {
	usage, _, _, err := c.tenantUsage()
	if err != nil {
		return err
	}
	items := usageItems(usage.Spent)
	return answerList(c, newestFirst, func(_ context.Context, list engine.List) (engine.Page[usageItemObject], error) {
		return pageOf(items, list, func(i usageItemObject) string { return i.ID })
	})
}

// usageItems makes the items of rows, the oldest first.
func usageItems(rows []convo.Spent) []usageItemObject {
	var items []usageItemObject
	for _, s := range rows {
		sum := sha256.Sum256([]byte(s.Bot + "\x00" + s.Model))
		for _, thing := range []struct {
			kind  string
			count int64
		}{{"tokens", s.Tokens}, {"conversations", s.Conversations}, {"messages", s.Messages}} {
			if thing.count == 0 {
				continue
			}
			items = append(items, usageItemObject{
				ID:   s.Day.Format("20060102") + "-" + thing.kind + "-" + hex.EncodeToString(sum[:6]),
				Type: thing.kind, Count: thing.count, BotID: s.Bot, Model: s.Model, CreatedAt: millis(s.Day), UpdatedAt: millis(s.Day),
			})
		}
	}
	slices.SortStableFunc(items, func(a, b usageItemObject) int { return cmp.Compare(a.CreatedAt, b.CreatedAt) })
	return items
}

// pageOf gives a page of a list that is at hand, the oldest item first. Its cursors
// are the ids of items.
func pageOf[T any](items []T, list engine.List, id func(T) string) (page engine.Page[T], err error) {
	if len(list.Meta) > 0 {
		return page, nil
	}
	items = slices.Clone(items)
	if list.Desc {
		slices.Reverse(items)
	}
	if list.Cursor != "" {
		i := slices.IndexFunc(items, func(item T) bool { return id(item) == list.Cursor })
		if i < 0 {
			return page, convo.Errorf(convo.Invalid, "unknown cursor; pass the cursor of the last page, or the id of its last item")
		}
		items = items[i+1:]
	}
	page.Items = items[:min(len(items), list.Take)]
	if n := len(page.Items); n > 0 {
		page.Cursor = id(page.Items[n-1])
	}
	return page, nil
}

// accountOperations are the rows of the table for what an account did and used.
func accountOperations() []operation {
	newest := newestFirst.declared()
	listed := append(newestFirst.declared(), usageFrom, usageTo)
	return []operation{
		get("listEventLogs", "/event/log/list", account, listEntries, newest...),
		get("exportEventLogs", "/event/log/export", account, exportEntries, newest...),
		turn("subscribeEventLogs", "/event/log/subscribe", account, subscribeEntries),
		get("fetchUsage", "/usage/fetch", account, fetchTenantUsage, usageFrom, usageTo),
		get("fetchUsageSeries", "/usage/series/fetch", account, fetchUsageSeries, usageFrom, usageTo),
		get("listUsage", "/usage/list", account, listUsage, listed...),
	}
}
