package openai

import (
	"encoding/json"
	"reflect"
	"testing"
)

// usual are chunks as servers send them for a piece of text.
var usual = []string{
	commonChunk,
	`{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`,
	`{"choices":[{"delta":{"content":"six 六 🙂"}}]}`,
	`{"choices":[{"delta":{"content":"a\n\"b\" \u00e9 \ud83d\ude42"}}]}`,
	`{"choices":[{"delta":{"reasoning_content":"well","content":null}}]}`,
	`{"choices":[{"delta":{"reasoning":"well"}}, {"delta":{"content":"two"}}]}`,
	`{"choices":[{"delta":{"refusal":"no","tool_calls":null}}]}`,
	`{"choices":[{"delta":{},"finish_reason":"stop"}],"error":null}`,
	`{ "object" : "x", "choices" : [ ] , "prompt_filter_results":[{"a":{"b":[1,0,true,false,null]}}] }`,
}

// unusual are chunks for the general decoder, and what is none.
var unusual = []string{
	`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}`,
	`{"choices":[{"delta":{"content":[{"type":"text","text":"part"}]}}]}`,
	`{"choices":[],"usage":{"prompt_tokens":1}}`,
	`{"error":{"message":"broken"}}`,
	`{"choices":[{"delta":{"content":"a"}}],"choices":[{"delta":{"content":"b"}}]}`,
	`{"Choices":[{"Delta":{"Content":"a"}}]}`,
	`{"created":1.5,"choices":[]}`, `{"created":01}`, `{"created":-1}`,
	"{\"id\":\"\xff\"}", "{\"id\":\"\x01\"}", `{"id":"\q"}`, `{"id":"\"}`,
	`{"id":"a"`, `{"id"}`, `{"id":}`, `{,}`, `{"id":"a",}`, `[]`, `null`, ``, `{}{}`, `{"a":[1,]}`, `{"a":nul}`,
	`{"choices":{"delta":{"content":"a"}}}`, `{"choices":[{"delta":"a"}]}`, `{"choices":[{"delta":{"content":1}}]}`,
	`{"a":[[[[[[[[[[[[1]]]]]]]]]]]]}`,
}

func TestUsualChunksAreReadTheShortWay(t *testing.T) {
	t.Parallel()
	for _, text := range usual {
		if !scan([]byte(text), new(chunk)) {
			t.Errorf("not read: %s", text)
		}
		wantSame(t, []byte(text))
	}
	for _, text := range unusual {
		if scan([]byte(text), new(chunk)) {
			t.Errorf("read: %s", text)
		}
	}
}

// wantSame fails unless a chunk that is read the short way is what the general
// decoder makes of it, which has to take it.
func wantSame(t *testing.T, data []byte) {
	t.Helper()
	var short, long chunk
	if !scan(data, &short) {
		return
	}
	if err := json.Unmarshal(data, &long); err != nil {
		t.Fatalf("%q was read, but %v", data, err)
	}
	if len(short.Choices)+len(long.Choices) == 0 {
		short.Choices, long.Choices = nil, nil
	}
	if !reflect.DeepEqual(short, long) {
		t.Fatalf("%q was read as %+v, and is %+v", data, short, long)
	}
}

func TestAChunkLeavesNothingForTheNext(t *testing.T) {
	t.Parallel()
	var c chunk
	for _, step := range []struct{ data, want string }{
		{usual[0], " Hello"},
		{`{"choices":[{"delta":{}}]}`, ""},
		{unusual[1], "part"},
		{`{"choices":[{"delta":{"content":null}}]}`, ""},
	} {
		if err := decode([]byte(step.data), &c); err != nil || string(c.Choices[0].Delta.Content) != step.want {
			t.Errorf("%s: %+v, %v", step.data, c, err)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, list := range [][]string{usual, unusual} {
		for _, text := range list {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(wantSame)
}
