package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// standardStream stands for the standard input or output in place of a file.
const standardStream = "-"

func (p *program) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write all that a tenant has to a file",
		Long: `Writes a tenant's conversations, each with its whole log, as JSON Lines to a
file, or with - to the standard output. What is exported is the state of one
moment; a server that runs goes on meanwhile, and is asked through its socket.
If none runs, the data folder is opened.

Votes are in it, datasets with their records, files with their content, contacts,
memories, bots, skillsets, abilities, and secrets without their values. Tokens,
sessions, records of requests, usage and the event log are not. A turn that has
not ended is exported as interrupted. docs/export.md describes the format; parley
import reads it.

With --with-secrets the values of secrets are in it too, and what stands behind
the placeholders of private conversations: encrypted under a passphrase of at
least 12 characters, from PARLEY_EXPORT_PASSPHRASE or a file. Nobody can read
them without it: keep it elsewhere.`,
		Example: `  parley export conversations.jsonl
  parley export --tenant acme/dev - | gzip > acme.jsonl.gz
  parley export --with-secrets --passphrase-file passphrase everything.jsonl`,
		Args: cobra.ExactArgs(1),
	}
	var secrets secretFlags
	tenant := cmd.Flags().String("tenant", "", "the tenant, as org/name (default: the first one)")
	secrets.add(cmd, "the values of secrets too, encrypted under a passphrase from "+config.ExportPassphrase)
	cmd.Flags().StringVar(&secrets.saltFrom, "salt-from", "", "an earlier export with the same passphrase: what has not changed gives the same bytes")
	p.settingFlags(cmd, "key-file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		values, err := p.exportedValues(secrets)
		if err != nil {
			return err
		}
		return p.withArchive(cmd, false, func(ctx context.Context, a console.Archive) error {
			if args[0] == standardStream {
				return p.export(ctx, a, *tenant, p.out, values)
			}
			return writeFile(args[0], func(w io.Writer) error { return p.export(ctx, a, *tenant, w, values) })
		})
	}
	return cmd
}

// export writes the archive, shows how far it is, and tells what was written.
func (p *program) export(ctx context.Context, a console.Archive, tenant string, w io.Writer, values console.Values) error {
	began := time.Now()
	bar := p.newBar()
	meter := &archiveMeter{w: w}
	total := 0
	var count func(int)
	if bar != nil {
		count = func(n int) { total = n }
		meter.moved = func() {
			bar.show(meter.conversations, total, fmt.Sprintf("%d of %d conversations", meter.conversations, total))
		}
	}
	err := a.Export(ctx, tenant, meter, count, values)
	bar.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Exported %d conversations with %d events, %s in %s.\n",
		meter.conversations, meter.events, size(meter.bytes), since(began))
	if values.Passphrase != "" {
		fmt.Fprintln(p.err, "The values of secrets are in it, encrypted: keep the passphrase, elsewhere.")
	}
	return nil
}

// writeFile makes a file that is there whole or not at all. One that is there
// already is left alone.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: remove it, or name another file", path)
	}
	// Conversations are nobody else's business: a temporary file has mode 0600.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("the export cannot be written: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it may have been
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("the export cannot be written: %w", err)
	}
	if err := os.Link(f.Name(), path); err == nil {
		return os.Remove(f.Name())
	} else if _, there := os.Lstat(path); !errors.Is(there, fs.ErrNotExist) {
		return fmt.Errorf("%s was made by somebody else meanwhile, and is left alone", path)
	}
	return os.Rename(f.Name(), path) // not every file system has links
}

// withArchive reaches the conversations through the running server, or opens the
// data folder when there is none.
func (p *program) withArchive(cmd *cobra.Command, write bool, do func(context.Context, console.Archive) error) error {
	l, err := p.load(cmd)
	if err != nil {
		return err
	}
	return p.interruptible(cmd.Context(), func(ctx context.Context) error {
		client, err := console.Dial(ctx, l.Config.Data)
		if err == nil {
			defer client.Close()
			return do(ctx, client)
		}
		if !errors.Is(err, console.ErrNoServer) {
			return err
		}
		archive, closeData, err := app.OpenArchive(ctx, l.Config, write)
		if err != nil {
			return err
		}
		return errors.Join(do(ctx, archive), closeData())
	})
}
