package socketio

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzDecodePacket holds what was decoded against what its encoding decodes to.
func FuzzDecodePacket(f *testing.F) {
	for _, seed := range []string{
		"0", `0{"token":"t"}`, "0/admin,", `0/admin,{"a":1}`, "1", "1/admin", "1/admin,", `2["e"]`, `2/admin,12["e",{"a":[1,"ü"]}]`,
		`312[]`, `4{"message":"m"}`, `52-["e",{"_placeholder":true,"num":0}]`, `61-/admin,7[{"_placeholder":true,"num":0}]`, "2", "9", "", "50-[", `2/[{,["e"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePacket(data)
		if err != nil {
			return
		}
		encoded := appendPacket(nil, p.kind, p.attachments, p.namespace, p.id)
		if p.attachments == 0 && (p.kind == packetBinaryEvent || p.kind == packetBinaryAck) {
			encoded = append([]byte{byte(p.kind), '0', '-'}, encoded[1:]...)
		}
		encoded = append(encoded, payloadOf(t, p)...)
		again, err := decodePacket(encoded)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, encoded, err)
		}
		if !reflect.DeepEqual(p, again) {
			t.Fatalf("%q became %q: %+v, then %+v", data, encoded, p, again)
		}
	})
}

func payloadOf(t *testing.T, p packet) []byte {
	t.Helper()
	var whole []any
	switch p.kind {
	case packetConnect, packetDisconnect:
		return p.payload
	case packetEvent, packetBinaryEvent:
		whole = append(whole, p.name)
	}
	encoded := []byte{'['}
	for _, arg := range p.args {
		whole = append(whole, arg)
	}
	for i, v := range whole {
		if i > 0 {
			encoded = append(encoded, ',')
		}
		if raw, ok := v.(json.RawMessage); ok {
			encoded = append(encoded, raw...) // as it was: encoding/json would change white space
			continue
		}
		name, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, name...)
	}
	return append(encoded, ']')
}

func TestPacketsAreDecoded(t *testing.T) {
	t.Parallel()
	id := func(n uint64) *uint64 { return &n }
	args := func(texts ...string) []json.RawMessage {
		list := []json.RawMessage{}
		for _, text := range texts {
			list = append(list, json.RawMessage(text))
		}
		return list
	}
	for text, want := range map[string]packet{
		"0":                         {kind: packetConnect, namespace: "/"},
		`0/admin,{"a":1}`:           {kind: packetConnect, namespace: "/admin", payload: []byte(`{"a":1}`)},
		"0/admin":                   {kind: packetConnect, namespace: "/admin"},
		"1/admin,":                  {kind: packetDisconnect, namespace: "/admin"},
		`2["e",{"a":[1,2]}]`:        {kind: packetEvent, namespace: "/", name: "e", args: args(`{"a":[1,2]}`)},
		`2/admin,12["e"]`:           {kind: packetEvent, namespace: "/admin", name: "e", id: id(12), args: args()},
		`30[]`:                      {kind: packetAck, namespace: "/", id: id(0), args: args()},
		`51-/a,3["e",{"num":0}]`:    {kind: packetBinaryEvent, namespace: "/a", attachments: 1, name: "e", id: id(3), args: args(`{"num":0}`)},
		`62-999999999999999["e",1]`: {kind: packetBinaryAck, namespace: "/", attachments: 2, id: id(999999999999999), args: args(`"e"`, "1")},
	} {
		if got, err := decodePacket([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestWhatIsNoPacketIsNotDecoded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "7", "a", "0[]", "0null", "012", `11`, `1{}`, "2", "2{}", "2null", `2"e"`, "2[]", "2[1]", "2[null]", `2["connect"]`, `2a["e"]`,
		`2-1["e"]`, "3[]", "31", "4", `4{"message":"m"}`, `5["e"]`, `517-["e"]`, `5-["e"]`, `5100-["e"]`, `5-1-["e"]`, `61-["e"]`, `2["e"`, `2["e"]x`, `2["e"] ["f"]`,
	} {
		if p, err := decodePacket([]byte(text)); err == nil {
			t.Errorf("%q is %+v", text, p)
		}
	}
}

func BenchmarkDecodePacket(b *testing.B) {
	b.ReportAllocs()
	data := []byte(`2["ConversationEvent",{"conversationId":"c","exchange":{"exchangeId":"x","message":{"messageId":"m","contentPart":{"contentPartId":"p","chunk":{"data":"text"}}}}}]`)
	for b.Loop() {
		if _, err := decodePacket(data); err != nil {
			b.Fatal(err)
		}
	}
}
