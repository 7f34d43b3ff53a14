package ability_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/ability"
)

// Not parallel: it counts what is allocated. Every turn parses its abilities, so
// that none may take a time that grows faster than its text.
func TestAHostileInstructionIsParsedWithFewAllocations(t *testing.T) {
	const size = 256 << 10
	var many strings.Builder
	for i := 0; many.Len() < size-32; i++ {
		fmt.Fprintf(&many, "$[a%d]", i)
	}
	for name, text := range map[string]string{
		"dollars": strings.Repeat("$", size), "opened secrets": strings.Repeat("${", size/2), "no names": strings.Repeat("${-}", size/4),
		"many parameters": many.String(),
	} {
		if n := testing.AllocsPerRun(1, func() { _, _ = ability.Parse(text) }); n > 2000 {
			t.Errorf("%s: %.0f allocations", name, n)
		}
	}
}

func TestModifiersCannotMultiplyAValueWithoutEnd(t *testing.T) {
	t.Parallel()
	_, err := ability.Parse("$[a" + strings.Repeat(" js", 5) + "]")
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "more than 4 modifiers") {
		t.Errorf("five modifiers: %v", err)
	}
	if _, err := ability.Parse("$[a! js euc ys js integer default<1>]"); err != nil {
		t.Errorf("four: %v", err)
	}
}

// A template of 256 KiB has room for a placeholder 60 000 times.
func TestWhatIsFilledInIsBounded(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	s := newSet(t, objects{}, u.host)
	often, value := strings.Repeat("$[a]", 60_000), `{"a":"`+strings.Repeat("x", 256<<10)+`"}`
	for name, block := range map[string]string{
		"a body": "POST " + u.URL + "\n\n" + often, "an address": "GET " + u.URL + "/" + often,
		"headers": "GET " + u.URL + strings.Repeat("\nX: $[a]", 20_000),
	} {
		if got, err := call(t, s, fetchBlock(block), value); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s: %.80s, %v", name, got, err)
		}
	}
	if len(u.got) != 0 {
		t.Error("a request was made all the same")
	}
	for name, text := range map[string]string{"no action": often, "a text": "```text\n" + often + "\n```"} {
		if got, err := call(t, s, tool.Ability{Name: "a", Instruction: text}, value); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s: %.80s, %v", name, got, err)
		}
	}
	if got, err := call(t, s, tool.Ability{Name: "a", Instruction: "$[a]$[a]"}, value); err != nil || len(got) > tool.MaxOutput || !strings.HasSuffix(got, `its beginning]"`) {
		t.Errorf("twice the value: %d bytes, %v", len(got), err)
	}
}
