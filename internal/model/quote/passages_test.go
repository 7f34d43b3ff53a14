package quote

import (
	"testing"

	"github.com/parleyhq/parley/internal/model"
)

const twoPassages = "Remembered from earlier conversations:\n- The user likes brief answers to questions.\n\n" +
	"Found for the last message, by number:\n\n7: Guide: Install, page 2\nInstall it with one command. The tower has three rooms.\n\n" +
	"3: this is text of the passage.\n\n8: Opening\nThe tower opens at nine in the morning.\n\n9:\nIts keeper feeds seagulls.\n\n" +
	"Cite a source that you use by its number in square brackets, like [7], right behind what it supports."

func TestQuotesPassagesWithTheirMarks(t *testing.T) {
	t.Parallel()
	prompt := []model.Message{
		{Role: model.System, Text: "When does the tower open? Ask somebody who knows when the tower opens."},
		{Role: model.User, Text: "When does the tower open in the morning?"},
		{Role: model.Information, Text: twoPassages},
	}
	if got, want := answer(prompt), found+"“The tower opens at nine in the morning.” [8]"; got != want {
		t.Errorf("it says %q, not %q", got, want)
	}
	prompt[1].Text = "What is text of that passage?"
	if got, want := answer(prompt), found+"“3: this is text of the passage.” [7]"; got != want {
		t.Errorf("it says %q, not %q", got, want)
	}
	prompt[1].Text = "Who feeds seagulls?"
	if got, want := answer(prompt), found+"“Its keeper feeds seagulls.” [9]"; got != want {
		t.Errorf("of a passage without a title it says %q, not %q", got, want)
	}
	prompt[1].Text = "zebra"
	if got, want := answer(prompt), found+"“Install it with one command.” [7]"; got != want {
		t.Errorf("where no word is the same it says %q, not %q", got, want)
	}
	prompt = append(prompt, model.Message{Role: model.Assistant, Text: "Yes."}, model.Message{Role: model.User, Text: "How many rooms has the tower?"})
	if got, want := answer(prompt), found+"“The tower has three rooms.” [7]"; got != want {
		t.Errorf("a later answer says %q, not %q", got, want)
	}
	prompt[4].Text = "zebra"
	if got := answer(prompt); got != nothing {
		t.Errorf("it says %q", got)
	}
}
