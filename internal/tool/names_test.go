package tool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/tool"
)

func TestNamesOfToolsAreMadeOfAnyText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Get Weather": "get_weather", "get_weather": "get_weather", "Look up -- the ORDER!": "look_up_the_order_",
		"": "tool", "3D print": "_3d_print", "Größe": "gr_e", "日本語": "_", strings.Repeat("a", 70): strings.Repeat("a", 64),
		"a  _ b": "a___b",
	} {
		if got := tool.Name(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

func TestATakenNameGetsANumber(t *testing.T) {
	t.Parallel()
	var names tool.Names
	long := strings.Repeat("a", 64)
	for _, c := range [][2]string{{"a", "a"}, {"a", "a_2"}, {"a", "a_3"}, {"a_2", "a_2_2"}, {long, long}, {long, long[:62] + "_2"}} {
		if got := names.Take(c[0]); got != c[1] {
			t.Errorf("%q is taken as %q, not %q", c[0], got, c[1])
		}
	}
}

// named is a tool of which only the name counts.
type named string

func (n named) Spec() tool.Spec { return tool.Spec{Name: string(n), Description: "of " + string(n)} }

func (n named) Call(context.Context, tool.Call) (tool.Result, error) { return tool.Result{}, nil }

type fixed struct {
	tools []tool.Tool
	err   error
}

func (f fixed) Tools(context.Context, string, tool.Want) ([]tool.Tool, error) { return f.tools, f.err }

func TestSeveralSetsAreOneWithNamesThatDiffer(t *testing.T) {
	t.Parallel()
	set := tool.MultiSet{fixed{tools: []tool.Tool{named("a"), named("b")}}, fixed{}, fixed{tools: []tool.Tool{named("b"), named("c")}}}
	tools, err := set.Tools(t.Context(), "", tool.Want{})
	var names []string
	for _, t := range tools {
		names = append(names, t.Spec().Name)
	}
	if err != nil || !slices.Equal(names, []string{"a", "b", "b_2", "c"}) {
		t.Errorf("the tools are %v, %v", names, err)
	}
	if d := tools[2].Spec().Description; d != "of b" {
		t.Errorf("a renamed tool is described as %q", d)
	}
	gone := errors.New("gone")
	if _, err := append(set, fixed{err: gone}).Tools(t.Context(), "", tool.Want{}); !errors.Is(err, gone) {
		t.Errorf("the error of a set became %v", err)
	}
}
