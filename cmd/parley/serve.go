package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
)

func (p *program) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Runs the server until it is told to stop (Ctrl-C or SIGTERM). Running turns may
then finish for turns.drain; a second signal stops them at once.

The first start makes an API secret and prints it once. Logs go to the standard
error: text on a terminal, otherwise JSON. GET /healthz says that the process
lives, GET /readyz that it takes requests.

Environment: every setting has a variable; docs/configuration.md lists them. The
most used: PARLEY_LISTEN, PARLEY_DATA, PARLEY_SECRET, PARLEY_MODEL,
OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY. Without a model provider the
built-in quote answers with sentences of the conversation itself.`,
		Example: `  parley serve
  OPENAI_API_KEY=sk-… parley serve --model gpt-4o
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 parley serve
  parley serve --config parley.yaml --listen :8787`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd) },
	}
	p.settingFlags(cmd, "listen", "public-url", "key-file", "model", "log-level", "log-format")
	return cmd
}

// serve runs the server until a signal, or the end of the command's context.
func (p *program) serve(cmd *cobra.Command) error {
	l, err := p.load(cmd)
	if err != nil {
		return err
	}
	log := p.logger(l.Config.Log)
	for _, w := range l.Warnings {
		log.Warn(w)
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	a, err := app.New(ctx, l.Config, log)
	if err != nil {
		return err
	}
	var beside sync.WaitGroup
	finished := make(chan struct{})
	beside.Go(func() { p.watchServe(a, stop, finished) })
	beside.Go(func() {
		select {
		case <-a.Ready():
			p.greet(ctx, a)
		case <-finished:
		}
	})
	err = a.Run(ctx)
	stop()
	close(finished)
	beside.Wait()
	return errors.Join(err, a.Close())
}

// watchServe turns the first signal into a shutdown and the next into a hurry.
func (p *program) watchServe(a *app.App, stop context.CancelFunc, finished <-chan struct{}) {
	told := false
	for {
		select {
		case <-finished:
			return
		case <-p.interrupts:
			if told {
				a.Hurry()
			}
			told = true
			stop()
		}
	}
}

// greet tells a newcomer how to go on. It goes to the standard output; what
// operators' tools read is in the log.
func (p *program) greet(ctx context.Context, a *app.App) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nParley listens on %s\n\nModels:\n", a.URL())
	for _, line := range a.Models(ctx) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	secret := "$PARLEY_SECRET"
	for i, s := range a.Secrets() {
		if i == 0 {
			secret = s.Secret
		}
		fmt.Fprintf(&b, "\nAPI secret of tenant %s, shown only now:\n  %s\n", s.Tenant, s.Secret)
	}
	fmt.Fprintf(&b, `
Talk to it:
  parley chat
  curl %s/v1/conversation/complete \
    -H "Authorization: Bearer %s" \
    -H "Content-Type: application/json" \
    -H "Accept: application/jsonl" \
    -d '{"backstory": "The inn opens at noon.", "messages": [{"type": "user", "text": "When does the inn open?"}]}'

`, a.URL(), secret)
	fmt.Fprint(p.out, b.String())
}
