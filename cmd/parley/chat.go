package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// chatOptions are the flags of chat.
type chatOptions struct {
	url, secret, tenant            string
	conversation, model, backstory string
}

func (p *program) chatCommand() *cobra.Command {
	var o chatOptions
	cmd := &cobra.Command{
		Use:   "chat [message]",
		Short: "Talk to a server in the terminal",
		Long: `Holds a conversation with the server that runs on the data folder, or with the
one that --url names. On a terminal it asks for messages; from a pipe it reads
one message a line; with a message it answers that one and ends.

Ctrl-C stops the answer that is being written, and leaves when there is none.`,
		Example: `  parley chat
  parley chat "What is on the menu?" --backstory "You are the cook of a small inn."
  parley chat --conversation 0199a3c1-…
  PARLEY_SECRET=pk_… parley chat --url https://parley.example.com`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.url, "url", "", "the address of a server elsewhere")
	flags.StringVar(&o.secret, "secret", "", "its API secret; PARLEY_SECRET keeps it out of the list of processes")
	flags.StringVar(&o.tenant, "tenant", "", "the tenant on this machine's server, as org/name (default: the first one)")
	flags.StringVar(&o.conversation, "conversation", "", "the id of a conversation to go on with")
	flags.StringVar(&o.model, "model", "", "the model that answers, in a new conversation")
	flags.StringVar(&o.backstory, "backstory", "", "what the bot is and knows, in a new conversation")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.conversation != "" && (o.model != "" || o.backstory != "") {
			return errors.New("--model and --backstory belong to a new conversation: leave out --conversation")
		}
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		c, closeClient, err := dial(cmd.Context(), &l.Config, o)
		if err != nil {
			return err
		}
		defer closeClient()
		s := &chat{program: p, client: c, options: o, terminal: isTerminal(p.in) && isTerminal(p.out)}
		return s.run(cmd.Context(), args)
	}
	return cmd
}

// dial reaches the server that the flags name, or the one of this machine.
func dial(ctx context.Context, cfg *config.Config, o chatOptions) (*client, func(), error) {
	if o.url != "" {
		secret := o.secret
		if secret == "" {
			secret = cfg.Secret.Reveal()
		}
		if secret == "" {
			return nil, nil, errors.New("--url needs a secret: set PARLEY_SECRET, or give --secret")
		}
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
		return &client{http: &http.Client{Transport: transport}, base: o.url, secret: secret}, transport.CloseIdleConnections, nil
	}
	socket, err := console.Dial(ctx, cfg.Data)
	if errors.Is(err, console.ErrNoServer) {
		return nil, nil, fmt.Errorf("no server is running on %s: start one with \"parley serve\", or name one with --url", cfg.Data)
	}
	if err != nil {
		return nil, nil, err
	}
	secret, err := socket.Chat(ctx, o.tenant)
	if err != nil {
		socket.Close()
		return nil, nil, err
	}
	return &client{http: socket.HTTP(), base: console.BaseURL, secret: secret}, socket.Close, nil
}

// chat is one run of the command.
type chat struct {
	*program
	client   *client
	options  chatOptions
	terminal bool
	failed   bool // an answer did
}

// errLeft says that the user has had enough.
var errLeft = errors.New("left")

func (s *chat) run(ctx context.Context, args []string) error {
	id := s.options.conversation
	if id == "" {
		var err error
		if id, err = s.client.createConversation(ctx, s.options.model, s.options.backstory); err != nil {
			return err
		}
	}
	if s.terminal && len(args) == 0 {
		fmt.Fprintf(s.err, "Conversation %s. Ctrl-C stops an answer, Ctrl-D leaves.\n", id)
	}
	var err error
	if len(args) == 1 {
		err = s.turn(ctx, id, args[0])
	} else {
		err = s.loop(ctx, id)
	}
	if s.terminal && len(args) == 0 {
		fmt.Fprintf(s.err, "Go on with: parley chat --conversation %s\n", id)
	}
	if errors.Is(err, errLeft) {
		err = nil
	}
	if err == nil && s.failed {
		return errQuiet
	}
	return err
}

// loop answers message after message.
func (s *chat) loop(ctx context.Context, conversation string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := s.messages(ctx)
	for {
		if s.terminal {
			fmt.Fprint(s.out, "> ")
		}
		select {
		case m, more := <-messages:
			if !more {
				s.newline()
				return nil
			}
			if m.err != nil {
				return m.err
			}
			if strings.TrimSpace(m.text) == "" {
				continue
			}
			if err := s.turn(ctx, conversation, m.text); err != nil {
				return err
			}
		case <-s.interrupts:
			s.newline()
			return errLeft
		}
	}
}

// newline leaves the prompt behind.
func (s *chat) newline() {
	if s.terminal {
		fmt.Fprintln(s.out)
	}
}

type message struct {
	text string
	err  error
}

// messages reads the input line by line. Its goroutine ends with the input, or
// with the process: nothing can interrupt a read of a terminal.
func (s *chat) messages(ctx context.Context) <-chan message {
	messages := make(chan message)
	give := func(m message) bool {
		select {
		case messages <- m:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(messages)
		scanner := bufio.NewScanner(s.in)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			if !give(message{text: scanner.Text()}) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			give(message{err: fmt.Errorf("reading the messages: %w", err)})
		}
	}()
	return messages
}

// turn asks once. The first interrupt stops the answer, the second leaves.
func (s *chat) turn(ctx context.Context, conversation, text string) error {
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	watched := make(chan struct{})
	answered := make(chan struct{})
	go func() {
		defer close(watched)
		s.watch(ctx, conversation, answered, leave)
	}()
	a, err := s.client.ask(ctx, conversation, text, s.print)
	close(answered)
	<-watched
	fmt.Fprintln(s.out)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errLeft):
		return errLeft
	case lost(err):
		return errors.New("the connection was lost and does not come back; the answer goes on at the server")
	case err != nil:
		return err
	}
	s.note(a)
	return nil
}

// watch turns interrupts into what they mean while an answer is written.
func (s *chat) watch(ctx context.Context, conversation string, answered <-chan struct{}, leave context.CancelCauseFunc) {
	select {
	case <-answered:
		return
	case <-s.interrupts:
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.client.stop(ctx, conversation) }()
	for {
		select {
		case <-answered:
			return
		case err := <-stopped:
			if err != nil {
				fmt.Fprintf(s.err, "parley: the answer cannot be stopped: %v\n", err)
			}
		case <-s.interrupts:
			leave(errLeft)
			return
		}
	}
}

// note says how an answer ended, if it is not complete.
func (s *chat) note(a *answer) {
	switch a.result.End.Reason {
	case "stop":
	case "abort":
		fmt.Fprintln(s.err, "(stopped)")
	case "length":
		fmt.Fprintln(s.err, "(cut at the model's limit)")
	default:
		s.failed = true
		why := a.failed
		if why == "" {
			why = "the answer ended with " + a.result.End.Reason
		}
		fmt.Fprintf(s.err, "parley: %s\n", why)
	}
}

// print shows a piece of the answer. On a terminal, a model's control
// characters are left out: they could do anything to it.
func (s *chat) print(token string) {
	if isTerminal(s.out) {
		token = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				return -1
			}
			return r
		}, token)
	}
	fmt.Fprint(s.out, token)
}
