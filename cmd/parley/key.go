package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func (p *program) keyCommand() *cobra.Command {
	group := &cobra.Command{
		Use:   "key",
		Short: "Change the key for what is encrypted at rest",
		Long: `Manages the key with which secrets' values, what stands behind the placeholders of
private conversations, answers kept for repeats of requests and what open turns
were given are encrypted in the data folder.`,
		Example: `  parley key rotate`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(p.keyRotate())
	return group
}

func (p *program) keyRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Encrypt everything with a new key",
		Long: `Makes a new key, encrypts with it everything that the old one encrypted, and puts
it in the place of the old one. Stop the server before. With --to the new key is
read from that file, or made there if there is none; set keyFile to it afterwards.

It can be interrupted at any moment: run it again in the same way, which goes on.
Until then no server starts on the folder, and both keys are kept. Backups that
were made before need the old key: keep it as long as you keep them.`,
		Example: `  parley key rotate
  parley key rotate --key-file /etc/parley/key --to /etc/parley/key-2027`,
		Args: cobra.NoArgs,
	}
	to := cmd.Flags().String("to", "", "the file of the new key (default: the new key takes the old one's place)")
	p.settingFlags(cmd, "key-file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		return p.interruptible(cmd.Context(), func(ctx context.Context) error {
			return p.rotateKey(ctx, l.Config, *to)
		})
	}
	return cmd
}

func (p *program) rotateKey(ctx context.Context, cfg config.Config, to string) error {
	began := time.Now()
	done, err := app.RotateKey(ctx, cfg, to)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Encrypted %d pieces with the new key in %s, which is in %s.\n", done.Resealed, since(began), done.Place)
	if done.Lost > 0 {
		fmt.Fprintf(p.err, "%d pieces were encrypted with a key that is not there any more; they stay as they are.\n", done.Lost)
	}
	if done.Moved {
		fmt.Fprintf(p.err, "Set keyFile to it (--key-file %s, or PARLEY_KEY_FILE) before the server starts.\n", done.Place)
	}
	return nil
}
