package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// systemBoot names the time since the machine was started; "" if it is not known.
func systemBoot() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // a sandbox without /proc
	}
	if err != nil {
		return "", fmt.Errorf("sqlite: read when the machine was started: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}
