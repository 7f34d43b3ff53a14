package ability_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/tooltest"
)

func TestAbilitiesAreToolsAsThePortWantsThem(t *testing.T) {
	t.Parallel()
	u := tooltest.NewUpstream(t)
	var abilities []tool.Ability
	for _, name := range []string{"echo", "fails", "hangs", "long", "binary"} {
		a := fetchBlock("GET " + u.URL + "/" + name + "?text=$[text! euc]")
		a.Name, a.SecretID = name, "key"
		abilities = append(abilities, a)
	}
	s := newSet(t, objects{
		abilities: map[string][]tool.Ability{"all": abilities}, secrets: map[string][2]string{"key": {"bearer", "the-secret-value"}},
	}, strings.TrimPrefix(u.URL, "http://"))
	tooltest.Run(t, tooltest.Driver{
		Set: s, Tenant: "acme", Want: tool.Want{SkillsetID: "all"}, Began: u.Began, Secret: "the-secret-value",
		Echo: "echo", Fails: "fails", Hangs: "hangs", Long: "long", Binary: "binary",
	})
}
