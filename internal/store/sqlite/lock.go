package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/parleyhq/parley/internal/convo"
)

// ErrInUse is the cause of the error of kind Conflict for a folder that another
// process has open.
var ErrInUse = errors.New("the lock is held")

// lockFolder makes the folder this process's own, until the file is closed or
// the process ends in whatever way.
func lockFolder(folder string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(folder, "parley.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock the data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = &convo.Error{Kind: convo.Conflict, Cause: ErrInUse, Message: fmt.Sprintf(
			"the data folder %s is in use by another process: stop that process, or name another folder with --data", folder)}
	} else {
		err = fmt.Errorf("sqlite: lock the data folder: %w", err)
	}
	return nil, errors.Join(err, file.Close())
}
