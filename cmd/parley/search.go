package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// excerpt is how many letters of a record are shown.
const excerpt = 400

func (p *program) searchCommand() *cobra.Command {
	var o chatOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "search DATASET WORDS…",
		Short: "Search a dataset",
		Long: `Shows the records of a dataset that fit some words best, as an answer of the model
would find them: with a score from 0 to 1, the file they are of, and their beginning.
It asks the server that runs on the data folder, or the one that --url names.`,
		Example: `  parley search handbook how do I install it
  parley search handbook "price of a room" --json | jq -r .text`,
		Args: cobra.MinimumNArgs(2),
	}
	o.serverFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line, with the whole text")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return p.withLibrary(cmd, o, func(ctx context.Context, l *library) error {
			found, err := l.search(ctx, args[0], strings.Join(args[1:], " "))
			if err != nil {
				return err
			}
			if asJSON {
				return printLines(p.out, found)
			}
			if len(found) == 0 {
				_, err := fmt.Fprintln(p.err, "Nothing was found.")
				return err
			}
			for i, h := range found {
				if err := printHit(p.out, i+1, h); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

func printLines(out io.Writer, found []hit) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for _, h := range found {
		if err := e.Encode(h); err != nil {
			return err
		}
	}
	return nil
}

// printHit shows a record to a person.
func printHit(out io.Writer, n int, h hit) error {
	from, _ := h.Meta[metaPath].(string)
	if from == "" {
		from = h.Source
	}
	if from == "" {
		from = h.ID
	}
	text := []rune(strings.Join(strings.Fields(plain(h.Text)), " "))
	if len(text) > excerpt {
		text = append(text[:excerpt], '…')
	}
	_, err := fmt.Fprintf(out, "%d. %s  (%.2f)\n   %s\n", n, plain(from), h.Score, string(text))
	return err
}
