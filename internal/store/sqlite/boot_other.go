//go:build !linux && !darwin

package sqlite

// systemBoot names the time since the machine was started; "" if it is not known.
func systemBoot() (string, error) { return "", nil }
