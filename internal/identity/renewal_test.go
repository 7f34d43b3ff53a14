package identity_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/identity"
)

func (b *bench) signedIn() tokens {
	b.t.Helper()
	a, got := b.redeem(b.code())
	if a.status != http.StatusOK {
		b.t.Fatalf("%d %s", a.status, a.body)
	}
	return got
}

func (b *bench) mustRenew(token string) tokens {
	b.t.Helper()
	a, got := b.renew(token)
	if a.status != http.StatusOK {
		b.t.Fatalf("%d %s", a.status, a.body)
	}
	return got
}

func TestTwoTabsMayUseOneRefreshToken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	first := b.signedIn()
	one := b.mustRenew(first.Refresh)
	b.pass(10 * time.Second)
	two := b.mustRenew(first.Refresh)
	if one.Refresh != two.Refresh || !b.good(one.Access) || !b.good(two.Access) {
		t.Error("the two tabs do not go on alike")
	}
	three := b.mustRenew(two.Refresh)
	b.pass(time.Hour)
	b.mustRenew(three.Refresh)
}

func TestAnOldRefreshTokenEndsTheSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	stay := b.signedIn()
	first := b.signedIn()
	second := b.mustRenew(first.Refresh)
	third := b.mustRenew(second.Refresh)
	b.pass(11 * time.Second)
	if a, got := b.renew(second.Refresh); a.status != http.StatusBadRequest || got.Error != "invalid_grant" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a, _ := b.renew(third.Refresh); a.status != http.StatusBadRequest || b.good(third.Access) || b.changes == 0 {
		t.Error("the sign-in goes on although somebody else has a copy")
	}
	if !b.good(stay.Access) {
		t.Error("another sign-in of the same user ended too")
	}
	again := b.signedIn()
	if b.mustRenew(b.mustRenew(again.Refresh).Refresh); b.changes != 1 {
		t.Errorf("%d revocations were told", b.changes)
	}
	if a, _ := b.renew(again.Refresh); a.status != http.StatusBadRequest {
		t.Error("the token before the last one but one works")
	}
}

func TestARefreshTokenIsForItsApplication(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	got := b.signedIn()
	a, _ := b.exchange("/identity_/connect/token", "grant_type", "refresh_token", "client_id", "other", "refresh_token", got.Refresh)
	if a.status != http.StatusBadRequest {
		t.Errorf("for another application: %d", a.status)
	}
	last := got.Refresh[len(got.Refresh)-1:]
	for _, forged := range []string{
		"", "rt_", got.Access, got.Refresh + "A", strings.TrimSuffix(got.Refresh, last), "xx_" + got.Refresh[3:],
		got.Refresh[:30] + map[bool]string{true: "B", false: "A"}[got.Refresh[30] == 'A'] + got.Refresh[31:],
	} {
		if a, _ := b.renew(forged); a.status != http.StatusBadRequest {
			t.Errorf("%q works", forged)
		}
	}
	b.mustRenew(got.Refresh)
}

func TestAChangedPasswordSignsOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *identity.Options) { o.Users = nil })
	add := func() convo.Member {
		m, err := b.users.Add(t.Context(), "acme/dev", "Ann", "ann@acme.example", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := add()
	got := b.signedIn()
	if actor, err := b.p.Verify(t.Context(), got.Access); err != nil || actor.Subject != m.ID || actor.Email != m.Email {
		t.Fatalf("got %+v, %v", actor, err)
	}
	waiting := b.code()
	if err := b.users.SetPassword(t.Context(), "acme/dev", "ann", "battery staple"); err != nil || b.changes != 1 {
		t.Fatal(err, b.changes)
	}
	if a, _ := b.renew(got.Refresh); a.status != http.StatusBadRequest || b.good(got.Access) {
		t.Error("she is still signed in")
	}
	if a, _ := b.redeem(waiting); a.status != http.StatusBadRequest {
		t.Error("a code of before the change works")
	}
	if err := b.users.SetPassword(t.Context(), "acme/dev", "ann", "correct horse"); err != nil {
		t.Fatal(err)
	}
	if b.good(got.Access) {
		t.Error("with the old password the old tokens work again")
	}
	got = b.signedIn()
	if err := b.users.Remove(t.Context(), "acme/dev", "ANN"); err != nil {
		t.Fatal(err)
	}
	if a, _ := b.renew(got.Refresh); a.status != http.StatusBadRequest || b.good(got.Access) {
		t.Error("she is still signed in after her removal")
	}
	if add(); b.good(got.Access) {
		t.Error("another user of her name has her tokens")
	}
}

func TestUsersOfTheConfigurationAreSignedOutToo(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	got := b.signedIn()
	b.serve(nil)
	if !b.good(got.Access) {
		t.Error("a restart signs everybody out")
	}
	refreshed := b.mustRenew(got.Refresh)
	b.serve(func(o *identity.Options) { o.Users[0].Password = "another horse" })
	if a, _ := b.renew(refreshed.Refresh); a.status != http.StatusBadRequest || b.good(refreshed.Access) {
		t.Error("her new password in the file does not sign her out")
	}
}

func TestATokenIsGoodForItsTime(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *identity.Options) { o.TokenLife = 10 * time.Minute })
	_, got := b.redeem(b.code())
	if got.Expires != 600 {
		t.Errorf("it says %d s", got.Expires)
	}
	b.pass(10*time.Minute + 59*time.Second)
	if !b.good(got.Access) {
		t.Error("clocks may be a minute apart")
	}
	b.pass(2 * time.Second)
	if b.good(got.Access) {
		t.Error("it works beyond its end")
	}
	parts := strings.Split(got.Access, ".")
	for _, forged := range []string{"", "a.b.c", parts[0] + "." + parts[1] + ".", "eyJhbGciOiJub25lIn0." + parts[1] + ".", parts[0] + ".e30." + parts[2]} {
		if b.good(forged) {
			t.Errorf("%q works", forged)
		}
	}
}

func TestKeysAreRenewedAndOldOnesStay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	keys := func() int {
		return strings.Count(b.send(http.MethodGet, "/identity_/.well-known/openid-configuration/jwks", "").body, `"kid"`)
	}
	b.pass(90*24*time.Hour - time.Minute)
	old := b.signedIn()
	b.pass(2 * time.Minute)
	b.serve(nil)
	if fresh := b.signedIn(); keys() != 2 || !b.good(old.Access) || !b.good(fresh.Access) || fresh.Access[:100] == old.Access[:100] {
		t.Errorf("there are %d keys", keys())
	}
	b.pass(26 * time.Hour)
	b.serve(nil)
	if keys() != 1 {
		t.Errorf("there are %d keys", keys())
	}
	list, err := b.store.SigningKeys(t.Context())
	if err != nil || len(list) != 2 { // with the one of refresh tokens
		t.Errorf("%d are kept, %v", len(list), err)
	}
	b.mustRenew(old.Refresh)
}

func TestKeysThatCannotBeOpenedAreReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	got := b.signedIn()
	b.serve(func(o *identity.Options) { o.Sealer = box{"another"} })
	if a, _ := b.renew(got.Refresh); a.status != http.StatusBadRequest || b.good(got.Access) {
		t.Error("tokens of keys that are lost work")
	}
	b.mustRenew(b.signedIn().Refresh)
}

func TestUsersAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.users.Fixed = []identity.FixedUser{{Tenant: "acme/dev", Name: "Fred"}}
	for name, try := range map[string]func() error{
		"a short password": func() error { _, err := b.users.Add(t.Context(), "a/b", "x", "", "short"); return err },
		"a long password": func() error {
			_, err := b.users.Add(t.Context(), "a/b", "x", "", strings.Repeat("x", 1025))
			return err
		},
		"an email that is none": func() error {
			_, err := b.users.Add(t.Context(), "a/b", "x", "Ann <a@b.c>", "correct horse")
			return err
		},
		"a long email": func() error {
			_, err := b.users.Add(t.Context(), "a/b", "x", strings.Repeat("x", 250)+"@b.example", "correct horse")
			return err
		},
	} {
		if err := try(); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := b.users.Add(t.Context(), "acme/dev", "FRED", "", "correct horse")
	if convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("the name of a fixed user: %v", err)
	}
	if err := b.users.Remove(t.Context(), "acme/dev", "fred"); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("removing a fixed user: %v", err)
	}
	if err := b.users.Remove(t.Context(), "acme/dev", "nobody"); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("removing nobody: %v", err)
	}
	if _, err := b.users.Add(t.Context(), "acme/prod", "fred", "", "correct horse"); err != nil {
		t.Errorf("another tenant: %v", err)
	}
	list, err := b.users.List(t.Context(), "acme/prod")
	if err != nil || len(list) != 1 || list[0].Password != "" {
		t.Errorf("got %+v, %v", list, err)
	}
}
