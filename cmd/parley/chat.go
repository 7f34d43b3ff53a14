package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/client"
)

// chatOptions are the flags of chat.
type chatOptions struct {
	url, secret, tenant                     string
	conversation, model, backstory, dataset string
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
  parley chat "How do I install it?" --dataset handbook
  parley chat --conversation 0199a3c1-…
  PARLEY_SECRET=pk_… parley chat --url https://parley.example.com`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := cmd.Flags()
	o.serverFlags(cmd)
	flags.StringVar(&o.conversation, "conversation", "", "the id of a conversation to go on with")
	flags.StringVar(&o.model, "model", "", "the model that answers, in a new conversation")
	flags.StringVar(&o.backstory, "backstory", "", "what the bot is and knows, in a new conversation")
	flags.StringVar(&o.dataset, "dataset", "", "the dataset to answer from, in a new conversation")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.check(args); err != nil {
			return err
		}
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		s := &chat{program: p, options: o, again: chatLine(l), terminal: isTerminal(p.in) && isTerminal(p.out)}
		if o.url != "" {
			s.again = "parley chat --url " + o.url
			// The file's secret is that of the server here: nobody meant to send it there.
			o.secret = cmp.Or(o.secret, p.variable("PARLEY_SECRET"))
		}
		closeClient := func() {}
		err = p.preparing(cmd.Context(), func(ctx context.Context) (err error) {
			if s.client, closeClient, err = dial(ctx, &l.Config, o); err != nil {
				return err
			}
			return s.open(ctx)
		})
		defer func() { closeClient() }()
		if errors.Is(err, errInterrupted) {
			return nil // who leaves a chat has not failed
		}
		if err != nil {
			return err
		}
		return s.run(cmd.Context(), args)
	}
	return cmd
}

// serverFlags are those that name a server.
func (o *chatOptions) serverFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&o.url, "url", "", "the address of a server elsewhere")
	flags.StringVar(&o.secret, "secret", "", "its API secret; PARLEY_SECRET keeps it out of the list of processes")
	flags.StringVar(&o.tenant, "tenant", "", "the tenant on this machine's server, as org/name (default: the first one)")
}

// check refuses flags that would have no effect, and messages without a text.
func (o *chatOptions) check(args []string) error {
	switch {
	case o.conversation != "" && (o.model != "" || o.backstory != "" || o.dataset != ""):
		return errors.New("--model, --backstory and --dataset belong to a new conversation: leave out --conversation")
	case o.url == "" && o.secret != "":
		return errors.New("--secret is for a server that --url names; the one on this machine needs none")
	case o.url != "" && o.tenant != "":
		return errors.New("--tenant is for the server on this machine; with --url the secret names the tenant")
	case len(args) == 1 && strings.TrimSpace(args[0]) == "":
		return errors.New("the message is empty")
	}
	if o.url == "" {
		return nil
	}
	if u, err := url.Parse(o.url); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--url %q is not an address: write http:// or https:// and a host", o.url)
	}
	return nil
}

// chat is one run of the command.
type chat struct {
	*program
	client   *client.Client
	options  chatOptions
	id       string // of the conversation
	again    string // the command that goes on, without the conversation
	terminal bool
	failed   bool // an answer did
	midline  bool // something was printed, and no line break after it
}

// errLeft says that the user has had enough.
var errLeft = errors.New("left")

// open makes the conversation, unless there is one to go on with.
func (s *chat) open(ctx context.Context) error {
	if s.id = s.options.conversation; s.id != "" {
		return nil
	}
	var in client.ConversationCreateRequest
	if s.options.model != "" {
		in.Model = client.Set(s.options.model)
	}
	if s.options.backstory != "" {
		in.Backstory = client.Set(s.options.backstory)
	}
	if s.options.dataset != "" {
		in.DatasetID = client.Set(s.options.dataset)
	}
	created, err := s.client.Conversation.Create(ctx, in)
	if err != nil {
		return spoken(err)
	}
	s.id = created.ID
	return nil
}

// spoken is an error as a person wants to read it: without status and code.
func spoken(err error) error {
	if refused, ok := errors.AsType[*client.Error](err); ok {
		return errors.New(refused.Message)
	}
	return err
}

func (s *chat) run(ctx context.Context, args []string) error {
	if len(args) == 1 {
		return s.outcome(s.turn(ctx, args[0]))
	}
	if !s.terminal {
		return s.outcome(s.loop(ctx))
	}
	fmt.Fprintf(s.err, "Conversation %s. Ctrl-C stops an answer, Ctrl-D leaves.\n", s.id)
	err := s.loop(ctx)
	fmt.Fprintf(s.err, "Go on with: %s --conversation %s\n", s.again, s.id)
	return s.outcome(err)
}

// outcome is what a chat that ended with err means for the exit code.
func (s *chat) outcome(err error) error {
	if errors.Is(err, errLeft) {
		err = nil
	}
	if err == nil && s.failed {
		return errQuiet
	}
	return spoken(err)
}

// loop answers message after message.
func (s *chat) loop(ctx context.Context) error {
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
			if err := s.turn(ctx, m.text); err != nil && !s.shrug(err) {
				return err
			}
		case <-s.interrupts:
			s.newline()
			return errLeft
		}
	}
}

// shrug tells a reader at a terminal why a message was refused, and goes on:
// the next one may do better. A script wants to know at once.
func (s *chat) shrug(err error) bool {
	refused, ok := errors.AsType[*client.Error](err)
	if !s.terminal || !ok {
		return false
	}
	s.failed = true
	fmt.Fprintf(s.err, "parley: %s\n", plain(refused.Message))
	return true
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
		err := scanner.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = errors.New("a line is longer than 1 MiB")
		}
		if err != nil {
			give(message{err: fmt.Errorf("reading the messages: %w", err)})
		}
	}()
	return messages
}

// turn asks once. The first interrupt stops the answer, the second leaves.
func (s *chat) turn(ctx context.Context, text string) error {
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	watched := make(chan struct{})
	answered := make(chan struct{})
	go func() {
		defer close(watched)
		s.watch(ctx, answered, leave)
	}()
	result, sources, err := s.answer(ctx, text)
	close(answered)
	<-watched
	if s.midline || err == nil {
		fmt.Fprintln(s.out)
		s.midline = false
	}
	printSources(s.err, sources)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errLeft):
		return errLeft
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was lost and does not come back; the answer goes on at the server")
	case result == nil:
		return err
	}
	s.note(result)
	return nil
}

// answer asks and prints the answer as it comes. A result says all about a turn
// that failed; an error stands for a missing one.
func (s *chat) answer(ctx context.Context, text string) (result *client.Result, sources []cited, err error) {
	stream := s.client.Conversation.CompleteStream(ctx, s.id, client.CompleteRequest{Text: client.Set(text)})
	for event, err := range stream.Events() {
		if err != nil && stream.Result() == nil {
			return nil, sources, err
		}
		switch e := event.(type) {
		case client.TokenEvent:
			s.print(e.Token)
		case client.MessageEvent:
			s.call(e.Message)
			sources = append(sources, citedBy(e.Message)...)
		}
	}
	return stream.Result(), sources, nil
}

// call says that the model calls a function. What it says after that begins a
// line of its own.
func (s *chat) call(message client.Message) {
	asked, ok := message.Activity()
	if !ok || asked.Type != client.ActivityRequest {
		return
	}
	if s.midline {
		fmt.Fprintln(s.out)
		s.midline = false
	}
	fmt.Fprintf(s.err, "(%s)\n", plain(asked.Function.Name))
}

// stopTime is how long a request to stop may take to leave. Who leaves at once
// wants the answer stopped all the same, until a third interrupt.
const stopTime = 3 * time.Second

// watch turns interrupts into what they mean while an answer is written.
func (s *chat) watch(ctx context.Context, answered <-chan struct{}, leave context.CancelCauseFunc) {
	select {
	case <-answered:
		return
	case <-s.interrupts:
	}
	stopped := make(chan error, 1)
	stopping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		_, err := s.client.Conversation.Stop(stopping, s.id, client.StopRequest{})
		stopped <- err
	}()
	for {
		select {
		case <-answered:
			return
		case err := <-stopped:
			stopped = nil
			if err != nil {
				fmt.Fprintf(s.err, "parley: the answer cannot be stopped: %s\n", plain(spoken(err).Error()))
			}
		case <-s.interrupts:
			leave(errLeft)
			s.awaitStop(stopped)
			return
		}
	}
}

// awaitStop waits a moment for a request to stop, if there still is one.
func (s *chat) awaitStop(stopped <-chan error) {
	if stopped == nil {
		return
	}
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-stopped:
	case <-s.interrupts:
	case <-timer.C:
	}
}

// note says how an answer ended, if it is not complete.
func (s *chat) note(result *client.Result) {
	switch result.End.Reason {
	case client.EndStop, "": // a server of older days gives no reason
	case client.EndAbort:
		fmt.Fprintln(s.err, "(stopped)")
	case client.EndLength:
		fmt.Fprintln(s.err, "(cut at the model's limit)")
	case client.EndIteration:
		fmt.Fprintln(s.err, "(ended at the limit of its calls)")
	default:
		s.failed = true
		why := "the answer ended with " + string(result.End.Reason)
		if result.Error != nil {
			why = plain(result.Error.Message)
		}
		fmt.Fprintf(s.err, "parley: %s\n", why)
	}
}

// print shows a piece of the answer: to another program as it is.
func (s *chat) print(token string) {
	if isTerminal(s.out) {
		token = plain(token)
	}
	fmt.Fprint(s.out, token)
	s.midline = s.midline || token != ""
}
