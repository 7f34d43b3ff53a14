package sqlite

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// systemBoot names the time since the machine was started; "" if it is not
// known. The time of the start will do where the session has no name: it moves
// when the clock is set, but a skip too many does no harm.
func systemBoot() (string, error) {
	if session, err := unix.Sysctl("kern.bootsessionuuid"); err == nil && session != "" {
		return session, nil
	}
	t, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return "", fmt.Errorf("sqlite: read when the machine was started: %w", err)
	}
	return fmt.Sprint(t.Sec), nil
}
