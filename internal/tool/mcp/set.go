package mcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
)

// Agent is what the file says of one agent's servers.
type Agent struct {
	Tenant  string // its id
	Bot     string // the id of the bot that it is
	Servers []Server
}

// Server is one MCP server: a program if Command is there, else an address.
type Server struct {
	Name    string            // for logs and errors, unique in the agent
	Command []string          // the program and its arguments
	Env     map[string]string // what the program gets beside the usual variables
	URL     string            // where it is spoken with over HTTP
	Secret  string            // is sent there as Authorization: Bearer …; "" = none
	Where   string            // where in the file it stands
	// Connector makes the server one of several among which each user chooses, by
	// their names; "" = it is always there. Default: for those who chose none.
	Connector string
	Default   bool
}

// Options bound what a Set does. 0 = the default.
type Options struct {
	Client *outbound.Client // for servers with an address
	// Chosen gives the names of the servers that a user chose for a bot, by
	// connector; default: nobody chose any.
	Chosen   func(ctx context.Context, tenant, user, bot string) (map[string]string, error)
	Log      *slog.Logger  // default: none
	Patience time.Duration // for which a turn waits for a server's tools; 5 s
	Start    time.Duration // for which a server may take to be ready; 1 min
	Idle     time.Duration // for which a call may be without progress; 30 s
}

func (o *Options) fill() {
	o.Patience, o.Start = cmp.Or(o.Patience, 5*time.Second), cmp.Or(o.Start, time.Minute)
	o.Idle = cmp.Or(o.Idle, 30*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Set gives the turns of agents the tools of their servers: it is a tool.Set.
type Set struct {
	options Options
	links   map[owner][]*link

	ctx     context.Context // ends with the set
	cancel  context.CancelFunc
	running sync.WaitGroup
}

type owner struct{ tenant, bot string }

// New checks all servers. Its error names all that is wrong, a line for each. It
// does no I/O, and starts nothing.
func New(agents []Agent, o Options) (*Set, error) {
	o.fill()
	ctx, cancel := context.WithCancel(context.Background()) // the set's own life, which no caller's context spans
	s := &Set{options: o, links: map[owner][]*link{}, ctx: ctx, cancel: cancel}
	var wrong error
	for _, a := range agents {
		taken := map[string]bool{}
		for _, server := range a.Servers {
			err := check(server)
			if err == nil && taken[server.Name] {
				err = convo.Errorf(convo.Invalid, "the agent has another server of that name")
			}
			taken[server.Name] = true
			if err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s: MCP server %q of agent %q: %w", server.Where, server.Name, a.Bot, err))
				continue
			}
			key := owner{a.Tenant, a.Bot}
			s.links[key] = append(s.links[key], newLink(s, server))
		}
	}
	if wrong != nil {
		s.Close()
		return nil, wrong
	}
	return s, nil
}

func check(s Server) error {
	switch {
	case s.Name == "":
		return convo.Errorf(convo.Invalid, "it needs a name")
	case (len(s.Command) > 0) == (s.URL != ""):
		return convo.Errorf(convo.Invalid, "it needs either a command or a url")
	case len(s.Command) > 0 && s.Command[0] == "":
		return convo.Errorf(convo.Invalid, "its command is empty")
	case len(s.Command) > 0 && s.Secret != "":
		return convo.Errorf(convo.Invalid, "a command gets no secret: put it into env")
	case len(s.Command) > 0:
		for name := range s.Env {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				return convo.Errorf(convo.Invalid, "env: %q is no name of a variable", name)
			}
		}
		return nil
	case len(s.Env) > 0:
		return convo.Errorf(convo.Invalid, "env is for a command")
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return convo.Errorf(convo.Invalid, "its url must begin with http:// or https:// and name a host, and no user")
	}
	if _, err := outbound.RuleFor(u); err != nil {
		return convo.WrapError(convo.Invalid, err, "its url has no host that can be called")
	}
	return nil
}

// Tools implements tool.Set. A server that cannot be had is left out: the turn is
// better off with the rest.
func (s *Set) Tools(ctx context.Context, tenant string, want tool.Want) ([]tool.Tool, error) {
	links := s.links[owner{tenant, want.BotID}]
	if want.BotID == "" || len(links) == 0 {
		return nil, nil
	}
	links, err := s.chosen(ctx, tenant, want, links)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Patience)
	defer cancel()
	found := make([][]*remote, len(links))
	var asking sync.WaitGroup // each costs its time, all together no more than one
	for i, l := range links {
		asking.Go(func() { found[i] = l.offered(ctx) })
	}
	asking.Wait()
	var all []tool.Tool
	var names tool.Names
	for _, tools := range found {
		for _, t := range tools {
			all = append(all, named{t, names.Take(t.spec.Name)})
		}
	}
	return all, nil
}

// chosen leaves out the servers that the user did not choose.
func (s *Set) chosen(ctx context.Context, tenant string, want tool.Want, links []*link) ([]*link, error) {
	free := func(l *link) bool { return l.server.Connector == "" }
	if !slices.ContainsFunc(links, func(l *link) bool { return !free(l) }) {
		return links, nil
	}
	var choices map[string]string
	if s.options.Chosen != nil {
		var err error
		if choices, err = s.options.Chosen(ctx, tenant, want.User, want.BotID); err != nil {
			return nil, err
		}
	}
	var kept []*link
	for _, l := range links {
		name, said := choices[l.server.Connector]
		if free(l) || said && name == l.server.Name || !said && l.server.Default {
			kept = append(kept, l)
		}
	}
	return kept, nil
}

// named is a tool under the name that is free for it.
type named struct {
	*remote
	name string
}

// Spec implements tool.Tool.
func (n named) Spec() tool.Spec {
	spec := n.spec
	spec.Name = n.name
	return spec
}

// Close ends all connections and programs, and waits until they have ended.
func (s *Set) Close() {
	s.cancel()
	for _, links := range s.links {
		for _, l := range links {
			s.running.Go(l.close) // each may take its time
		}
	}
	s.running.Wait()
}
