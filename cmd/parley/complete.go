package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// completions tells the shell what may stand behind the flags of a command and
// of those below it. It looks into the configuration and asks a running server,
// and offers nothing where that fails.
func (p *program) completions(cmd *cobra.Command) {
	offers := map[string]cobra.CompletionFunc{
		"model":  p.modelNames,
		"tenant": p.tenantNames,
		"data":   directories,
		"config": cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt),
		// A file of any name: what shells do by themselves.
		"key-file": cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
	}
	for _, f := range config.Flags() {
		if len(f.Values) > 0 {
			offers[f.Name] = cobra.FixedCompletions(f.Values, cobra.ShellCompDirectiveNoFileComp)
		}
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for name, offer := range offers {
			if cmd.LocalFlags().Lookup(name) == nil {
				continue
			}
			// An error says that it is registered already: that one knows better.
			_ = cmd.RegisterFlagCompletionFunc(name, offer)
		}
		if takesNothing := !strings.Contains(cmd.Use, " "); takesNothing && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		for _, below := range cmd.Commands() {
			walk(below)
		}
	}
	walk(cmd)
}

func directories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// modelNames are the models that the configuration names. Those of a vendor are
// not asked for: that would take longer than a keystroke.
func (p *program) modelNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	l, err := p.load(cmd)
	if l == nil || err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := []string{"quote"}
	for alias := range l.Config.Aliases {
		names = append(names, alias)
	}
	for _, provider := range l.Config.Providers {
		for _, model := range provider.Models {
			names = append(names, provider.Name+"/"+model)
		}
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (p *program) tenantNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	l, err := p.load(cmd)
	if l == nil || err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, t := range l.Config.AllTenants() {
		names = append(names, t.ID())
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeTime is how long somebody who pressed a key waits for a server.
const completeTime = 3 * time.Second

// tokenIDs are the tokens of the running server that can still be revoked.
func (p *program) tokenIDs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return p.offer(cmd, args, func(ctx context.Context, client *console.Client, tenant string) (ids []string) {
		list, _ := client.List(ctx, tenant) // of an error nothing is offered
		for _, t := range list {
			if t.Revoked.IsZero() {
				ids = append(ids, cobra.CompletionWithDesc(t.ID, orDash(t.Name)))
			}
		}
		return ids
	})
}

// userNames are the users that the running server can change.
func (p *program) userNames(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return p.offer(cmd, args, func(ctx context.Context, client *console.Client, tenant string) (names []string) {
		list, _ := client.ListUsers(ctx, tenant) // of an error nothing is offered
		for _, m := range list {
			names = append(names, cobra.CompletionWithDesc(m.Name, orDash(m.Email)))
		}
		return names
	})
}

// offer asks the running server for what may stand in place of the one argument.
func (p *program) offer(
	cmd *cobra.Command, args []string, ask func(ctx context.Context, client *console.Client, tenant string) []string,
) ([]string, cobra.ShellCompDirective) {
	l, err := p.load(cmd)
	if l == nil || err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	client, err := console.Dial(ctx, l.Config.Data)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer client.Close()
	tenant, _ := cmd.Flags().GetString("tenant") // "" is the first one
	return ask(ctx, client, tenant), cobra.ShellCompDirectiveNoFileComp
}
