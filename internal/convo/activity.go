package convo

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Activity is the meta of the message that the request makes:
//
//	{"activity":{"type":"request","function":{"name":…,"arguments":{…},"id":…}}}
//
// with the member "signature" where the provider gave one: callers who keep the
// history themselves send it back.
func (b ToolRequested) Activity() JSON {
	var w activityWriter
	w.open("request", b.Name, b.Arguments)
	if b.Signature != "" {
		w.text(`,"signature":`, b.Signature)
	}
	return w.close(b.ID, Numbers{})
}

// Activity is the meta of the message that the call's end makes: as that of the
// request, with the type "response" and the member "result", which holds the
// output as JSON text. Where the output names sources, the activity has the member
// "sources", which says what numbers they got: {"first":1,"count":2}.
func (b ToolEnded) Activity() JSON {
	var w activityWriter
	w.open("response", b.Name, b.Arguments)
	output := string(b.Output)
	if output == "" {
		output = "null" // erased; readers take the result for JSON text all the same
	}
	w.text(`,"result":`, output)
	return w.close(b.ID, b.Sources)
}

type activityWriter struct{ bytes.Buffer }

func (w *activityWriter) open(kind, name string, arguments JSON) {
	w.WriteString(`{"activity":{"type":"` + kind + `","function":{`)
	w.text(`"name":`, name)
	w.WriteString(`,"arguments":`)
	if len(arguments) == 0 {
		arguments = JSON("{}")
	}
	w.Write(arguments)
}

// text writes a member whose value is a string.
func (w *activityWriter) text(before, value string) {
	w.WriteString(before)
	encoder := json.NewEncoder(&w.Buffer)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // a string always has a JSON form
	w.Truncate(w.Len() - 1)   // its line break
}

func (w *activityWriter) close(id string, sources Numbers) JSON {
	w.text(`,"id":`, id)
	w.WriteString("}")
	if sources.Count > 0 {
		fmt.Fprintf(w, `,"sources":{"first":%d,"count":%d}`, sources.First, sources.Count)
	}
	w.WriteString("}}")
	return w.Bytes()
}
