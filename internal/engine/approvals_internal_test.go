package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

// FuzzApproval reads what a client answers to an interrupt: it is a clear word, or
// refused.
func FuzzApproval(f *testing.F) {
	f.Add(`{"approved":true,"input":{"a":1}}`)
	f.Add(`{"value":{"approved":false}}`)
	f.Add(`{"value":{"value":{"approved":true}}}`)
	f.Fuzz(func(t *testing.T, value string) {
		approved, input, err := approval(convo.JSON(value))
		switch {
		case err != nil && (approved || input != nil || convo.ErrorKind(err) != convo.Invalid):
			t.Fatalf("%q gave %t, %s and %v", value, approved, input, err)
		case err == nil && !strings.Contains(value, fmt.Sprint(approved)):
			t.Fatalf("%q was taken as %t", value, approved)
		case input != nil && !json.Valid(input):
			t.Fatalf("%q gave the input %s", value, input)
		}
	})
}
