package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func (p *program) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Runs the server until it is told to stop (Ctrl-C or SIGTERM). Running turns may
then finish for turns.drain; a second signal stops them at once.

The first start makes an API secret and prints it once. Logs go to the standard
error: text on a terminal, otherwise JSON. GET /healthz says that the process
lives, GET /readyz that it takes requests; parley health asks the latter. Under
systemd (Type=notify) it says when it is ready and when it stops.

It ends with 0 when it was told to and everything was closed in order, and with 1
when it could not start or something did not end in time.

Environment: every setting has a variable; docs/configuration.md lists them. The
most used: PARLEY_LISTEN, PARLEY_DATA, PARLEY_SECRET, PARLEY_MODEL,
OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, GEMINI_API_KEY, OLLAMA_HOST.
An Ollama that runs on this machine is found by itself. Without a model provider
the built-in quote answers with sentences of the conversation itself.`,
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
	var a *app.App
	err = p.preparing(cmd.Context(), func(ctx context.Context) (err error) {
		a, err = app.New(ctx, l.Config, log, p.readers()...)
		return err
	})
	if errors.Is(err, errInterrupted) { // that was told to stop, and has
		log.Info("stopped before it was ready")
		return closed(a)
	}
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	var beside sync.WaitGroup
	finished := make(chan struct{})
	beside.Go(func() {
		p.watchServe(a, func() {
			p.tell(log, "STOPPING=1", "STATUS=letting running turns finish")
			stop()
		}, finished)
	})
	beside.Go(func() {
		select {
		case <-a.Ready():
		case <-finished:
		}
		select {
		case <-a.Ready(): // even if it has ended since: the secrets are shown only here
			p.tell(log, "READY=1", "STATUS=serving "+a.URL())
			p.greet(ctx, a, chatLine(l))
		default:
		}
	})
	err = a.Run(ctx)
	stop()
	close(finished)
	beside.Wait()
	return errors.Join(err, a.Close())
}

// closed closes a server that never ran; nil is none.
func closed(a *app.App) error {
	if a == nil {
		return nil
	}
	return a.Close()
}

// watchServe turns the first signal into a shutdown and the next into a hurry.
func (p *program) watchServe(a *app.App, stop func(), finished <-chan struct{}) {
	told := false
	for {
		select {
		case <-finished:
			return
		case <-p.interrupts:
			if told {
				a.Hurry()
				continue
			}
			told = true
			stop()
		}
	}
}

// tell is notify for a server, which is as good if nobody listens.
func (p *program) tell(log *slog.Logger, states ...string) {
	if err := p.notify(states...); err != nil {
		log.Warn("systemd does not know how the server is", "error", err)
	}
}

// greet tells a newcomer how to go on. It goes to the standard output; what
// operators' tools read is in the log. The secrets come before the models, who
// may take their time to answer.
func (p *program) greet(ctx context.Context, a *app.App, chat string) {
	fmt.Fprintf(p.out, "\nParley listens on %s\n", a.URL())
	secret := "$PARLEY_SECRET"
	for i, s := range a.Secrets() {
		if i == 0 {
			secret = s.Secret
		}
		fmt.Fprintf(p.out, "\nAPI secret of tenant %s, shown only now:\n  %s\n", s.Tenant, s.Secret)
	}
	var b strings.Builder
	b.WriteString("\nModels:\n")
	for _, line := range a.Models(ctx) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	fmt.Fprintf(&b, `
Talk to it:
  %s
  curl --no-buffer %s/v1/conversation/complete \
    -H "Authorization: Bearer %s" \
    -H "Content-Type: application/json" \
    -H "Accept: application/jsonl" \
    -d '{"backstory": "The inn opens at noon.", "messages": [{"type": "user", "text": "When does the inn open?"}]}'

`, chat, a.URL(), secret)
	fmt.Fprint(p.out, b.String())
}

// chatLine is the command that talks to the server of this configuration, from
// the same folder.
func chatLine(l *config.Loaded) string {
	line := "parley chat"
	if path, err := os.Executable(); err == nil && strings.Contains(path, "go-build") {
		line = "go run ./cmd/parley chat" // nobody has installed it
	}
	switch folder := l.Config.Data; {
	case l.Origins["data"] == "default":
	case strings.ContainsAny(folder, " \t"):
		line += " --data " + strconv.Quote(folder)
	default:
		line += " --data " + folder
	}
	return line
}
