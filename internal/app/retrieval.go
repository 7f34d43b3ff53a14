package app

import (
	"context"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
	"github.com/parleyhq/parley/internal/retrieve/vector"
)

// texts opens what finds records by their words.
func (a *App) texts() retrieve.Texts {
	index := fulltext.New(a.store, fulltext.Options{Memory: a.indexMemory(), Log: a.log})
	a.onClose(index.Close)
	return index
}

// vectors opens what finds records by what they mean; nil, where nothing embeds.
func (a *App) vectors() retrieve.Vectors {
	if !a.cfg.Embedding.Configured() {
		return nil
	}
	index := vector.New(a.store, vector.Options{Memory: a.indexMemory(), Log: a.log})
	a.onClose(index.Close)
	return index
}

// indexMemory is what each of the indexes may take.
func (a *App) indexMemory() int64 {
	memory := int64(a.cfg.Retrieval.Memory)
	if a.cfg.Embedding.Configured() {
		memory /= 2
	}
	return memory
}

// inline makes the search of records that come with a turn.
func inline(records []convo.Record) func(retrieve.Query) []retrieve.Hit {
	return fulltext.Build(records).Search
}

// botDatasets says which datasets the agents of the configuration search.
func botDatasets(cfg config.Config) func(tenant, bot string) []string {
	type name struct{ tenant, bot string }
	known := map[name][]string{}
	for _, a := range cfg.Agents {
		known[name{cfg.TenantOf(a), a.ID}] = a.Datasets
	}
	return func(tenant, bot string) []string { return known[name{tenant, bot}] }
}

// search is what abilities search with. They are made before the engine.
func (a *App) search(ctx context.Context, tenant, dataset, text string) (convo.JSON, error) {
	return a.engine.SearchForTool(ctx, tenant, dataset, text)
}
