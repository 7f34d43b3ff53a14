package configured_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/configured"
	"github.com/parleyhq/parley/internal/tool/tooltest"
)

func TestConfiguredToolsAreToolsAsThePortWantsThem(t *testing.T) {
	t.Parallel()
	u := tooltest.NewUpstream(t)
	agent := configured.Agent{Tenant: "acme", Bot: "b"}
	for _, name := range []string{"echo", "fails", "hangs", "long", "binary"} {
		agent.Tools = append(agent.Tools, configured.Tool{
			Name: name, Input: convo.JSON(`{"type":"object","properties":{"text":{"type":"string"}}}`),
			HTTP: &configured.HTTP{URL: u.URL + "/" + name + "?text={{text}}", Secret: "the-secret-value"},
		})
	}
	s, err := newSet(t, agent)
	if err != nil {
		t.Fatal(err)
	}
	tooltest.Run(t, tooltest.Driver{
		Set: s, Tenant: "acme", Want: tool.Want{BotID: "b"}, Began: u.Began, Secret: "the-secret-value",
		Echo: "echo", Fails: "fails", Hangs: "hangs", Long: "long", Binary: "binary",
	})
}
