package document

import "golang.org/x/sys/unix"

// refuse has the system refuse memory beyond a bound: what one allocation takes is
// gone before anybody can look.
func refuse(most int64) {
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(most), Max: uint64(most)}) // without it, the watch remains
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
