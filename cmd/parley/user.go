package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/console"
)

func (p *program) userCommand() *cobra.Command {
	group := &cobra.Command{
		Use:   "user",
		Short: "Add, list and remove the people who may sign in",
		Long: `Manages the users of the built-in identity provider (oidc.builtin). If a server
runs on the data folder, it is asked through its socket there; else the folder is
opened. Users of the configuration are managed there.

A password is asked for, or read as the first line of the standard input. It is
never an argument: those are seen by everybody on the machine.`,
		Example: `  parley user add ann --email ann@example.com
  parley user password ann < new-password
  parley user list
  parley user remove ann`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	tenant := group.PersistentFlags().String("tenant", "", "the tenant, as org/name (default: the first one)")
	group.AddCommand(p.userAdd(tenant), p.userList(tenant), p.userPassword(tenant), p.userRemove(tenant), p.userHash())
	return group
}

func (p *program) userAdd(tenant *string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Let somebody sign in",
		Long: `Makes a user of a tenant, who signs in with that name, in any case, and the password
that is asked for or read from the standard input. It has at least 8 characters.`,
		Args: cobra.ExactArgs(1),
	}
	email := cmd.Flags().String("email", "", "the user's address, for the applications")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		password, err := p.newPassword()
		if err != nil {
			return err
		}
		return p.withUsers(cmd, func(ctx context.Context, users console.Users) error {
			m, err := users.AddUser(ctx, *tenant, args[0], *email, password)
			if err != nil {
				return err
			}
			p.noteLogins(cmd)
			_, err = fmt.Fprintf(p.out, "User %s of tenant %s may sign in.\n", m.Name, m.Tenant)
			return err
		})
	}
	return cmd
}

// noteLogins says when users can be made but cannot sign in.
func (p *program) noteLogins(cmd *cobra.Command) {
	if l, err := p.load(cmd); err == nil && !l.Config.OIDC.Builtin.Enabled {
		fmt.Fprintln(p.err, "Nobody can sign in as long as oidc.builtin.enabled is not set to true.")
	}
}

func (p *program) userList(tenant *string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the users that were added",
		Long:  `Lists a tenant's users by their names. Those of the configuration are not among them.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withUsers(cmd, func(ctx context.Context, users console.Users) error {
				list, err := users.ListUsers(ctx, *tenant)
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tTENANT\tEMAIL\tCREATED\tPASSWORD SET\tID")
				for _, m := range list {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Tenant, orDash(m.Email), day(m.Created), day(m.Changed), m.ID)
				}
				return table.Flush()
			})
		},
	}
}

func (p *program) userPassword(tenant *string) *cobra.Command {
	return &cobra.Command{
		Use:   "password NAME",
		Short: "Give a user another password",
		Long: `Gives a user another password, which is asked for or read from the standard input,
and signs the user out everywhere.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.userNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := p.newPassword()
			if err != nil {
				return err
			}
			return p.withUsers(cmd, func(ctx context.Context, users console.Users) error {
				if err := users.SetPassword(ctx, *tenant, args[0], password); err != nil {
					return err
				}
				_, err := fmt.Fprintf(p.out, "User %s has another password, and is signed out.\n", args[0])
				return err
			})
		},
	}
}

func (p *program) userRemove(tenant *string) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user, and sign the user out",
		Long: `Removes a user. His tokens work no more, and connections that he holds open are
closed. His conversations stay; a user who is added with the same name later is
another one, and does not see them.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.userNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withUsers(cmd, func(ctx context.Context, users console.Users) error {
				if err := users.RemoveUser(ctx, *tenant, args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(p.out, "User %s is removed.\n", args[0])
				return err
			})
		},
	}
}

func (p *program) userHash() *cobra.Command {
	return &cobra.Command{
		Use:   "hash",
		Short: "Make of a password what the configuration may hold in its place",
		Long: `Asks for a password, or reads it from the standard input, and prints its Argon2id
hash, for the password of a user in oidc.builtin.users.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			password, err := p.newPassword()
			if err != nil {
				return err
			}
			hash, err := app.HashPassword(password)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.out, hash)
			return err
		},
	}
}

// withUsers reaches the users through the running server, or opens the data
// folder when there is none.
func (p *program) withUsers(cmd *cobra.Command, do func(context.Context, console.Users) error) error {
	return withServer(p, cmd, func(c *console.Client) console.Users { return c }, app.OpenUsers, do)
}
