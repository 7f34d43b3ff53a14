package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func resealChecks() []check {
	return []check{{"everything encrypted is handed over once, and stored again", resealed}}
}

func resealed(t *testing.T, d Driver) {
	s := d.Open(t)
	ctx := t.Context()
	want := map[store.SealedPlace]string{}
	for n := range 40 {
		id := convo.RequestID{byte(n), 1}
		must(t, s.PutRequest(ctx, convo.Request{ID: id, Tenant: "a", Answer: fmt.Appendf(nil, "answer %d", n), Created: start()}))
		want[store.SealedPlace{Kind: store.SealedAnswer, Tenant: "a", ID: string(id[:])}] = fmt.Sprintf("answer %d", n)
		secret := object(convo.Secret{}, uuid(n+1))
		secret.Sealed = fmt.Appendf(nil, "secret %d", n)
		must(t, putObjects(t, s, secret))
		want[store.SealedPlace{Kind: store.SealedSecret, Tenant: "a", ID: uuid(n + 1)}] = fmt.Sprintf("secret %d", n)
	}
	must(t, s.PutRequest(ctx, convo.Request{ID: convo.RequestID{255}, Tenant: "a", Turn: "t", Created: start()}))
	must(t, putObjects(t, s, object(convo.Secret{}, uuid(99)), object(convo.Skillset{}, uuid(1))))
	must(t, s.PutSigningKey(ctx, convo.SigningKey{ID: "k", Sealed: []byte("key"), Created: start()}))
	want[store.SealedPlace{Kind: store.SealedSigningKey, ID: "k"}] = "key"
	w := converse(t, s, "b", uuid(1))
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event(uuid(5), convo.TurnOpened{})))
		must(t, tx.PutVault([]byte("vault 1")))
		must(t, tx.PutVault([]byte("+7")))
		return tx.PutInput(uuid(5), []byte("input"))
	})
	must(t, err)
	want[store.SealedPlace{Kind: store.SealedVault, Tenant: "b", ID: uuid(1)}] = "vault 1+7"
	want[store.SealedPlace{Kind: store.SealedInput, Tenant: "b", ID: uuid(5)}] = "input"

	got := map[store.SealedPlace]string{}
	must(t, s.Reseal(ctx, func(at store.SealedPlace, sealed []byte) []byte {
		got[at] += string(sealed)
		if bytes.HasSuffix(sealed, []byte("7")) {
			return nil // stays
		}
		return append(sealed, " again"...)
	}))
	equal(t, "what was handed over", got, want)
	for id, text := range map[convo.RequestID]string{{1, 1}: "answer 1 again", {7, 1}: "answer 7"} {
		r, _, err := s.Request(ctx, id)
		must(t, err)
		equal(t, "an answer", string(r.Answer), text)
	}
	input, err := s.Input(ctx, "b", uuid(1), uuid(5))
	must(t, err)
	equal(t, "an input", string(input), "input again")
	vault, err := s.Vault(ctx, "b", uuid(1))
	must(t, err)
	equal(t, "a vault", texts(vault), []string{"vault 1 again", "+7"})
	secret, err := s.Object(ctx, "a", convo.ObjectSecret, uuid(2))
	must(t, err)
	equal(t, "a secret", string(secret.Sealed), "secret 1 again")
	keys, err := s.SigningKeys(ctx)
	must(t, err)
	equal(t, "a signing key", string(keys[0].Sealed), "key again")
}
