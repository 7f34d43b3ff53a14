package socketio

import (
	"encoding/json"

	"github.com/parleyhq/parley/internal/engineio"
)

// Frame is an event that is ready to be written, to any number of sockets of its
// namespace. It is never changed.
type Frame struct {
	namespace   string
	data        []byte // without the bracket at the end
	end         []byte // the bracket
	attachments []engineio.Message
}

// NewFrame encodes an event: its name and arguments, each of them valid JSON.
// Attachments are binary arguments, for which placeholders stand in args.
func NewFrame(namespace, name string, args []json.RawMessage, attachments ...[]byte) (*Frame, error) {
	quoted, err := json.Marshal(name)
	if err != nil {
		return nil, err
	}
	size := len(namespace) + len(quoted) + 16
	for _, arg := range args {
		size += len(arg) + 1
	}
	kind := packetEvent
	if len(attachments) > 0 {
		kind = packetBinaryEvent
	}
	data := appendPacket(make([]byte, 0, size), kind, len(attachments), namespace, nil)
	data = append(append(data, '['), quoted...)
	for _, arg := range args {
		data = append(append(data, ','), arg...)
	}
	return newFrame(namespace, data, attachments), nil
}

func newFrame(namespace string, data []byte, attachments [][]byte) *Frame {
	f := &Frame{namespace: namespace, data: data, end: []byte{']'}}
	for _, attachment := range attachments {
		f.attachments = append(f.attachments, engineio.Message{Data: attachment, Binary: true})
	}
	return f
}

// Size is the number of bytes that are shared.
func (f *Frame) Size() int { return len(f.data) }

// message is the frame's text for one socket, with last as its last argument if
// there is one.
func (f *Frame) message(last json.RawMessage) engineio.Message {
	if last == nil {
		return engineio.Message{Data: f.data, Tail: f.end}
	}
	tail := append(append(append(make([]byte, 0, len(last)+2), ','), last...), ']')
	return engineio.Message{Data: f.data, Tail: tail}
}

// messages are the frame and its attachments.
func (f *Frame) messages(last json.RawMessage) []engineio.Message {
	return append([]engineio.Message{f.message(last)}, f.attachments...)
}

// newAck encodes the answer to an event that wants one.
func newAck(namespace string, id uint64, args []json.RawMessage, attachments [][]byte) *Frame {
	kind := packetAck
	if len(attachments) > 0 {
		kind = packetBinaryAck
	}
	data := append(appendPacket(nil, kind, len(attachments), namespace, &id), '[')
	for i, arg := range args {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, arg...)
	}
	return newFrame(namespace, data, attachments)
}
