// Package archive is the format in which conversations, and what tenants
// configure, leave a server and come
// back: JSON Lines, meant to be read by people and by other programs.
//
// An archive is UTF-8 text, one JSON object a line, each with a "type":
//
//	{"type":"header","format":"parley-archive","version":1}
//	{"type":"conversation","id":"0199…"}
//	{"type":"event","seq":1,"at":1767225600000,"kind":"conversationCreated","body":{"name":"A"}}
//	…
//	{"type":"end","conversations":1,"events":1}
//
// The header comes first. Lines of the type "object" may follow it: bots,
// skillsets, abilities, secrets, and votes on bots; an archive that has some says
// version 2. One that carries the values of secrets, sealed under a passphrase,
// says version 3, and how they are sealed. One that has datasets, files or contacts,
// their records, or what stands behind the placeholders of conversations says
// version 4; all others say 1. Lines of the type "content" have the bytes of the
// file before them, "record" lines the records of datasets and memories; these come
// behind all objects. After the line of a
// conversation come the events of its log in their order, all of them, and then its
// "vault" lines; at is in
// milliseconds since 1970, turn and origin are left out where they are empty. The
// last line counts what came before it, so a file that was cut is known as cut,
// and a conversation counts only when something follows it. docs/export.md
// describes every kind of event.
//
// What is promised:
//
//   - Nothing is lost. What [Writer] wrote is read by [Reader] as equal values,
//     meta byte for byte. What cannot be written so, text that is not UTF-8, is
//     an error.
//   - The same events are the same bytes, whenever and wherever they are written.
//   - A reader never guesses. A version, kind or field that it does not know is
//     an error that says so.
//   - Lines are at most [MaxLine] bytes, and neither side holds more than one
//     conversation.
//
// The names and shapes here are a wire form of their own: they stay when the
// domain's or a store's change. Types of lines for other things are added with
// a new version.
package archive

// MaxLine bounds a line of an archive. The longest text that a log may hold, of
// 4 MiB, fits with every byte escaped.
const MaxLine = 64 << 20

// What the header says.
const (
	format        = "parley-archive"
	version       = 1
	objectVersion = 2 // of an archive that has objects
	lockVersion   = 3 // of an archive that has the values of secrets
	// knowledgeVersion is that of an archive that has, or could have, datasets,
	// files, contacts, records and vaults.
	knowledgeVersion = 4
)

// The types of lines.
const (
	typeHeader       = "header"
	typeObject       = "object"
	typeContent      = "content"
	typeRecord       = "record"
	typeConversation = "conversation"
	typeVault        = "vault"
	typeEvent        = "event"
	typeEnd          = "end"
)

type headerLine struct {
	Type    string `json:"type"`
	Format  string `json:"format"`
	Version int    `json:"version"`
	Secrets *Lock  `json:"secrets,omitempty"`
}

type conversationLine struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// eventLine is a line with an event. Body is what codec.encode gives when it is
// written, and a *json.RawMessage when it is read.
type eventLine struct {
	Type   string `json:"type"`
	Seq    int64  `json:"seq"`
	At     int64  `json:"at"`
	Turn   string `json:"turn,omitempty"`
	Origin string `json:"origin,omitempty"`
	Kind   string `json:"kind"`
	Body   any    `json:"body"`
}

type endLine struct {
	Type          string `json:"type"`
	Objects       int    `json:"objects,omitempty"`
	Records       int    `json:"records,omitempty"`
	Vaults        int    `json:"vaults,omitempty"`
	Conversations int    `json:"conversations"`
	Events        int    `json:"events"`
}
