package client

import "encoding/json"

// Citation is a mark in an answer, as "[2]", that names a source. Its offset and
// length count UTF-16 units of the text, as JavaScript does.
type Citation struct {
	Number int    `json:"number"` // of the source in the conversation, from 1
	Title  string `json:"title"`
	URL    string `json:"url"`    // where to read it, some time long; "" = nowhere
	Source string `json:"source"` // of the record, or the name of its file; "" = unknown
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// Citations are those that stand in the meta of a message, in the order of the
// text; a mark that names several sources has one for each.
func (m *Message) Citations() []Citation {
	meta, _ := m.Meta.Get()
	var found []Citation
	text, err := json.Marshal(meta["citations"])
	if err != nil || json.Unmarshal(text, &found) != nil {
		return nil // it is something of the caller's own
	}
	return found
}
