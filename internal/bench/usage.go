package bench

import (
	"errors"
	"runtime"
	"syscall"
	"time"
)

// Usage is what a process has used since it began.
type Usage struct {
	CPU       time.Duration // user and system
	Resident  int64         // bytes in memory now; 0 where the system does not say
	Allocated uint64        // bytes of Go's heap ever allocated
	Stacks    uint64        // bytes of goroutines' stacks
	Heap      uint64        // bytes of Go's heap in use, garbage included
}

// errNoResident says that a row cannot be measured on this system.
var errNoResident = errors.New("the resident memory of a process is read from /proc, which only Linux has")

// used is the usage of this process.
func used() (Usage, error) {
	cpu, err := processorTime()
	if err != nil {
		return Usage{}, err
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return Usage{CPU: cpu, Resident: resident("self"), Allocated: memory.TotalAlloc, Stacks: memory.StackInuse, Heap: memory.HeapInuse}, nil
}

func processorTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
