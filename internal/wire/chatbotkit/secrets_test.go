package chatbotkit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/transfer"
)

// TestTheValueOfASecretIsNowhereToBeSeen sends a value by every operation that
// takes one, well and badly, and looks for it in all that comes back, in the
// log, and in an export.
func TestTheValueOfASecretIsNowhereToBeSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const value = "super-secret-value-quokkas"
	var seen []string
	say := func(q request) {
		seen = append(seen, b.do(q).body)
	}
	with := func(members string) string { return `{"value":"` + value + `"` + members + `}` }
	id := b.create("/v1/secret/create", with(`,"name":"KEY","alias":"key"`))
	for _, body := range []string{
		with(`,"type":"nothing"`), with(`,"alias":"key"`), with(`,"meta":7`), with(`,"alias":"a b"`), with(`,"config":[]`),
		`{"value":["` + value + `"]}`, `{"value":"` + value + strings.Repeat("x", 300<<10) + `"}`, `{"value":"` + value,
	} {
		say(request{path: "/v1/secret/create", body: body})
		say(request{path: "/v1/secret/" + id + "/update", body: body})
	}
	for _, accept := range []string{"", jsonl} {
		say(request{path: "/v1/secret/key/update", body: with(``), accept: accept, header: map[string]string{"Idempotency-Key": "k" + accept}})
		say(request{path: "/v1/secret/key/update", body: with(``), accept: accept, header: map[string]string{"Idempotency-Key": "k" + accept}})
		say(request{path: "/v1/secret/key/fetch", accept: accept})
		say(request{path: "/v1/secret/list", accept: accept})
		say(request{path: "/v1/secret/key/verify", body: `{}`, accept: accept})
		say(request{path: "/v1/secret/key/authenticate", body: `{}`, accept: accept})
	}
	var export bytes.Buffer
	must(t, transfer.Export(t.Context(), b.store, "one", &export, nil, nil))
	if !strings.Contains(export.String(), id) {
		t.Error("the secret is not in the export at all")
	}
	stored, err := b.store.Object(t.Context(), "one", convo.ObjectSecret, id)
	must(t, err)
	for what, text := range map[string]string{
		"an answer": strings.Join(seen, "\n"), "the log": b.log.String(), "an export": export.String(), "the store": string(stored.Sealed),
	} {
		if strings.Contains(text, value) || strings.Contains(text, "quokkas") {
			t.Errorf("%s has the value", what)
		}
	}
}

func TestAContactRevokesNoSecretOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.create("/v1/secret/create", `{"name":"KEY","alias":"key","value":"v"}`)
	none := b.create("/v1/secret/create", `{"name":"NONE"}`)
	b.create("/v1/contact/create", `{"fingerprint":"ann"}`)
	do := func(contact, secret, verb string) answer {
		return b.do(request{path: "/v1/contact/" + contact + "/secret/" + secret + "/" + verb, body: `{}`})
	}
	for _, c := range []struct{ secret, verb, want string }{
		{"key", "verify", `{"id":"` + key + `","status":"authenticated"}`},
		{none, "verify", `{"id":"` + none + `","status":"unauthenticated"}`},
		{"key", "authenticate", `{"id":"` + key + `","url":""}`},
		{none, "revoke", `{"id":"` + none + `"}`},
	} {
		if a := do("ann", c.secret, c.verb); a.status != 200 || strings.TrimSpace(a.body) != c.want {
			t.Errorf("%s of %s: %d %s", c.verb, c.secret, a.status, a.body)
		}
		if a := do("bob", c.secret, c.verb); a.status != 404 {
			t.Errorf("%s for an unknown contact: %d %s", c.verb, a.status, a.body)
		}
		if a := do("ann", "nothing", c.verb); a.status != 404 {
			t.Errorf("%s of an unknown secret: %d %s", c.verb, a.status, a.body)
		}
	}
	if a := do("ann", "key", "revoke"); a.status != 200 {
		t.Errorf("revoked: %d %s", a.status, a.body)
	}
	if a := do("ann", "key", "verify"); !strings.Contains(a.body, `"authenticated"`) {
		t.Errorf("the value is gone: %s", a.body)
	}
}
