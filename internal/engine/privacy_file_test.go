package engine_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

func TestAFileIsCutWithinNoValue(t *testing.T) {
	t.Parallel()
	for _, value := range []string{harbour, mail, card} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			b, m := withMimic(t, nil, func(int, *model.Request) []model.Event { return said("ok") })
			b.fixed.window = 8000
			for before := 8000 - 200; before < 8000-40; before += 7 {
				id := b.conversation(privately(convo.Fields{}))
				content := strings.Repeat("é", before/2) + " in " + value + strings.Repeat(" and so on", 4000)
				b.attachFile(id, "text/plain", content)
				r, err := b.Complete(t.Context(), b.actor, id, knowing("What does it say?"), nil)
				if err != nil {
					t.Fatal(err)
				}
				b.read(r)
			}
			all := m.all()
			if !strings.Contains(all, "is left out]") || !strings.Contains(all, "ééé") {
				t.Fatal("no file was cut")
			}
			mustNotHold(t, "the prompts", all, append(halves, "ann.", "4111", "mail.example")...)
		})
	}
}
