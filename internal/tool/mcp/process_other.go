//go:build !linux

package mcp

import "syscall"

// ownGroup gives a program a process group of its own. When this process is
// killed, the end of its input is all that tells it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
