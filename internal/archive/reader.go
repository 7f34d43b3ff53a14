package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// Reader reads an archive. It looks at the frame only; events are decoded by
// [Conversation.Events], which may be called elsewhere.
type Reader struct {
	// Object, if it is set, is called by Next for each object, before the first
	// conversation is given. Its error ends the reading. Sealed is as it stands
	// in the archive, see Lock.
	Object func(convo.Object) error
	// Piece, if it is set, is called for each piece of the content of the file that
	// Object was called with last, in their order, and Record for each record. Their
	// errors end the reading, too.
	Piece  func(data []byte) error
	Record func(convo.Record) error

	version int
	lock    *Lock
	in      *bufio.Reader
	number  int           // of the last line that was read
	next    *Conversation // whose line has been read
	missing int64         // bytes of the content of the file that was read last
	records bool          // objects come no more
	ended   bool          // the last line has been read
	counts  endLine
	err     error
}

// Conversation is one conversation as it stands in an archive.
type Conversation struct {
	ID    string
	first int    // number of the line that names it
	text  []byte // its events' lines
	ends  []int  // where each line ends in text
	// Vault is what stands behind its placeholders, sealed as it stands in the
	// archive, see Lock.
	Vault [][]byte
}

// Size is how many bytes of the archive the conversation takes, about.
func (c *Conversation) Size() int {
	n := len(c.text)
	for _, sealed := range c.Vault {
		n += len(sealed)
	}
	return n
}

// NewReader reads an archive from r.
func NewReader(r io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(r, 256<<10)} }

// Next gives the next conversation, whole. After the last one it returns
// io.EOF, and for anything that is not an archive, or is cut, an error of kind
// [convo.Invalid] that names the line. Errors of r come as they are, wrapped.
func (a *Reader) Next() (*Conversation, error) {
	if a.err == nil {
		var c *Conversation
		if c, a.err = a.read(); a.err == nil {
			return c, nil
		}
	}
	return nil, a.err
}

func (a *Reader) read() (*Conversation, error) {
	if a.number == 0 {
		if err := a.header(); err != nil {
			return nil, err
		}
	}
	for !a.ended {
		line, err := a.line()
		if err != nil {
			return nil, err
		}
		c := a.next
		kind := typeOf(line)
		if a.missing > 0 && kind != typeContent {
			return nil, a.invalid("the content of a file is cut: %d bytes are missing", a.missing)
		}
		switch kind {
		case typeEvent:
			if c == nil {
				return nil, a.invalid("an event comes before the first conversation")
			}
			if c.Vault != nil {
				return nil, a.invalid("an event comes behind what stands behind the placeholders")
			}
			a.counts.Events++
			c.text = append(c.text, line...)
			c.ends = append(c.ends, len(c.text))
			continue
		case typeObject:
			if err := a.object(line); err != nil {
				return nil, err
			}
			continue
		case typeContent, typeRecord, typeVault:
			if err := a.knowledge(kind, line); err != nil {
				return nil, err
			}
			continue
		case typeConversation:
			if err := a.begin(line); err != nil {
				return nil, err
			}
		case typeEnd:
			if err := a.end(line); err != nil {
				return nil, err
			}
		case typeHeader:
			return nil, a.invalid("a second archive begins: import one after the other")
		default:
			return nil, a.unknown(line)
		}
		if c != nil {
			return c, nil
		}
	}
	return nil, io.EOF
}

// header reads the first line.
func (a *Reader) header() error {
	line, err := a.line()
	if err != nil {
		return err
	}
	// Only the version says what else the header may hold.
	var h headerLine
	if json.Unmarshal(line, &h) != nil || h.Type != typeHeader || h.Format != format {
		return a.invalid("this is not an export of parley: its first line does not say %q", format)
	}
	a.version = h.Version
	if h.Version < version || h.Version > knowledgeVersion {
		return a.invalid("the archive has version %d, and this program knows version %d: use the version that wrote it, or a newer one", h.Version, knowledgeVersion)
	}
	if h.Version < lockVersion || h.Version == knowledgeVersion && h.Secrets == nil {
		return nil
	}
	if h.Secrets == nil || h.Secrets.KDF != Argon2id {
		return a.invalid("the header does not say, in a way that this version knows, how the values of secrets are encrypted")
	}
	a.lock = h.Secrets
	return nil
}

// object reads the line of an object and hands it on.
func (a *Reader) object(line []byte) error {
	switch {
	case a.version < objectVersion:
		return a.unknown(line)
	case a.next != nil:
		return a.invalid("an object comes behind a conversation")
	case a.records:
		return a.invalid("an object comes behind a record")
	}
	o, err := decodeObject(line)
	if err != nil {
		return a.wrap(err)
	}
	if o.Sealed != nil && a.lock == nil {
		return a.invalid("a secret has a value, and the header does not say how it is encrypted")
	}
	if err := a.beginContent(o); err != nil {
		return err
	}
	a.counts.Objects++
	if a.Object == nil {
		return nil
	}
	return a.Object(o)
}

func (a *Reader) begin(line []byte) error {
	c, err := strict[conversationLine](line)
	if err != nil {
		return a.wrap(err)
	}
	if c.ID == "" {
		return a.invalid("a conversation has no id")
	}
	a.counts.Conversations++
	a.next = &Conversation{ID: c.ID, first: a.number}
	return nil
}

// end reads the last line: what it counts must be what came, and nothing may
// follow.
func (a *Reader) end(line []byte) error {
	end, err := strict[endLine](line)
	if err != nil {
		return a.wrap(err)
	}
	if end.Objects != a.counts.Objects {
		return a.invalid("the archive should have %d objects, and has %d: it is damaged", end.Objects, a.counts.Objects)
	}
	if end.Records != a.counts.Records || end.Vaults != a.counts.Vaults {
		return a.invalid("the archive should have %d records and %d entries of vaults, and has %d and %d: it is damaged",
			end.Records, end.Vaults, a.counts.Records, a.counts.Vaults)
	}
	if end.Conversations != a.counts.Conversations || end.Events != a.counts.Events {
		return a.invalid("the archive should have %d conversations with %d events, and has %d with %d: it is damaged",
			end.Conversations, end.Events, a.counts.Conversations, a.counts.Events)
	}
	a.ended = true
	if b, err := a.in.ReadByte(); err == nil {
		a.number++
		return a.invalid("something follows the end of the archive: %q", b)
	} else if err != io.EOF {
		return fmt.Errorf("reading the archive: %w", err)
	}
	return nil
}

// line reads a line, with its line break.
func (a *Reader) line() ([]byte, error) {
	line, err := a.rawLine()
	if err == nil && !utf8.Valid(line) {
		err = a.invalid("the line is not UTF-8")
	}
	return line, err
}

func (a *Reader) rawLine() ([]byte, error) {
	a.number++
	var long []byte
	for {
		part, err := a.in.ReadSlice('\n')
		if len(long)+len(part) > MaxLine {
			return nil, a.invalid("the line is longer than %d bytes", MaxLine)
		}
		if err == nil && long == nil {
			return part, nil
		}
		long = append(long, part...)
		switch {
		case err == nil:
			return long, nil
		case errors.Is(err, io.EOF):
			return nil, a.invalid("the archive is cut: its end is missing; what came before is whole, so export again and import again")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("reading the archive: %w", err)
		}
	}
}

// typeOf gives the type of a line, "" if it has none. Lines of events, which
// are nearly all, are known by their beginning.
func typeOf(line []byte) string {
	if bytes.HasPrefix(line, []byte(`{"type":"event",`)) {
		return typeEvent
	}
	var l struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(line, &l) != nil {
		return ""
	}
	return l.Type
}

func (a *Reader) unknown(line []byte) error {
	if t := typeOf(line); t != "" {
		return a.invalid("this version does not know lines of type %q: use the version that wrote the archive, or a newer one", t)
	}
	return a.invalid("the line is not a JSON object with a type")
}

func (a *Reader) invalid(text string, args ...any) error {
	return convo.Errorf(convo.Invalid, "line %d: %s", a.number, fmt.Sprintf(text, args...))
}

func (a *Reader) wrap(err error) error { return a.invalid("%v", err) }

// Events decodes the conversation's events. An error is of kind [convo.Invalid]
// and names the line.
func (c *Conversation) Events() ([]convo.Event, error) {
	events := make([]convo.Event, 0, len(c.ends))
	from := 0
	for i, to := range c.ends {
		e, err := decodeEvent(c.text[from:to])
		if err != nil {
			return nil, convo.Errorf(convo.Invalid, "line %d: %v", c.first+1+i, err)
		}
		events = append(events, e)
		from = to
	}
	return events, nil
}
