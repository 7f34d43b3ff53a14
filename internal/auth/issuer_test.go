package auth_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
)

// issuer vouches for the tokens that it has made, by their subjects.
type issuer struct {
	name   string
	tenant string
	err    error // in place of any answer
	ends   time.Time
	asked  int
}

func (i *issuer) Issues(name string) bool { return name == i.name }

func (i *issuer) Verify(_ context.Context, token string) (convo.Actor, error) {
	i.asked++
	subject, ours := strings.CutPrefix(token[strings.LastIndex(token, ".")+1:], i.tenant[:1])
	if i.err != nil || !ours {
		return convo.Actor{}, i.err
	}
	return convo.Actor{Tenant: i.tenant, User: auth.UserID(i.name, subject), Subject: subject, Expires: i.ends}, nil
}

// jwt makes something that looks like a token of an issuer; its signature names
// a subject.
func jwt(issuer, signature string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + issuer + `"}`))
	return "eyJ." + payload + "." + signature
}

func TestATokenOfAProviderFindsItsUser(t *testing.T) {
	t.Parallel()
	a, tokens, c := setup(t)
	i := &issuer{name: "https://id.example", tenant: "org/one", ends: c.now().Add(time.Hour)}
	a.Trust(i)
	token := jwt(i.name, "oalice")
	actor, err := a.Authenticate(t.Context(), token)
	want := auth.UserID(i.name, "alice")
	if err != nil || actor.Tenant != "org/one" || actor.User != want || actor.Token != want || actor.UserID() != "alice" || !actor.Expires.Equal(i.ends) {
		t.Fatalf("got %+v, %v", actor, err)
	}
	if again, err := a.Authenticate(t.Context(), token); err != nil || again != actor || i.asked != 1 || !a.Remembers(token) {
		t.Errorf("got %+v, %v after %d questions", again, err, i.asked)
	}
	if _, err := a.Actor(t.Context(), token); convo.ErrorKind(err) != convo.Unauthenticated {
		t.Errorf("it works where only secrets do: %v", err)
	}
	c.pass(31 * time.Second)
	if _, err := a.Authenticate(t.Context(), token); err != nil || i.asked != 2 {
		t.Errorf("%v after %d questions", err, i.asked)
	}
	if tokens.count() != 1 {
		t.Errorf("the store was asked %d times for a token that it cannot have", tokens.count())
	}
}

func TestATokenThatNoProviderKnowsIsRefused(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	refusing := &issuer{name: "https://id.example", tenant: "o/one", err: convo.Errorf(convo.Unauthenticated, "no")}
	a.Trust(refusing)
	for name, token := range map[string]string{
		"refused": jwt(refusing.name, "x"), "another issuer's": jwt("https://other.example", "x"), "no issuer's": jwt("", "x"),
		"no JWT": "eyJ.%%%.x", "empty": "", "huge": jwt(refusing.name, strings.Repeat("x", 20<<10)),
	} {
		if _, err := a.Authenticate(t.Context(), token); convo.ErrorKind(err) != convo.Unauthenticated {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if refusing.asked != 1 {
		t.Errorf("the issuer was asked %d times", refusing.asked)
	}
}

func TestOfSeveralTenantsOfOneIssuerTheRightOneIsFound(t *testing.T) {
	t.Parallel()
	a, _, c := setup(t)
	no := convo.Errorf(convo.Unauthenticated, "not for this audience")
	first := &issuer{name: "https://id.example", tenant: "a/one", err: no}
	second := &issuer{name: first.name, tenant: "b/two", ends: c.now().Add(time.Hour)}
	a.Trust(first, second)
	if actor, err := a.Authenticate(t.Context(), jwt(first.name, "bob")); err != nil || actor.Tenant != "b/two" {
		t.Errorf("got %+v, %v", actor, err)
	}
	second.err = no
	first.err = convo.Errorf(convo.Unavailable, "its keys cannot be had")
	if _, err := a.Authenticate(t.Context(), jwt(first.name, "bobby")); convo.ErrorKind(err) != convo.Unavailable {
		t.Errorf("nobody can tell, but it says %v", err)
	}
}

func TestASecretWorksForAuthenticateToo(t *testing.T) {
	t.Parallel()
	a, tokens, c := setup(t)
	secret, token := create(t, a, "org/one", time.Hour)
	actor, err := a.Authenticate(t.Context(), secret)
	want := convo.Actor{Tenant: "org/one", Token: token.ID, App: auth.DefaultApp, Expires: token.Expires}
	if err != nil || actor != want {
		t.Errorf("got %+v, %v", actor, err)
	}
	session, hash := auth.NewSecret()
	if err := tokens.PutToken(t.Context(), convo.Token{
		ID: "id", Tenant: "org/one", Hash: hash, Source: "session", Conversation: "c", Created: c.now(), Expires: c.now().Add(time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), session); convo.ErrorKind(err) != convo.Unauthenticated {
		t.Errorf("a session's token: %v", err)
	}
}

func TestRevocationsAreTold(t *testing.T) {
	t.Parallel()
	a, _, c := setup(t)
	i := &issuer{name: "https://id.example", tenant: "org/one", ends: c.now().Add(time.Hour)}
	a.Trust(i)
	secret, token := create(t, a, "org/one", 0)
	for _, s := range []string{secret, jwt(i.name, "oalice")} {
		if _, err := a.Authenticate(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	changed := a.Changed()
	select {
	case <-changed:
		t.Fatal("nothing was revoked yet")
	default:
	}
	if err := a.Revoke(t.Context(), "org/one", token.ID); err != nil {
		t.Fatal(err)
	}
	<-changed
	if _, err := a.Authenticate(t.Context(), secret); convo.ErrorKind(err) != convo.Unauthenticated {
		t.Errorf("got %v", err)
	}
	i.err = convo.Errorf(convo.Unauthenticated, "the user has gone")
	if _, err := a.Authenticate(t.Context(), jwt(i.name, "oalice")); convo.ErrorKind(err) != convo.Unauthenticated {
		t.Errorf("the user is still remembered: %v", err)
	}
	select {
	case <-a.Changed():
		t.Error("one revocation was told twice")
	default:
	}
}

func TestAnApplicationSpeaksForItsExternalUsers(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	external := func(actor convo.Actor, name string) convo.Actor {
		t.Helper()
		got, err := a.External(actor, name)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	secret, _, err := a.Create(t.Context(), "org/one", "name", "shop", 0)
	if err != nil {
		t.Fatal(err)
	}
	app, err := a.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	one := external(app, "user-1")
	rotated := app
	rotated.Token = "another"
	if one.User == "" || one.Tenant != app.Tenant || one.Token != app.Token || external(rotated, "user-1").User != one.User {
		t.Errorf("got %+v", one)
	}
	other := app
	other.App = "desk"
	if external(app, "user-2").User == one.User || external(other, "user-1").User == one.User || auth.UserID("shop", "user-1") == one.User {
		t.Error("two users are one")
	}
	provider := convo.Actor{Tenant: "org/one", User: "alice"}
	for _, name := range []string{"", "user-1", "no/name"} {
		if got := external(provider, name); got != provider {
			t.Errorf("a user speaks for %q: %+v", name, got)
		}
	}
	for _, name := range []string{"", "a b", "ä", "a\n", strings.Repeat("x", 256)} {
		if got, err := a.External(app, name); convo.ErrorKind(err) != convo.Invalid || got != (convo.Actor{}) {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
	external(app, strings.Repeat("x", 255))
}

func TestAnApplicationHasAName(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	_, token, err := a.Create(t.Context(), "t", "name", "shop.v2", 0)
	if err != nil || token.App != "shop.v2" {
		t.Errorf("got %+v, %v", token, err)
	}
	for _, app := range []string{"no name", "a/b", strings.Repeat("x", 256)} {
		if _, _, err := a.Create(t.Context(), "t", "name", app, 0); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: got %v", app, err)
		}
	}
	if list, err := a.List(t.Context(), "t"); err != nil || len(list) != 1 {
		t.Errorf("there are %+v, %v", list, err)
	}
}

// FuzzAuthenticate reads what strangers send as a token.
func FuzzAuthenticate(f *testing.F) {
	for _, token := range []string{"", "..", "a.b.c", jwt("https://id.example", "x"), jwt("\\u0000", ""), "pk_" + strings.Repeat("x", 43)} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		a, _, _ := setup(t)
		i := &issuer{name: "https://id.example", tenant: "o/one", err: convo.Errorf(convo.Unauthenticated, "no")}
		a.Trust(i)
		if _, err := a.Authenticate(t.Context(), token); convo.ErrorKind(err) != convo.Unauthenticated {
			t.Errorf("got %v", err)
		}
		if i.asked > 0 && !strings.Contains(token, ".") {
			t.Error("an issuer was asked for what is no token of its")
		}
	})
}
