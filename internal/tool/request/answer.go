package request

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

// A secret that begins within tool.MaxOutput is read to its end, so that it is
// known and masked before the rest is cut off.
const (
	maxRead  = tool.MaxOutput + 64<<10
	maxError = 4 << 10 // bytes of a failed request's answer that are told
)

// Client makes requests: *outbound.Client.
type Client interface {
	Do(r *http.Request) (*http.Response, error)
}

// Do makes a request and gives its answer as Answer does. Secrets are masked in
// its error too, which may name where a redirection led.
func Do(client Client, r *http.Request, secrets []string) (tool.Result, error) {
	res, err := client.Do(r)
	if err != nil {
		return tool.Result{}, newMask(secrets).error(err)
	}
	return Answer(res, secrets)
}

// Answer makes the output of a tool from the answer of another server: its JSON,
// else its text, with secrets masked. It closes the answer. A status of 400 and
// more is an error.
func Answer(res *http.Response, secrets []string) (tool.Result, error) {
	text, cut, err := read(res.Body)
	if closed := res.Body.Close(); err == nil && !cut {
		err = closed
	}
	if err != nil {
		return tool.Result{}, err
	}
	m := newMask(secrets)
	if !utf8.ValidString(text) {
		kind, isText := mediaType(res)
		if !isText {
			return tool.Result{}, convo.Errorf(convo.UpstreamFailed, "the request was answered with status %d and something that is no text (%s)", res.StatusCode, Short(m.text(kind)))
		}
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	value := m.json(text)
	switch {
	case value != nil:
		text = string(value)
	case cut:
		text = m.beginning(text)
	default:
		text = m.text(text)
	}
	if res.StatusCode >= 400 {
		return tool.Result{}, convo.Errorf(convo.UpstreamFailed, "the request was answered with status %d: %s", res.StatusCode, Trim(text, maxError))
	}
	if cut || len(text) > tool.MaxOutput {
		return tool.Result{Output: beginning(text)}, nil
	}
	if value != nil {
		return tool.Result{Output: value}, nil
	}
	return tool.Result{Output: Text(text)}, nil
}

// Text makes an output of a text; of one that is too long, of its beginning.
func Text(text string) convo.JSON {
	if output := EncodeJSON(text); len(output) <= tool.MaxOutput {
		return output
	}
	return beginning(text)
}

// beginning tells as much of a text as fits, which depends on how much of it has
// to be escaped, and that there is more.
func beginning(text string) convo.JSON {
	const note = "\n[the answer is longer; this is its beginning]"
	for limit := tool.MaxOutput - 1<<10; ; {
		output := EncodeJSON(Trim(text, limit) + note)
		if len(output) <= tool.MaxOutput {
			return output
		}
		limit = int(int64(limit) * (tool.MaxOutput - 1<<10) / int64(len(output)))
	}
}

// read reads no more than is told. cut says that there was more.
func read(body io.Reader) (text string, cut bool, err error) {
	data, err := io.ReadAll(io.LimitReader(body, maxRead+1))
	if len(data) <= maxRead && convo.ErrorKind(err) != convo.TooLarge {
		return string(data), false, err
	}
	data = data[:min(len(data), maxRead)]
	for n := 1; n <= min(len(data), utf8.UTFMax); n++ {
		if last := data[len(data)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) { // the cut went through a character
				data = data[:len(data)-n]
			}
			break
		}
	}
	return string(data), true, nil
}

// mediaType gives the type of an answer, and whether it is a text.
func mediaType(res *http.Response) (kind string, isText bool) {
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return "of no type", false
	}
	for _, part := range []string{"text/", "json", "xml", "javascript", "yaml", "form-urlencoded"} {
		if strings.Contains(kind, part) {
			return kind, true
		}
	}
	return kind, false
}
