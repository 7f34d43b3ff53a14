package engine

import (
	"context"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Datasets is the place of datasets.
func Datasets() Place { return Place{Kind: convo.ObjectDataset} }

// The bounds of a dataset's settings.
const (
	MinRecordTokens = 16
	MaxRecordTokens = 8192
	MaxFound        = 100     // records of one search
	MaxSearchTokens = 100_000 // that the records of one search have together
	maxSeparators   = 64      // lines; each is looked for in all of a file
)

// What holds for a dataset that does not say it. docs/retrieval.md gives the reasons.
const (
	recordTokens = 512
	foundRecords = 5
	foundTokens  = 2048
	foundScore   = 0
)

// checkDataset holds a dataset's settings against their bounds.
func (e *Engine) checkDataset(d convo.Dataset) error {
	if err := e.checkTexts(d.Store, d.Reranker, d.MatchInstruction, d.MismatchInstruction, d.Separators); err != nil {
		return err
	}
	if n := strings.Count(strings.TrimRight(text(d.Separators), "\n"), "\n") + 1; n > maxSeparators {
		return convo.Errorf(convo.Invalid, "separators has %d lines, and may have %d: one for each text at which files are split", n, maxSeparators)
	}
	if s := d.SearchMinScore; s != nil && !(*s >= 0 && *s <= 1) {
		return convo.Errorf(convo.Invalid, "searchMinScore must be a number from 0 to 1")
	}
	for _, n := range []struct {
		name      string
		value     *int64
		low, high int64
	}{
		{"recordMaxTokens", d.RecordMaxTokens, MinRecordTokens, MaxRecordTokens},
		{"searchMaxRecords", d.SearchMaxRecords, 1, MaxFound},
		{"searchMaxTokens", d.SearchMaxTokens, 1, MaxSearchTokens},
	} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			return convo.Errorf(convo.Invalid, "%s must be a whole number from %d to %d", n.name, n.low, n.high)
		}
	}
	return nil
}

// dataset finds one of a tenant by its id or alias, for what names it in a field.
func (e *Engine) dataset(ctx context.Context, tenant, name string) (convo.Object, error) {
	o, err := e.store.Object(ctx, tenant, convo.ObjectDataset, name)
	if err != nil {
		return o, unknownReference("datasetId", convo.ObjectDataset, name, err)
	}
	return o, nil
}

// ownDataset finds one for its tenant's own secrets.
func (e *Engine) ownDataset(ctx context.Context, actor convo.Actor, name string) (convo.Object, error) {
	return e.Object(ctx, actor, Datasets(), name)
}

// findDataset is ownDataset inside a transaction.
func findDataset(tx store.Tx, name string) (convo.Object, error) {
	return findObject(tx, Datasets(), name)
}
