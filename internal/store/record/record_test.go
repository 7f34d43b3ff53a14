package record_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

var update = flag.Bool("update", false, "write the golden file anew: only to add kinds and keys")

// bodies are all kinds of bodies, in the order of their numbers.
func bodies() []convo.Body {
	return []convo.Body{
		convo.ConversationCreated{}, convo.ConversationChanged{}, convo.TurnOpened{}, convo.TurnQueued{},
		convo.TurnStarted{}, convo.TurnWaiting{}, convo.TurnResumed{}, convo.TurnEnded{}, convo.MessageGiven{},
		convo.MessageStarted{}, convo.Delta{}, convo.MessageEnded{}, convo.MessageChanged{}, convo.MessageDeleted{},
		convo.ModelAsked{}, convo.ModelAnswered{}, convo.Rated{}, convo.Restarted{},
		convo.ToolRequested{}, convo.ToolStarted{}, convo.ToolEnded{}, convo.ToolAnswered{}, convo.ToolOffered{},
		convo.PartStarted{}, convo.PartEnded{}, convo.Cited{}, convo.InterruptStarted{}, convo.InterruptEnded{},
		convo.PassedOn{},
	}
}

// filled gives a body with a value of its own in every field.
func filled(t *testing.T, b convo.Body) convo.Body {
	t.Helper()
	v := reflect.New(reflect.TypeOf(b)).Elem()
	n := 0
	fill(t, v, &n)
	return v.Interface().(convo.Body)
}

func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + int64(*n)).UTC()))
	case v.Type() == reflect.TypeFor[convo.JSON]():
		v.SetBytes(fmt.Appendf(nil, `{ "n": %d.0 }`, *n))
	case v.Type() == reflect.TypeFor[time.Duration]():
		v.SetInt(int64(time.Duration(*n) * time.Millisecond))
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("s%d <&> é", *n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(*n) << 21)
	case v.CanFloat():
		v.SetFloat(float64(*n) / 4)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("do not know how to fill a %s", v.Type())
	}
}

func TestEveryFieldSurvives(t *testing.T) {
	t.Parallel()
	for _, empty := range bodies() {
		for _, b := range []convo.Body{empty, filled(t, empty)} {
			r, err := record.Encode(b)
			if err != nil {
				t.Fatal(err)
			}
			got, err := record.Decode(r)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, b) {
				t.Errorf("%T:\n got %+v\nwant %+v\n via %+v", b, got, b, r)
			}
		}
	}
}

func TestAnEmptyBodyNeedsNoData(t *testing.T) {
	t.Parallel()
	for _, b := range bodies() {
		r, err := record.Encode(b)
		if err != nil {
			t.Fatal(err)
		}
		if r.Data != nil {
			t.Errorf("%T: %s", b, r.Data)
		}
	}
}

func TestStoredFormIsThatOfTheGoldenFile(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	last := convo.EventKind(0)
	for _, body := range bodies() {
		if body.Kind() <= last {
			t.Fatalf("%T has kind %d, after %d", body, body.Kind(), last)
		}
		last = body.Kind()
		r, err := record.Encode(filled(t, body))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d %T\n", r.Kind, body)
		fmt.Fprintf(&b, "\tmessage %q\n\ttext %q %v\n\tdata %s\n", r.Message, r.Text, r.HasText, r.Data)
	}
	const path = "testdata/records.golden"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("data of earlier versions could not be read:\n got\n%s\nwant\n%s", b.Bytes(), want)
	}
}

func TestDataOfEarlierVersionsIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind convo.EventKind
		data string
		want convo.Body
	}{
		{convo.KindTurnOpened, `{"f":"front","z":"UTC"}`, convo.TurnOpened{Front: "front", Zone: "UTC"}},
		{convo.KindTurnWaiting, "", convo.TurnWaiting{}},
		{convo.KindTurnResumed, "", convo.TurnResumed{}},
		{convo.KindConversationCreated, `{"n":"name"}`, convo.ConversationCreated{Fields: convo.Fields{Name: new("name")}}},
	} {
		got, err := record.Decode(record.Record{Kind: c.kind, Data: []byte(c.data)})
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("got %+v, %v, want %+v", got, err, c.want)
		}
	}
}

// A driver may look at what an event is about without its text.
func TestACallIsReadWithoutItsText(t *testing.T) {
	t.Parallel()
	for _, b := range []convo.Body{
		convo.ToolRequested{}, convo.ToolStarted{}, convo.ToolEnded{}, convo.ToolAnswered{},
		convo.InterruptStarted{}, convo.InterruptEnded{},
	} {
		r, err := record.Encode(filled(t, b))
		if err != nil {
			t.Fatal(err)
		}
		r.Text = ""
		got, err := record.Decode(r)
		want, _ := convo.Erase(filled(t, b), r.Message)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestTextsAndIdsStandApart(t *testing.T) {
	t.Parallel()
	for _, b := range bodies() {
		if r, err := record.Encode(filled(t, b)); err != nil {
			t.Fatal(err)
		} else if r.Text != "" && strings.Contains(string(r.Data), r.Text) ||
			r.Message != "" && strings.Contains(string(r.Data), r.Message) {
			t.Errorf("%T: %+v", b, r)
		}
	}
}

func TestAnUnknownKindIsAClearError(t *testing.T) {
	t.Parallel()
	_, err := record.Decode(record.Record{Kind: 200})
	if err == nil || !strings.Contains(err.Error(), "kind 200") || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
	if _, err := record.Encode(nil); err == nil {
		t.Error("no body is no error")
	}
	if _, err := record.Encode(stranger{}); err == nil {
		t.Error("a strange body is no error")
	}
}

type stranger struct{}

func (stranger) Kind() convo.EventKind { return 201 }

func TestFieldsAndFailuresSurvive(t *testing.T) {
	t.Parallel()
	fields := filled(t, convo.ConversationCreated{}).(convo.ConversationCreated).Fields
	for _, want := range []convo.Fields{{}, fields} {
		data, err := record.EncodeFields(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := record.DecodeFields(data); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	for _, want := range []*convo.Failure{nil, {}, {Kind: convo.Internal, Message: "m", RetryAfter: 1}} {
		data, err := record.EncodeFailure(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := record.DecodeFailure(data)
		if err != nil || (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("got %+v for %+v, %v", got, want, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range bodies() {
		r, err := record.Encode(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(r.Kind), r.Message, r.Text, r.HasText, r.Data)
	}
	f.Add(uint8(8), "", "", false, []byte(`{"r":"done","u":{"i":1,"e":15},"f":{"k":"internal"}}`))
	f.Add(uint8(9), "m", "t", true, []byte(`{"p":5,"t":"user","m":"{\"a\":1}","n":"x"}`))
	f.Fuzz(func(t *testing.T, kind uint8, message, text string, hasText bool, data []byte) {
		b, err := record.Decode(record.Record{
			Kind: convo.EventKind(kind), Message: message, Text: text, HasText: hasText, Data: data,
		})
		if err != nil {
			return
		}
		if b.Kind() != convo.EventKind(kind) {
			t.Fatalf("kind %d became %d", kind, b.Kind())
		}
		r, err := record.Encode(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := record.Decode(r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Data != nil && !json.Valid(r.Data) {
			t.Fatalf("no JSON: %q", r.Data)
		}
		if !reflect.DeepEqual(again, b) {
			t.Fatalf("%+v became %+v", b, again)
		}
	})
}
