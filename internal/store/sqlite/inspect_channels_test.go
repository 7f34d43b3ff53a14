package sqlite_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/audit"

	parley "github.com/parleyhq/parley/internal/store/sqlite"
)

func TestAChannelIsCountedAnewOrGivenUp(t *testing.T) {
	t.Parallel()
	healthy := sound(t) // has two messages on a channel
	for damage, want := range map[string]string{
		`UPDATE channels SET count = 9, bytes = 1`:          `[1 "one" 2 2 3 3]`,
		`UPDATE channels SET last = 1`:                      `[1 "one" 2 2 3 3]`,
		`DELETE FROM channel_messages WHERE seq = 1`:        `[2 2 3 3]`,
		`DELETE FROM channel_messages WHERE seq = 2`:        `[3 3]`, // somebody may have seen 2
		`UPDATE channel_messages SET seq = 7 WHERE seq = 2`: `[8 3]`,
		`DELETE FROM channel_messages`:                      `[3 3]`,
	} {
		folder := copyFolder(t, healthy)
		execute(t, folder, damage)
		if _, err := parley.Repair(t.Context(), folder, audit.Options{Found: func(audit.Finding) {}}); err != nil {
			t.Fatal(err)
		}
		mustBeSound(t, folder)
		s := open(t, folder, "")
		_, err := s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error {
			_, err := tx.Publish("a-channel-of-some", convo.JSON(`3`), time.UnixMilli(1_800_000_000_000))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Published(t.Context(), "a", "a-channel-of-some", 0, 10)
		var got []string
		for _, m := range list {
			got = append(got, fmt.Sprint(m.Seq, " ", string(m.Message)))
		}
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("after %s: %v, want %s: %v", damage, got, want, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
