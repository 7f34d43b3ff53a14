package convo_test

import (
	"reflect"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

func TestEraseLeavesNothingOfWhatWasSaid(t *testing.T) {
	t.Parallel()
	said := "said"
	cited := []convo.Citation{{ID: "c", Offset: 1, Length: 2, Sources: []convo.Source{{Title: said}}}}
	part := convo.Part{
		ID: "p", Alias: "P", MediaType: said, Name: said, File: &convo.FileRef{URI: said}, Start: 1, End: 1, Citations: cited, Meta: convo.JSON(`{"a":1}`),
	}
	empty := convo.Part{ID: "p", Alias: "P", File: &convo.FileRef{}}
	value := convo.JSON(`{"a":1}`)
	fields := convo.MessageFields{Type: convo.Bot, Name: &said, Description: &said, Meta: convo.JSON(`{"a":1}`)}
	for _, c := range []struct{ body, want convo.Body }{
		{
			convo.MessageGiven{ID: "m", Place: 5, Fields: fields, Text: said},
			convo.MessageGiven{ID: "m", Place: 5, Fields: convo.MessageFields{Type: convo.Bot}},
		},
		{convo.Delta{Message: "m", Type: convo.Bot, Text: said}, convo.Delta{Message: "m", Type: convo.Bot}},
		{
			convo.MessageEnded{ID: "m", Place: 5, Type: convo.Bot, Text: said, Meta: fields.Meta, Incomplete: true},
			convo.MessageEnded{ID: "m", Place: 5, Type: convo.Bot, Incomplete: true},
		},
		{
			convo.MessageChanged{ID: "m", Fields: fields, Text: &said},
			convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.Bot}, Text: new(string)},
		},
		{
			convo.MessageEnded{ID: "m", Text: said, Alias: "M", Parts: []convo.Part{part}, Citations: cited},
			convo.MessageEnded{ID: "m", Alias: "M", Parts: []convo.Part{empty}},
		},
		{
			convo.MessageGiven{ID: "m", Alias: "M", Parts: []convo.Part{part}}, convo.MessageGiven{ID: "m", Alias: "M", Parts: []convo.Part{empty}},
		},
		{convo.MessageStarted{ID: "m", Alias: "M", Meta: value}, convo.MessageStarted{ID: "m", Alias: "M"}},
		{convo.PartStarted{Message: "m", Part: part}, convo.PartStarted{Message: "m", Part: empty}},
		{convo.PartEnded{Message: "m", Part: "p", Meta: value}, convo.PartEnded{Message: "m", Part: "p"}},
		{convo.Cited{Message: "m", Part: "p", Citation: cited[0]}, convo.Cited{Message: "m", Part: "p", Citation: convo.Citation{ID: "c"}}},
		{
			convo.ToolRequested{ID: "k", Message: "m", Arguments: value, Asked: convo.Asked{Asks: convo.AsksConfirm, Input: value, Output: value}},
			convo.ToolRequested{ID: "k", Message: "m", Asked: convo.Asked{Asks: convo.AsksConfirm}},
		},
		{
			convo.ToolAnswered{ID: "k", Message: "m", Approved: true, Input: value}, convo.ToolAnswered{ID: "k", Message: "m", Approved: true},
		},
		{
			convo.InterruptStarted{ID: "i", Call: "k", Message: "m", Type: "y", Value: value}, convo.InterruptStarted{ID: "i", Call: "k", Message: "m", Type: "y"},
		},
		{convo.InterruptEnded{ID: "i", Call: "k", Message: "m", Value: value}, convo.InterruptEnded{ID: "i", Call: "k", Message: "m"}},
		{
			convo.MessageChanged{ID: "m", Fields: fields},
			convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.Bot}},
		},
	} {
		got, ok := convo.Erase(c.body, "m")
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v became %+v (%v), want %+v", c.body, got, ok, c.want)
		}
		if got, ok := convo.Erase(c.body, "other"); ok || !reflect.DeepEqual(got, c.body) {
			t.Errorf("another message's %+v became %+v (%v)", c.body, got, ok)
		}
	}
	if said != "said" {
		t.Error("what the body pointed to was changed")
	}
	for _, b := range []convo.Body{convo.MessageStarted{ID: "m"}, convo.MessageDeleted{ID: "m"}, convo.TurnEnded{}} {
		if _, ok := convo.Erase(b, "m"); ok {
			t.Errorf("%T is erased", b)
		}
	}
}
