package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func (p *program) backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE|FOLDER",
		Short: "Copy the data to a file, also while the server runs",
		Long: `Copies all data as it is at this moment into one new file, which is complete and
synced when it has its name. The server goes on meanwhile; nothing of it is asked
for but room on the disk: as long as the backup runs, its write-ahead log
(parley.db-wal) grows with all that is written. In a folder, the file is named
after the time. An existing file is not overwritten. The copy is verified: of
damaged data there is no backup, but an error (see parley check).

The backup holds everything of all tenants: conversations, datasets, files, tokens
(hashed), the records of requests. Its mode is 0600.

The key for what is encrypted at rest is NOT in it unless you say --with-key: a
backup with its key protects nothing that it encrypts. Keep a copy of the key
elsewhere. Without it a restored server starts only when it is told to go on
without what was encrypted: the values of secrets, what stands behind the
placeholders of private conversations, the answers kept for repeats of requests.
Other conversations, datasets and files need no key.

parley restore puts a backup into a data folder. parley export writes
conversations in a form that other versions and programs read.`,
		Example: `  parley backup /var/backups/parley/
  parley backup before-update.db
  parley backup --with-key everything.db`,
		Args: cobra.ExactArgs(1),
	}
	withKey := cmd.Flags().Bool("with-key", false, "put the key for what is encrypted at rest into the backup, too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		return p.interruptible(cmd.Context(), func(ctx context.Context) error {
			return p.backup(ctx, l.Config, backupPath(args[0], time.Now()), *withKey)
		})
	}
	return cmd
}

// backupPath is the file of a backup: in a folder, it is named after the time.
func backupPath(to string, now time.Time) string {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return filepath.Join(to, "parley-"+now.UTC().Format("20060102-150405")+".db")
	}
	return to
}

func (p *program) backup(ctx context.Context, cfg config.Config, to string, withKey bool) error {
	began := time.Now()
	bar := p.newBar()
	copied, err := app.Backup(ctx, cfg, to, withKey, bar.bytes)
	bar.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Backed up %s in %s.\n", size(copied), since(began))
	place := app.KeyPlace(cfg)
	if _, err := os.Stat(place); err == nil && !withKey { // there is none before a server has run
		fmt.Fprintf(p.err, "The key for what is encrypted is not in it: keep a copy of %s elsewhere.\n", place)
	}
	_, err = fmt.Fprintln(p.out, to)
	return err
}

// bytes shows how much of something was copied.
func (b *bar) bytes(done, total int64) {
	b.show(int(done), int(total), size(done)+" of "+size(total))
}
