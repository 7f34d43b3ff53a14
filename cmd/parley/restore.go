package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func (p *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into a data folder that has no data",
		Long: `Copies a backup that parley backup made into the data folder (--data), verifies
it there, and only then gives it its place. A folder that has data is refused and
left as it is: move the old one away first, or name another one.

A backup without its key (see parley backup --help) needs the key to be put back:
as the file key in the data folder, or with PARLEY_KEY or --key-file at the start
of the server.

Conversations go on where the backup was made. Event numbers that were given
after that are not given again: the next event of each conversation skips some.`,
		Example: `  parley restore --data ./parley-data before-update.db
  parley check --data ./parley-data`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := p.load(cmd)
			if err != nil {
				return err
			}
			return p.interruptible(cmd.Context(), func(ctx context.Context) error {
				return p.restore(ctx, l.Config, args[0])
			})
		},
	}
}

func (p *program) restore(ctx context.Context, cfg config.Config, from string) error {
	began := time.Now()
	bar := p.newBar()
	r, needsKey, err := app.Restore(ctx, cfg, from, bar.bytes)
	bar.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Restored the data of %s into %s, %s in %s.\n", day(r.Made), cfg.Data, size(r.Size), since(began))
	if place := app.KeyPlace(cfg); needsKey && place != "" {
		fmt.Fprintf(p.err, "The key for what is encrypted was not in the backup: put it back as %s.\n", place)
	}
	return nil
}
