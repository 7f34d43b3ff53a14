package main

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// notifyTime is how long the service manager may take to read a notification.
const notifyTime = time.Second

// notify tells the service manager that started this process how it is, if it
// wants to know (systemd's Type=notify): READY=1, STOPPING=1.
func (p *program) notify(states ...string) error {
	address := p.variable("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	// A name that begins with @ is in the abstract namespace, which net knows.
	conn, err := net.DialTimeout("unixgram", address, notifyTime)
	if err != nil {
		return fmt.Errorf("the service manager cannot be told: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyTime)); err != nil {
		return err
	}
	if _, err = conn.Write([]byte(strings.Join(states, "\n"))); err != nil {
		return fmt.Errorf("the service manager was not told: %w", err)
	}
	return nil
}

// variable is a variable of the environment; the last of two of a name counts.
func (p *program) variable(name string) (value string) {
	for _, pair := range p.env {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			value = v
		}
	}
	return value
}
