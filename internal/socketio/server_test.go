package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
)

func TestAPeerConnects(t *testing.T) {
	t.Parallel()
	asked := make(chan *socketio.Handshake, 1)
	o := newOwner()
	o.connect = func(_ context.Context, h *socketio.Handshake) error {
		asked <- h
		return nil
	}
	_, address := serve(t, o, socketio.Options{})
	p := dial(t, address+"&x=y")
	p.send(`40{"token":"good"}`)
	p.expect(`40{"sid":"s1","pid":"p1"}`)
	h := receive(t, asked)
	if h.Namespace != "/" || string(h.Auth) != `{"token":"good"}` || h.Request.URL.Query().Get("x") != "y" {
		t.Errorf("the handshake is %+v", h)
	}
	if s := receive(t, o.sockets); s.ID() != "s1" {
		t.Errorf("the socket is %s", s.ID())
	}
}

func TestAConnectWithoutPayloadHasAnEmptyOne(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	o := newOwner()
	o.connect = func(_ context.Context, h *socketio.Handshake) error {
		asked <- string(h.Auth)
		return nil
	}
	_, address := serve(t, o, socketio.Options{})
	dial(t, address).send("40")
	if auth := receive(t, asked); auth != "{}" {
		t.Errorf("the payload is %s", auth)
	}
}

func TestAConnectIsRefused(t *testing.T) {
	t.Parallel()
	o := newOwner()
	o.connect = func(context.Context, *socketio.Handshake) error {
		return &socketio.Refusal{Message: "no", Data: json.RawMessage(`{"status":401}`)}
	}
	_, address := serve(t, o, socketio.Options{})
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		p := dial(t, address)
		p.send("40")
		p.expect(`44{"message":"no","data":{"status":401}}`)
		p.send("40") // the transport is still there
		p.expect(`44{"message":"no","data":{"status":401}}`)
	})
	t.Run("a few times only", func(t *testing.T) {
		t.Parallel()
		p := dial(t, address)
		for range 8 {
			p.send("40")
			p.expect(`44{"message":"no","data":{"status":401}}`)
		}
		p.send("40")
		p.expectClose(engineio.PolicyViolation)
	})
	t.Run("in a namespace that does not exist", func(t *testing.T) {
		t.Parallel()
		p := dial(t, address)
		p.send("40/random,")
		p.expect(`44/random,{"message":"Invalid namespace"}`)
	})
	t.Run("for now", func(t *testing.T) {
		t.Parallel()
		o := newOwner()
		o.connect = func(context.Context, *socketio.Handshake) error { return errors.New("busy") }
		_, address := serve(t, o, socketio.Options{})
		p := dial(t, address)
		p.send("40")
		p.expectClose(engineio.TryAgainLater)
	})
}

func TestAPeerMustConnectInTime(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newOwner(), socketio.Options{ConnectTimeout: 50 * time.Millisecond})
	dial(t, address).expectClose(engineio.PolicyViolation)
}

func TestEventsComeInOrderAndAreAnswered(t *testing.T) {
	t.Parallel()
	o := newOwner()
	o.event = func(ctx context.Context, s *socketio.Socket, e *socketio.Event) {
		if err := s.Ack(ctx, e, e.Args); err != nil {
			t.Error(err)
		}
	}
	_, address := serve(t, o, socketio.Options{})
	p := join(t, address)
	p.send(`42["plain",1,"2",{"3":[true]}]`)
	p.send(`42456["asks",1,"ü"]`)
	p.send(`420["asks"]`)
	p.expect(`43456[1,"ü"]`)
	p.expect(`430[]`)
	for _, want := range []string{"plain", "asks", "asks"} {
		if e := receive(t, o.events); e.Name != want || e.WantsAck() != (want == "asks") {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
}

func TestAFrameHasAnEndOfEachReceiver(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, socketio.Options{})
	one := join(t, address)
	first := receive(t, o.sockets)
	two := join(t, address)
	second := receive(t, o.sockets)
	f := frame(t, "Event", `{"a":1}`)
	for s, last := range map[*socketio.Socket]json.RawMessage{first: json.RawMessage(`"x"`), second: nil} {
		if err := s.TryEmit(f, last); err != nil {
			t.Fatal(err)
		}
	}
	one.expect(`42["Event",{"a":1},"x"]`)
	two.expect(`42["Event",{"a":1}]`)
}

func TestBadInputEndsTheTransport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		binary bool
		code   int
	}{
		"an empty frame":                      {"", false, engineio.ProtocolError},
		"no packet":                           {"abc", false, engineio.ProtocolError},
		"a ping":                              {"2", false, engineio.ProtocolError},
		"an opening":                          {"0{}", false, engineio.ProtocolError},
		"no packet inside":                    {"4abc", false, engineio.ProtocolError},
		"an event without a list":             {"42{}", false, engineio.ProtocolError},
		"an event without a name":             {"42[]", false, engineio.ProtocolError},
		"an event whose name is a number":     {"42[1]", false, engineio.ProtocolError},
		"an event with a name of the library": {`42["disconnect"]`, false, engineio.ProtocolError},
		"an id that is none":                  {`42abc["e"]`, false, engineio.ProtocolError},
		"an id that is too long":              {`421234567890123456["e"]`, false, engineio.ProtocolError},
		"JSON that is cut":                    {`42["e",`, false, engineio.InvalidData},
		"JSON with more behind it":            {`42["e"]]`, false, engineio.InvalidData},
		"text that is not UTF-8":              {"42[\"e\",\"\xff\"]", false, engineio.InvalidData},
		"a second connect":                    {"40", false, engineio.ProtocolError},
		"another namespace's event":           {`42/other,["e"]`, false, engineio.ProtocolError},
		"a refusal":                           {`44{"message":"no"}`, false, engineio.ProtocolError},
		"a binary frame":                      {"\x01\x02", true, engineio.UnsupportedData},
		"an event with attachments":           {`451-["e",{"_placeholder":true,"num":0}]`, false, engineio.UnsupportedData},
		"too long a message":                  {`42["e","` + strings.Repeat("x", 1<<20) + `"]`, false, engineio.TooBig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwner()
			_, address := serve(t, o, socketio.Options{Options: engineio.Options{MaxPayload: 1 << 20}})
			p := join(t, address)
			kind := websocket.TextMessage
			if c.binary {
				kind = websocket.BinaryMessage
			}
			if err := p.WriteMessage(kind, []byte(c.text)); err != nil {
				t.Fatal(err)
			}
			p.expectClose(c.code)
			if cause := receive(t, o.ends); !closedWith(cause, c.code, false) {
				t.Errorf("the cause is %v", cause)
			}
			if len(o.events) > 0 {
				t.Errorf("%+v was delivered", <-o.events)
			}
		})
	}
}

func TestAPeerDisconnects(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, socketio.Options{ConnectTimeout: 200 * time.Millisecond})
	p := join(t, address)
	s := receive(t, o.sockets)
	p.send("41")
	if cause := receive(t, o.ends); !errors.Is(cause, socketio.ErrLeft) {
		t.Errorf("the cause is %v", cause)
	}
	if err := s.TryEmit(frame(t, "Event"), nil); !errors.Is(err, engineio.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
	p.expectClose(engineio.PolicyViolation) // it has to be in some namespace
	if len(o.ends) > 0 {
		t.Error("the receiver was told twice")
	}
}

func TestASocketIsDisconnectedOrClosed(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, socketio.Options{})
	p := join(t, address)
	s := receive(t, o.sockets)
	if err := s.TryEmit(frame(t, "Last"), nil); err != nil {
		t.Fatal(err)
	}
	s.Disconnect()
	p.expect(`42["Last"]`)
	p.expect("41")
	p.expectClose(engineio.Normal)
	if cause := receive(t, o.ends); !closedWith(cause, engineio.Normal, false) {
		t.Errorf("the cause is %v", cause)
	}

	p = join(t, address)
	receive(t, o.sockets).Close(engineio.GoingAway, "bye")
	p.expectClose(engineio.GoingAway)
	if cause := receive(t, o.ends); !closedWith(cause, engineio.GoingAway, false) {
		t.Errorf("the cause is %v", cause)
	}
}

func TestAPanicOfAReceiverEndsItsConnectionOnly(t *testing.T) {
	t.Parallel()
	o := newOwner()
	o.event = func(context.Context, *socketio.Socket, *socketio.Event) { panic("oops") }
	_, address := serve(t, o, socketio.Options{})
	other := join(t, address)
	socket := receive(t, o.sockets)
	p := join(t, address)
	p.send(`42["e"]`)
	p.expectClose(engineio.InternalError)
	if cause := receive(t, o.ends); !strings.Contains(cause.Error(), "oops") {
		t.Errorf("the cause is %v", cause)
	}
	if err := socket.TryEmit(frame(t, "Event"), nil); err != nil {
		t.Fatal(err)
	}
	other.expect(`42["Event"]`)
}

func TestPacketsMayCarryAttachments(t *testing.T) {
	t.Parallel()
	o := newOwner()
	o.event = func(ctx context.Context, s *socketio.Socket, e *socketio.Event) {
		if err := s.Ack(ctx, e, e.Args, e.Attachments...); err != nil {
			t.Error(err)
		}
	}
	_, address := serve(t, o, socketio.Options{Binary: true})
	p := join(t, address)
	p.send(`452-7["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	for _, data := range []string{"\x01", "\x02\x03"} {
		if err := p.WriteMessage(websocket.BinaryMessage, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	p.expect(`462-7[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	p.expect("\x01")
	p.expect("\x02\x03")
	p.send(`451-["e",{"_placeholder":true,"num":0}]`)
	p.send(`42["e"]`) // in between
	p.expectClose(engineio.ProtocolError)
}
