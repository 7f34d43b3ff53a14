package engine

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/store"
)

// How records are embedded: as long as a provider may take for some of them, and as
// much of one as providers take.
const (
	embedTime  = time.Minute
	embedBytes = 24 << 10
)

// embedLater has a dataset's records embedded that have no vector yet, in the
// background. Until then they are found by their words.
func (e *Engine) embedLater(tenant, dataset string) {
	if e.embedder != nil && dataset != "" {
		e.embedding.want(indexJob{tenant: tenant, dataset: dataset})
	}
}

// embedTrouble says why records of a dataset have no vectors yet; "" = they have, or
// nothing has gone wrong.
func (e *Engine) embedTrouble(tenant, dataset string) string {
	err := e.embedding.trouble(indexJob{tenant: tenant, dataset: dataset})
	if err == nil {
		return ""
	}
	return "what is new is found by its words alone, until it can be embedded: " + convo.PublicError(err).Message
}

// startEmbedding looks through all datasets, in the background: the process before
// this one may have left some, or embedded in another space.
func (e *Engine) startEmbedding() {
	if e.embedder != nil {
		e.embedding.want(indexJob{})
	}
}

// embed does what a job of the embedding says.
func (e *Engine) embed(job indexJob) error {
	ctx, err := e.calm, error(nil)
	if job.dataset == "" {
		err = e.findUnembedded(ctx)
	} else {
		err = e.embedDataset(ctx, job)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (e *Engine) findUnembedded(ctx context.Context) error {
	return e.eachDataset(ctx, func(tenant, dataset string) { e.embedLater(tenant, dataset) })
}

// eachDataset calls fn with every dataset of every tenant, and with their memories.
func (e *Engine) eachDataset(ctx context.Context, fn func(tenant, dataset string)) error {
	snapshot, err := e.store.Snapshot(ctx)
	if err != nil {
		return err
	}
	tenants, err := snapshot.Tenants(ctx)
	if err := errOr(err, snapshot.Close()); err != nil {
		return err
	}
	for _, tenant := range tenants {
		fn(tenant, convo.MemoryDataset)
		q := store.ObjectQuery{Kind: convo.ObjectDataset, Limit: MaxTake}
		for more := true; more; {
			page, err := e.store.Objects(ctx, tenant, q)
			if err != nil {
				return err
			}
			for _, o := range page {
				fn(tenant, o.ID)
				q.After = store.Position{Created: o.Created, ID: o.ID}
			}
			more = len(page) == q.Limit
		}
	}
	return nil
}

// embedDataset embeds what has no vector, in the order of the changes. What fails
// leaves the rest for the next try.
func (e *Engine) embedDataset(ctx context.Context, job indexJob) error {
	space, after := e.embedder.Space(), int64(0)
	for {
		records, err := e.store.Unembedded(ctx, job.tenant, job.dataset, space, after, max(1, e.embedder.Batch()))
		if err != nil {
			return ignoreMissing(err)
		}
		if len(records) == 0 {
			return e.dropSpaces(ctx, job, space)
		}
		if err := e.embedRecords(ctx, job, space, records); err != nil {
			return err
		}
		after = records[len(records)-1].Change
	}
}

// dropSpaces removes the vectors of a dataset that no question is compared with any
// more: those that another model has made.
func (e *Engine) dropSpaces(ctx context.Context, job indexJob, kept string) error {
	spaces, err := e.store.Spaces(ctx, job.tenant, job.dataset)
	for space := range spaces {
		if space != kept && err == nil {
			err = e.store.DropSpace(ctx, job.tenant, job.dataset, space)
		}
	}
	return ignoreMissing(err)
}

// embedRecords embeds some records. If the provider refuses them together, one may be
// to blame: then each goes alone, and those that are refused stay without a vector.
func (e *Engine) embedRecords(ctx context.Context, job indexJob, space string, records []convo.Record) error {
	vectors, err := e.embedTexts(ctx, records)
	switch {
	case err == nil:
		return e.store.PutVectors(ctx, job.tenant, job.dataset, space, vectors)
	case convo.ErrorKind(err) != convo.Invalid:
		return err
	case len(records) == 1:
		e.log.Warn("a record cannot be embedded, and is found by its words alone",
			"tenant", job.tenant, "dataset", job.dataset, "record", records[0].ID, "error", err)
		return nil
	}
	for i := range records {
		if err := e.embedRecords(ctx, job, space, records[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) embedTexts(ctx context.Context, records []convo.Record) ([]convo.Vector, error) {
	texts := make([]string, len(records))
	for i, r := range records {
		texts[i] = cutText(r.Text, embedBytes)
		if r.Title != "" {
			texts[i] = cutText(r.Title+"\n\n"+r.Text, embedBytes)
		}
	}
	within, cancel := context.WithTimeout(ctx, embedTime)
	defer cancel()
	values, err := e.embedder.Embed(within, embed.Passage, texts)
	if err != nil {
		return nil, err
	}
	if len(values) != len(records) {
		return nil, convo.Errorf(convo.UpstreamFailed, "%d texts were sent to be embedded, and %d vectors came back", len(records), len(values))
	}
	vectors := make([]convo.Vector, len(records))
	for i, r := range records {
		vectors[i] = convo.Vector{Record: r.ID, Change: r.Change, Values: values[i]}
	}
	return vectors, nil
}
