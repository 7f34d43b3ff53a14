package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/bench"
)

// benchFlags are those of "parley bench".
type benchFlags struct {
	bench.Options
	json bool
}

func (p *program) benchCommand() *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this server's speed on this machine",
		Long: `Measures each row of the speed table as a ratio against a baseline in the same
run, and says whether it reaches its goal. It touches no data of yours: servers,
proxy, provider and clients are processes that it starts on this machine, with
data in a temporary folder that it removes.

All of it takes about ten minutes. Ratios of processor time are good to about a
tenth on a machine that does other things too; times (ttft, slow, pages) need
one that is idle. Each ratio is the median of --rounds; the spread says how far
to trust it.

` + rowList() + `
The rows pages and folder fill a store first: with --scale 1 that is 1,000,000
conversations with 20,000,000 messages and takes some 30 GB in --dir and half an
hour. The row slow needs 18,100 open files a process (ulimit -n); with fewer it
runs fewer streams, and says so. Rows about memory need Linux. Rows about sessions
measure Node's socket.io beside this server: they need node 20 and npm, which
fetches it. Ctrl-C ends everything, and shows what was measured until then.

Exit codes: 0 all goals are reached, 1 one is missed or could not be measured.`,
		Example: `  parley bench
  parley bench --only relay-paced,relay-full --rounds 5
  parley bench --only pages,folder --scale 1 --dir /var/tmp
  parley bench --only relay-stored --profile profiles && go tool pprof -top profiles/relay-stored.pprof
  parley bench --json > speed.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.bench(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.Only, "only", nil, "only these rows, with commas")
	flags.IntVar(&f.Rounds, "rounds", 3, "how often each figure is measured")
	flags.Float64Var(&f.Scale, "scale", 0.01, "size of the store for pages and folder; 1 is the whole one")
	flags.DurationVar(&f.Stall, "stall", time.Minute, "how long the client of the row session-stalled does not read")
	flags.StringVar(&f.Dir, "dir", "", "the folder for temporary data (default the system's)")
	flags.StringVar(&f.Keep, "keep", "", "a folder in which the stores of pages and folder stay filled for the next run")
	flags.StringVar(&f.Profile, "profile", "", "a folder for CPU profiles of the process under test, of each row's last round")
	flags.BoolVar(&f.json, "json", false, "print the results as JSON")
	cmd.AddCommand(p.benchWorkerCommand())
	return cmd
}

// rowList says what the rows are, for the help.
func rowList() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range bench.Rows() {
		fmt.Fprintf(table, "  %s\t%s (%s)\n", r.Name, r.What, r.Goal)
	}
	_ = table.Flush() // a strings.Builder takes everything
	return b.String()
}

// bench measures, and fails when a goal is missed.
func (p *program) bench(cmd *cobra.Command, f *benchFlags) error {
	if f.Rounds < 1 || f.Rounds > 100 {
		return errors.New("--rounds must be from 1 to 100")
	}
	if f.Scale < 0.001 || f.Scale > 1 {
		return errors.New("--scale must be from 0.001 to 1")
	}
	var err error
	if f.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("the program does not find itself, of which it starts copies: %w", err)
	}
	f.Log = p.err
	var results []bench.Result
	missed := false
	err = p.interruptible(cmd.Context(), func(ctx context.Context) error {
		return bench.Run(ctx, f.Options, func(r bench.Result) {
			results = append(results, r)
			missed = missed || !r.Met
		})
	})
	// What was measured before an interrupt is worth showing too.
	if shown := p.showResults(results, f.json); err == nil {
		err = shown
	}
	if err == nil && missed {
		return errQuiet
	}
	return err
}

func (p *program) showResults(results []bench.Result, asJSON bool) error {
	if len(results) == 0 {
		return nil
	}
	if asJSON {
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	return bench.Table(p.out, results)
}

// benchWorkerCommand is a process of a benchmark. It ends with its input.
func (p *program) benchWorkerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "worker ROLE",
		Short:  "A process of a benchmark, which parley bench starts",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench.Worker(cmd.Context(), args[0], p.in, p.out)
		},
	}
}
