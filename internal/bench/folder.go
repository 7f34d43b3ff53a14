package bench

import (
	"context"
	"io/fs"
	"path/filepath"
)

// folder is a row that compares the size of a data folder with the text in it.
type folder struct{ conversations int }

func (m folder) measure(ctx context.Context, b *bench, r *Result) error {
	m.conversations = max(int(b.Scale*float64(m.conversations)), 1)
	r.notef("%d conversations with %d messages (--scale %g); answers came in pieces of 4.5 bytes on average, 50 a second",
		m.conversations, m.conversations*messagesEach, b.Scale)
	words, err := b.store(ctx, storeOf(m.conversations))
	if err != nil {
		return err
	}
	spec := storeOf(max(m.conversations/10, 1)) // a tenth says as much, and takes less
	spec.Noise = true
	random, err := b.store(ctx, spec)
	if err != nil {
		return err
	}
	if err := b.check(ctx, random.data); err != nil { // the other may have a server, and takes long
		return err
	}
	r.notef("parley check accepts the folder of random characters, which the same code wrote")
	r.add(goal{name: "size, like English", unit: "MB", kind: Ratio, limit: 1.6}, []pair{words.sizes()})
	r.add(goal{name: "size, random characters", unit: "MB", kind: Ratio}, []pair{random.sizes()})
	return nil
}

// sizes compares the folder with its text, in megabytes.
func (s *filledStore) sizes() pair {
	return pair{float64(s.size) / 1e6, float64(s.written.Text) / 1e6}
}

func folderSize(folder string) (size int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
