package anthropic

import (
	"strings"
	"testing"
)

func TestEndlessThoughtsTakeBoundedRoom(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{"long ones": strings.Repeat("x", 1<<16), "empty ones": ""} {
		var m mind
		for i := range 100_000 {
			e := event{Index: i}
			e.Block.Type, e.Block.Data = "redacted_thinking", data
			m.begin(&e)
		}
		kept := 0
		for _, d := range m.before {
			kept += len(d.data) + len(d.text)
		}
		if len(m.before) > 10_000 || kept > maxThoughts {
			t.Errorf("%s: %d thoughts with %d bytes are kept", name, len(m.before), kept)
		}
		if signed := m.sign("m"); signed != "" {
			t.Errorf("%s: a call is signed with a part of them: %d bytes", name, len(signed))
		}
	}
}
