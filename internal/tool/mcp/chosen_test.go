package mcp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/mcp"
)

func TestAUserHasTheToolsOfTheServersThatHeChose(t *testing.T) {
	t.Parallel()
	lost := errors.New("the settings cannot be read")
	chosen := func(_ context.Context, tenant, user, bot string) (map[string]string, error) {
		if tenant != "one" || bot != "bot" {
			t.Errorf("asked for the choices of %s in %s", bot, tenant)
		}
		switch user {
		case "ann":
			return map[string]string{"wiki": "second"}, nil
		case "bob":
			return map[string]string{"wiki": "", "other": "first"}, nil
		case "eve":
			return nil, lost
		}
		return nil, nil
	}
	b := newBench(t, mcp.Options{Patience: time.Minute, Chosen: chosen}, func(b *bench) []mcp.Server {
		first, second := b.program("stdio"), b.program("stdio")
		first.Name, first.Connector, first.Default = "first", "wiki", true
		second.Name, second.Connector = "second", "wiki"
		return []mcp.Server{first, second}
	})
	count := func(user string) int {
		tools, err := b.Tools(t.Context(), "one", tool.Want{BotID: "bot", User: user})
		if user == "eve" {
			if !errors.Is(err, lost) {
				t.Errorf("got %v", err)
			}
			return 0
		}
		must(t, err)
		return len(tools)
	}
	one := count("")
	if one == 0 || count("ann") != one || count("bob") != 0 || count("eve") != 0 {
		t.Errorf("who chose nothing has %d tools, ann %d, bob %d", one, count("ann"), count("bob"))
	}
}
