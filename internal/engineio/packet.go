package engineio

import "errors"

// packetType is the first byte of every text frame.
type packetType byte

const (
	packetOpen    packetType = '0'
	packetClose   packetType = '1'
	packetPing    packetType = '2'
	packetPong    packetType = '3'
	packetMessage packetType = '4'
	packetUpgrade packetType = '5'
	packetNoop    packetType = '6'
)

var errPacket = errors.New("not an Engine.IO packet")

// decodePacket takes a text frame apart. The payload is part of the frame.
func decodePacket(frame []byte) (kind packetType, payload []byte, err error) {
	if len(frame) == 0 || frame[0] < byte(packetOpen) || frame[0] > byte(packetNoop) {
		return 0, nil, errPacket
	}
	return packetType(frame[0]), frame[1:], nil
}
