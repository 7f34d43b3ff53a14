package mcp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/mcp"
	"github.com/parleyhq/parley/internal/tool/tooltest"
)

func TestToolsOfServersAreToolsAsThePortWantsThem(t *testing.T) {
	t.Parallel()
	b := newBench(t, mcp.Options{Patience: time.Minute}, func(b *bench) []mcp.Server {
		raw := b.program("raw")
		raw.Name = "raw"
		return []mcp.Server{b.program("stdio"), raw}
	})
	began := make(chan struct{})
	go func() {
		b.await("the call is there", func() bool { return slices.Contains(b.noted(), "hang") })
		close(began)
	}()
	tooltest.Run(t, tooltest.Driver{
		Set: b.Set, Tenant: "one", Want: tool.Want{BotID: "bot"},
		Echo: "echo", Fails: "fail", Hangs: "hang", Long: "long", Binary: "bytes",
		Began: began, Secret: password,
	})
}
