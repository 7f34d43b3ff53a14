package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// saidOf is what the list of a dataset's files says of its only one.
func (b *bundle) saidOf(dataset string) convo.DatasetFile {
	b.t.Helper()
	page, err := b.DatasetFiles(b.t.Context(), b.actor, dataset, engine.List{})
	if err != nil || len(page.Items) != 1 {
		b.t.Fatal(page, err)
	}
	return page.Items[0].Entry
}

func TestAFileThatCannotBeEmbeddedSaysWhyAndIsFoundByItsWords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		l := &letters{}
		b.embeds(l)
		d, other := b.dataset(convo.Dataset{}), b.dataset(convo.Dataset{})
		b.record(d, "before", "")
		synctest.Wait()
		fail := map[string]func(){
			"out of order": func() {
				l.set(func([]string) error { return convo.Errorf(convo.UpstreamFailed, "the service is out of order") })
			},
			"a vector of 4 values": func() { l.resize(4) },
		}
		f := b.source("a.txt", "text/plain", "some words")
		b.attach(d, f)
		b.attach(other, b.source("b.txt", "text/plain", "more words"))
		synctest.Wait()
		for want, fail := range fail {
			if e := b.saidOf(d); e.State != convo.IndexDone || e.Error != "" {
				t.Errorf("while all is well: %+v", e)
			}
			fail()
			b.fill(f, "a.txt", "text/plain", "words of "+want)
			synctest.Wait()
			if e := b.saidOf(d); e.State != convo.IndexDone || !strings.Contains(e.Error, want) {
				t.Errorf("%+v, want the error %q", e, want)
			}
			if e := b.saidOf(other); e.Error != "" {
				t.Errorf("another dataset: %+v", e)
			}
			b.wantFound(d, "of", "words of "+want)
			b.wantFound(d, "before", "before")
			l.set(nil)
			l.resize(0)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
		}
	})
}
