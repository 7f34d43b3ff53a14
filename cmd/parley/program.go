package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/parleyhq/parley/internal/config"
)

// The exit codes.
const (
	exitFine   = 0
	exitFailed = 1
	exitUsage  = 2
)

// program is one run of the command line, with everything that it touches of
// the process, so that tests can run it in theirs.
type program struct {
	env        []string
	in         io.Reader
	out, err   io.Writer
	interrupts <-chan os.Signal
	self       string // where this program is; "" = not known

	flags   []settingFlag // of all commands
	entered bool          // a command runs: what fails now is no wrong usage
}

// settingFlag gives the name and value of a setting's flag, if the command line
// of cmd has it.
type settingFlag func(cmd *cobra.Command) (name, value string, given bool)

// errQuiet fails a command that has said itself what went wrong.
var errQuiet = errors.New("failed")

// run carries out a command line and gives the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.command()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errQuiet):
	case !p.entered:
		fmt.Fprintf(p.err, "parley: %s\nRun %q for help.\n", plain(err.Error()), cmd.CommandPath()+" --help")
		return exitUsage
	default:
		fmt.Fprintf(p.err, "parley: %s\n", plain(err.Error()))
	}
	return exitFailed
}

// errInterrupted says that the user did not want to wait.
var errInterrupted = errors.New("interrupted")

// interruptible does work that an interrupt ends: all that has no better answer
// to one. Work that succeeds all the same has succeeded.
func (p *program) interruptible(ctx context.Context, work func(context.Context) error) error {
	interrupted, err := p.watched(ctx, work)
	if err != nil && interrupted {
		return errInterrupted
	}
	return err
}

// preparing does work that something longer follows. An interrupt ends that,
// too: one that comes while the work succeeds would be lost otherwise.
func (p *program) preparing(ctx context.Context, work func(context.Context) error) error {
	interrupted, err := p.watched(ctx, work)
	if interrupted {
		return errInterrupted
	}
	return err
}

// watched does work whose context an interrupt ends.
func (p *program) watched(ctx context.Context, work func(context.Context) error) (interrupted bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-done:
		case <-p.interrupts:
			cancel(errInterrupted)
		}
	})
	err = work(ctx)
	close(done)
	watching.Wait()
	return errors.Is(context.Cause(ctx), errInterrupted), err
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "parley",
		Short: "A self-hosted conversation server",
		Long: `Parley keeps conversations, runs the model's turns in them and streams the
answers. It speaks the ChatBotKit v1 API and the UiPath Conversational Agent API,
so that the published SDKs of both work with it.

Start with two commands, each in its own terminal:

  parley serve
  parley chat

Settings come from a YAML file (--config), then the environment, then flags.
Exit codes: 0 it went well, 1 it failed, 2 there is no such command or flag.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(*cobra.Command, []string) {
			p.entered = true
		},
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	p.settingFlags(root, "config", "data")
	root.AddCommand(
		p.serveCommand(), p.chatCommand(), p.mcpCommand(), p.tokenCommand(), p.userCommand(),
		p.datasetCommand(), p.searchCommand(), p.exportCommand(), p.importCommand(),
		p.checkCommand(), p.backupCommand(), p.restoreCommand(), p.keyCommand(),
		p.configCommand(), p.healthCommand(), p.benchCommand(), p.versionCommand(), p.extractCommand(),
	)
	root.AddCommand(topics()...)
	root.SetHelpCommand(helpCommand())
	arrange(root)
	p.completions(root)
	return root
}

// settingFlags gives a command and those below it the flags of some settings.
func (p *program) settingFlags(cmd *cobra.Command, names ...string) {
	for _, f := range config.Flags() {
		if !slices.Contains(names, f.Name) {
			continue
		}
		usage := f.Doc + " [" + f.Env + "]"
		if f.Default != "" {
			usage += " (default " + f.Default + ")"
		}
		cmd.PersistentFlags().String(f.Name, "", usage)
		flag := cmd.PersistentFlags().Lookup(f.Name)
		p.flags = append(p.flags, func(cmd *cobra.Command) (string, string, bool) {
			// A command may have a flag of that name that is no setting.
			return flag.Name, flag.Value.String(), cmd.Flag(flag.Name) == flag && flag.Changed
		})
	}
}

// load reads the configuration as the command line has it.
func (p *program) load(cmd *cobra.Command) (*config.Loaded, error) {
	given := map[string]string{}
	for _, flag := range p.flags {
		if name, value, ok := flag(cmd); ok {
			given[name] = value
		}
	}
	return config.Load(config.Sources{Env: p.env, Flags: given})
}

// logger writes to the standard error, as the settings say.
func (p *program) logger(l config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // has been validated
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: durationsAsText}
	format := strings.ToLower(l.Format)
	if format == "json" || format == "auto" && !isTerminal(p.err) {
		return slog.New(slog.NewJSONHandler(p.err, options))
	}
	return slog.New(slog.NewTextHandler(p.err, options))
}

// durationsAsText writes 1.5s where JSON would have a number of nanoseconds.
func durationsAsText(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// plain leaves out control characters: those of a model, of another server or of
// a file could do anything to a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
