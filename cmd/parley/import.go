package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// importOptions are the flags of import.
type importOptions struct {
	tenant, from, secret string
	dryRun               bool
	secrets              secretFlags
	values               console.Values // what secrets comes to
}

func (p *program) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE | --from URL",
		Short: "Bring in an export, or what another server has",
		Long: `Reads what parley export wrote, from a file or with - from the standard input,
and writes what is in it into a tenant. A server that runs is asked through
its socket; if none runs, the data folder is opened, and made if need be.

Each conversation is written whole or not at all, and so is each file, record,
contact and what else there is. One that is there already is skipped if it is the
same, so an import that was interrupted can be run again. One that is there with
other content, or cannot be read, is reported and left alone; the others go on,
and the exit code is 1.

If the export has the values of secrets (parley export --with-secrets), they come
with its passphrase, from PARLEY_EXPORT_PASSPHRASE or a file. Without it secrets
come without their values, private conversations show placeholders, and what is
missing is told at the end; with --with-secrets that is an error, and nothing is
imported.

With --from the conversations are read from another server that speaks the same
API, as far as its API shows them: one event a message, with its times. What is
here already is not read again.`,
		Example: `  parley import conversations.jsonl
  parley import --dry-run conversations.jsonl
  zcat acme.jsonl.gz | parley import --tenant acme/dev -
  parley import --with-secrets --passphrase-file passphrase everything.jsonl
  PARLEY_IMPORT_SECRET=… parley import --from https://api.chatbotkit.com`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.tenant, "tenant", "", "the tenant, as org/name (default: the first one)")
	flags.StringVar(&o.from, "from", "", "the address of another server, in place of a file")
	flags.StringVar(&o.secret, "secret", "", "its API secret; "+config.ImportSecret+" keeps it out of the list of processes")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done")
	o.secrets.add(cmd, "fail unless the values of secrets come too, with the passphrase in "+config.ExportPassphrase)
	p.settingFlags(cmd, "key-file")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		switch {
		case (o.from == "") == (len(args) == 0):
			return errors.New("name a file, or - for the standard input, or with --from a server")
		case o.from == "" && o.secret != "":
			return errors.New("--secret is for a server that --from names")
		case o.from != "" && (o.secrets.with || o.secrets.file != ""):
			return errors.New("--with-secrets and --passphrase-file are for a file: no server shows the values of its secrets")
		case o.from != "":
			return p.runPull(cmd, o)
		}
		if o.values, err = p.importedValues(o.secrets); err != nil {
			return err
		}
		return p.runImport(cmd, args[0], o)
	}
	return cmd
}

func (p *program) runImport(cmd *cobra.Command, path string, o importOptions) error {
	in, total, closeIn, err := p.openInput(path)
	if err != nil {
		return err
	}
	// What is only tried must not make a data folder either.
	err = p.withArchive(cmd, !o.dryRun, func(ctx context.Context, a console.Archive) error {
		ctx, done := context.WithCancel(ctx)
		defer done() // nothing reads any longer
		return p.importArchive(ctx, a, in(ctx), total, o)
	})
	return errors.Join(err, closeIn())
}

func (p *program) runPull(cmd *cobra.Command, o importOptions) error {
	from, closeFrom, err := p.remote(o)
	if err != nil {
		return err
	}
	defer closeFrom()
	return p.withArchive(cmd, !o.dryRun, func(ctx context.Context, a console.Archive) error {
		return p.pull(ctx, a, from, o)
	})
}

// openInput opens what is to be imported; total is its size, 0 if that is not
// known. Reading it ends with the context.
func (p *program) openInput(path string) (in func(context.Context) io.Reader, total int64, closeIn func() error, err error) {
	if path == standardStream {
		if isTerminal(p.in) {
			return nil, 0, nil, errors.New("the standard input is a terminal: pipe an export into this command, or name a file")
		}
		return func(ctx context.Context) io.Reader { return until(ctx, p.in) }, 0, func() error { return nil }, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() { // a pipe under a name
		return func(ctx context.Context) io.Reader { return until(ctx, f) }, 0, f.Close, nil
	}
	return func(context.Context) io.Reader { return f }, info.Size(), f.Close, nil
}

// until reads from a stream whose reads nothing can end but itself. Its
// goroutine ends with the stream, or with the process.
func until(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { r.CloseWithError(context.Cause(ctx)) })
	return r
}

// importArchive shows how far it is, and tells what was done.
func (p *program) importArchive(ctx context.Context, a console.Archive, in io.Reader, total int64, o importOptions) error {
	began := time.Now()
	bar := p.newBar()
	meter := &inputMeter{r: in}
	if bar != nil {
		meter.moved = func() { bar.show(int(meter.bytes), int(total), size(meter.bytes)+" read") }
	}
	done, err := a.Import(ctx, o.tenant, meter, o.dryRun, o.values)
	bar.clear()
	return p.tellImported(done, err, meter.bytes, began, o.dryRun)
}

// tellImported says what became of an import, also of one that failed.
func (p *program) tellImported(done console.Imported, err error, bytes int64, began time.Time, dryRun bool) error {
	for _, problem := range done.Problems {
		what := problem.Object
		if what == "" {
			what = "conversation " + problem.Conversation
		}
		fmt.Fprintf(p.err, "parley: %s: %s\n", plain(what), plain(problem.Text))
	}
	if more := done.Refused - len(done.Problems); more > 0 {
		fmt.Fprintf(p.err, "parley: and %d more\n", more)
	}
	verb := "Imported"
	if dryRun {
		verb = "Would import"
	}
	if err == nil || done.Imported+done.Skipped+done.Refused > 0 {
		fmt.Fprintf(p.err, "%s %d conversations with %d events; %d were there already, %d refused; %s in %s.\n",
			verb, done.Imported, done.Events, done.Skipped, done.Refused, size(bytes), since(began))
	}
	if done.Objects > 0 {
		bare := ""
		if done.Values == 0 {
			bare = " (without their values)"
		}
		fmt.Fprintf(p.err, "%s %d bots, skillsets, abilities, secrets%s, datasets, files, contacts and votes.\n", verb, done.Objects, bare)
	}
	if done.Records > 0 {
		fmt.Fprintf(p.err, "%s %d records and memories.\n", verb, done.Records)
	}
	if done.Values > 0 {
		fmt.Fprintf(p.err, "%s the values of %d secrets.\n", verb, done.Values)
	}
	if done.Withheld > 0 {
		fmt.Fprintf(p.err, "The values of %d secrets stayed in the file: import it again with its passphrase (%s, or --passphrase-file).\n",
			done.Withheld, config.ExportPassphrase)
	}
	if done.Covered > 0 {
		fmt.Fprintf(p.err, "%d conversations show placeholders: what stands behind them stayed in the file, as values of secrets do.\n", done.Covered)
	}
	if err == nil && done.Refused > 0 {
		return errQuiet
	}
	return err
}
