package remote

import "encoding/json"

// maxSignature bounds what a provider wants back with a call. What is longer is
// left out, as if the provider had not said it.
const maxSignature = 256 << 10

// signature is what a driver puts around it. The same value means nothing to
// another provider, or to another model of the same.
type signature struct {
	Of    string          `json:"of"`
	Value json.RawMessage `json:"value"`
}

// Sign makes the Signature of a call: the value that only that driver and model
// can use. It is "" if the value is too long.
func Sign(driver, model string, value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return "" // cannot be: the values are strings and lists of them
	}
	signed, err := json.Marshal(signature{Of: driver + "/" + model, Value: raw})
	if err != nil || len(signed) > maxSignature {
		return ""
	}
	return string(signed)
}

// Signed reads the Signature of a call that the same driver and model made. It
// reports false for any other.
func Signed(signed, driver, model string, value any) bool {
	var s signature
	if signed == "" || json.Unmarshal([]byte(signed), &s) != nil || s.Of != driver+"/"+model {
		return false
	}
	return json.Unmarshal(s.Value, value) == nil
}
