// Command parley is a self-hosted conversation server and the tools of its
// operator. parley help says what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // callers name time zones, and small images have no list of them
)

func main() {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	p := program{
		env: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr,
		interrupts: interrupts, self: executable(),
	}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}
