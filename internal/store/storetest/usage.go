package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func usageChecks() []check {
	return []check{
		{"what was used is summed by day, bot and model", usageSummed},
		{"what a tenant has is counted", totalsCounted},
		{"entries of an event log are numbered and come in pages", journalPages},
		{"old entries are pruned, and no number is given again", journalPruned},
		{"what a failed transaction counted and noted is taken back", usageUndone},
		{"a vault keeps what was added, in that order", vaultKept},
		{"a vault goes with its conversation", vaultGone},
	}
}

func usageSummed(t *testing.T, d Driver) {
	s := d.Open(t)
	at := func(days, hours int) time.Time {
		return start().AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
	}
	spend := func(tenant string, list ...convo.Spent) {
		t.Helper()
		must(t, inTenant(t, s, tenant, func(tx store.Tx) error {
			for _, one := range list {
				must(t, tx.Spend(one))
			}
			return nil
		}))
	}
	spend("a", convo.Spent{Day: at(0, 0), Bot: uuid(1), Model: "m", Tokens: 10, Messages: 2},
		convo.Spent{Day: at(0, 3), Bot: uuid(1), Model: "m", Tokens: 5, Conversations: 1})
	spend("a", convo.Spent{Day: at(0, 1), Bot: uuid(1), Model: "m", Messages: 1}, convo.Spent{Day: at(0, 1), Bot: "b", Model: "m", Tokens: 1})
	spend("a", convo.Spent{Day: at(0, 0), Model: "n", Tokens: 3}, convo.Spent{Day: at(1, 0), Tokens: 7}, convo.Spent{Day: at(-1, 0), Tokens: 9})
	spend("b", convo.Spent{Day: at(0, 0), Tokens: 100})
	today := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	got, err := s.Spent(t.Context(), "a", today, today.AddDate(0, 0, 1))
	must(t, err)
	equal(t, "a day", got, []convo.Spent{
		{Day: today, Model: "n", Tokens: 3},
		{Day: today, Bot: uuid(1), Model: "m", Tokens: 15, Conversations: 1, Messages: 3},
		{Day: today, Bot: "b", Model: "m", Tokens: 1},
	})
	got, err = s.Spent(t.Context(), "a", today.Add(time.Hour), today.AddDate(0, 0, 9))
	must(t, err)
	equal(t, "from within a day", got, []convo.Spent{{Day: today.AddDate(0, 0, 1), Tokens: 7}})
}

func totalsCounted(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putObjects(t, s, object(convo.Stored{}, "f"), object(convo.Contact{}, "c"), object(convo.Skillset{}, "s")))
	memory := note("m", "text")
	memory.Dataset = convo.MemoryDataset
	must(t, putRecords(t, s, note("1", "x"), note("2", "x"), memory))
	got, err := s.Totals(t.Context(), "a")
	must(t, err)
	equal(t, "totals", got, convo.Totals{Datasets: 2, Records: 2, Skillsets: 1, Files: 1, Contacts: 1})
	got, err = s.Totals(t.Context(), "b")
	must(t, err)
	equal(t, "of another tenant", got, convo.Totals{})
}

func jot(t testing.TB, s store.Store, tenant string, numbers ...int) {
	t.Helper()
	must(t, inTenant(t, s, tenant, func(tx store.Tx) error {
		for _, n := range numbers {
			must(t, tx.Note(entry(n)))
		}
		return nil
	}))
}

func entry(n int) convo.Entry {
	e := convo.Entry{ID: uuid(n), At: start().Add(time.Duration(n) * time.Hour), Type: "dataset.create"}
	if n%2 == 0 {
		e.IDs = map[string]string{"datasetId": fmt.Sprint(n)}
	}
	return e
}

func journalOf(t testing.TB, s store.Store, tenant string, q store.EntryQuery) []int64 {
	t.Helper()
	list, err := s.Entries(t.Context(), tenant, q)
	must(t, err)
	var numbers []int64
	for _, e := range list {
		numbers = append(numbers, e.N)
	}
	return numbers
}

func journalPages(t *testing.T, d Driver) {
	s := d.Open(t)
	jot(t, s, "a", 1, 2)
	jot(t, s, "b", 1)
	jot(t, s, "a", 3, 4, 5)
	list, err := s.Entries(t.Context(), "a", store.EntryQuery{After: 1, Limit: 2})
	must(t, err)
	two, three := entry(2), entry(3)
	two.N, three.N = 2, 3
	equal(t, "a page", list, []convo.Entry{two, three})
	equal(t, "the first page", journalOf(t, s, "a", store.EntryQuery{Limit: 3}), []int64{1, 2, 3})
	equal(t, "the last page", journalOf(t, s, "a", store.EntryQuery{After: 3, Limit: 3}), []int64{4, 5})
	equal(t, "backwards", journalOf(t, s, "a", store.EntryQuery{Desc: true, Limit: 2}), []int64{5, 4})
	equal(t, "further backwards", journalOf(t, s, "a", store.EntryQuery{After: 4, Desc: true, Limit: 9}), []int64{3, 2, 1})
	equal(t, "of another tenant", journalOf(t, s, "b", store.EntryQuery{Limit: 9}), []int64{1})
}

func journalPruned(t *testing.T, d Driver) {
	s := d.Open(t)
	jot(t, s, "a", 1, 2, 3, 4, 5, 6)
	jot(t, s, "b", 1, 8)
	must(t, s.PruneJournal(t.Context(), start().Add(2*time.Hour), 3))
	equal(t, "by number", journalOf(t, s, "a", store.EntryQuery{Limit: 9}), []int64{4, 5, 6})
	equal(t, "by age", journalOf(t, s, "b", store.EntryQuery{Limit: 9}), []int64{2})
	must(t, s.PruneJournal(t.Context(), start().AddDate(1, 0, 0), 100))
	jot(t, s, "a", 9)
	equal(t, "afterwards", journalOf(t, s, "a", store.EntryQuery{Limit: 9}), []int64{7})
}

func usageUndone(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Spend(convo.Spent{Day: start(), Tokens: 1}))
		must(t, tx.Note(entry(1)))
		must(t, tx.PutVault([]byte("v")))
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	spent, err := s.Spent(t.Context(), "a", time.Time{}, start().AddDate(1, 0, 0))
	must(t, err)
	vault, err := s.Vault(t.Context(), "a", uuid(1))
	must(t, err)
	equal(t, "left", len(spent)+len(vault)+len(journalOf(t, s, "a", store.EntryQuery{Limit: 9})), 0)
	jot(t, s, "a", 2)
	equal(t, "the first number", journalOf(t, s, "a", store.EntryQuery{Limit: 9}), []int64{1})
}

func texts(list [][]byte) []string {
	var texts []string
	for _, b := range list {
		texts = append(texts, string(b))
	}
	return texts
}

func vaultKept(t *testing.T, d Driver) {
	s := d.Open(t)
	w := &writer{t: t, store: s, tenant: "a", id: uuid(1), now: start()}
	_, err := w.update(func(tx store.Tx) error {
		mustBe(t, tx.PutVault([]byte("x")), convo.NotFound)
		must(t, tx.Append(w.event("", convo.ConversationCreated{})))
		must(t, tx.PutVault([]byte("one")))
		got, err := tx.Vault()
		equal(t, "own", texts(got), []string{"one"})
		return err
	})
	must(t, err)
	_, err = w.update(func(tx store.Tx) error {
		must(t, tx.PutVault([]byte("two")))
		must(t, tx.PutVault([]byte("three")))
		got, err := tx.Vault()
		equal(t, "all", texts(got), []string{"one", "two", "three"})
		return err
	})
	must(t, err)
	converse(t, s, "a", uuid(2))
	for id, want := range map[string][]string{uuid(1): {"one", "two", "three"}, uuid(2): nil} {
		got, err := s.Vault(t.Context(), "a", id)
		must(t, err)
		equal(t, "vault", texts(got), want)
	}
	_, err = s.Vault(t.Context(), "b", uuid(1))
	mustBe(t, err, convo.NotFound)
}

func vaultGone(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	_, err := w.update(func(tx store.Tx) error { return tx.PutVault([]byte("one")) })
	must(t, err)
	_, err = w.update(func(tx store.Tx) error {
		must(t, tx.PutVault([]byte("two")))
		must(t, tx.Delete())
		must(t, tx.Append(w.event("", convo.ConversationCreated{})))
		got, err := tx.Vault()
		equal(t, "of one made again", len(got), 0)
		return err
	})
	must(t, err)
	got, err := s.Vault(t.Context(), "a", uuid(1))
	must(t, err)
	equal(t, "afterwards", len(got), 0)
}
