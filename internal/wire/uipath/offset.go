package uipath

import (
	"errors"
	"strconv"
	"strings"
)

// maxMoved is how many conversations an offset names before a new base is stored,
// so that offsets stay short.
const maxMoved = 16

// position is how far a socket has been given a conversation.
type position struct {
	// replay says that sub events of the replay were given, and seq counts nothing.
	replay bool
	seq    int64 // the event that was given last
	sub    int   // of event seq, only so many moves were given; 0 = all of them
}

func (p position) append(to []byte) []byte {
	if p.replay {
		return strconv.AppendInt(append(to, 'r'), int64(p.sub), 10)
	}
	to = strconv.AppendInt(to, p.seq, 10)
	if p.sub > 0 {
		to = strconv.AppendInt(append(to, '.'), int64(p.sub), 10)
	}
	return to
}

// covers reports whether what ends at another position was given already.
func (p position) covers(q position) bool {
	switch {
	case p.replay:
		return q.replay && q.sub <= p.sub
	case q.replay || p.seq != q.seq:
		return q.replay || p.seq > q.seq
	}
	return p.sub == 0 || q.sub != 0 && q.sub <= p.sub
}

// before is the number of the last event that was given whole; 0 inside a replay.
func (p position) before() int64 {
	if p.sub > 0 && !p.replay {
		return p.seq - 1
	}
	return p.seq
}

// offset says how far a socket has been given its conversations: since its base with
// that number, those with these indexes moved.
type offset struct {
	base  uint32
	moved map[int]position
}

var errOffset = errors.New("this is no offset")

// maxOffset bounds what is read as an offset.
const maxOffset = 64 << 10

// parseOffset reads an offset as the client gives it back.
func parseOffset(text string) (offset, error) {
	if len(text) > maxOffset {
		return offset{}, errOffset
	}
	head, rest, ok := strings.Cut(text, ";")
	base, err := strconv.ParseUint(head, 36, 32)
	if !ok || err != nil {
		return offset{}, errOffset
	}
	o := offset{base: uint32(base), moved: map[int]position{}}
	if rest == "" {
		return o, nil
	}
	for entry := range strings.SplitSeq(rest, ",") {
		index, at, ok := strings.Cut(entry, ":")
		i, err := strconv.ParseUint(index, 10, 31)
		if !ok || err != nil {
			return offset{}, errOffset
		}
		if o.moved[int(i)], err = parsePosition(at); err != nil {
			return offset{}, err
		}
	}
	return o, nil
}

func parsePosition(text string) (position, error) {
	if sub, ok := strings.CutPrefix(text, "r"); ok {
		n, err := strconv.ParseUint(sub, 10, 31)
		if err != nil {
			return position{}, errOffset
		}
		return position{replay: true, sub: int(n)}, nil
	}
	number, sub, ok := strings.Cut(text, ".")
	seq, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return position{}, errOffset
	}
	p := position{seq: int64(seq)}
	if ok {
		n, err := strconv.ParseUint(sub, 10, 31)
		if err != nil || n == 0 {
			return position{}, errOffset
		}
		p.sub = int(n)
	}
	return p, nil
}

// quote gives an offset as the JSON string that is sent behind an event.
func (o offset) quote(moved []*attachment) []byte {
	text := append(make([]byte, 0, 24+12*len(moved)), '"')
	text = append(strconv.AppendUint(text, uint64(o.base), 36), ';')
	for i, a := range moved {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendInt(text, int64(a.index), 10), ':')
		text = a.at.append(text)
	}
	return append(text, '"')
}
