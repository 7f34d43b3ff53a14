package convo

import (
	"cmp"
	"time"
)

// Entry is one entry of a tenant's event log, which tells operators what was done
// to what. It never holds what was said.
type Entry struct {
	N    int64 // counts the tenant's entries from 1; given by the store
	ID   string
	At   time.Time
	Type string            // group.verb, as conversation.create
	IDs  map[string]string // what it concerns, by the names of the ChatBotKit API: conversationId, botId, …
}

// Spent is what was used on one day (UTC), of one bot and one model. Bot and Model
// are "" where there was none.
type Spent struct {
	Day           time.Time // midnight
	Bot           string
	Model         string
	Tokens        int64
	Conversations int64 // created
	Messages      int64 // of users and bots
}

// Totals counts what a tenant has.
type Totals struct {
	Datasets, Records, Skillsets, Abilities, Files, Contacts int64
}

// Of is the count of a kind of objects; nil = it is not counted.
func (t *Totals) Of(kind ObjectKind) *int64 {
	switch kind {
	case ObjectDataset:
		return &t.Datasets
	case ObjectSkillset:
		return &t.Skillsets
	case ObjectAbility:
		return &t.Abilities
	case ObjectFile:
		return &t.Files
	case ObjectContact:
		return &t.Contacts
	}
	return nil
}

// Compare orders what was used by day, bot and model.
func (s Spent) Compare(other Spent) int {
	return cmp.Or(s.Day.Compare(other.Day), cmp.Compare(s.Bot, other.Bot), cmp.Compare(s.Model, other.Model))
}
