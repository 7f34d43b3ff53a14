package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// BenchmarkRecords writes the records of a file as the indexing of one does: 200 in
// a transaction, each of about 1100 bytes.
func BenchmarkRecords(b *testing.B) {
	s := open(b, b.TempDir(), "")
	defer s.Close()
	ctx := b.Context()
	_, err := s.Update(ctx, "a", "", store.Durable, func(tx store.Tx) error {
		return tx.PutObject(convo.Object{Tenant: "a", ID: "d", Body: convo.Dataset{}, Created: time.Now(), Updated: time.Now()})
	})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, 1000)
	for i := range texts {
		var text strings.Builder
		for text.Len() < 1100 {
			fmt.Fprintf(&text, "w%d ", int(r.ExpFloat64()*300))
		}
		texts[i] = text.String()
	}
	now := time.Now()
	b.SetBytes(1100)
	b.ResetTimer()
	for n := 0; n < b.N; n += 200 {
		_, err := s.Update(ctx, "a", "", store.Durable, func(tx store.Tx) error {
			for i := range min(200, b.N-n) {
				err := tx.PutRecord(convo.Record{
					Tenant: "a", Dataset: "d", ID: uuid.Must(uuid.NewV7()).String(),
					RecordFields: convo.RecordFields{Text: texts[(n+i)%len(texts)]},
					File:         "01890000-0000-7000-8000-000000000001", Upload: "01890000-0000-7000-8000-000000000002.1",
					Place: int64(n + i + 1), Title: "A title > of the piece", Created: now, Updated: now,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
