package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
)

func (p *program) tokenCommand() *cobra.Command {
	group := &cobra.Command{
		Use:   "token",
		Short: "Create, list and revoke the API's secrets",
		Long: `Manages the tokens by which clients are let in. If a server runs on the data
folder, it is asked through its socket there; else the folder is opened.`,
		Example: `  parley token create --name website
  parley token create --name test --expires 30d
  parley token list
  parley token revoke 0199a3c1-…`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	tenant := group.PersistentFlags().String("tenant", "", "the tenant, as org/name (default: the first one)")
	group.AddCommand(p.tokenCreate(tenant), p.tokenList(tenant), p.tokenRevoke(tenant))
	return group
}

func (p *program) tokenCreate(tenant *string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print its secret, once",
		Long: `Makes an API secret for a tenant. The secret alone goes to the standard output, so
that a script can keep it, and all else to the error output. The server stores its
hash only: a secret that is lost is replaced, not found.

An application that speaks for users of its own (x-uipath-external-user-id) keeps
them under its name: give the secret that takes the place of another one the same
--app.`,
		Example: `  parley token create --name website
  parley token create --name "website 2027" --app website
  SECRET=$(parley token create --name nightly --expires 12h)`,
		Args: cobra.NoArgs,
	}
	name := cmd.Flags().String("name", "", "what it is for")
	app := cmd.Flags().String("app", "", "the application whose users it may speak for (default \"default\")")
	expires := cmd.Flags().String("expires", "", "how long it works: 12h, 30d (default: until it is revoked)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		lasts, err := parseLasting(*expires)
		if err != nil {
			return err
		}
		return p.withTokens(cmd, func(ctx context.Context, tokens console.Tokens) error {
			secret, t, err := tokens.Create(ctx, *tenant, *name, *app, lasts)
			if err != nil {
				return err
			}
			// The secret alone goes to the standard output, for scripts.
			fmt.Fprintf(p.err, "Token %s of tenant %s, %s. Keep the secret: it is not shown again.\n", t.ID, t.Tenant, validity(t))
			_, err = fmt.Fprintln(p.out, secret)
			return err
		})
	}
	return cmd
}

func (p *program) tokenList(tenant *string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens, without their secrets",
		Long: `Lists a tenant's tokens in the order in which they were made. The source says who
manages one: api (made by "token create"), config (a secret of the configuration)
or console (made for a command on this machine). Tokens of browser sessions are
not listed; they end by themselves.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withTokens(cmd, func(ctx context.Context, tokens console.Tokens) error {
				list, err := tokens.List(ctx, *tenant)
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ID\tTENANT\tNAME\tAPP\tSOURCE\tCREATED\tSTATE")
				for _, t := range list {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Tenant, orDash(t.Name), orDash(t.App), t.Source, day(t.Created), validity(t))
				}
				return table.Flush()
			})
		},
	}
}

func (p *program) tokenRevoke(tenant *string) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token at once and for good",
		Long: `Ends a token: requests with it get 401 from now on, and streams that it opened
end within 30 seconds. A secret of the configuration is taken out there instead.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.tokenIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withTokens(cmd, func(ctx context.Context, tokens console.Tokens) error {
				if err := tokens.Revoke(ctx, *tenant, args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(p.out, "Token %s is revoked.\n", args[0])
				return err
			})
		},
	}
}

// withTokens reaches the tokens through the running server, or opens the data
// folder when there is none.
func (p *program) withTokens(cmd *cobra.Command, do func(context.Context, console.Tokens) error) error {
	return withServer(p, cmd, func(c *console.Client) console.Tokens { return c }, app.OpenTokens, do)
}

// withServer does something with what a running server offers on its socket, or with
// what is opened in the data folder when no server runs.
func withServer[T any](
	p *program, cmd *cobra.Command, offered func(*console.Client) T,
	open func(context.Context, config.Config) (T, func() error, error), do func(context.Context, T) error,
) error {
	l, err := p.load(cmd)
	if err != nil {
		return err
	}
	return p.interruptible(cmd.Context(), func(ctx context.Context) error {
		client, err := console.Dial(ctx, l.Config.Data)
		if err == nil {
			defer client.Close()
			return do(ctx, offered(client))
		}
		if !errors.Is(err, console.ErrNoServer) {
			return err
		}
		opened, closeData, err := open(ctx, l.Config)
		if err != nil {
			return err
		}
		return errors.Join(do(ctx, opened), closeData())
	})
}

// parseLasting reads a duration that may be in days. "" is 0: for ever.
func parseLasting(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is not how long a token can last: write 12h or 30d", text)
}

func validity(t convo.Token) string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked " + day(t.Revoked)
	case t.Expires.IsZero():
		return "until revoked"
	case !time.Now().Before(t.Expires):
		return "expired " + day(t.Expires)
	}
	return "until " + day(t.Expires)
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + "Z" }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
