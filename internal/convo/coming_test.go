package convo_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

func TestLengthsCountBytesAndUnitsOfUTF16(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]convo.Length{
		"": {}, "abc": {Bytes: 3, Units: 3}, "é": {Bytes: 2, Units: 1}, "日本": {Bytes: 6, Units: 2}, "🗼": {Bytes: 4, Units: 2},
		"e\u0301": {Bytes: 3, Units: 2},
	} {
		if got := convo.LengthOf(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

func TestAMessageThatComesEndsWithItsPartsInOrder(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(9).UTC()
	c := convo.Coming{ID: "m", Alias: "M", Place: 3, Type: convo.User, Meta: convo.JSON(`{}`), Parts: []convo.ComingPart{
		{Part: convo.Part{ID: "p"}, Ended: true},
		{Part: convo.Part{ID: "f", File: &convo.FileRef{URI: "u"}}, Ended: true},
		{Part: convo.Part{ID: "q"}},
	}}
	lengths := map[string]int{"p": 4, "q": 2}
	length := func(part string) convo.Length { return convo.Length{Bytes: lengths[part]} }
	for _, incomplete := range []bool{false, true} {
		got := c.End("textab", length, incomplete, at)
		want := convo.MessageEnded{
			ID: "m", Alias: "M", Place: 3, Type: convo.User, Meta: convo.JSON(`{}`), Text: "textab", Incomplete: incomplete,
			Parts: []convo.Part{
				{ID: "p", End: 4}, {ID: "f", File: &convo.FileRef{URI: "u"}, Start: 4, End: 4},
				{ID: "q", Start: 4, End: 6, Incomplete: incomplete, Updated: at},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	if open := c.Open(); open == nil || open.ID != "q" || c.Part("f") == nil || c.Part("x") != nil {
		t.Errorf("open is %+v", open)
	}
	c.Parts[2].Ended = true
	if open := c.Open(); open != nil {
		t.Errorf("open is %+v", open)
	}
}

func TestWhatAClientSaysIsNotChangedInOthersHands(t *testing.T) {
	t.Parallel()
	l := newLog()
	l.apply("t", convo.TurnOpened{})
	l.apply("t", convo.MessageStarted{ID: "m", Type: convo.User})
	l.apply("t", convo.PartStarted{Message: "m", Part: convo.Part{ID: "p"}})
	held := l.head.Turn("t").Coming
	l.apply("t", convo.Cited{Message: "m", Part: "p", Citation: convo.Citation{ID: "c"}})
	l.apply("t", convo.PartEnded{Message: "m", Part: "p", Meta: convo.JSON(`{"a":1}`)})
	l.apply("t", convo.MessageStarted{ID: "n", Place: 1, Type: convo.User})
	if p := held[0].Parts[0]; len(held) != 1 || p.Ended || p.Meta != nil || p.Citations != nil {
		t.Errorf("what somebody holds became %+v", held)
	}
	if now := l.head.Turn("t").Coming; len(now) != 2 || !now[0].Parts[0].Ended || len(now[0].Parts[0].Citations) != 1 {
		t.Errorf("now it is %+v", now)
	}
	for _, b := range []convo.Body{
		convo.PartStarted{Message: "x"}, convo.PartEnded{Message: "x"}, convo.Cited{Message: "x"}, convo.PassedOn{},
		convo.PartStarted{Message: "m", Part: convo.Part{ID: "late"}},
	} {
		turn := "t"
		if p, ok := b.(convo.PartStarted); ok && p.Message == "m" {
			turn = "u"
		}
		if effect := l.apply(turn, b); effect != (convo.Effect{}) {
			t.Errorf("%+v has the effect %+v", b, effect)
		}
	}
	l.apply("t", convo.MessageEnded{ID: "m", Type: convo.User})
	l.apply("t", convo.MessageEnded{ID: "n", Place: 1, Type: convo.User})
	if now := l.head.Turn("t").Coming; now != nil {
		t.Errorf("now it is %+v", now)
	}
}

func TestANewTextTakesThePlaceOfAllTexts(t *testing.T) {
	t.Parallel()
	at, made := time.UnixMilli(9), time.UnixMilli(1)
	file := convo.Part{ID: "f", File: &convo.FileRef{URI: "u"}, Start: 2, End: 2}
	text := convo.Part{ID: "p", MediaType: "text/plain", End: 2, Citations: []convo.Citation{{ID: "c"}}}
	moved := file
	moved.Start, moved.End = 3, 3
	for name, c := range map[string]struct{ parts, want []convo.Part }{
		"none":            {},
		"a text":          {[]convo.Part{text}, []convo.Part{{ID: "p", MediaType: "text/plain", End: 3, Updated: at}}},
		"a file, a text":  {[]convo.Part{file, text}, []convo.Part{{ID: "p", MediaType: "text/plain", End: 3, Updated: at}, moved}},
		"two texts":       {[]convo.Part{text, {ID: "q"}}, []convo.Part{{ID: "p", MediaType: "text/plain", End: 3, Updated: at}}},
		"nothing but one": {[]convo.Part{file}, []convo.Part{{ID: "m", End: 3, Created: made, Updated: at}, moved}},
	} {
		m := convo.Message{ID: "m", Text: "ab", Parts: c.parts, Citations: []convo.Citation{{ID: "c"}}, Created: made}
		before := m.Parts
		m.Change(convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.User}}, at)
		if !reflect.DeepEqual(m.Parts, before) || m.Text != "ab" || m.Citations == nil || m.Updated != at {
			t.Errorf("%s: a change of the fields made %+v", name, m)
		}
		m.Change(convo.MessageChanged{ID: "m", Text: new("new")}, at)
		if !reflect.DeepEqual(m.Parts, c.want) || m.Text != "new" || m.Citations != nil {
			t.Errorf("%s: got %+v, want %+v", name, m.Parts, c.want)
		}
	}
}

func TestAnAnswerMayChangeWhatACallRunsWith(t *testing.T) {
	t.Parallel()
	asked, edited := convo.JSON(`{"a":1}`), convo.JSON(`{"a":2}`)
	for name, c := range map[string]struct {
		deleted bool
		answer  convo.ToolAnswered
		want    convo.JSON
		from    int64
	}{
		"as it was asked": {false, convo.ToolAnswered{Approved: true, Input: asked}, asked, 0},
		"edited":          {false, convo.ToolAnswered{Approved: true, Input: edited}, edited, 5},
		"without a word":  {false, convo.ToolAnswered{Approved: true}, asked, 0},
		"rejected":        {false, convo.ToolAnswered{Input: edited}, asked, 0},
		"deleted":         {true, convo.ToolAnswered{Approved: true, Input: edited}, nil, 0},
	} {
		l := newLog()
		l.apply("t", convo.TurnOpened{})
		l.apply("t", convo.TurnStarted{Slot: 1})
		l.apply("t", convo.ToolRequested{ID: "c", Message: "q", Arguments: asked, Asked: convo.Asked{Asks: convo.AsksConfirm}})
		if c.deleted {
			l.apply("", convo.MessageDeleted{ID: "q"})
		}
		for l.head.LastSeq < 4 {
			l.apply("", convo.PassedOn{})
		}
		c.answer.ID, c.answer.Message = "c", "q"
		l.apply("t", c.answer)
		call := l.head.Turn("t").Call("c")
		if !reflect.DeepEqual(call.Arguments, c.want) || call.InputSeq != c.from && !c.deleted || call.Answered == 0 || call.Approved != c.answer.Approved {
			t.Errorf("%s: got %+v", name, call)
		}
	}
}
