package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func (p *program) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Prove that the data folder is sound, or repair it",
		Long: `Reads the whole data folder as it is at this moment and proves it sound: the
database's own structure, the log of each conversation (no number is missing
unless the log says so, every row can be read), and that conversations, messages
and turns read exactly as their logs say. What was deleted must be gone, and
nothing may be left that belongs to nothing. Datasets, files, contacts, usage and
event logs are looked at, too.

It changes nothing, needs no lock, and may run while a server does; as long as it
runs, the server's write-ahead log (parley.db-wal) grows with all that is written.
Each finding names the conversation, the number of the event and what to do. The
exit code is 1 if there is one.

--repair needs the server to be stopped. It makes anew from the logs what reads
are served from, one conversation at a time, removes what belongs to nothing, and
checks again. A log that is damaged itself it leaves as it is: for that there are
backups. Make one before a repair, too: a copy of the folder will do.`,
		Example: `  parley check
  parley check --json | jq -r 'select(.problem) | .conversation'
  parley check --repair`,
		Args: cobra.NoArgs,
	}
	asJSON := cmd.Flags().Bool("json", false, "write findings as JSON Lines, and at the end what was checked")
	repair := cmd.Flags().Bool("repair", false, "mend what can be mended from the logs")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		report := findingPrinter(p.out)
		if *asJSON {
			report = findingLines(p.out)
		}
		return p.interruptible(cmd.Context(), func(ctx context.Context) error {
			c := &checking{program: p, cfg: l.Config, report: report, asJSON: *asJSON}
			if *repair {
				return c.repair(ctx)
			}
			return c.check(ctx)
		})
	}
	return cmd
}

// checking is one run of the command.
type checking struct {
	*program
	cfg    config.Config
	report func(app.Finding) error
	asJSON bool
	found  int
	failed error // of the output
}

func (c *checking) check(ctx context.Context) error {
	began := time.Now()
	counts, err := c.run(ctx, app.Check)
	if err != nil {
		return err
	}
	return c.end(counts, began)
}

func (c *checking) repair(ctx context.Context) error {
	began := time.Now()
	if _, err := c.run(ctx, app.Repair); err != nil {
		return err
	}
	if c.found > 0 {
		fmt.Fprintf(c.err, "Findings before the repair: %d. Checking again.\n", c.found)
	}
	c.found = 0
	counts, err := c.run(ctx, app.Check)
	if err != nil {
		return err
	}
	return c.end(counts, began)
}

// run checks or repairs, and shows how far it is.
func (c *checking) run(
	ctx context.Context,
	work func(context.Context, config.Config, func(app.Finding), func(app.Checked)) (app.Checked, error),
) (app.Checked, error) {
	bar := c.newBar()
	bar.show(0, 0, "checking the database file")
	counts, err := work(ctx, c.cfg, func(f app.Finding) {
		bar.clear()
		c.found++
		if err := c.report(f); err != nil && c.failed == nil {
			c.failed = fmt.Errorf("the findings cannot be written: %w", err)
		}
	}, func(done app.Checked) {
		bar.show(0, 0, fmt.Sprintf("%d conversations, %d messages, %d events", done.Conversations, done.Messages, done.Events))
	})
	bar.clear()
	return counts, errors.Join(err, c.failed)
}

// end says how it went.
func (c *checking) end(counts app.Checked, began time.Time) error {
	if c.asJSON {
		if err := json.NewEncoder(c.out).Encode(checkedLine{
			Conversations: counts.Conversations, Messages: counts.Messages, Events: counts.Events, Findings: c.found,
		}); err != nil {
			return err
		}
	} else {
		verdict := "The data is sound"
		if c.found > 0 {
			verdict = fmt.Sprintf("The data is damaged: %d findings", c.found)
		}
		fmt.Fprintf(c.err, "%s. Checked %d conversations with %d messages and %d events in %s.\n",
			verdict, counts.Conversations, counts.Messages, counts.Events, since(began))
	}
	if c.found > 0 {
		return errQuiet
	}
	return nil
}

// findingLine is a finding as a JSON line.
type findingLine struct {
	Problem      string `json:"problem"`
	Tenant       string `json:"tenant,omitempty"`
	Conversation string `json:"conversation,omitempty"`
	Event        int64  `json:"event,omitempty"`
	Text         string `json:"text"`
	Remedy       string `json:"remedy"`
	Repairable   bool   `json:"repairable"`
}

// checkedLine is the last of the JSON lines.
type checkedLine struct {
	Conversations int64 `json:"conversations"`
	Messages      int64 `json:"messages"`
	Events        int64 `json:"events"`
	Findings      int   `json:"findings"`
}

func findingLines(w io.Writer) func(app.Finding) error {
	encoder := json.NewEncoder(w)
	return func(f app.Finding) error {
		return encoder.Encode(findingLine{
			string(f.Problem), f.Tenant, f.Conversation, f.Event, f.Text, f.Remedy, f.Repairable,
		})
	}
}

func findingPrinter(w io.Writer) func(app.Finding) error {
	return func(f app.Finding) error {
		where := []string{string(f.Problem)}
		if f.Tenant != "" {
			where = append(where, "tenant "+f.Tenant)
		}
		if f.Conversation != "" {
			where = append(where, "conversation "+f.Conversation)
		}
		if f.Event > 0 {
			where = append(where, fmt.Sprintf("event %d", f.Event))
		}
		_, err := fmt.Fprintf(w, "%s: %s\n    to do: %s\n", plain(strings.Join(where, ", ")), plain(f.Text), plain(f.Remedy))
		return err
	}
}
