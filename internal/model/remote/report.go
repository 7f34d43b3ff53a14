package remote

import (
	"bytes"
	"encoding/json"
	"time"
)

// report is what the body of an error says.
type report struct {
	text   string
	retry  time.Duration // how long to wait; 0 = not said
	badKey bool          // the key is the trouble, whatever the status
}

// readReport understands several shapes: the {"error":{"message"}} of OpenAI,
// Anthropic and Google, the {"error":"text"} of Ollama, and those of their
// imitators. Google may put its error into a list, and says there how long to
// wait and that a key is wrong, which has status 400 with it.
func readReport(body []byte) report {
	var shape struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if body = bytes.TrimSpace(body); bytes.HasPrefix(body, []byte("[")) {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) != nil || len(list) == 0 {
			return report{}
		}
		body = list[0]
	}
	if json.Unmarshal(body, &shape) != nil {
		return report{}
	}
	var inner struct {
		Message string          `json:"message"`
		Details json.RawMessage `json:"details"`
	}
	var r report
	switch {
	case json.Unmarshal(shape.Error, &inner) == nil && inner.Message != "":
		r = readDetails(inner.Details)
		r.text = inner.Message
	case json.Unmarshal(shape.Error, &r.text) == nil && r.text != "":
	case shape.Message != "":
		r.text = shape.Message
	default:
		_ = json.Unmarshal(shape.Detail, &r.text) // a list of details is not for callers
	}
	return r
}

// readDetails reads what Google adds to an error.
func readDetails(details json.RawMessage) report {
	var list []struct {
		RetryDelay string `json:"retryDelay"` // of a google.rpc.RetryInfo: "34.07s"
		Reason     string `json:"reason"`     // of a google.rpc.ErrorInfo
	}
	var r report
	if json.Unmarshal(details, &list) != nil {
		return r
	}
	for _, d := range list {
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil {
			r.retry = max(0, min(wait, maxRetryAfter))
		}
		r.badKey = r.badKey || d.Reason == "API_KEY_INVALID"
	}
	return r
}
