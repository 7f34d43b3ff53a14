package convo

import "time"

// The kinds of events of messages of several parts, of what clients add to a
// conversation that they have open, and of calls that wait for them.
const (
	KindToolAnswered     EventKind = 23
	KindToolOffered      EventKind = 24
	KindPartStarted      EventKind = 25
	KindPartEnded        EventKind = 26
	KindCited            EventKind = 27
	KindInterruptStarted EventKind = 28
	KindInterruptEnded   EventKind = 29
	KindPassedOn         EventKind = 30
)

// Part is a piece of a message with a media type: text, which is a part of the
// message's, or a file.
type Part struct {
	ID         string
	Alias      string // the id that a client chose; "" = none
	MediaType  string // as the client sent it; "" = that of the file
	Name       string
	File       *FileRef // nil: it is text
	Start, End int      // of a text: bytes in the message's text
	Transcript bool     // a text that was spoken
	Incomplete bool     // cut before its end
	Citations  []Citation
	Meta       JSON
	Created    time.Time
	Updated    time.Time
}

// FileRef names the file that a part is.
type FileRef struct {
	URI  string // as it was sent; [FileURI] for one that this server keeps
	Size int64  // bytes; 0 = not known
}

// Citation says where a text has come from. Offset and Length count UTF-16
// units of its part; citations of a part stand in their order and do not overlap.
type Citation struct {
	ID      string
	Offset  int
	Length  int
	Sources []Source
	Created time.Time
}

// Source is what a citation names: a page, with URL, or else a document.
type Source struct {
	Title       string
	Number      int // counts the sources of a conversation from 1
	URL         string
	MediaType   string
	DownloadURL string
	PageNumber  string
	Origin      string // where a record says that it is from, or the name of its file
	File        string // the tenant's file that it is a passage of; "" = none
}

// Numbers are those that the sources of a result or a message got: so many, from
// the first on. The zero value is none.
type Numbers struct{ First, Count int }

// Last is the last of them, 0 if there is none.
func (n Numbers) Last() int {
	if n.Count == 0 {
		return 0
	}
	return n.First + n.Count - 1
}

// PartStarted opens a part of a message that comes piece by piece. Part has no
// Start, End, Incomplete or Citations yet.
type PartStarted struct {
	Message string
	Part    Part
}

// PartEnded closes a part. Nothing of it follows.
type PartEnded struct {
	Message    string
	Part       string
	Incomplete bool
	Meta       JSON
}

// Cited says where a piece of a message's text comes from: the next Length
// units, whose deltas follow in the same transaction, or, with Length 0, this
// place. Offset is where the part stands now. Part is "" for a message's only one.
// Shift is how many units further on that is for those who see the values behind the
// placeholders.
type Cited struct {
	Message  string
	Part     string
	Citation Citation
	Shift    int
}

// PassedOn is an event that a client sends to the others and that means nothing
// to the server: Body is the event as the fronts of that protocol exchange it.
type PassedOn struct {
	Front string
	Body  JSON
}

// Kind implements Body.
func (PartStarted) Kind() EventKind { return KindPartStarted }

// Kind implements Body.
func (PartEnded) Kind() EventKind { return KindPartEnded }

// Kind implements Body.
func (Cited) Kind() EventKind { return KindCited }

// Kind implements Body.
func (PassedOn) Kind() EventKind { return KindPassedOn }
