package quote_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/quote"
)

// BenchmarkLongestPrompt is the cost of an answer to a question that takes half
// of the window, where the other half is short sentences: what a caller can make
// the server work with one request. It has to grow with the prompt, not with its
// square.
func BenchmarkLongestPrompt(b *testing.B) {
	var backstory, question strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&backstory, "b%d c%d d%d.\n", i, i, i)
		fmt.Fprintf(&question, "q%d r%d s%d ", i, i, i)
	}
	request := &model.Request{Messages: []model.Message{{Role: model.System, Text: backstory.String()}, {Role: model.User, Text: question.String()}}}
	for b.Loop() {
		for _, err := range (quote.Provider{}).Stream(b.Context(), request) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
