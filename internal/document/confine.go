package document

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// confine makes this process end itself when its memory goes beyond a bound. The
// collector works harder before that, and where the system can, it refuses memory.
func confine(most int64) {
	debug.SetMemoryLimit(most * 3 / 4)
	refuse(2 * most)
	go func() {
		used := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for range time.Tick(10 * time.Millisecond) {
			metrics.Read(used)
			if used[0].Value.Uint64()-used[1].Value.Uint64() > uint64(most) {
				os.Stderr.WriteString("out of memory\n")
				os.Exit(exitMemory)
			}
		}
	}()
}

// exitMemory is how a process ends that would take too much memory.
const exitMemory = 3
