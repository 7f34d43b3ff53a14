package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

func settingsChecks() []check {
	return []check{
		{"a user's settings are kept as they were changed", settingsKept},
		{"settings are the user's own", settingsApart},
		{"a change that fails changes nothing", settingsFailed},
	}
}

func settingsKept(t *testing.T, d Driver) {
	s := d.Open(t)
	_, err := s.Settings(t.Context(), "a", uuid(1))
	mustBe(t, err, convo.NotFound)
	want := convo.Settings{
		Tenant: "a", User: uuid(1), Profile: convo.Profile{
			Name: new("Ann"), Email: new("ann@example.com"), Role: new(""), Department: new("Sales"), Company: new("Acme"),
			Country: new("Italy"), Zone: new("Europe/Rome"),
		},
		Choices: []convo.Choice{{Bot: "b", Connector: "c", Connection: "1"}, {Bot: "b", Connector: "d"}},
		Created: start(), Updated: start().Add(time.Hour),
	}
	got, err := s.ChangeSettings(t.Context(), "a", uuid(1), func(c *convo.Settings) error {
		equal(t, "before", *c, convo.Settings{Tenant: "a", User: uuid(1)})
		*c = want
		return nil
	})
	must(t, err)
	equal(t, "changed", got, want)
	want.Name, want.Choices = nil, nil
	_, err = s.ChangeSettings(t.Context(), "a", uuid(1), func(c *convo.Settings) error {
		c.Name, c.Choices = nil, nil
		return nil
	})
	must(t, err)
	got, err = s.Settings(t.Context(), "a", uuid(1))
	must(t, err)
	equal(t, "settings", got, want)
}

func settingsApart(t *testing.T, d Driver) {
	s := d.Open(t)
	for _, k := range [][2]string{{"a", ""}, {"a", uuid(1)}, {"b", uuid(1)}, {"b", "somebody"}} {
		_, err := s.ChangeSettings(t.Context(), k[0], k[1], func(c *convo.Settings) error {
			c.Name, c.Created, c.Updated = new(k[0]+"/"+k[1]), start(), start()
			return nil
		})
		must(t, err)
	}
	for _, k := range [][2]string{{"a", ""}, {"a", uuid(1)}, {"b", uuid(1)}, {"b", "somebody"}} {
		got, err := s.Settings(t.Context(), k[0], k[1])
		must(t, err)
		equal(t, "the name", *got.Name, k[0]+"/"+k[1])
	}
	_, err := s.Settings(t.Context(), "b", "")
	mustBe(t, err, convo.NotFound)
}

func settingsFailed(t *testing.T, d Driver) {
	s := d.Open(t)
	wrong := errors.New("wrong")
	_, err := s.ChangeSettings(t.Context(), "a", "", func(c *convo.Settings) error {
		c.Name = new("x")
		return wrong
	})
	if !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	_, err = s.Settings(t.Context(), "a", "")
	mustBe(t, err, convo.NotFound)
}
