package privacy_test

import (
	"crypto/rand"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/parleyhq/parley/internal/privacy"
)

const letter = "Dear 🙂 Ann@Example.com, your card 4111 1111 1111 1111 and ann@example.com or +49 30 901820."

func newVault() *privacy.Vault { return privacy.NewVault(rand.Reader) }

func TestMaskPutsTheSamePlaceholderForTheSameValue(t *testing.T) {
	t.Parallel()
	v := newVault()
	masked, entities := v.Mask(letter)
	if len(entities) != 4 || entities[0].Replacement.Text != entities[2].Replacement.Text {
		t.Fatalf("entities %+v", entities)
	}
	form := regexp.MustCompile(`^[a-z0-9]{11}$`)
	from, to := utf16.Encode([]rune(letter)), utf16.Encode([]rune(masked))
	for _, e := range entities {
		r := e.Replacement
		if !form.MatchString(r.Text) || !strings.ContainsAny(r.Text, "0123456789") || strings.Trim(r.Text, "0123456789") == "" {
			t.Errorf("placeholder %q", r.Text)
		}
		if got := string(utf16.Decode(from[e.Begin:e.End])); got != e.Text {
			t.Errorf("at its offsets stands %q instead of %q", got, e.Text)
		}
		if got := string(utf16.Decode(to[r.Begin:r.End])); got != r.Text {
			t.Errorf("in the masked text stands %q instead of %q", got, r.Text)
		}
	}
	again, _ := v.Mask("card: 4111-1111-1111-1111")
	if again != "card: "+entities[1].Replacement.Text {
		t.Errorf("later it is %q", again)
	}
	if want := strings.Replace(letter, "ann@example.com", "Ann@Example.com", 1); v.Restore(masked) != want {
		t.Errorf("restored %q", v.Restore(masked))
	}
	if upper := v.Restore(strings.ToUpper(masked)); !strings.Contains(upper, "4111 1111 1111 1111") {
		t.Errorf("from capitals comes %q", upper)
	}
}

func TestMaskingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	v := newVault()
	masked, _ := v.Mask(letter)
	v.Know("word", "card", "")
	v.Added()
	again, entities := v.Mask(masked)
	want, _ := v.Mask("card")
	if again != strings.Replace(masked, "card", want, 1) || len(entities) != 1 {
		t.Errorf("masked again: %q, %+v", again, entities)
	}
	if len(v.Added()) != 0 {
		t.Error("something was added")
	}
}

func TestKnownValuesAreMaskedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	v := newVault()
	v.Know("name", "Ann Example", "i03n7d1g9fo")
	v.Know("customer", "K-4711", "not a placeholder")
	v.Know("name", "王小明", "")
	v.Know("name", "Will", "i03n7d1g9fo") // taken
	v.Know("x", "a", "")
	for text, hidden := range map[string]string{
		"It is Ann\nExample's": "It is i03n7d1g9fo's", "ANN EXAMPLE": "i03n7d1g9fo", "Ann&nbsp;Example": "i03n7d1g9fo",
		"Willow annexample a": "Willow annexample a",
	} {
		if got, _ := v.Mask(text); got != hidden {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	for _, text := range []string{"xK-4711y", "我是王小明。", "Will you?"} {
		if got, entities := v.Mask(text); got == text || len(entities) != 1 || v.Restore(got) != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if added := v.Added(); len(added) != 4 {
		t.Errorf("added %+v", added)
	}
}

func TestWhatIsToldOnceIsMaskedInAllOfAText(t *testing.T) {
	t.Parallel()
	v := newVault()
	masked, entities := v.Mask("ORDINA QUESADA called. My name is Ordina Quesada, said ordina quesada.")
	if len(entities) != 3 || strings.Contains(strings.ToLower(masked), "quesada") {
		t.Errorf("masked %q", masked)
	}
	if masked := newVault().MaskJSON(`["ask Ordina Quesada", {"full_name": "Ordina Quesada"}]`); strings.Contains(masked, "Quesada") {
		t.Errorf("masked %s", masked)
	}
}

func TestAVaultIsMadeAgainOfItsEntries(t *testing.T) {
	t.Parallel()
	first, second := newVault(), newVault()
	masked, _ := first.Mask(letter)
	for _, e := range first.Added() {
		second.Add(e)
		second.Add(e)
	}
	if len(second.Added()) != 0 {
		t.Error("kept entries are new")
	}
	if again, _ := second.Mask(letter); again != masked {
		t.Errorf("masked %q, then %q", masked, again)
	}
	if second.Size() != first.Size() || first.Size() < 100 {
		t.Errorf("sizes %d and %d", first.Size(), second.Size())
	}
}

func TestARestorerRestoresWhateverItIsSplitLike(t *testing.T) {
	t.Parallel()
	v := newVault()
	v.Know("name", "Ann Example", "i03n7d1g9fo")
	v.Know("name", "Bob", "ii03n7d1g9f")
	text := "**I03N7D1G9FO**'s i03n7d ii03n7d1g9fo `i03n7d1g9foii03n7d1g9f` i03n7d1g9f"
	want := "**Ann Example**'s i03n7d Bobo `Ann ExampleBob` i03n7d1g9f"
	for i := range text {
		for j := i; j < len(text); j++ {
			r := v.Restorer()
			got := r.Write(text[:i]) + r.Write(text[i:j]) + r.Write(text[j:]) + r.Rest()
			if got != want {
				t.Fatalf("split at %d and %d: %q", i, j, got)
			}
		}
	}
	r := v.Restorer()
	got := ""
	for i := range len(text) {
		got += r.Write(text[i : i+1])
		if held := len(text[:i+1]) - len(strings.ReplaceAll(strings.ReplaceAll(got, "Ann Example", "12345678901"), "Bob", "12345678901")); held > 10 {
			t.Errorf("after %q, %d bytes are held", text[:i+1], held)
		}
	}
	if got += r.Rest(); got != want {
		t.Errorf("byte by byte: %q", got)
	}
}

func TestAClonedVaultGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	v := newVault()
	masked, _ := v.Mask(letter)
	c := v.Clone()
	c.Know("name", "Ann Example", "i03n7d1g9fo")
	v.Know("name", "Bob Example", "i03n7d1g9fo")
	if again, _ := c.Mask(letter); again != masked {
		t.Errorf("the clone masks %q", again)
	}
	if got := c.Restore("i03n7d1g9fo"); got != "Ann Example" {
		t.Errorf("the clone restores %q", got)
	}
	if got := v.Restore("i03n7d1g9fo"); got != "Bob Example" {
		t.Errorf("the first one restores %q", got)
	}
}

func TestPlacesAreTranslated(t *testing.T) {
	t.Parallel()
	v := newVault()
	v.Know("name", "Ann 🙂", "i03n7d1g9fo")
	text, places := v.RestoreAt("🙂i03n7d1g9fo i03n7d1g9fo!", []int{0, 2, 5, 13, 14, 25, 26})
	if text != "🙂Ann 🙂 Ann 🙂!" || !slices.Equal(places, []int{0, 2, 2, 8, 9, 15, 16}) {
		t.Errorf("%q, %v", text, places)
	}
	if v.Held("xx i03n7") != 5 || v.Held("i03n7d1g9fo") != 0 || v.Held("i03n7d1g9fo I") != 1 {
		t.Error("held is something else")
	}
	if !privacy.MayHold("x I03N7D1G9FO") || privacy.MayHold("antidisestablishment 12345678901 i03n7d1g9f") {
		t.Error("what may hold a placeholder is told wrongly")
	}
}

func TestARestorerTakesNoMemoryWhereNothingIsToDo(t *testing.T) {
	v := newVault()
	v.Know("name", "Ann Example", "i03n7d1g9fo")
	r := v.Restorer()
	allocs := testing.AllocsPerRun(100, func() {
		for _, piece := range []string{"Hello", ", ", "world. ", "This in", " and that", " 123", "\n"} {
			if r.Write(piece) != piece {
				t.Fatal("it was held back")
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestJSONStaysJSON(t *testing.T) {
	t.Parallel()
	v := newVault()
	text := `{"ann@example.com": ["\u0061nn@example.com", "a \"b\"", 4111111111111111, -4111111111111111, 1e5], "phone":"1712345678", "n":"<\u00fc>"}`
	masked := v.MaskJSON(text)
	var value map[string]any
	if err := json.Unmarshal([]byte(masked), &value); err != nil {
		t.Fatalf("%s: %v", masked, err)
	}
	for _, secret := range []string{"ann@", `":4111`, "1712345678"} {
		if strings.Contains(masked, secret) {
			t.Errorf("%s holds %s", masked, secret)
		}
	}
	for _, same := range []string{`"a \"b\"", `, `1e5]`, `"<\u00fc>"`, `"phone":`} {
		if !strings.Contains(masked, same) {
			t.Errorf("%s has no %s", masked, same)
		}
	}
	want := `{"ann@example.com": ["ann@example.com", "a \"b\"", "4111111111111111", -4111111111111111, 1e5], "phone":"1712345678", "n":"<\u00fc>"}`
	if got := v.RestoreJSON(masked); got != want {
		t.Errorf("restored %s", got)
	}
	v.Know("quote", `say "hi"`, "i03n7d1g9fo")
	if got := v.RestoreJSON(`["i03n7d1g9fo"]`); got != `["say \"hi\""]` {
		t.Errorf("restored %s", got)
	}
}

func TestAMaskerMasksWhateverItIsSplitLike(t *testing.T) {
	t.Parallel()
	text := "Ask ann@example.com or pay 4111 1111 1111 1111 by 12/27; DE89 3704 0044 0532 0130 00. My password: hunter22\n" +
		"请联系bob@example.org谢谢 -----BEGIN PRIVATE KEY-----\nabc 123\n-----END PRIVATE KEY----- that is all for now."
	v := newVault()
	want, entities := v.Mask(text)
	if len(entities) != 6 {
		t.Fatalf("entities %+v", entities)
	}
	for i := range text {
		m := v.Masker()
		if got := m.Write(text[:i]) + m.Write(text[i:]) + m.Rest(); got != want {
			t.Fatalf("split at %d:\n%s", i, got)
		}
	}
	m := v.Masker()
	got := ""
	for i := range len(text) {
		got += m.Write(text[i : i+1])
	}
	if got += m.Rest(); got != want {
		t.Errorf("byte by byte:\n%s\nwant\n%s", got, want)
	}
}

func TestAMaskerHoldsLittleBack(t *testing.T) {
	t.Parallel()
	m := newVault().Masker()
	got := m.Write("The weather ") + m.Write("will be") + m.Write(" fine today")
	if got != "The weather will be fine " {
		t.Errorf("so far it gave %q", got)
	}
}

func TestOneValueHasOnePlaceholderForAllWhoMaskAtOnce(t *testing.T) {
	t.Parallel()
	v := newVault()
	masked := make([]string, 8)
	var all sync.WaitGroup
	for i := range masked {
		all.Go(func() {
			for range 50 {
				masked[i], _ = v.Mask(letter)
				if v.Restore(masked[i]) != v.Restore(v.Restorer().Write(masked[i])) {
					t.Error("it is restored in two ways")
				}
				v.Clone().Know("name", "Ann Example", "")
			}
		})
	}
	all.Wait()
	for _, m := range masked {
		if m != masked[0] {
			t.Errorf("%q and %q", m, masked[0])
		}
	}
	if n := len(v.Added()); n != 3 {
		t.Errorf("%d values were added", n)
	}
}
