package auth_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
)

func reconcile(t *testing.T, a *auth.Auth, want ...auth.Configured) {
	t.Helper()
	if err := a.Reconcile(t.Context(), want); err != nil {
		t.Fatal(err)
	}
}

func TestAConfiguredSecretWorksWhileItIsConfigured(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	one := auth.Configured{Tenant: "org/one", Name: "secret", Secret: "secret-number-one-of-all"}
	two := auth.Configured{Tenant: "org/two", Name: "secret", Secret: "secret-number-two-of-all"}
	operators, _ := create(t, a, "org/one", 0)

	reconcile(t, a, one, two)
	if !works(t, a, one.Secret) || !works(t, a, two.Secret) {
		t.Fatal("they do not work")
	}
	list, err := a.List(t.Context(), "org/one")
	if err != nil || len(list) != 2 {
		t.Fatalf("the list is %+v, %v", list, err)
	}

	reconcile(t, a, one)
	if !works(t, a, one.Secret) || works(t, a, two.Secret) {
		t.Error("the one that left works, or the other one does not")
	}
	again, err := a.List(t.Context(), "org/one")
	if err != nil || len(again) != 2 || again[1].ID != list[1].ID {
		t.Errorf("one that stayed became another token: %+v, %v", again, err)
	}

	reconcile(t, a, two)
	if works(t, a, one.Secret) || !works(t, a, two.Secret) {
		t.Error("the one that came back does not work, or the other one does")
	}
	if !works(t, a, operators) {
		t.Error("an operator's token went with them")
	}
}

func TestAConfiguredSecretMayMoveToAnotherTenant(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	reconcile(t, a, auth.Configured{Tenant: "org/one", Secret: "a-secret-that-moves-about"})
	reconcile(t, a, auth.Configured{Tenant: "org/two", Secret: "a-secret-that-moves-about"})
	actor, err := a.Actor(t.Context(), "a-secret-that-moves-about")
	if err != nil || actor.Tenant != "org/two" {
		t.Errorf("got %+v, %v", actor, err)
	}
}

func TestATokenOfTheConfigurationIsNotRevoked(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	reconcile(t, a, auth.Configured{Tenant: "t", Secret: "a-secret-of-the-file"})
	list, err := a.List(t.Context(), "t")
	if err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if err := a.Revoke(t.Context(), "t", list[0].ID); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("got %v", err)
	}
	if !works(t, a, "a-secret-of-the-file") {
		t.Error("it works no more")
	}
}

func TestASecretThatAnOperatorEndedCannotBeConfigured(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	revoked, token := create(t, a, "t", 0)
	if err := a.Revoke(t.Context(), "t", token.ID); err != nil {
		t.Fatal(err)
	}
	ending, _ := create(t, a, "t", time.Hour)
	foreign, _ := create(t, a, "other", 0)
	for name, secret := range map[string]string{"revoked": revoked, "ending": ending, "foreign": foreign} {
		err := a.Reconcile(t.Context(), []auth.Configured{{Tenant: "t", Secret: secret}})
		if convo.ErrorKind(err) != convo.Conflict {
			t.Errorf("%s: got %v", name, err)
		}
	}
	own, _ := create(t, a, "t", 0)
	reconcile(t, a, auth.Configured{Tenant: "t", Secret: own})
	if !works(t, a, own) {
		t.Error("an operator's own lasting token stopped working")
	}
}
