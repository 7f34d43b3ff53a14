package live

import (
	"encoding/json"
	"testing"
)

func FuzzPackets(f *testing.F) {
	for _, text := range []string{
		`0{"sid":"s","pingInterval":25000,"pingTimeout":20000}`, "2", "1", "6", `40{"sid":"s","pid":"p"}`, "41", `44{"message":"no"}`,
		`42["ConversationEvent",{"conversationId":"c","seq":4,"exchange":{"exchangeId":"x","startExchange":{}}},"offset"]`,
		`4312[{"ok":true}]`, `42/other,["x"]`, `4299999999999999999999["x"]`, "", "4", "45", `42["ConversationEvent",{"exchange":3}]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := decodePacket(text)
		if err != nil {
			return
		}
		e, _, ok, err := p.envelope()
		if err != nil || !ok {
			return
		}
		// What was read means the same when it is written and read again.
		body, err := json.Marshal(e)
		if err != nil {
			return // raw JSON within may be what the encoder refuses
		}
		again, err := decodePacket(string(encodeEvent(7, body)))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		second, _, ok, err := again.envelope()
		if err != nil || !ok || again.id != 7 {
			t.Fatalf("it is read as another event: %v", err)
		}
		if twice, err := json.Marshal(second); err != nil || string(twice) != string(body) {
			t.Errorf("%s became %s (%v)", body, twice, err)
		}
		session := (&ConversationService{client: &Client{sessions: map[string]*SessionStream{}}}).StartSession("c", SessionOptions{})
		session.applyEvent(e, false)
		session.applyEvent(e, false)
	})
}
