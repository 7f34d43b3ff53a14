package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

func TestAFileIsSplitAnewIfItsDatasetWasChangedInBetween(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{RecordMaxTokens: new(int64(16))})
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "Paragraph %d %s.\n\n", i, strings.Repeat("x", 50))
	}
	f := b.source("a.txt", "text/plain", text.String())
	b.attach(d, f)
	before := b.entry(d, f, convo.IndexDone)
	b.stop()
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error { // as a process leaves it that dies
		entry, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(d, f))
		if err != nil {
			return err
		}
		body, _ := entry.Body.(convo.DatasetFile)
		body.State, body.Done = convo.IndexRuns, before.Total/2
		entry.Body = body
		if err := tx.PutObject(entry); err != nil {
			return err
		}
		dataset, err := tx.Object(convo.ObjectDataset, d)
		if err != nil {
			return err
		}
		dataset.Body = convo.Dataset{RecordMaxTokens: new(int64(512))}
		return tx.PutObject(dataset)
	})
	if err != nil {
		t.Fatal(err)
	}
	b.start()
	after := b.entry(d, f, convo.IndexDone)
	page, err := b.Records(t.Context(), b.actor, d, engine.List{Take: 1000})
	if err != nil || after.Done != after.Total || int64(len(page.Items)) != after.Total || after.Total >= before.Total {
		t.Errorf("there are %d records, %v; the file is %+v, and was %+v", len(page.Items), err, after, before)
	}
}
