package schema_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/schema"
)

func TestTheCacheKeepsWhatWasUsedLast(t *testing.T) {
	t.Parallel()
	cache := schema.NewCache(64 << 10)
	get := func(i int) *schema.Schema {
		s, err := cache.Compile("f", convo.JSON(fmt.Sprintf(`{"properties":{"p%d":{"type":"string"}}}`, i)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := get(0), get(1)
	for i := 2; i < 100; i++ {
		if get(0) != first {
			t.Fatalf("what is used all the time was forgotten after %d others", i)
		}
		get(i)
	}
	if get(1) == second {
		t.Error("what was not used for long is still there: the cache has no bound")
	}
}

func TestWhatIsLargerThanTheCacheIsNotKept(t *testing.T) {
	t.Parallel()
	cache := schema.NewCache(1)
	for range 2 {
		s, err := cache.Compile("f", convo.JSON(weather))
		if err != nil || s.Check(convo.JSON(`{}`)) == nil {
			t.Errorf("got %v, want a schema that checks", err)
		}
	}
}

func TestManyGoroutinesShareTheCache(t *testing.T) {
	t.Parallel()
	cache := schema.NewCache(32 << 10)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 50 {
				s, err := cache.Compile("f", convo.JSON(fmt.Sprintf(`{"properties":{"p%d":{"type":"string"}}}`, (g+i)%20)))
				if err != nil || s.Check(convo.JSON(`{"other":1}`)) != nil || !s.Checked() {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	all.Wait()
}
