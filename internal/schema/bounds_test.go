package schema_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/schema"
)

// repeated is a schema that refers to one definition many times.
func repeated(definition string) convo.JSON {
	var refs strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&refs, `"%d":{"$ref":"#/$defs/d"},`, i)
	}
	return convo.JSON(`{"$defs":{"d":` + definition + `},"properties":{` + strings.TrimSuffix(refs.String(), ",") + `}}`)
}

// many is an object with many members of one value.
func many(value string) string {
	var members strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&members, `"%x":%s,`, i, value)
	}
	return `{` + strings.TrimSuffix(members.String(), ",") + `}`
}

func TestASmallSchemaCannotCostMuch(t *testing.T) { // not parallel: it counts what is allocated
	for name, definition := range map[string]string{
		"many members":      many("1"),
		"many properties":   `{"properties":` + many("1") + `}`,
		"many dependencies": `{"dependencies":` + many("[]") + `}`,
		"many alternatives": `{"anyOf":[` + strings.TrimSuffix(strings.Repeat("1,", 60_000), ",") + `]}`,
		"a long pattern":    `{"pattern":"` + strings.Repeat("a*", 70_000) + `"}`,
		"many patterns":     `{"additionalProperties":{},"patternProperties":` + many("true") + `}`,
		"a long reference":  `{"$ref":"#` + strings.Repeat("/", 140_000) + `"}`,
		"an annotated one":  `{"$ref":"#/$defs/e","title":"x"},"e":` + many("1"),
	} {
		parameters := repeated(definition)
		if len(parameters) > schema.MaxBytes {
			t.Fatalf("%s: %d bytes", name, len(parameters))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := schema.NewCache(1<<20).Compile("f", parameters)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 200 {
			t.Errorf("%s: %d MiB for %d KiB", name, used, len(parameters)>>10)
		} else {
			t.Logf("%s: %d MiB", name, used)
		}
		if len(s.Provider()) == 0 {
			t.Errorf("%s: nothing for providers", name)
		}
	}
}

func TestTrueAndFalseAreSchemasToo(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat("true,", 40_000), ",") // they took seconds to compile
	s, err := schema.NewCache(1<<20).Compile("f", convo.JSON(`{"anyOf":[`+many+`]}`))
	if err != nil || s.Checked() {
		t.Errorf("it is checked: %v", err)
	}
}

func TestTheCacheCountsWhatItKnowsSchemasBy(t *testing.T) { // not parallel: it measures memory
	c := schema.NewCache(1 << 20)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 300 { // little is left of each
		blank := strings.Repeat(" ", 250<<10)
		if _, err := c.Compile("f", convo.JSON(fmt.Sprint(`{"title":"`, i, `"`, blank, `}`))); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20; kept > 8 {
		t.Errorf("a cache of 1 MiB keeps %d MiB", kept)
	}
	runtime.KeepAlive(c)
}

func TestACheckThatWouldCostTooMuchPasses(t *testing.T) {
	t.Parallel()
	for n, passes := range map[int]bool{50: false, 1500: true} {
		ones := strings.TrimSuffix(strings.Repeat("1,", n), ",")
		s, err := schema.NewCache(1<<20).Compile("f", convo.JSON(`{"properties":{"a":{"items":{"enum":[`+ones+`]}}}}`))
		if err != nil || !s.Checked() {
			t.Fatal(err, s.Fault())
		}
		twos := strings.ReplaceAll(ones, "1", "2")
		if err := s.Check(convo.JSON(`{"a":[` + twos + `]}`)); (err == nil) != passes {
			t.Errorf("%d values against %d: %v", n, n, err)
		}
	}
}
