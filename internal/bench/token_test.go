package bench

import (
	"testing"
	"time"
)

func TestACheckerTakesTextInAnyPieces(t *testing.T) {
	t.Parallel()
	const text = " 0000000 0000001 0000002"
	for cut := range len(text) {
		c := newChecker(answerSpec{Tokens: 3})
		for _, piece := range []string{text[:cut], text[cut:]} {
			if err := c.take([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.end(); err != nil {
			t.Error(err)
		}
	}
}

func TestACheckerFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a token is lost":    " 0000000 0000002",
		"a token is twice":   " 0000000 0000000",
		"one is too many":    " 0000000 0000001 0000002",
		"a digit is wrong":   " 0000000 00000x1",
		"the end is missing": " 0000000",
		"half is missing":    " 0000000 00000",
	} {
		c := newChecker(answerSpec{Tokens: 2})
		err := c.take([]byte(text))
		if err == nil {
			err = c.end()
		}
		if err == nil {
			t.Errorf("%s: nothing is found", name)
		}
	}
}

func TestASpecPassesThroughAPrompt(t *testing.T) {
	t.Parallel()
	want := answerSpec{Tokens: 12, Pause: 1500 * time.Microsecond, Stamp: true}
	old := answerSpec{Tokens: 1}
	got, err := readSpec([]byte(`{"messages":[{"content":"` + old.String() + `"},{"content":"` + want.String() + `\nIt is noon."}]}`))
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, wrong := range []string{"", "bench:", "bench:1:2;", "bench:a:b:c;"} {
		if got, err := readSpec([]byte(wrong)); err == nil {
			t.Errorf("%q is read as %+v", wrong, got)
		}
	}
}

// FuzzReadSpec checks that no request stops the provider.
func FuzzReadSpec(f *testing.F) {
	f.Add([]byte("bench:1:2:1;"))
	f.Add([]byte("bench:99999999999999999999:::"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := readSpec(body); err == nil {
			if again, err := readSpec([]byte(s.String())); err != nil || again.Tokens != s.Tokens {
				t.Errorf("%q: %+v, then %+v, %v", body, s, again, err)
			}
		}
	})
}
