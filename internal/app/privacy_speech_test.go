package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
)

// sayable is a message in which there is nothing to hide.
const sayable = "The ferry leaves at noon."

// speaks has all messages of a private conversation spoken: those that hold something
// are refused, before anybody is asked.
func (s *talk) speaks(at string) {
	s.t.Helper()
	s.must(at+"/message/create", map[string]any{"type": "bot", "text": sayable})
	_, list := s.text(at + "/message/list?take=1000")
	var page struct {
		Items []struct{ ID, Text string }
	}
	if err := json.Unmarshal([]byte(list), &page); err != nil {
		s.t.Fatal(err)
	}
	refused := 0
	for _, m := range page.Items {
		if m.Text == "" {
			continue
		}
		status, out := s.call("POST", at+"/message/"+m.ID+"/synthesize", `{}`)
		switch {
		case status == http.StatusOK:
		case m.Text == sayable || status != http.StatusBadRequest || !strings.Contains(jsonOf(out), "cannot be masked"):
			s.t.Errorf("speaking %q: %d %v", m.Text, status, out)
		default:
			refused++
		}
	}
	if refused == 0 {
		s.t.Error("nothing was refused")
	}
}

// votes gives votes with reasons, which nobody sees in clear.
func (s *talk) votes(at, contact string) {
	s.t.Helper()
	s.must(at+"/downvote", map[string]any{"reason": s.some()})
	_, list := s.text("/v1/contact/" + contact + "/rating/list")
	s.keeps("rating/list", list)
	if !placeholders.MatchString(list) {
		s.t.Errorf("the reasons are not there: %s", list)
	}
}
