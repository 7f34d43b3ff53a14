package engine_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

func TestACursorIsGoodForItsOwnListOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	one := b.conversation(convo.Fields{}, message(convo.User, "1"), message(convo.User, "2"), message(convo.User, "3"))
	other := b.conversation(convo.Fields{}, message(convo.User, "x"))
	conversations, err := b.Conversations(ctx, b.actor, engine.List{Take: 1})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := b.Messages(ctx, b.actor, one, engine.List{Take: 2})
	if err != nil {
		t.Fatal(err)
	}

	next, err := b.Conversations(ctx, b.actor, engine.List{Cursor: conversations.Cursor})
	if err != nil || len(next.Items) != 1 || next.Items[0].ID != other {
		t.Errorf("the next page: %+v, %v", next.Items, err)
	}
	if err := b.DeleteMessage(ctx, b.actor, one, messages.Items[1].ID, nil); err != nil {
		t.Fatal(err)
	}
	rest, err := b.Messages(ctx, b.actor, one, engine.List{Cursor: messages.Cursor})
	if err != nil || len(rest.Items) != 1 || rest.Items[0].Text != "3" {
		t.Errorf("behind a message that is gone: %+v, %v", rest.Items, err)
	}
	byID, err := b.Messages(ctx, b.actor, one, engine.List{Cursor: messages.Items[0].ID})
	if err != nil || len(byID.Items) != 1 || byID.Items[0].Text != "3" {
		t.Errorf("behind an item's id: %+v, %v", byID.Items, err)
	}

	for name, cursor := range map[string]string{
		"another kind of list": messages.Cursor, "nothing": "~", "an unknown id": "nope", "a list of other things": one,
	} {
		_, err := b.Messages(ctx, b.actor, other, engine.List{Cursor: cursor})
		if convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("the cursor of %s: %v, want invalid", name, err)
		}
	}
	_, err = b.Conversations(ctx, convo.Actor{Tenant: "other"}, engine.List{Cursor: conversations.Cursor})
	wantKind(t, err, convo.Invalid)
}

func FuzzCursors(f *testing.F) {
	for _, s := range []string{"~", "x", "~AAAAAAAAAAAAAAAAAAAAAA", "01a1fe19-d3df-7474-b354-e76cc5d120df"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		b := setup(t)
		id := b.conversation(convo.Fields{}, message(convo.User, "hi"))
		l := engine.List{Cursor: cursor}
		if _, err := b.Conversations(t.Context(), b.actor, l); err != nil && convo.ErrorKind(err) != convo.Invalid {
			t.Error(err)
		}
		if _, err := b.Messages(t.Context(), b.actor, id, l); err != nil && convo.ErrorKind(err) != convo.Invalid {
			t.Error(err)
		}
	})
}
