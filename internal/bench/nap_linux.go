package bench

import (
	"syscall"
	"time"
)

// nap sleeps for a short time. Go's own timers wake an idle process on the
// millisecond only, by which time several tokens would be due at once.
func nap(d time.Duration) {
	rest := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&rest, nil) // a signal that ends it early does no harm
}
