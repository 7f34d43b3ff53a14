package engineio

import (
	"bytes"
	"net/url"
	"testing"

	"github.com/gorilla/websocket"
)

// FuzzDecodePacket holds a packet that was decoded against the frame that it came in.
func FuzzDecodePacket(f *testing.F) {
	for _, seed := range []string{"0{}", "1", "2probe", "3", `42["e"]`, "5", "6", "7", "", "a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, payload, err := decodePacket(data)
		if err != nil {
			return
		}
		if again := append([]byte{byte(kind)}, payload...); !bytes.Equal(again, data) {
			t.Fatalf("%q became %q", data, again)
		}
	})
}

// FuzzQuery looks for a query that is taken for a handshake of another version or
// transport.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"EIO=4&transport=websocket", "transport=websocket", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x", "%", ";"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		why := checkQuery(query)
		if why == nil && (query.Get("EIO") != "4" || query.Get("transport") != "websocket" || query.Has("sid")) {
			t.Fatalf("%q (%v) is taken", text, err)
		}
		if why != nil && (why.status != 400 || why.Message == "") {
			t.Fatalf("%q gets %+v", text, why)
		}
	})
}

// FuzzFrameHeader reads headers back with the rules of RFC 6455.
func FuzzFrameHeader(f *testing.F) {
	for _, seed := range []uint32{0, 1, 125, 126, 127, 65535, 65536, 10_000_000} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, size uint32) {
		h := appendHeader(nil, websocket.TextMessage, int(size))
		if h[0] != 0x81 || h[1]&0x80 != 0 {
			t.Fatalf("%x is not the header of a whole unmasked text", h)
		}
		length, rest := uint64(h[1]), h[2:]
		for i, b := range rest {
			if i == 0 {
				length = 0
			}
			length = length<<8 | uint64(b)
		}
		shortest := len(rest) == 0 && size < 126 || len(rest) == 2 && size >= 126 && size < 1<<16 || len(rest) == 8 && size >= 1<<16
		if length != uint64(size) || !shortest {
			t.Fatalf("%x says %d, not %d", h, length, size)
		}
	})
}
