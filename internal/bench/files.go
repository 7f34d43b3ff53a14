package bench

import (
	"fmt"
	"syscall"
)

// openFiles is how many files a worker may have open. Go raises the limit of
// each process to the most that it may be by itself.
func openFiles() (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("the limit of open files cannot be read: %w", err)
	}
	return uint64(limit.Max), nil
}
