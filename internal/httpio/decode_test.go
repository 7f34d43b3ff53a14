package httpio_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

type common struct {
	Name httpio.Optional[string] `json:"name"`
}

type item struct {
	Type string `json:"type" required:"true"`
	Text string `json:"text"`
}

type sample struct {
	common
	Count  int                   `json:"count"`
	Rate   float64               `json:"rate"`
	On     bool                  `json:"on"`
	Items  []item                `json:"items"`
	Inner  item                  `json:"inner"`
	Maybe  *int64                `json:"maybe"`
	Value  httpio.Optional[int]  `json:"value"`
	Flag   httpio.Optional[bool] `json:"flag"`
	Hidden string
}

func TestDecodeReadsWhatFits(t *testing.T) {
	t.Parallel()
	got, err := httpio.Decode[sample]([]byte(` {"count":3.0e0,"rate":-1.5,"on":true,"Count":9,"hidden":"x","Hidden":"y",
		"items":[{"type":"a","text":"\u00e9\ud83d\ude42","more":[1,{"x":"}"}]}, {"type":"b"}],"maybe":null,
		"name":"n\"\ud800!","value":null,"flag":false,"unknown":{"a":[[]]}} `))
	if err != nil {
		t.Fatal(err)
	}
	var want sample
	want.Count, want.Rate, want.On = 3, -1.5, true
	want.Items = []item{{"a", "é🙂"}, {"b", ""}}
	want.Name = httpio.Optional[string]{Given: true, Value: "n\"\ufffd!"}
	want.Value = httpio.Optional[int]{Given: true, Null: true}
	want.Flag = httpio.Optional[bool]{Given: true}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeTakesAnEmptyBodyForAnEmptyObject(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", " \r\n", "{}"} {
		if got, err := httpio.Decode[sample]([]byte(body)); err != nil || !reflect.DeepEqual(got, sample{}) {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
}

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{`:                             "not valid JSON",
		`{"count":1}x`:                  "not valid JSON",
		`[]`:                            "must be a JSON object",
		`null`:                          "must be a JSON object",
		"{\"name\":\"\xff\"}":           "not valid UTF-8",
		"\xef\xbb\xbf{}":                "not valid JSON",
		`{"count":"1"}`:                 "count must be a whole number",
		`{"count":1.5}`:                 "count must be a whole number",
		`{"count":1e30}`:                "count must be a whole number",
		`{"rate":"1"}`:                  "rate must be a number",
		`{"on":0}`:                      "on must be true or false",
		`{"items":{}}`:                  "items must be a list",
		`{"items":[null]}`:              "items[0] must not be null",
		`{"items":[{"type":"a"},3]}`:    "items[1] must be an object",
		`{"items":[{"text":"a"}]}`:      "items[0].type is missing",
		`{"items":[{"type":null}]}`:     "items[0].type is missing",
		`{"inner":{"type":1}}`:          "inner.type must be a string",
		`{"name":1}`:                    "name must be a string",
		`{"count":2,"count":"x"}`:       "count must be a whole number",
		`{"value":[]}`:                  "value must be a whole number",
		`{"maybe":false}`:               "maybe must be a whole number",
		strings.Repeat(`{"a":`, 100000): "not valid JSON",
	} {
		_, err := httpio.Decode[sample]([]byte(body))
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", body, err, want)
		}
	}
}

func TestOptionalChangesAsAnUpdateDoes(t *testing.T) {
	t.Parallel()
	old := "old"
	for body, want := range map[string]*string{`{}`: &old, `{"name":null}`: nil, `{"name":""}`: new(string)} {
		got, err := httpio.Decode[sample]([]byte(body))
		name := &old
		got.Name.Apply(&name)
		if err != nil || !reflect.DeepEqual(name, want) {
			t.Errorf("%s: %v, %v", body, name, err)
		}
	}
}

func TestLoneSurrogatesAreMendedInPlace(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"a":"\ud800"}`:             `{"a":"\ufffd"}`,
		`{"a":"\udc00\uD800x"}`:      `{"a":"\ufffd\ufffdx"}`,
		`{"a":"\ud83d\ude42"}`:       `{"a":"\ud83d\ude42"}`,
		`{"a":"\ud800\ud83d\ude42"}`: `{"a":"\ufffd\ud83d\ude42"}`,
		`{"a":"\\ud800"}`:            `{"a":"\\ud800"}`,
		`{"a":"\\\ud800"}`:           `{"a":"\\\ufffd"}`,
		`{"\udfff":"\u00e9"}`:        `{"\ufffd":"\u00e9"}`,
	} {
		if got, err := httpio.CheckObject([]byte(body)); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v", body, got, err)
		}
	}
}

// FuzzDecode compares with encoding/json on what both understand alike: an
// object whose one member is spelled as the tag is.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"items":[{"type":"a","text":"b"}],"count":1}`, `{"name":null}`, `{"a":{"b":[1,2,"]"]}}`, `{"items":[{}]}`, `[`, `{"count":1e3}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 0 && !utf8.Valid(body) {
			if _, err := httpio.Decode[sample](body); err == nil {
				t.Fatal("invalid UTF-8 was taken")
			}
			return
		}
		sent := append([]byte(nil), body...)
		got, err := httpio.Decode[sample](body)
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Fatalf("%q: %v", sent, err)
			}
			return
		}
		members := map[string]json.RawMessage{}
		if len(strings.TrimSpace(string(sent))) > 0 {
			if err := json.Unmarshal(sent, &members); err != nil {
				t.Fatalf("%q was taken: %v", sent, err)
			}
		}
		var items []item
		if json.Unmarshal(members["items"], &items) == nil && len(items) != len(got.Items) {
			t.Fatalf("%q: %d items, want %d", sent, len(got.Items), len(items))
		}
		if raw, ok := members["name"]; ok != got.Name.Given {
			t.Fatalf("%q: name %s, given %v", sent, raw, got.Name.Given)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"name":"x","items":[` + strings.Repeat(`{"type":"user","text":"How is the weather in Paris today?"},`, 99) + `{"type":"a"}]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := httpio.Decode[sample](body); err != nil {
			b.Fatal(err)
		}
	}
}

func TestOfAMemberThatIsGivenTwiceTheLastCounts(t *testing.T) {
	t.Parallel()
	type request struct {
		A httpio.Optional[string] `json:"a"`
	}
	got, err := httpio.Decode[request]([]byte(`{"a":"x","a":null}`))
	if err != nil || !got.A.Null || got.A.Value != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeBoundsLists(t *testing.T) {
	t.Parallel()
	type request struct {
		A []struct{} `json:"a"`
	}
	list := func(n int) []byte { return []byte(`{"a":[` + strings.Repeat("{},", n-1) + `{}]}`) }
	if got, err := httpio.Decode[request](list(httpio.MaxItems)); err != nil || len(got.A) != httpio.MaxItems {
		t.Errorf("got %d, %v", len(got.A), err)
	}
	_, err := httpio.Decode[request](list(httpio.MaxItems + 1))
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "a must have at most") {
		t.Errorf("got %v", err)
	}
}

func TestDecodeBoundsAListMoreTightlyIfToldTo(t *testing.T) {
	t.Parallel()
	type few struct {
		Items []item `json:"items" most:"2"`
	}
	type nested struct {
		Lists []few `json:"lists"`
	}
	if in, err := httpio.Decode[nested]([]byte(`{"lists":[{"items":[{"type":"a"},{"type":"b"}]},{"items":null}]}`)); err != nil || len(in.Lists[0].Items) != 2 {
		t.Errorf("%+v, %v", in, err)
	}
	for body, want := range map[string]string{
		`{"lists":[{"items":[{"type":"a"},{"type":"b"},7]}]}`: "lists[0].items must have at most 2 items",
		`{"lists":[{"items":7}]}`:                             "lists[0].items must be a list",
	} {
		if _, err := httpio.Decode[nested]([]byte(body)); convo.ErrorKind(err) != convo.Invalid || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}
