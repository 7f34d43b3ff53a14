package auth_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/memory"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// counting counts how often the store is asked for a token.
type counting struct {
	*memory.Store
	mu    sync.Mutex
	asked int
	// overtake runs between a lookup and its answer, once.
	overtake func()
}

func (c *counting) TokenByHash(ctx context.Context, hash convo.TokenHash) (convo.Token, error) {
	t, err := c.Store.TokenByHash(ctx, hash)
	c.mu.Lock()
	c.asked++
	overtake := c.overtake
	c.overtake = nil
	c.mu.Unlock()
	if overtake != nil {
		overtake()
	}
	return t, err
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func setup(t *testing.T) (*auth.Auth, *counting, *clock) {
	t.Helper()
	tokens := &counting{Store: memory.New()}
	c := &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return auth.New(tokens, c.now), tokens, c
}

func create(t *testing.T, a *auth.Auth, tenant string, lasts time.Duration) (string, convo.Token) {
	t.Helper()
	secret, token, err := a.Create(t.Context(), tenant, "name", "", lasts)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

func works(t *testing.T, a *auth.Auth, secret string) bool {
	t.Helper()
	_, err := a.Actor(t.Context(), secret)
	if err != nil && convo.ErrorKind(err) != convo.Unauthenticated {
		t.Fatal(err)
	}
	return err == nil
}

func TestASecretFindsItsHolder(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	secret, token := create(t, a, "org/one", 0)
	other, _ := create(t, a, "org/two", 0)
	if !strings.HasPrefix(secret, "pk_") || len(secret) != 46 || secret == other {
		t.Errorf("the secrets are %q and %q", secret, other)
	}
	actor, err := a.Actor(t.Context(), secret)
	if err != nil || actor != (convo.Actor{Tenant: "org/one", Token: token.ID, App: auth.DefaultApp}) {
		t.Errorf("got %+v, %v", actor, err)
	}
	if token.Source != auth.SourceAPI || token.Name != "name" || !token.Expires.IsZero() {
		t.Errorf("the token is %+v", token)
	}
	list, err := a.List(t.Context(), "org/one")
	if err != nil || len(list) != 1 || list[0].ID != token.ID {
		t.Errorf("the list is %+v, %v", list, err)
	}
}

func TestATokenThatHasEndedAlreadyIsNotMade(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	if secret, _, err := a.Create(t.Context(), "t", "name", "", -time.Hour); convo.ErrorKind(err) != convo.Invalid || secret != "" {
		t.Errorf("got %q, %v", secret, err)
	}
	if list, err := a.List(t.Context(), "t"); err != nil || len(list) != 0 {
		t.Errorf("there are %+v, %v", list, err)
	}
}

func TestABadSecretIsRefusedWithoutAReason(t *testing.T) {
	t.Parallel()
	a, _, c := setup(t)
	revoked, token := create(t, a, "t", 0)
	if err := a.Revoke(t.Context(), "t", token.ID); err != nil {
		t.Fatal(err)
	}
	expired, _ := create(t, a, "t", time.Minute)
	c.pass(time.Minute)
	var texts []string
	for _, secret := range []string{"", "pk_unknown", revoked, expired} {
		_, err := a.Actor(t.Context(), secret)
		if convo.ErrorKind(err) != convo.Unauthenticated {
			t.Errorf("%q: got %v", secret, err)
			continue
		}
		texts = append(texts, err.Error())
		if secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the secret is in the error: %v", err)
		}
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("%q differs from %q", text, texts[0])
		}
	}
}

func TestAnActorIsRememberedForAWhile(t *testing.T) {
	t.Parallel()
	a, tokens, c := setup(t)
	secret, _ := create(t, a, "t", time.Hour)
	for range 5 {
		if !works(t, a, secret) {
			t.Fatal("it does not work")
		}
	}
	if tokens.count() != 1 {
		t.Errorf("the store was asked %d times", tokens.count())
	}
	c.pass(31 * time.Second)
	if !works(t, a, secret) || tokens.count() != 2 {
		t.Errorf("the store was asked %d times", tokens.count())
	}
	c.pass(time.Hour - 31*time.Second)
	if works(t, a, secret) {
		t.Error("it works beyond its end")
	}
}

func TestAnExpiryWithinTheMemoryIsNoticed(t *testing.T) {
	t.Parallel()
	a, _, c := setup(t)
	secret, _ := create(t, a, "t", 10*time.Second)
	if !works(t, a, secret) {
		t.Fatal("it does not work")
	}
	c.pass(10 * time.Second)
	if works(t, a, secret) {
		t.Error("it works beyond its end")
	}
}

func TestARevokedTokenWorksNoMoreAtOnce(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	secret, token := create(t, a, "t", 0)
	if !works(t, a, secret) {
		t.Fatal("it does not work")
	}
	if err := a.Revoke(t.Context(), "other", token.ID); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another tenant's revocation gives %v", err)
	}
	if !works(t, a, secret) {
		t.Fatal("another tenant revoked it")
	}
	if err := a.Revoke(t.Context(), "t", token.ID); err != nil {
		t.Fatal(err)
	}
	if works(t, a, secret) {
		t.Error("it still works")
	}
}

func TestARevocationThatOvertakesALookupIsNotForgotten(t *testing.T) {
	t.Parallel()
	a, tokens, _ := setup(t)
	secret, token := create(t, a, "t", 0)
	tokens.overtake = func() {
		if err := a.Revoke(t.Context(), "t", token.ID); err != nil {
			t.Error(err)
		}
	}
	works(t, a, secret) // was let in before the revocation
	if works(t, a, secret) {
		t.Error("it works after its revocation")
	}
}

func TestASessionTokenIsNeverRemembered(t *testing.T) {
	t.Parallel()
	a, tokens, c := setup(t)
	secret, hash := auth.NewSecret()
	token := convo.Token{
		ID: "id", Tenant: "t", Hash: hash, Source: "session", Conversation: "conversation",
		Created: c.now(), Expires: c.now().Add(time.Hour),
	}
	if err := tokens.PutToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	actor, err := a.Actor(t.Context(), secret)
	if err != nil || actor.Conversation != "conversation" {
		t.Fatalf("got %+v, %v", actor, err)
	}
	if err := tokens.DeleteToken(t.Context(), "t", "id"); err != nil {
		t.Fatal(err)
	}
	if works(t, a, secret) {
		t.Error("it works after its conversation has gone")
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	a, tokens, _ := setup(t)
	secret, _ := create(t, a, "t", 0)
	works(t, a, secret)
	for range 4096 {
		s, _ := create(t, a, "t", 0)
		works(t, a, s)
	}
	before := tokens.count()
	if !works(t, a, secret) || tokens.count() != before+1 {
		t.Error("the first of more than 4096 actors is still remembered")
	}
}

func TestConsoleTokensAreNamedAsSuch(t *testing.T) {
	t.Parallel()
	a, _, c := setup(t)
	secret, token, err := a.CreateConsole(t.Context(), "t", "chat", time.Hour)
	if err != nil || token.Source != auth.SourceConsole || !token.Expires.Equal(c.now().Add(time.Hour)) {
		t.Errorf("got %+v, %v", token, err)
	}
	if !works(t, a, secret) {
		t.Error("it does not work")
	}
}
