package engineio

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// Codes of the protocol for a handshake that is refused, with their texts.
const (
	unknownTransport  = 0
	unknownSession    = 1
	badMethod         = 2
	badRequest        = 3
	forbidden         = 4
	unsupportedEngine = 5
)

// refusal is the answer to a handshake that fails.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`

	status int
}

// checkQuery says what is wrong with the query of a handshake, or nil. A session
// id is one too many: it would name a session of the polling transport.
func checkQuery(query url.Values) *refusal {
	switch {
	case query.Get("transport") != "websocket":
		return &refusal{unknownTransport, "Transport unknown", http.StatusBadRequest}
	case query.Has("sid"):
		return &refusal{unknownSession, "Session ID unknown", http.StatusBadRequest}
	case query.Get("EIO") != "4":
		return &refusal{unsupportedEngine, "Unsupported protocol version", http.StatusBadRequest}
	}
	return nil
}

// check says why a request gets no connection, or nil.
func (s *Server) check(r *http.Request) *refusal {
	if r.Method != http.MethodGet {
		return &refusal{badMethod, "Bad handshake method", http.StatusBadRequest}
	}
	if wrong := checkQuery(r.URL.Query()); wrong != nil {
		return wrong
	}
	if s.options.CheckOrigin != nil && !s.options.CheckOrigin(r) {
		return &refusal{forbidden, "Forbidden", http.StatusForbidden}
	}
	if s.options.Admit != nil {
		if err := s.options.Admit(r); err != nil {
			return &refusal{badRequest, err.Error(), http.StatusServiceUnavailable}
		}
	}
	return nil
}

func (s *Server) refuse(w http.ResponseWriter, why *refusal) {
	s.options.Observer.Refused(why.status)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(why.status)
	// A caller that has gone misses nothing.
	_ = json.NewEncoder(w).Encode(why)
}

// opening is the payload of the first packet.
type opening struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int64    `json:"pingInterval"` // milliseconds
	PingTimeout  int64    `json:"pingTimeout"`  // milliseconds
	MaxPayload   int64    `json:"maxPayload"`   // bytes
}

func (o *Options) opening(sid string) ([]byte, error) {
	return json.Marshal(opening{
		SID: sid, Upgrades: []string{},
		PingInterval: o.PingInterval.Milliseconds(), PingTimeout: o.PingTimeout.Milliseconds(), MaxPayload: o.MaxPayload,
	})
}
