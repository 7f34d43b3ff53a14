package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func identityChecks() []check {
	return []check{
		{"a user comes back as he was stored, by id and by name without case", userBack},
		{"a name or an id is one user's in a tenant", userOnce},
		{"a new password, and the end of a user, end his sign-ins", userSignIns},
		{"signing keys come back, the newest first", signingKeys},
		{"a sign-in is renewed once from each generation", renewSignIn},
		{"a user has so many sign-ins, and those that expired are pruned", boundedSignIns},
	}
}

func someUser(tenant string, n int) convo.Member {
	return convo.Member{
		Tenant: tenant, ID: uuid(n), Name: fmt.Sprintf("User.%d", n), Email: "a@example.com", Password: "$hash",
		Created: start(), Changed: start().Add(time.Minute),
	}
}

func userBack(t *testing.T, d Driver) {
	s := d.Open(t)
	b, a := someUser("a", 2), someUser("a", 1)
	for _, u := range []convo.Member{b, a, someUser("b", 1)} {
		must(t, s.PutUser(t.Context(), u))
	}
	for _, name := range []string{"User.1", "user.1", "USER.1"} {
		got, err := s.UserByName(t.Context(), "a", name)
		must(t, err)
		equal(t, "by name", got, a)
	}
	got, err := s.User(t.Context(), "a", b.ID)
	must(t, err)
	equal(t, "by id", got, b)
	list, err := s.Users(t.Context(), "a")
	must(t, err)
	equal(t, "list", list, []convo.Member{a, b})
	list, err = s.Users(t.Context(), "c")
	must(t, err)
	equal(t, "another tenant's", len(list), 0)
	_, err = s.User(t.Context(), "b", b.ID)
	mustBe(t, err, convo.NotFound)
	_, err = s.UserByName(t.Context(), "b", b.Name)
	mustBe(t, err, convo.NotFound)
}

func userOnce(t *testing.T, d Driver) {
	s := d.Open(t)
	u := someUser("a", 1)
	must(t, s.PutUser(t.Context(), u))
	other := someUser("a", 2)
	other.Name = "uSER.1"
	mustBe(t, s.PutUser(t.Context(), other), convo.Conflict)
	other = someUser("a", 1)
	other.Name = "other"
	mustBe(t, s.PutUser(t.Context(), other), convo.Conflict)
	got, err := s.User(t.Context(), "a", u.ID)
	must(t, err)
	equal(t, "the first one", got, u)
	must(t, s.DeleteUser(t.Context(), "a", u.ID))
	mustBe(t, s.DeleteUser(t.Context(), "a", u.ID), convo.NotFound)
	must(t, s.PutUser(t.Context(), u))
}

func signIn(n int, user string) convo.SignIn {
	at := start().Add(time.Duration(n) * time.Second)
	return convo.SignIn{
		ID: uuid(1000 + n), Tenant: "a", User: user, Client: "app", Scope: "x y", Stamp: "s",
		Created: at, Renewed: at, Expires: at.Add(time.Hour),
	}
}

func userSignIns(t *testing.T, d Driver) {
	s := d.Open(t)
	one, two := someUser("a", 1), someUser("a", 2)
	for i, u := range []convo.Member{one, two} {
		must(t, s.PutUser(t.Context(), u))
		must(t, s.PutSignIn(t.Context(), signIn(i, u.ID)))
	}
	must(t, s.SetPassword(t.Context(), "a", one.ID, "$other", start().Add(time.Hour)))
	got, err := s.User(t.Context(), "a", one.ID)
	must(t, err)
	one.Password, one.Changed = "$other", start().Add(time.Hour)
	equal(t, "user", got, one)
	_, err = s.SignIn(t.Context(), signIn(0, "").ID)
	mustBe(t, err, convo.NotFound)
	kept, err := s.SignIn(t.Context(), signIn(1, "").ID)
	must(t, err)
	equal(t, "another user's", kept, signIn(1, two.ID))
	must(t, s.DeleteUser(t.Context(), "a", two.ID))
	_, err = s.SignIn(t.Context(), kept.ID)
	mustBe(t, err, convo.NotFound)
	mustBe(t, s.SetPassword(t.Context(), "a", two.ID, "$", start()), convo.NotFound)
	mustBe(t, s.SetPassword(t.Context(), "b", one.ID, "$", start()), convo.NotFound)
}

func signingKeys(t *testing.T, d Driver) {
	s := d.Open(t)
	old := convo.SigningKey{ID: "b", Created: start(), Sealed: []byte{1, 0, 2}}
	fresh := convo.SigningKey{ID: "a", Created: start().Add(time.Hour), Sealed: []byte{3}}
	must(t, s.PutSigningKey(t.Context(), old))
	must(t, s.PutSigningKey(t.Context(), fresh))
	mustBe(t, s.PutSigningKey(t.Context(), convo.SigningKey{ID: "a", Created: start(), Sealed: []byte{9}}), convo.Conflict)
	list, err := s.SigningKeys(t.Context())
	must(t, err)
	equal(t, "keys", list, []convo.SigningKey{fresh, old})
	must(t, s.DeleteSigningKey(t.Context(), "b"))
	must(t, s.DeleteSigningKey(t.Context(), "b"))
	list, err = s.SigningKeys(t.Context())
	must(t, err)
	equal(t, "keys", list, []convo.SigningKey{fresh})
}

func renewSignIn(t *testing.T, d Driver) {
	s := d.Open(t)
	in := signIn(1, uuid(1))
	must(t, s.PutSignIn(t.Context(), in))
	at := start().Add(time.Minute)
	for i, want := range []bool{true, false} {
		ok, err := s.RenewSignIn(t.Context(), in.ID, 0, at.Add(time.Duration(i)), at.Add(time.Hour))
		must(t, err)
		equal(t, "renewed", ok, want)
	}
	got, err := s.SignIn(t.Context(), in.ID)
	must(t, err)
	in.Generation, in.Renewed, in.Expires = 1, at, at.Add(time.Hour)
	equal(t, "sign-in", got, in)
	ok, err := s.RenewSignIn(t.Context(), in.ID, 1, at, at)
	must(t, err)
	equal(t, "renewed again", ok, true)
	must(t, s.DeleteSignIn(t.Context(), in.ID))
	must(t, s.DeleteSignIn(t.Context(), in.ID))
	_, err = s.RenewSignIn(t.Context(), in.ID, 2, at, at)
	mustBe(t, err, convo.NotFound)
}

func boundedSignIns(t *testing.T, d Driver) {
	s := d.Open(t)
	must(t, s.PutSignIn(t.Context(), signIn(999, uuid(2))))
	for n := range store.MaxSignIns + 2 {
		must(t, s.PutSignIn(t.Context(), signIn(n, uuid(1))))
	}
	for n, there := range map[int]bool{0: false, 1: false, 2: true, store.MaxSignIns + 1: true, 999: true} {
		_, err := s.SignIn(t.Context(), signIn(n, "").ID)
		equal(t, fmt.Sprintf("sign-in %d is there", n), err == nil, there)
	}
	must(t, s.PruneSignIns(t.Context(), signIn(50, "").Expires))
	for n, there := range map[int]bool{2: false, 49: false, 50: true, 999: true} {
		_, err := s.SignIn(t.Context(), signIn(n, "").ID)
		equal(t, fmt.Sprintf("after pruning sign-in %d is there", n), err == nil, there)
	}
}
