package app_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// What a private conversation sends of files: a picture that its bot lets through, one
// that it does not, and how the texts of files begin.
const (
	letThrough = "iVBORw0KGgo"
	heldBack   = "R0lGODlh"
	filed      = "Filed: "
)

// filed is a text with values that stand in a file, which is stored as it came, or in
// its name.
func (s *talk) filed() string {
	before := len(s.said)
	text := filed + s.configured()
	s.attached = append(s.attached, s.said[before:]...)
	return text
}

// dataURL is a text as it comes with a request.
func dataURL(mediaType, text string) string { return "data:" + mediaType + "," + url.PathEscape(text) }

// attaches brings files to a private conversation in every way that there is, and with
// its turns.
func (s *talk) attaches(at string) {
	s.t.Helper()
	attach := at + "/attachment/upload"
	s.must(attach, map[string]any{"file": dataURL("text/plain", s.filed())})
	content := s.filed()
	put, _ := s.must(attach, map[string]any{"file": map[string]any{"type": "text/markdown", "size": len(content), "name": s.filed() + ".md"}})["uploadRequest"].(map[string]any)
	path, _ := put["url"].(string)
	if resp := s.request("PUT", path, "*/*", content); resp.StatusCode != http.StatusNoContent {
		s.t.Fatalf("the upload: %d", resp.StatusCode)
	}
	text := s.some()
	s.shows("a turn with files", s.lines(at+"/complete", map[string]any{"text": text, "attachments": []any{
		map[string]any{"url": dataURL("text/html", "<p>"+s.filed()+"</p>")}, map[string]any{"url": dataURL("", s.filed())},
	}}), text)
	picture := heldBack + base64.StdEncoding.EncodeToString([]byte(s.filed()))
	for path, body := range map[string]map[string]any{
		attach:           {"file": "data:image/gif;base64," + picture},
		at + "/complete": {"text": "x", "attachments": []any{map[string]any{"url": "data:image/gif;base64," + picture}}},
	} {
		if status, out := s.call("POST", path, jsonOf(body)); status != http.StatusBadRequest || !strings.Contains(jsonOf(out), "cannot be masked") {
			s.t.Errorf("%s takes a picture: %d %v", path, status, out)
		}
	}
	s.must(attach, map[string]any{"file": "data:text/plain;base64," + picture}) // says what it is not
	s.lines(at+"/complete", map[string]any{"text": "x"})
}

// attachesAlone is a turn with files and without a conversation.
func (s *talk) attachesAlone() {
	s.t.Helper()
	text := s.some()
	s.shows("a turn of its own with files", s.lines("/v1/conversation/complete", map[string]any{
		"messages": []any{map[string]any{"type": "user", "text": text}}, "privacy": true,
		"attachments": []any{map[string]any{"url": dataURL("text/csv", s.filed())}},
	}), text)
}

// attachesPartly is a turn of a bot that lets pictures through, and still no value in
// a text.
func (s *talk) attachesPartly() {
	s.t.Helper()
	bot := s.id("/v1/bot/create", map[string]any{"privacy": true, "meta": map[string]any{"privacy": "partly"}})
	at := "/v1/conversation/" + s.id("/v1/conversation/create", map[string]any{"botId": bot})
	s.lines(at+"/complete", map[string]any{"text": s.some(), "attachments": []any{
		map[string]any{"url": "data:image/png;base64," + letThrough + "AAAA"}, map[string]any{"url": dataURL("text/plain", s.filed())},
	}})
}

// keepsFiled looks for values that stand in files where only the files have them.
func (s *talk) keepsFiled(where, shown string) {
	s.t.Helper()
	shown = bare(shown)
	for _, v := range s.attached {
		if strings.Contains(shown, bare(v.value)) {
			s.t.Errorf("%s has the %s %q of a file", where, v.kind, v.value)
		}
	}
}
