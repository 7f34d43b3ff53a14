package privacy_test

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestATextIsCutWithinNoValue(t *testing.T) {
	t.Parallel()
	v, holder := knows("place", "Zyxland Harbour")
	text := strings.Repeat("é ", 5000) + "in Zyxland\nHarbour with ann@example.com and " + holder + ", and so on"
	for most := len(text) - 120; most < len(text)+2; most++ {
		cut := v.Cut(text, most)
		if !strings.HasPrefix(text, cut) || len(cut) > most || !utf8.ValidString(cut) {
			t.Fatalf("at %d: %q", most, cut)
		}
		if len(cut) < min(most, len(text))-len("Zyxland\nHarbour") {
			t.Fatalf("at %d only %d bytes are left", most, len(cut))
		}
		masked, _ := v.Mask(cut)
		for _, part := range []string{"Zyx", "yxland", "arbo", "ann", "example", "@", "i03"} {
			if strings.Contains(strings.ReplaceAll(masked, holder, ""), part) {
				t.Fatalf("at %d the end is %q", most, masked[max(0, len(masked)-40):])
			}
		}
	}
	if got := v.Cut(text, -1); got != "" {
		t.Errorf("below 0: %q", got)
	}
}
