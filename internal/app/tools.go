package app

import (
	"cmp"
	"fmt"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/ability"
)

// openTools connects what turns may call. It does no I/O.
func (a *App) openTools(box *seal.Box) (err error) {
	if a.outbound, err = newOutbound(a.cfg.Outbound); err != nil {
		return err
	}
	a.onClose(func() error { a.outbound.Close(); return nil })
	a.abilities = ability.New(engine.NewObjects(a.store, box), a.outbound)
	a.tools = tool.MultiSet{a.abilities}
	return nil
}

// newOutbound makes the client for what tools ask of other servers.
func newOutbound(o config.Outbound) (*outbound.Client, error) {
	rules, err := outbound.ParseRules(o.Allow)
	if err != nil {
		return nil, fmt.Errorf("outbound.allow: %w", err)
	}
	return outbound.New(outbound.Options{
		Allow: rules, Timeout: o.Timeout, Size: int64(o.Size), Concurrency: o.Concurrency,
		Redirects: cmp.Or(o.Redirects, -1), // in the configuration, 0 is none
	}), nil
}

// CheckTools says what is wrong with the settings of tools. It does no I/O.
func CheckTools(cfg config.Config) error {
	client, err := newOutbound(cfg.Outbound)
	if err == nil {
		client.Close()
	}
	return err
}
