package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/schema"
)

type function struct {
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
}

// hundred makes the functions of a request, with schemas of 2 KiB.
func hundred(tb testing.TB) []byte {
	tb.Helper()
	functions := make([]function, 100)
	for i := range functions {
		var inner []string
		for p := range 14 {
			inner = append(inner, fmt.Sprintf(`"property_%d_%d":{"type":"string","nullable":true,"description":"%s"}`, i, p, strings.Repeat("what it is ", 7)))
		}
		functions[i] = function{fmt.Sprintf("function_%d", i), json.RawMessage(properties(strings.Join(inner, ",")))}
		if n := len(functions[i].Parameters); n < 1900 || n > 2200 {
			tb.Fatalf("a schema has %d bytes, not about 2 KiB", n)
		}
	}
	body, err := json.Marshal(functions)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// BenchmarkHundredFunctions measures what the schemas of a turn with 100
// functions cost: to find them all, and to check the arguments of one call. The
// first is what to compare with: to decode and encode the same body once.
func BenchmarkHundredFunctions(b *testing.B) {
	body := hundred(b)
	var functions []function
	if err := json.Unmarshal(body, &functions); err != nil {
		b.Fatal(err)
	}
	turn := func(b *testing.B, cache *schema.Cache) {
		var one *schema.Schema
		for _, f := range functions {
			s, err := cache.Compile(f.Name, convo.JSON(f.Parameters))
			if err != nil {
				b.Fatal(err)
			}
			one = s
		}
		if err := one.Check(convo.JSON(`{"property_99_3":"x"}`)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("decode and encode the body", func(b *testing.B) {
		for b.Loop() {
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("warm", func(b *testing.B) {
		cache := schema.NewCache(16 << 20)
		turn(b, cache)
		for b.Loop() {
			turn(b, cache)
		}
	})
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			turn(b, schema.NewCache(16<<20))
		}
	})
	b.Run("cold and all compiled", func(b *testing.B) {
		for b.Loop() {
			cache := schema.NewCache(16 << 20)
			for _, f := range functions {
				if s, err := cache.Compile(f.Name, convo.JSON(f.Parameters)); err != nil || !s.Checked() {
					b.Fatal(err)
				}
			}
		}
	})
}
