package ability

import (
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// Bounds of an instruction. Models take only so many parameters with sense, and
// each modifier may double a value.
const (
	maxInstruction = 256 << 10
	maxParameters  = 64
	maxModifiers   = 4
)

// Instruction is what an ability does.
type Instruction struct {
	Action     string      // "fetch", "search", "text", "" = the text itself, or what this server does not have
	Dataset    string      // of a search: the id or alias of what is searched; "" = the turn's
	Parameters []Parameter // what the model fills in
	Guidance   string      // the text around the action

	text  request.Template // of the actions text and search, and of none
	fetch *request.Request
}

// Parse reads an instruction. An error is of kind Invalid and meant for its
// author. An action that this server does not have is none: calling it is.
func Parse(text string) (*Instruction, error) {
	if len(text) > maxInstruction || !utf8.ValidString(text) {
		return nil, convo.Errorf(convo.Invalid, "the instruction is no UTF-8 text of at most %d bytes", maxInstruction)
	}
	b, err := findBlock(text)
	if err != nil {
		return nil, err
	}
	i := &Instruction{}
	p := &parser{}
	if b == nil {
		i.text, err = p.template(text)
	} else {
		options := ""
		i.Action, options, _ = strings.Cut(b.info, "/")
		i.Guidance = strings.TrimSpace(b.before + "\n" + b.after)
		switch i.Action {
		case "fetch":
			i.fetch, err = p.fetch(b.body)
		case "text":
			i.text, err = p.template(b.body)
		case "search":
			i.Dataset = option(options, "datasetId")
			if strings.TrimSpace(b.body) == "" {
				b.body = "$[query!|what to look for]"
			}
			i.text, err = p.template(strings.TrimSpace(b.body))
		}
	}
	if err != nil {
		return nil, err
	}
	i.Parameters = p.parameters
	return i, nil
}

// option gives the value of an option of an action: name=value, behind slashes.
func option(options, name string) string {
	for o := range strings.SplitSeq(options, "/") {
		if key, value, ok := strings.Cut(o, "="); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// block is a fenced block whose info string is an action.
type block struct {
	info, body    string
	before, after string
}

// findBlock gives the only block of a text that has an info string, or nil.
// Fences are those of Markdown: a line of three or more backticks opens one, and
// one of as many closes it, or the end of the text.
func findBlock(text string) (*block, error) {
	var found *block
	for at := 0; at < len(text); {
		line, next := lineAt(text, at)
		fence, info := opening(line)
		if fence == 0 {
			at = next
			continue
		}
		body, after := closing(text, next, fence)
		if info != "" {
			if found != nil {
				return nil, convo.Errorf(convo.Invalid, "the instruction has more than one action: %s and %s; make an ability of each", request.Short(found.info), request.Short(info))
			}
			found = &block{info: info, body: unindent(text[next:body], line), before: text[:at], after: text[after:]}
		}
		at = after
	}
	return found, nil
}

// lineAt gives the line that begins there, without its end, and where the next
// one begins.
func lineAt(text string, at int) (line string, next int) {
	line, _, _ = strings.Cut(text[at:], "\n")
	return strings.TrimSuffix(line, "\r"), min(at+len(line)+1, len(text))
}

// opening gives how many backticks open a block on that line, 0 if none do, and
// its info string.
func opening(line string) (fence int, info string) {
	trimmed := strings.TrimLeft(line, " \t")
	rest := strings.TrimLeft(trimmed, "`")
	fence = len(trimmed) - len(rest)
	if fence < 3 || strings.Contains(rest, "`") {
		return 0, ""
	}
	return fence, strings.TrimSpace(rest)
}

// closing gives where the body of a block ends, and where its text goes on.
func closing(text string, at, fence int) (body, after int) {
	for at < len(text) {
		line, next := lineAt(text, at)
		if trimmed := strings.TrimSpace(line); len(trimmed) >= fence && strings.Trim(trimmed, "`") == "" {
			return at, next
		}
		at = next
	}
	return len(text), len(text)
}

// unindent takes the indentation of the fence's line off every line, as far as
// they have it, and the last line's end off the text.
func unindent(body, fence string) string {
	indent := fence[:len(fence)-len(strings.TrimLeft(fence, " \t"))]
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimSuffix(line, "\r"), indent)
	}
	return strings.Join(lines, "\n")
}
