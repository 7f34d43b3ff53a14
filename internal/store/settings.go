package store

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// SettingsReader reads what users said of themselves.
type SettingsReader interface {
	// Settings reads those of a user, NotFound if nobody has made them.
	Settings(ctx context.Context, tenant, user string) (convo.Settings, error)
}

// SettingsWriter keeps what users say of themselves.
type SettingsWriter interface {
	// ChangeSettings lets change work on a user's settings in a transaction, which
	// are empty where there are none, and gives them as they are then. It is
	// Durable. If change fails, nothing is written and its error is given.
	ChangeSettings(ctx context.Context, tenant, user string, change func(*convo.Settings) error) (convo.Settings, error)
}
