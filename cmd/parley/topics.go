package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/docs"
	"github.com/parleyhq/parley/internal/config"
)

// topics are the pages of parley help TOPIC. Each is made from what it speaks
// of, or is a part of the documentation.
func topics() []*cobra.Command {
	topic := func(name, short, text string) *cobra.Command {
		return &cobra.Command{Use: name, Short: short, Long: text}
	}
	return []*cobra.Command{
		topic("configuration", "Every setting: its name in the file, its default and what it does", settingsPage()),
		topic("environment", "Every variable of the environment", environmentPage()),
		topic("exit-status", "What the exit codes mean", exitPage()),
		topic("data-folder", "What is in the data folder", docs.Section("The data folder")),
		topic("models", "Which models answer, and how a request names one", docs.Section("Models")),
		topic("retrieval", "How records are found, what scores mean, what to set", docs.Retrieval()),
		topic("privacy", "What is kept from models, how it is told, and how well", docs.Privacy()),
		topic("login", "How people sign in: identity providers, users, development", docs.Login()),
		topic("operations", "Running a server, from the installation to trouble", docs.Operations()),
	}
}

// arrange groups the commands in the help of root, and breaks long lines in the
// help of all of them.
func arrange(root *cobra.Command) {
	const server, data, settings = "server", "data", "settings"
	root.AddGroup(
		&cobra.Group{ID: server, Title: "The server:"},
		&cobra.Group{ID: data, Title: "What it keeps:"},
		&cobra.Group{ID: settings, Title: "Settings and help:"},
	)
	groups := map[string]string{
		"serve": server, "chat": server, "mcp": server, "health": server, "bench": server,
		"token": data, "user": data, "dataset": data, "search": data, "export": data, "import": data, "check": data, "backup": data, "restore": data, "key": data,
		"config": settings, "version": settings,
	}
	for _, cmd := range root.Commands() {
		cmd.GroupID = groups[cmd.Name()] // "" is at the end
	}
	root.SetHelpCommandGroupID(settings)
	root.SetCompletionCommandGroupID(settings)
	wrapped := fmt.Sprintf(".FlagUsagesWrapped %d", pageWidth)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", wrapped))
}

// helpCommand is cobra's, but for an unknown topic, which is an error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command or topic]",
		Short: "Show what a command does, or a topic",
		Long: `Shows the help of a command, or a page about a topic: configuration, environment,
exit-status, data-folder, models, retrieval, privacy, login, operations.`,
		Example: `  parley help token create
  parley help models
  parley help operations | less`,
		// Instead of the root's: what fails here is wrong usage.
		PersistentPreRun: func(*cobra.Command, []string) {},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command or topic %q", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag() // as for a command that runs
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, below := range about.Commands() {
				if below.IsAvailableCommand() || below.IsAdditionalHelpTopicCommand() {
					names = append(names, cobra.CompletionWithDesc(below.Name(), below.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// exitCode is what the program ends with.
type exitCode struct {
	code    int
	meaning string
}

// exitCodes are all that there are.
func exitCodes() []exitCode {
	return []exitCode{
		{exitFine, "it went well; a server was told to stop, and stopped in order"},
		{exitFailed, "it failed: the error output says why and what to do"},
		{exitUsage, "there is no such command, flag or argument; nothing was done"},
	}
}

func exitPage() string {
	var b strings.Builder
	b.WriteString("Every command ends with one of these codes:\n\n")
	for _, c := range exitCodes() {
		fmt.Fprintf(&b, "  %d  %s\n", c.code, c.meaning)
	}
	b.WriteString(`
config check fails if the configuration has a problem, check if the data has one,
health if the server is not ready, chat if an answer failed, import if something
could not be brought in, bench if a goal is missed. A value that a setting does
not take is a failure too, also behind a flag, because settings come from other
places as well. A server that could not end in order (turns that could not be closed,
data that did not close) fails after it has said so; its next start closes what
is left.`)
	return b.String()
}

func settingsPage() string {
	var b strings.Builder
	b.WriteString(`Settings come from a YAML file (--config or PARLEY_CONFIG), then the environment,
then flags; the later ones win. parley config check names what is wrong, parley
config show prints what is in effect, secrets hidden.

`)
	for _, s := range config.Settings() {
		fmt.Fprintf(&b, "%s\n", s.Name)
		fmt.Fprint(&b, indent(s.Doc, 4))
		fmt.Fprintf(&b, "    environment %s", s.Env)
		if s.Flag != "" {
			fmt.Fprintf(&b, ", flag --%s", s.Flag)
		}
		if s.Default != "" {
			fmt.Fprintf(&b, ", default %s", s.Default)
		}
		b.WriteString("\n\n")
	}
	b.WriteString("What an entry of providers, models or tenants holds is in docs/configuration.md,\nwhich parley config doc prints.")
	return b.String()
}

func environmentPage() string {
	var b strings.Builder
	b.WriteString(`Every setting has a variable. An empty one counts as not set; an unknown one that
begins with PARLEY_ is warned about.

`)
	for _, s := range config.Settings() {
		fmt.Fprintf(&b, "%s\n%s\n", s.Env, indent(s.Doc, 4))
	}
	b.WriteString(`PARLEY_IMPORT_SECRET is the API secret of the server that parley import --from
reads from. PARLEY_EXPORT_PASSPHRASE is the passphrase under which parley export
--with-secrets and parley import have the values of secrets.

Besides, NOTIFY_SOCKET, which systemd sets, is told when the server is ready and
when it stops. GOMEMLIMIT and GOMAXPROCS work as in every Go program.`)
	return b.String()
}

// pageWidth is how long a line of a page may be.
const pageWidth = 80

// indent breaks a text into lines behind so many blanks.
func indent(text string, blanks int) string {
	var b strings.Builder
	line := ""
	flush := func() {
		b.WriteString(strings.Repeat(" ", blanks) + line + "\n")
		line = ""
	}
	for _, word := range strings.Fields(text) {
		if line != "" && blanks+len(line)+1+len(word) > pageWidth {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
	return b.String()
}
