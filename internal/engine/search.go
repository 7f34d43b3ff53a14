package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/retrieve"
)

// Search is what a caller looks for in a dataset.
type Search struct {
	Text   string
	Filter []Condition // on meta; all of them must hold
}

// Found is a record that a search found.
type Found struct {
	Record convo.Record
	Score  float64 // 0 to 1; see docs/retrieval.md
}

// finding is a search as the engine itself asks for it. The zero value of a bound is
// the dataset's own, and where it has none the server's.
type finding struct {
	Text     string
	Outside  string   // what a provider may see of Text; "" = all of it
	Must     []string // tags that a record must have: see [convo.Record.Tags]
	Filter   []Condition
	Records  int     // at most
	Tokens   int     // that they have together, but for the first one; below 0 = no bound
	MinScore float64 // what scores less is not found
}

// over fills in what the dataset says where q says nothing.
func (q finding) over(d convo.Dataset) finding {
	q.Records = cmp.Or(q.Records, int(number(d.SearchMaxRecords)), foundRecords)
	q.Tokens = cmp.Or(q.Tokens, int(number(d.SearchMaxTokens)), foundTokens)
	if q.MinScore == 0 && d.SearchMinScore != nil {
		q.MinScore = *d.SearchMinScore
	}
	q.MinScore = cmp.Or(q.MinScore, foundScore)
	return q
}

func number(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// Search finds records of a dataset of the actor's tenant, the best first: those that
// were committed before it began, as many as the dataset's settings say. It gives the
// dataset's id too, which may have been asked for by its alias.
func (e *Engine) Search(ctx context.Context, actor convo.Actor, dataset string, s Search) (id string, _ []Found, err error) {
	o, err := e.ownDataset(ctx, actor, dataset)
	if err != nil {
		return "", nil, err
	}
	if err := e.checkText(s.Text); err != nil {
		return "", nil, err
	}
	if e.texts == nil {
		return "", nil, convo.Errorf(convo.NotImplemented, "this server searches nothing")
	}
	found, err := e.find(ctx, actor.Tenant, o, finding{Text: s.Text, Filter: s.Filter})
	return o.ID, found, err
}

// SearchDataset finds what a tool asks for, by the dataset's id or alias.
func (e *Engine) SearchDataset(ctx context.Context, tenant, dataset, text string) ([]Found, error) {
	o, err := e.dataset(ctx, tenant, dataset)
	if err != nil {
		return nil, err
	}
	return e.find(ctx, tenant, o, finding{Text: text})
}

// find searches a dataset by its own settings where q has none.
func (e *Engine) find(ctx context.Context, tenant string, dataset convo.Object, q finding) ([]Found, error) {
	d, _ := dataset.Body.(convo.Dataset)
	return e.seek(ctx, retrieve.Collection{Tenant: tenant, Dataset: dataset.ID}, q.over(d))
}

// findMemories searches what a tenant has remembered.
func (e *Engine) findMemories(ctx context.Context, tenant string, q finding) ([]Found, error) {
	return e.seek(ctx, retrieve.Collection{Tenant: tenant, Dataset: convo.MemoryDataset}, q.over(convo.Dataset{}))
}

// How many hits are asked for: more than records, because some do not hold against
// the filter, or are gone; and again more, until there are enough.
const (
	extraHits = 8
	moreHits  = 4 // times
	mostHits  = 10_000
)

// seek asks the indexes for more and more hits, until enough of them are what is
// looked for.
func (e *Engine) seek(ctx context.Context, c retrieve.Collection, q finding) ([]Found, error) {
	if e.texts == nil {
		return nil, nil
	}
	exact, rest := splitConditions(q.Filter)
	must := append(slices.Clone(q.Must), exact...)
	vector := e.questionVector(ctx, cmp.Or(q.Outside, q.Text))
	var among []string
	if vector != nil && len(must) > 0 {
		var err error
		if among, err = e.tagged(ctx, c, must); err != nil {
			return nil, err
		}
	}
	s := &sieve{engine: e, in: c, want: q, must: must, rest: rest}
	for limit := q.Records + extraHits; ; limit *= moreHits {
		limit = min(limit, mostHits)
		hits, all, err := e.hits(ctx, c, retrieve.Query{Text: q.Text, Limit: limit, Must: must}, vector, among)
		if err != nil {
			return nil, err
		}
		if done, err := s.take(ctx, hits); err != nil || done || all || limit == mostHits {
			return s.within(q.Tokens), err
		}
	}
}

// taggedRecords is how many records a search by vectors is held to at most. Where a
// filter lets more pass, enough of them stand among the hits anyway.
const taggedRecords = 20_000

// tagged gives the records with all of the tags, which the index of vectors does not
// know; nil = there are too many.
func (e *Engine) tagged(ctx context.Context, c retrieve.Collection, tags []string) ([]string, error) {
	records, whole, err := e.texts.Tagged(ctx, c, tags, taggedRecords)
	if err != nil || !whole {
		return nil, err
	}
	return records, nil
}

// hits asks the indexes; all says that there are no more.
func (e *Engine) hits(
	ctx context.Context, c retrieve.Collection, q retrieve.Query, vector []float32, among []string,
) (hits []retrieve.Hit, all bool, err error) {
	texts, err := e.texts.Search(ctx, c, q)
	if err != nil || vector == nil {
		return texts, len(texts) < q.Limit, err
	}
	near, err := e.vectors.Search(ctx, c, e.embedder.Space(), vector, q.Limit, among)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, err
		}
		e.log.Warn("a dataset is searched by its words alone", "tenant", c.Tenant, "dataset", c.Dataset, "error", err)
		return texts, len(texts) < q.Limit, nil
	}
	return retrieve.Fuse(texts, near, q.Limit), len(texts) < q.Limit && len(near) < q.Limit, nil
}

// How a question is embedded. A provider that does not answer costs a search no more
// than this, and then it goes on by words alone.
const (
	questionTime  = 5 * time.Second
	questionBytes = 8 << 10
)

// questionVector is the vector of what is looked for; nil if there is none.
func (e *Engine) questionVector(ctx context.Context, text string) []float32 {
	if e.embedder == nil || e.vectors == nil || text == "" {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	vectors, err := e.embedder.Embed(within, embed.Question, []string{cutText(text, questionBytes)})
	if err != nil || len(vectors) != 1 {
		if ctx.Err() == nil {
			e.log.Warn("a question could not be embedded, and is searched for by its words alone", "error", err)
		}
		return nil
	}
	return vectors[0]
}
