package schema

import (
	"container/list"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
)

// Cache keeps the schemas that were used last, because the same functions come
// with every turn. It may be used by many goroutines.
type Cache struct {
	bytes int

	mu    sync.Mutex // guards what follows
	used  int
	known map[string]*list.Element // of entry, by the schema's text
	order *list.List               // the latest first
}

type entry struct {
	text   string
	schema *Schema
}

// NewCache makes a cache that holds about so many bytes.
func NewCache(bytes int) *Cache {
	return &Cache{bytes: bytes, known: map[string]*list.Element{}, order: list.New()}
}

// Compile gives the schema for the parameters of the function name, which is for
// the error only. The error is of kind Invalid: the parameters are larger than
// [MaxBytes] or deeper than [MaxDepth].
func (c *Cache) Compile(name string, parameters convo.JSON) (*Schema, error) {
	if s := c.find(parameters); s != nil {
		return s, nil
	}
	s, err := newSchema(name, parameters)
	if err != nil {
		return nil, err
	}
	return c.keep(string(parameters), s), nil
}

// find looks a schema up by its whole text: nobody can make two that are taken
// for each other.
func (c *Cache) find(parameters convo.JSON) *Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.known[string(parameters)]
	if !ok {
		return nil
	}
	c.order.MoveToFront(at)
	return at.Value.(entry).schema
}

// keep takes a schema in, unless another goroutine was faster: its one is given
// back then, so that it is compiled once.
func (c *Cache) keep(text string, s *Schema) *Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.known[text]; ok {
		return at.Value.(entry).schema
	}
	if cost(text, s) > c.bytes {
		return s
	}
	c.used += cost(text, s)
	c.known[text] = c.order.PushFront(entry{text: text, schema: s})
	for c.used > c.bytes {
		oldest := c.order.Remove(c.order.Back()).(entry)
		delete(c.known, oldest.text)
		c.used -= cost(oldest.text, oldest.schema)
	}
	return s
}

// cost is how many bytes a schema takes here, about: little may be left of a long
// text.
func cost(text string, s *Schema) int { return s.cost + len(text) }
