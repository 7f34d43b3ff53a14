package convo_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

func TestATenantIsFoundByItsNamesAndItsIDs(t *testing.T) {
	t.Parallel()
	p := convo.TenancyOf("acme/dev")
	for _, org := range []string{"acme", "ACME", p.OrgID, strings.ToUpper(p.OrgID)} {
		for _, tenant := range []string{"dev", "Dev", p.TenantID, strings.ToUpper(p.TenantID)} {
			if !p.Is(org, tenant) {
				t.Errorf("%s/%s is not found", org, tenant)
			}
		}
	}
	other := convo.TenancyOf("acme/prod")
	if other.OrgID != p.OrgID || other.TenantID == p.TenantID {
		t.Errorf("two tenants of one org are %+v and %+v", p, other)
	}
	for _, wrong := range [][2]string{
		{"", ""}, {"acme", ""}, {"", "dev"}, {"dev", "acme"}, {"acme", "prod"}, {p.TenantID, p.OrgID}, {p.OrgID, other.TenantID},
	} {
		if p.Is(wrong[0], wrong[1]) {
			t.Errorf("%q is taken for acme/dev", wrong)
		}
	}
	if convo.TenancyOf("other/dev").TenantID == p.TenantID {
		t.Error("tenants of two orgs with one name have one id")
	}
}

func TestStableIDsAreUUIDsOfTheirNames(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, names := range [][]string{
		{"a"}, {"a", ""}, {"", "a"}, {"a b"}, {"a", "b"}, {"ab"}, {`a" "b`}, {`a"`, `"b`}, {"A", "b"},
	} {
		id := convo.StableID("kind", names...)
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("%q: %s is no UUID of version 8", names, id)
		}
		if other := seen[id]; other != nil {
			t.Errorf("%q and %q have one id", names, other)
		}
		seen[id] = names
		if id != convo.StableID("kind", names...) || id == convo.StableID("other", names...) {
			t.Errorf("%q: the id is not that of its kind", names)
		}
	}
	// It stands in stores: a change of it would lose what belongs to a user.
	if id := convo.StableID("org", "acme"); id != "3b4ac13b-10b9-8469-970b-a5099382a444" {
		t.Errorf("the id of the org acme is %s", id)
	}
}

func TestAnActorAlwaysHasAUserToShow(t *testing.T) {
	t.Parallel()
	service := convo.Actor{Tenant: "a/b", Token: "1"}
	if id := service.UserID(); id == "" || id != (convo.Actor{Tenant: "a/b", Token: "2"}).UserID() || id == (convo.Actor{Tenant: "a/c"}).UserID() {
		t.Errorf("the service user is %q", id)
	}
	if id := (convo.Actor{Tenant: "a/b", User: "u"}).UserID(); id != "u" {
		t.Errorf("an external user is %q", id)
	}
	if id := (convo.Actor{Tenant: "a/b", User: "u", Subject: "s"}).UserID(); id != "s" {
		t.Errorf("a provider's user is %q", id)
	}
}
