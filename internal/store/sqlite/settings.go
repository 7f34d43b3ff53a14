package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// profile is the stored form of what users say of themselves. Its keys are for ever.
type profile struct {
	Name       *string  `json:"n,omitempty"`
	Email      *string  `json:"e,omitempty"`
	Role       *string  `json:"r,omitempty"`
	Department *string  `json:"d,omitempty"`
	Company    *string  `json:"c,omitempty"`
	Country    *string  `json:"l,omitempty"`
	Zone       *string  `json:"z,omitempty"`
	Choices    []choice `json:"x,omitempty"`
}

type choice struct {
	Bot        string `json:"b"`
	Connector  string `json:"k"`
	Connection string `json:"v,omitempty"`
}

func readSettings(conn *sqlite.Conn, tenant, user string) (s convo.Settings, ok bool, err error) {
	var data []byte
	ok, err = ask(conn, `SELECT data, created, updated FROM profiles WHERE tenant = ? AND user = ?`).
		text(tenant).position(user).one(func(q *query) {
		data = q.readBlob()
		s.Created, s.Updated = fromMilli(q.readInt()), fromMilli(q.readInt())
	})
	s.Tenant, s.User = tenant, user
	if err != nil || !ok {
		return s, false, err
	}
	var p profile
	if err := json.Unmarshal(data, &p); err != nil {
		return s, false, err
	}
	s.Profile = convo.Profile{
		Name: p.Name, Email: p.Email, Role: p.Role, Department: p.Department, Company: p.Company, Country: p.Country, Zone: p.Zone,
	}
	for _, c := range p.Choices {
		s.Choices = append(s.Choices, convo.Choice(c))
	}
	return s, true, nil
}

func writeSettings(conn *sqlite.Conn, s convo.Settings) error {
	p := profile{
		Name: s.Name, Email: s.Email, Role: s.Role, Department: s.Department, Company: s.Company, Country: s.Country, Zone: s.Zone,
	}
	for _, c := range s.Choices {
		p.Choices = append(p.Choices, choice(c))
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return ask(conn, `INSERT OR REPLACE INTO profiles (tenant, user, data, created, updated) VALUES (?, ?, ?, ?, ?)`).
		text(s.Tenant).position(s.User).blob(data).int(s.Created.UnixMilli()).int(s.Updated.UnixMilli()).exec()
}

// Settings implements store.SettingsReader.
func (s *reader) Settings(ctx context.Context, tenant, user string) (found convo.Settings, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		var ok bool
		found, ok, err = readSettings(conn, tenant, user)
		if err == nil && !ok {
			err = convo.Errorf(convo.NotFound, "the user has no settings")
		}
		return err
	})
	return found, err
}

// ChangeSettings implements store.SettingsWriter.
func (s *Store) ChangeSettings(
	ctx context.Context, tenant, user string, change func(*convo.Settings) error,
) (changed convo.Settings, err error) {
	err = s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		found, _, err := readSettings(conn, tenant, user)
		if err != nil {
			return err
		}
		if err := change(&found); err != nil {
			return err
		}
		found.Tenant, found.User = tenant, user
		found.Created, found.Updated = milli(found.Created), milli(found.Updated)
		changed = found
		return writeSettings(conn, found)
	})
	return changed, err
}

// milli is a time as it is kept.
func milli(t time.Time) time.Time { return fromMilli(t.UnixMilli()) }
