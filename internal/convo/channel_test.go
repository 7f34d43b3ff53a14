package convo_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

func TestAChannelIDIsLongAndFitsIntoAPath(t *testing.T) {
	t.Parallel()
	for id, good := range map[string]bool{
		"0123456789abcdef":                 true,
		"weather-0123456789abcdef":         true,
		strings.Repeat("ž", 16):            true,
		strings.Repeat("x", 256):           true,
		"":                                 false,
		"0123456789abcde":                  false,
		strings.Repeat("x", 257):           false,
		"0123456789 abcdef":                false,
		"0123456789\nabcdef":               false,
		"0123456789abcdef\n":               false,
		"0123456789/abcdef":                false,
		"0123456789?abcdef":                false,
		"0123456789#abcdef":                false,
		"0123456789%abcdef":                false,
		"0123456789\x00abcdef":             false,
		"0123456789abcdef\xff":             false,
		"0123456789abcdef/../0123456789ab": false,
	} {
		err := convo.CheckChannel(id)
		if (err == nil) != good || err != nil && convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}
