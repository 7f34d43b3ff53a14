package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (p *program) datasetCommand() *cobra.Command {
	var o chatOptions
	group := &cobra.Command{
		Use:   "dataset",
		Short: "Fill datasets with files, and list and delete them",
		Long: `Manages the datasets of the server that runs on the data folder, or of the one that
--url names. Bots and conversations answer from a dataset with citations.`,
		Example: `  parley dataset add handbook docs/
  parley dataset files handbook
  parley search handbook "how do I install it"
  parley chat --dataset handbook "How do I install it?"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o.serverFlags(group)
	group.AddCommand(p.datasetList(&o), p.datasetCreate(&o), p.datasetAdd(&o), p.datasetFiles(&o), p.datasetDelete(&o))
	return group
}

func (p *program) datasetList(o *chatOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the datasets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withLibrary(cmd, *o, func(ctx context.Context, l *library) error {
				datasets, err := l.datasets(ctx)
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tALIAS\tCREATED\tID")
				for _, d := range datasets {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", plain(orDash(d.Name)), plain(orDash(d.Alias)), day(d.CreatedAt.Time), d.ID)
				}
				return table.Flush()
			})
		},
	}
}

func (p *program) datasetCreate(o *chatOptions) *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make an empty dataset",
		Long: `Makes a dataset with that name, which is also its alias: what other commands, bots
and conversations know it by.`,
		Example: `  parley dataset create handbook --description "How we work"`,
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&description, "description", "", "what is in it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return p.withLibrary(cmd, *o, func(ctx context.Context, l *library) error {
			made, err := l.create(ctx, args[0], description)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.out, "Dataset %s is made, with the id %s.\n", args[0], made)
			return err
		})
	}
	return cmd
}

func (p *program) datasetFiles(o *chatOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "files DATASET",
		Short: "List the files of a dataset, and how far they are read",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withLibrary(cmd, *o, func(ctx context.Context, l *library) error {
				files, err := l.files(ctx, args[0])
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tSIZE\tSTATUS\tRECORDS\tID")
				for _, f := range files {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", plain(cmp.Or(f.Name, f.ID)), size(f.Size), f.said(), f.records(), f.ID)
				}
				return table.Flush()
			})
		},
	}
}

func (p *program) datasetDelete(o *chatOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "delete DATASET",
		Short: "Delete a dataset and the files that were added to it",
		Long: `Deletes a dataset with its records, and the files that "parley dataset add" brought
into it. Files that came in other ways stay.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withLibrary(cmd, *o, func(ctx context.Context, l *library) error {
				files, err := l.remove(ctx, args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.out, "Dataset %s is deleted, with %s.\n", args[0], counted(files, "file"))
				return err
			})
		},
	}
}

// counted writes a number of things.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// withLibrary reaches the datasets of the server that the flags name.
func (p *program) withLibrary(cmd *cobra.Command, o chatOptions, do func(context.Context, *library) error) error {
	if err := o.check(nil); err != nil {
		return err
	}
	l, err := p.load(cmd)
	if err != nil {
		return err
	}
	if o.url != "" {
		o.secret = cmp.Or(o.secret, p.variable("PARLEY_SECRET"))
	}
	return p.interruptible(cmd.Context(), func(ctx context.Context) error {
		c, closeClient, err := dial(ctx, &l.Config, o)
		defer closeClient()
		if err != nil {
			return err
		}
		return spoken(do(ctx, &library{c}))
	})
}
