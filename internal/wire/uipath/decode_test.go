package uipath

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/engine"
)

func TestEventsAreTakenApartInTheirOrder(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 255)
	for raw, want := range map[string]string{
		`{"conversationId":"c","startSession":{},"endSession":null}`: "start []",
		`{"conversationId":"c","endSession":{}}`:                     "end []",
		`{"conversationId":"c"}`:                                     "[]",
		`{"conversationId":"c","exchange":{"exchangeId":"x","endExchange":{},"startExchange":{"clientSideTools":[{"name":"n"}]}}}`: `[engine.SaidExchange{Exchange:"x", Metadata:convo.JSON(nil), Tools:[]string{"n"}} engine.SaidStop{Exchange:"x"}]`,
		`{"conversationId":"c","exchange":{"exchangeId":"x","message":{"messageId":"m","endMessage":{},"contentPart":{"contentPartId":"p","endContentPart":{"interrupted":true},"chunk":{"data":"a"},"startContentPart":{"mimeType":"t"}},"startMessage":{"role":"user"}}}}`: `[` +
			`engine.SaidMessage{Exchange:"x", Message:"m", Role:"user", Meta:convo.JSON(nil)} ` +
			`engine.SaidPart{Exchange:"x", Message:"m", Part:"p", MediaType:"t", Name:"", File:(*convo.FileRef)(nil), Meta:convo.JSON(nil), Transcript:false} ` +
			`engine.SaidText{Exchange:"x", Message:"m", Part:"p", Text:"a", Cites:(*engine.SaidCitation)(nil)} ` +
			`engine.SaidPartEnd{Exchange:"x", Message:"m", Part:"p", Incomplete:true, Meta:convo.JSON(nil)} ` +
			`engine.SaidMessageEnd{Exchange:"x", Message:"m"}]`,
		`{"conversationId":"c","exchange":{"exchangeId":"x","message":{"messageId":"m","toolCall":{"toolCallId":"t","startToolCall":{"toolName":"n"},"confirmToolCall":{"approved":true}}}}}`: `[engine.SaidAnswer{Exchange:"x", Call:"t", Approved:true, Input:convo.JSON(nil)}]`,
		`{"conversationId":"` + long + `"}`:          "[]",
		`{"conversationId":"` + long + `a"}`:         "the event names no conversation",
		`{"conversationId":""}`:                      "the event names no conversation",
		`{"conversationId":"a\u0001"}`:               "the event names no conversation",
		`{"conversationId":7}`:                       "the event names no conversation",
		`[]`:                                         "the event names no conversation",
		`{"conversationId":"c","startSession":true}`: "the event is malformed",
		`{"conversationId":"c","exchange":{}}`:       "the event is malformed",
		`{"conversationId":"c","exchange":{"exchangeId":"x","message":{}}}`:   "the event is malformed",
		`{"conversationId":"c","asyncInputStream":{"streamId":""}}`:           "the event is malformed",
		`{"conversationId":"c","exchange":{"exchangeId":"x","message":"no"}}`: "the event is malformed",
	} {
		s, err := decode([]byte(raw))
		var got string
		if err != nil {
			got = err.Error()
		} else {
			parts := make([]string, len(s.said))
			for i, said := range s.said {
				parts[i] = fmt.Sprintf("%#v", said)
			}
			got = "[" + strings.Join(parts, " ") + "]"
			if s.start != nil {
				got = "start " + got
			}
			if s.end {
				got = "end " + got
			}
		}
		if got != want {
			t.Errorf("%s\nis read as %s\nwant       %s", raw, got, want)
		}
	}
}

func TestMetaEventsArePassedOnAsTheyCame(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"conversationId":"c","metaEvent":{"a":[1]}}`:                                                                                             `{"metaEvent":{"a":[1]}}`,
		`{"conversationId":"c","asyncToolCall":{"toolCallId":"t","startToolCall":{}}}`:                                                             `{"asyncToolCall":{"toolCallId":"t","startToolCall":{}}}`,
		`{"conversationId":"c","exchange":{"exchangeId":"x","metaEvent":{},"other":true}}`:                                                         `{"exchange":{"exchangeId":"x","metaEvent":{}}}`,
		`{"conversationId":"c","exchange":{"exchangeId":"x","message":{"messageId":"m","contentPart":{"contentPartId":"p","metaEvent":{"b":1}}}}}`: `{"exchange":{"exchangeId":"x","message":{"messageId":"m","contentPart":{"contentPartId":"p","metaEvent":{"b":1}}}}}`,
	} {
		s, err := decode([]byte(raw))
		if err != nil || len(s.said) != 1 {
			t.Fatal(raw, s, err)
		}
		if got := string(bodyOf(s.said[0])); got != want {
			t.Errorf("%s is passed on as %s", raw, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"conversationId":"c","exchange":{"exchangeId":"x","message":{"messageId":"m","contentPart":{"contentPartId":"p","chunk":{"data":"a","citation":{"citationId":"k","endCitation":{"sources":[{"title":"t"}]}}}},"endMessage":{}}}}`))
	f.Add([]byte(`{"conversationId":"c","startSession":{"capabilities":{"resume":true},"metaData":{"after":4}}}`))
	f.Add([]byte(`{"conversationId":"c","asyncInputStream":{"streamId":"s","chunk":{"data":"AAAA"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := decode(raw)
		if err != nil && (s.start != nil || s.end || s.said != nil || s.stream != nil) {
			t.Errorf("%q: %v, and all the same %+v", raw, err, s)
		}
		for _, said := range s.said {
			if body := bodyOf(said); body != nil && !json.Valid(body) {
				t.Errorf("%q is passed on as %q", raw, body)
			}
		}
		if err == nil && (s.conversation == "" || utf8.RuneCountInString(s.conversation) > maxName) {
			t.Errorf("%q is of the conversation %q", raw, s.conversation)
		}
	})
}

func FuzzChunk(f *testing.F) {
	f.Add("a \"quoted\" \\ line\n\t\r\x00\x1f 🗼 <b>&", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if !utf8.ValidString(text) {
			return
		}
		e := event{ConversationID: "c", Exchange: &exchangeEvent{ExchangeID: "x", Message: &messageEvent{
			MessageID: "m", ContentPart: &partEvent{ContentPartID: text, Chunk: &chunkEvent{Data: text}},
		}}}
		var back event
		if err := json.Unmarshal(encodeEvent(&e), &back); err != nil || text != "" && back.Exchange.Message.ContentPart.Chunk.Data != text {
			t.Errorf("%q came back as %+v: %v", text, back, err)
		}
		cut := unitsPrefix(text, n)
		if !utf8.ValidString(text[:cut]) || n >= 0 && units(text[:cut]) > n {
			t.Errorf("the first %d units of %q are %q", n, text, text[:cut])
		}
	})
}

// bodyOf is what an aside passes on, nil for all else.
func bodyOf(said engine.Said) []byte {
	aside, _ := said.(engine.SaidAside)
	return aside.Body
}
