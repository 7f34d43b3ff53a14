package bench

import (
	"bytes"
	"os"
	"strconv"
)

// resident gives the bytes of a process, or of "self", that are in memory; 0 if
// it cannot be said. Pages that it shares with files count, as they do in every
// tool that operators use.
func resident(pid string) int64 {
	data, err := os.ReadFile("/proc/" + pid + "/statm")
	fields := bytes.Fields(data)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
