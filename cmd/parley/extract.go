package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
)

// extractName is the command by which a server reads PDF and DOCX files in processes
// of their own.
const extractName = "extract"

// extractCommand is that process. It is of use to a server only.
func (p *program) extractCommand() *cobra.Command {
	return &cobra.Command{
		Use:    extractName,
		Short:  "Read the text of a file for a server",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.Extract(cmd.Context(), p.in, p.out)
		},
	}
}

// readers has a server read PDF and DOCX files by this program, where it is known
// where that is.
func (p *program) readers() []app.Option {
	if p.self == "" {
		return nil
	}
	return []app.Option{app.ReadBy(p.self, extractName)}
}

// executable is where this program is, "" = it cannot be told.
func executable() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	return self
}
