package openid

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/parleyhq/parley/internal/convo"
)

const (
	askAgain  = 10 * time.Second // at the earliest after the last time
	fresh     = time.Hour        // after that the keys are asked for again
	stale     = 24 * time.Hour   // after that they are trusted no more
	fetchTime = 5 * time.Second  // for discovery and keys together
	fetchSize = 1 << 20          // bytes of either
)

// keys are the public keys of a provider.
type keys struct {
	issuer string
	now    func() time.Time
	log    *slog.Logger
	client *http.Client

	mu       sync.Mutex // guards what follows; not held while keys are fetched
	known    []jose.JSONWebKey
	fetched  time.Time     // when known came; zero = never
	asked    time.Time     // when they were asked for the last time, whatever came of it
	fetching chan struct{} // closed when the fetch that runs has ended; nil = none runs
}

func newKeys(issuer string, now func() time.Time, log *slog.Logger) *keys {
	return &keys{issuer: issuer, now: now, log: log, client: &http.Client{
		// They are needed once an hour: a connection that is kept would be closed by then.
		Transport: bounded{&http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}},
	}}
}

// find gives the keys that a token with that key id may be signed with; "" stands
// for all of them. It fetches what it does not know, or waits for somebody who
// does, and refuses ids that the provider does not have.
func (k *keys) find(ctx context.Context, id string) ([]crypto.PublicKey, error) {
	began := k.now()
	for {
		k.mu.Lock()
		now := k.now()
		found := k.matching(id, now)
		waiting := k.fetching
		old, due := now.Sub(k.fetched) >= fresh, now.Sub(k.asked) >= askAgain
		switch {
		case found != nil && (!old || waiting != nil || !due):
			k.mu.Unlock()
			return found, nil
		case waiting == nil && due:
			k.fetching, k.asked = make(chan struct{}), now
			k.mu.Unlock()
			k.fetch(ctx)
			continue
		case waiting == nil:
			// The keys came after this token: it has none of them.
			unknown := found == nil && !k.fetched.Before(began)
			k.mu.Unlock()
			if unknown {
				return nil, refused(fmt.Errorf("its key %.100q is not the provider's", id))
			}
			return nil, unavailable()
		}
		k.mu.Unlock()
		select {
		case <-waiting:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func unavailable() error {
	return &convo.Error{
		Kind: convo.Unavailable, RetryAfter: askAgain,
		Message: "the keys of the identity provider cannot be had just now, so nobody can tell whether the token is good; try again",
	}
}

// matching gives the keys with an id, nil if there are none. The caller holds the
// lock.
func (k *keys) matching(id string, now time.Time) []crypto.PublicKey {
	if now.Sub(k.fetched) >= stale {
		return nil
	}
	var found []crypto.PublicKey
	for _, key := range k.known {
		if id == "" || key.KeyID == id {
			found = append(found, key.Key)
		}
	}
	return found
}

// fetch asks the provider for its keys, for all who wait: it does not end with the
// request that it began with.
func (k *keys) fetch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	known, err := k.download(ctx)
	if err != nil {
		k.log.WarnContext(ctx, "the keys of an identity provider cannot be had", "issuer", k.issuer, "error", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.fetching)
	k.fetching = nil
	if err == nil {
		k.known, k.fetched = known, k.now()
	}
}

// download gets the keys from where discovery says that they are.
func (k *keys) download(ctx context.Context) ([]jose.JSONWebKey, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.issuer)
	if err != nil {
		return nil, err
	}
	var where struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&where); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where.Keys, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers with status %d", where.Keys, resp.StatusCode)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where.Keys, err)
	}
	return readKeys(text)
}

// readKeys reads a set of keys (RFC 7517), without those that are not for
// signatures, or of a kind that is not known here.
func readKeys(text []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("the keys are no JSON: %w", err)
	}
	var usable []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) != nil || !key.Valid() || !key.IsPublic() || key.Use != "" && key.Use != "sig" {
			continue
		}
		usable = append(usable, key)
	}
	return usable, nil
}

// bounded ends answers that are larger than any that makes sense.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = limited{io.LimitReader(resp.Body, fetchSize), resp.Body}
	}
	return resp, err
}

type limited struct {
	io.Reader
	io.Closer
}
