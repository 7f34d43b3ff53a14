package memory

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// Settings implements store.SettingsReader.
func (s *Store) Settings(ctx context.Context, tenant, user string) (convo.Settings, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Settings{}, err
	}
	defer s.mu.RUnlock()
	found, ok := s.settings[key{tenant, user}]
	if !ok {
		return found, convo.Errorf(convo.NotFound, "the user has no settings")
	}
	return cloneSettings(found), nil
}

// ChangeSettings implements store.SettingsWriter.
func (s *Store) ChangeSettings(
	ctx context.Context, tenant, user string, change func(*convo.Settings) error,
) (convo.Settings, error) {
	if err := s.lock(ctx); err != nil {
		return convo.Settings{}, err
	}
	defer s.mu.Unlock()
	k := key{tenant, user}
	changed := cloneSettings(s.settings[k])
	changed.Tenant, changed.User = tenant, user
	if err := change(&changed); err != nil {
		return convo.Settings{}, err
	}
	changed.Tenant, changed.User = tenant, user
	changed.Created, changed.Updated = stored(changed.Created), stored(changed.Updated)
	s.settings[k] = cloneSettings(changed)
	return changed, nil
}

func cloneSettings(s convo.Settings) convo.Settings {
	p := &s.Profile
	p.Name, p.Email, p.Role, p.Department = clone(p.Name), clone(p.Email), clone(p.Role), clone(p.Department)
	p.Company, p.Country, p.Zone = clone(p.Company), clone(p.Country), clone(p.Zone)
	s.Choices = slices.Clone(s.Choices)
	return s
}
