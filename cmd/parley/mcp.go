package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"
)

func (p *program) mcpCommand() *cobra.Command {
	var o chatOptions
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Offer a server's conversations to an MCP client, over stdio",
		Long: `Speaks the Model Context Protocol on the standard input and output, for programs
that start their MCP servers themselves. What it offers is what the server that
runs on the data folder offers at /mcp, or the one that --url names: tools that
hold conversations. It ends when its input does, or with an interrupt.`,
		Example: `  parley mcp
  PARLEY_SECRET=pk_… parley mcp --url https://parley.example.com`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.url, "url", "", "the address of a server elsewhere")
	flags.StringVar(&o.secret, "secret", "", "its API secret; PARLEY_SECRET keeps it out of the list of processes")
	flags.StringVar(&o.tenant, "tenant", "", "the tenant on this machine's server, as org/name (default: the first one)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(nil); err != nil {
			return err
		}
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		if o.url != "" {
			// The file's secret is that of the server here: nobody meant to send it there.
			o.secret = cmp.Or(o.secret, p.variable("PARLEY_SECRET"))
		}
		err = p.interruptible(cmd.Context(), func(ctx context.Context) error {
			link := &mcpLink{reach: func(ctx context.Context) (reached, error) { return reach(ctx, &l.Config, o) }}
			if err := link.dial(ctx); err != nil {
				return err
			}
			defer link.close(ctx)
			return (&mcpBridge{link: link, out: p.out}).run(ctx, until(ctx, p.in))
		})
		if errors.Is(err, errInterrupted) { // it was told to end, and has
			return nil
		}
		return err
	}
	return cmd
}

// The bounds of a client that writes to the bridge.
const (
	mcpLine  = 16 << 20 // bytes of one message
	mcpCalls = 64       // that may be open at once
)

// mcpMessage is what the bridge looks at in a message of the protocol.
type mcpMessage struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Result *struct {
		ProtocolVersion string `json:"protocolVersion"`
	} `json:"result,omitempty"`
}

// isCall reports whether a message wants an answer.
func (m *mcpMessage) isCall() bool { return m.Method != "" && len(m.ID) > 0 }

// mcpBridge passes messages on between a client and a server: one in a line on
// this side, a request for each on the other.
type mcpBridge struct {
	link *mcpLink

	mu  sync.Mutex // one line at a time
	out io.Writer
}

// run works until the input ends. What is still asked for then nobody waits for:
// the end of the session, which follows, stops it.
func (b *mcpBridge) run(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	free := make(chan struct{}, mcpCalls)
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), mcpLine)
	for lines.Scan() {
		line := bytes.Clone(bytes.TrimSpace(lines.Bytes()))
		var m mcpMessage
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &m); err != nil {
			b.fail(json.RawMessage("null"), -32700, "this is no message of the protocol: "+err.Error())
			continue
		}
		// A session begins before anything is said in it, and what wants no answer
		// keeps its order; calls may take long.
		if m.Method == "initialize" || !m.isCall() {
			b.pass(ctx, &m, line)
			continue
		}
		select {
		case free <- struct{}{}:
		default: // not to wait, which would keep it from hearing what is given up
			b.fail(m.ID, -32000, fmt.Sprintf("%d calls are open; wait for one of them, or give one up", mcpCalls))
			continue
		}
		calls.Go(func() {
			defer func() { <-free }()
			b.pass(ctx, &m, line)
		})
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a message has more than %d bytes", mcpLine)
	}
	return lines.Err()
}

// pass sends a message, and writes what comes back.
func (b *mcpBridge) pass(ctx context.Context, m *mcpMessage, line []byte) {
	answered := false
	err := b.link.send(ctx, m, line, func(message []byte) {
		var said mcpMessage
		if json.Unmarshal(message, &said) == nil && said.Method == "" && bytes.Equal(said.ID, m.ID) {
			answered = true
		}
		b.write(message)
	})
	if !m.isCall() || answered || ctx.Err() != nil {
		return
	}
	if err == nil {
		err = errors.New("the server ended its answer before it was whole")
	}
	b.fail(m.ID, -32000, err.Error())
}

// fail answers a call in the server's stead.
func (b *mcpBridge) fail(id json.RawMessage, code int, message string) {
	text, _ := json.Marshal(message) // a string
	b.write(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`, id, code, text))
}

// write sends a line to the client. One that does not read any more ends its
// output, and then the input.
func (b *mcpBridge) write(message []byte) {
	var line bytes.Buffer
	if json.Compact(&line, message) != nil {
		return // not of the protocol, and perhaps of several lines
	}
	line.WriteByte('\n')
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = b.out.Write(line.Bytes())
}
