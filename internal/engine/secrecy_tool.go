package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/privacy"
	"github.com/parleyhq/parley/internal/tool"
)

// veiledTool is a tool of a private turn. What it answers is masked before anything
// else is done with it, so that nothing is cut within a value; and of an error that is
// not meant for others only its type is told, for what it says may hold what the tool
// was called with, and goes to the log of the server.
type veiledTool struct {
	tool.Tool
	secrets *secrecy
}

// Call implements tool.Tool.
func (t veiledTool) Call(ctx context.Context, c tool.Call) (tool.Result, error) {
	result, err := t.Tool.Call(ctx, c)
	if err != nil {
		return result, t.quiet(ctx, err)
	}
	if said := textOf(result.Output); len(said) < len(result.Output) && len(said) >= tool.MaxOutput/4 {
		result.Output = quoted(t.shorter(said))
	}
	result.Output, err = t.secrets.maskJSON(ctx, result.Output)
	return result, err
}

// A tool that cuts what it answers does not know what is kept from the model: where it
// has cut, half of a value may stand. So much before that place is left out.
const beforeCut = 256

// shorter gives a text that a tool has cut, which says so at its end, without what
// stands before the cut.
func (t veiledTool) shorter(text string) string {
	end := len(text)
	if note := strings.LastIndex(text, "\n["); strings.HasSuffix(text, "]") && end-note < beforeCut {
		end = note
	}
	at := len(strings.TrimSuffix(text[:end], "…"))
	if at == len(text) || at < beforeCut {
		return text
	}
	return t.secrets.cut(text, at-beforeCut) + text[at:]
}

// quiet gives an error as the log and the model may see it.
func (t veiledTool) quiet(ctx context.Context, err error) error {
	public := convo.PublicError(err)
	if public.Kind == convo.Internal {
		return fmt.Errorf("%T, of which a private turn tells no more", err)
	}
	said := *public
	said.Cause = nil
	message := public.Message
	if len(message) >= errorBytes/4 {
		message = t.shorter(message)
	}
	err = t.secrets.add(ctx, func(v *privacy.Vault) { said.Message, _ = v.Mask(message) })
	if err != nil {
		return err
	}
	return &said
}

// told is what the log may say of a tool that panicked.
func told(t tool.Tool, panicked any) any {
	if _, private := t.(veiledTool); private {
		return fmt.Sprintf("%T, of which a private turn tells no more", panicked)
	}
	return panicked
}
