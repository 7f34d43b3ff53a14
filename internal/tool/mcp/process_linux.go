package mcp

import "syscall"

// ownGroup gives a program a process group of its own, and lets the kernel kill
// it when this process dies in whatever way.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
