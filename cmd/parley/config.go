package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func (p *program) configCommand() *cobra.Command {
	group := &cobra.Command{
		Use:   "config",
		Short: "Check, show and document the configuration",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Name everything that is wrong with the configuration",
		Long: `Reads the configuration as serve would, names every problem with the place it
comes from, and fails if there is one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := p.load(cmd)
			p.warn(l)
			if err == nil {
				err = errors.Join(app.CheckModels(l.Config), app.CheckAgents(cmd.Context(), l.Config), app.CheckTools(l.Config), app.CheckLogins(l.Config))
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.out, "The configuration is fine.")
			return err
		},
	}, &cobra.Command{
		Use:   "show",
		Short: "Print every setting in effect and where it came from, secrets hidden",
		Long: `Prints a line for each setting: its name, its value and where that came from (the
default, a line of the file, a variable or a flag). Secrets are dots. Fails, as
serve would, if the configuration has a problem.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := p.load(cmd)
			if err != nil {
				return err
			}
			p.warn(l)
			return printTable(p.out, l.Effective())
		},
	}, &cobra.Command{
		Use:   "doc",
		Short: "Print the page about all settings (docs/configuration.md)",
		Long: `Prints the page about all settings in Markdown. "parley help configuration" has
the same for reading in a terminal.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.out, config.Markdown())
			return err
		},
	})
	return group
}

func printTable(w io.Writer, values []config.Value) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range values {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", v.Setting, v.Text, v.Source); err != nil {
			return err
		}
	}
	return table.Flush()
}

// warn tells the operator what is odd about the configuration.
func (p *program) warn(l *config.Loaded) {
	if l == nil {
		return
	}
	for _, w := range l.Warnings {
		fmt.Fprintln(p.err, "warning:", w)
	}
}
