package openid

import "testing"

// FuzzReadKeys reads what a provider publishes.
func FuzzReadKeys(f *testing.F) {
	for _, text := range []string{"", "{}", `{"keys":null}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, `{"keys":[{"kty":"oct","k":"AA"},[],null]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, _ := readKeys(text)
		for _, k := range keys {
			if !k.IsPublic() || !k.Valid() {
				t.Errorf("a key that is not public is used: %+v", k)
			}
		}
	})
}
