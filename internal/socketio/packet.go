package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
)

// packetType is the first byte of every packet.
type packetType byte

const (
	packetConnect      packetType = '0'
	packetDisconnect   packetType = '1'
	packetEvent        packetType = '2'
	packetAck          packetType = '3'
	packetConnectError packetType = '4'
	packetBinaryEvent  packetType = '5'
	packetBinaryAck    packetType = '6'
)

const (
	maxAttachments = 16  // of a packet
	maxNamespace   = 255 // bytes of a name
	maxIDDigits    = 15  // of an acknowledgement: peers count in floating point
)

// root is the default namespace, which packets do not name.
const root = "/"

var (
	errPacket = errors.New("not a Socket.IO packet")
	errJSON   = errors.New("the payload is not JSON")
)

// packet is a decoded packet. Attachments come in frames of their own.
type packet struct {
	kind        packetType
	namespace   string
	id          *uint64 // of the acknowledgement that is wanted or given
	attachments int
	payload     []byte            // of CONNECT: an object or nothing
	args        []json.RawMessage // of the other kinds
	name        string            // of an event
}

// decodePacket takes the text of a packet apart: kind, number of attachments and
// "-", namespace and ",", id, payload; all but the kind may be absent. It keeps
// parts of data.
func decodePacket(data []byte) (p packet, err error) {
	if len(data) == 0 || data[0] < byte(packetConnect) || data[0] > byte(packetBinaryAck) {
		return p, errPacket
	}
	p.kind, data = packetType(data[0]), data[1:]
	if p.kind == packetBinaryEvent || p.kind == packetBinaryAck {
		count, rest, found := bytes.Cut(data, []byte("-"))
		p.attachments, err = strconv.Atoi(string(count))
		if !found || err != nil || len(count) > 2 || p.attachments < 0 || p.attachments > maxAttachments {
			return p, errPacket
		}
		data = rest
	}
	p.namespace = root
	if len(data) > 0 && data[0] == '/' {
		name, rest, _ := bytes.Cut(data, []byte(","))
		if len(name) > maxNamespace {
			return p, errPacket
		}
		p.namespace, data = string(name), rest
	}
	if data, err = p.decodeID(data); err != nil {
		return p, err
	}
	return p, p.decodePayload(data)
}

func (p *packet) decodeID(data []byte) (rest []byte, err error) {
	digits := 0
	for digits < len(data) && data[digits] >= '0' && data[digits] <= '9' {
		digits++
	}
	if digits == 0 {
		return data, nil
	}
	if digits > maxIDDigits {
		return nil, errPacket
	}
	id, err := strconv.ParseUint(string(data[:digits]), 10, 64)
	if err != nil {
		return nil, errPacket
	}
	p.id = &id
	return data[digits:], nil
}

// decodePayload holds the payload against what its kind of packet may carry.
func (p *packet) decodePayload(data []byte) error {
	switch p.kind {
	case packetConnect:
		if len(data) == 0 && p.id == nil {
			return nil
		}
		if p.id != nil || data[0] != '{' {
			return errPacket
		}
		if !json.Valid(data) {
			return errJSON
		}
		p.payload = data
		return nil
	case packetDisconnect:
		if p.id != nil || len(data) > 0 {
			return errPacket
		}
		return nil
	case packetConnectError:
		return errPacket // only servers send it
	}
	if len(data) == 0 || data[0] != '[' {
		return errPacket
	}
	if err := json.Unmarshal(data, &p.args); err != nil {
		return errJSON
	}
	if p.kind == packetAck || p.kind == packetBinaryAck {
		if p.id == nil {
			return errPacket
		}
		return nil
	}
	return p.takeName()
}

// takeName takes the name of an event from its arguments.
func (p *packet) takeName() error {
	if len(p.args) == 0 || p.args[0][0] != '"' || json.Unmarshal(p.args[0], &p.name) != nil || reserved(p.name) {
		return errPacket
	}
	p.args = p.args[1:]
	return nil
}

// reserved are the names of the events that clients make of other packets.
func reserved(name string) bool {
	return slices.Contains([]string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}, name)
}

// appendPacket appends a packet up to its payload.
func appendPacket(data []byte, kind packetType, attachments int, namespace string, id *uint64) []byte {
	data = append(data, byte(kind))
	if attachments > 0 {
		data = append(strconv.AppendInt(data, int64(attachments), 10), '-')
	}
	if namespace != root {
		data = append(append(data, namespace...), ',')
	}
	if id != nil {
		data = strconv.AppendUint(data, *id, 10)
	}
	return data
}
