package app

import (
	"context"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// Finding is a damage of the data, and what to do about it.
type Finding = audit.Finding

// Checked is how much of the data was looked at.
type Checked = audit.Counts

// Check reads the data folder, also while a server runs on it, and reports what
// is damaged. It changes nothing. progress may be nil.
func Check(ctx context.Context, cfg config.Config, found func(Finding), progress func(Checked)) (_ Checked, err error) {
	data, err := sqlite.Inspect(ctx, cfg.Data)
	if err != nil {
		return Checked{}, err
	}
	counts, err := data.Check(ctx, audit.Options{Found: found, Progress: progress})
	if closeErr := data.Close(); err == nil {
		err = closeErr
	}
	return counts, err
}

// Repair checks the data folder, which no server may run on, and mends what can
// be mended from the logs. Check says afterwards what is left.
func Repair(ctx context.Context, cfg config.Config, found func(Finding), progress func(Checked)) (Checked, error) {
	return sqlite.Repair(ctx, cfg.Data, audit.Options{Found: found, Progress: progress})
}
