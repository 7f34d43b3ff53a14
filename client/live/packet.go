package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// packetKind is what a text frame of the socket is: the packets of Engine.IO 4,
// and in its messages those of Socket.IO 5.
type packetKind int

const (
	packetOpen packetKind = iota
	packetPing
	packetNoop // also what a client has no use for
	packetConnect
	packetDisconnect
	packetEvent
	packetAck
	packetConnectError
	packetClose
)

// packet is a decoded frame.
type packet struct {
	kind packetKind
	id   uint64            // of an acknowledgement
	args []json.RawMessage // of an event and of an acknowledgement
	data json.RawMessage   // of the others; may be nil
}

// errPacket is a frame that is no packet.
var errPacket = errors.New("the server sent what is no packet of Socket.IO")

// decodePacket reads a text frame. Other namespaces than the default one are
// not used, and binary packets neither.
func decodePacket(text string) (packet, error) {
	if text == "" {
		return packet{}, errPacket
	}
	rest := text[1:]
	switch text[0] {
	case '0':
		return withData(packetOpen, rest)
	case '1':
		return packet{kind: packetClose}, nil
	case '2':
		return packet{kind: packetPing}, nil
	case '4':
		return decodeMessage(rest)
	case '3', '5', '6':
		return packet{kind: packetNoop}, nil
	}
	return packet{}, errPacket
}

func decodeMessage(text string) (packet, error) {
	if text == "" {
		return packet{}, errPacket
	}
	kind, rest := text[0], text[1:]
	if strings.HasPrefix(rest, "/") {
		return packet{}, fmt.Errorf("%w: of a namespace that was not asked for", errPacket)
	}
	switch kind {
	case '0':
		return withData(packetConnect, rest)
	case '1':
		return packet{kind: packetDisconnect}, nil
	case '2':
		return withArgs(packetEvent, rest)
	case '3':
		return withArgs(packetAck, rest)
	case '4':
		return withData(packetConnectError, rest)
	}
	return packet{}, errPacket
}

func withData(kind packetKind, text string) (packet, error) {
	p := packet{kind: kind}
	if text == "" {
		return p, nil
	}
	if !json.Valid([]byte(text)) {
		return packet{}, errPacket
	}
	p.data = json.RawMessage(text)
	return p, nil
}

// withArgs reads an id, which an acknowledgement has, and a list.
func withArgs(kind packetKind, text string) (packet, error) {
	p := packet{kind: kind}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits > 0 {
		id, err := strconv.ParseUint(text[:digits], 10, 64)
		if err != nil {
			return packet{}, errPacket
		}
		p.id = id
	} else if kind == packetAck {
		return packet{}, errPacket
	}
	if json.Unmarshal([]byte(text[digits:]), &p.args) != nil || p.args == nil {
		return packet{}, errPacket
	}
	return p, nil
}

// eventName is the only event there is.
const eventName = "ConversationEvent"

// envelope reads the event of a conversation out of a packet, and the offset
// behind it, which may be "". ok is false for other events.
func (p packet) envelope() (e *envelope, offset string, ok bool, err error) {
	var name string
	if len(p.args) < 2 || json.Unmarshal(p.args[0], &name) != nil || name != eventName {
		return nil, "", false, nil
	}
	e = new(envelope)
	if err := json.Unmarshal(p.args[1], e); err != nil {
		return nil, "", false, fmt.Errorf("the server sent an event of another form: %w", err)
	}
	if len(p.args) > 2 {
		_ = json.Unmarshal(p.args[len(p.args)-1], &offset) // what is no text is no offset
	}
	return e, offset, true, nil
}

// encodeEvent makes the frame of an event that asks for an acknowledgement.
func encodeEvent(id uint64, body []byte) []byte {
	frame := make([]byte, 0, len(body)+len(eventName)+32)
	frame = append(frame, '4', '2')
	frame = strconv.AppendUint(frame, id, 10)
	frame = append(frame, `["`+eventName+`",`...)
	frame = append(frame, body...)
	return append(frame, ']')
}

// pongFrame answers a ping.
const pongFrame = "3"
