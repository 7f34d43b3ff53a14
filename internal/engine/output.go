package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/privacy"
	"github.com/parleyhq/parley/internal/tool"
)

// errorBytes bounds what the model is told about a failure.
const errorBytes = 4 << 10

// failureOutput is what the model is told when a call failed.
func failureOutput(format string, args ...any) convo.JSON {
	message := cut(nil, fmt.Sprintf(format, args...), errorBytes)
	return append(append(convo.JSON(`{"error":`), quoted(message)...), '}')
}

// toolFailure is what the model is told about the error of a tool: what is meant
// for others, and nothing else.
func toolFailure(err error) convo.JSON {
	if public, ok := errors.AsType[*convo.Error](err); ok && public.Kind != convo.Internal {
		return failureOutput("%s", public.Message)
	}
	return failureOutput("the tool failed")
}

// boundOutput makes of what a tool gave a JSON value that fits into the history
// of a conversation. What is no JSON is taken as a text; of what is too long the
// beginning is kept, as a text that says so. It is cut within no value that the vault
// knows, if there is one.
func boundOutput(v *privacy.Vault, output convo.JSON) convo.JSON {
	if len(output) == 0 {
		return convo.JSON("null")
	}
	if len(output) <= tool.MaxOutput && utf8.Valid(output) {
		var compact bytes.Buffer
		if json.Compact(&compact, output) == nil {
			return compact.Bytes()
		}
	}
	if len(output) <= tool.MaxOutput {
		if mended := quoted(string(output)); len(mended) <= tool.MaxOutput {
			return mended
		}
	}
	return cutOutput(v, textOf(output), len(output))
}

// textOf is what a JSON string says, and anything else as it is.
func textOf(output convo.JSON) string {
	var said string
	if len(output) > 0 && output[0] == '"' && json.Unmarshal(output, &said) == nil {
		return said
	}
	return string(output)
}

// cutOutput keeps as much of a text as fits.
func cutOutput(v *privacy.Vault, text string, size int) convo.JSON {
	const room = 128 // for what is said about it
	for keep := tool.MaxOutput - room; ; keep /= 2 {
		kept := cut(v, text, keep)
		note := fmt.Sprintf("\n[cut: the output has %d bytes, and these are the first %d]", size, len(kept))
		if whole := quoted(kept + note); len(whole) <= tool.MaxOutput {
			return whole
		}
	}
}

// cut gives the beginning of a text, at most n bytes, in whole characters.
func cut(v *privacy.Vault, text string, n int) string {
	if v == nil {
		text = cutText(text, n)
	} else {
		text = v.Cut(text, n)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// quoted is a text as JSON.
func quoted(text string) convo.JSON { return encoded(strings.ToValidUTF8(text, "\uFFFD")) }

// encoded is the JSON form of what always has one.
func encoded(v any) convo.JSON {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
