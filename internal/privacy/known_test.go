package privacy_test

import (
	"encoding/json"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/parleyhq/parley/internal/privacy"
)

// knows is a vault that knows a value, and its placeholder.
func knows(kind, value string) (*privacy.Vault, string) {
	const holder = "i03n7d1g9fo"
	v := newVault()
	v.Know(kind, value, holder)
	return v, holder
}

func TestAKnownValueIsToldHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value   string
		spelled []string
	}{
		{"José Müller", []string{"JOSÉ MÜLLER", "josé müller", norm.NFD.String("José Müller"), norm.NFD.String("JOSÉ MÜLLER")}},
		{"Ørsted Bro", []string{"ØRSTED BRO", "ørsted bro"}},
		{"Σωκράτης", []string{"ΣΩΚΡΆΤΗΣ", "σωκράτης", norm.NFD.String("Σωκράτης")}},
		{"Дмитрий Иванов", []string{"ДМИТРИЙ ИВАНОВ", "дмитрий иванов", norm.NFD.String("Дмитрий Иванов")}},
		{"김철수 과장", []string{norm.NFD.String("김철수 과장")}},
		{"ガブリエル", []string{norm.NFD.String("ガブリエル"), "ｶﾞﾌﾞﾘｴﾙ"}},
		{"Nguyễn Văn", []string{norm.NFD.String("Nguyễn Văn"), "NGUYỄN VĂN"}},
		{"office files", []string{"oﬃce ﬁles", "𝐨𝐟𝐟𝐢𝐜𝐞 files", "Ｏｆｆｉｃｅ ｆｉｌｅｓ", "of\u200bfice\u00a0files"}},
		{"0171 1234567", []string{"0171-1234567", "01711234567", "0171 123 45 67", "0171/123.4567", "٠١٧١ ١٢٣٤٥٦٧"}},
		{"20260013", []string{"2026-0013", "2026 0013", "20 26 00 13"}},
	} {
		for _, spelled := range append(c.spelled, c.value) {
			for _, kind := range []string{"x", privacy.Name, privacy.Phone, privacy.Card} {
				v, holder := knows(kind, c.value)
				// Before a word of another kind, so that nothing announces it.
				if masked, _ := v.Mask("it: " + spelled + " it is"); masked != "it: "+holder+" it is" {
					t.Errorf("%s %q, written %q: %q", kind, c.value, spelled, masked)
				}
			}
		}
	}
}

func TestANameThatIsAWordIsRestoredAsItStood(t *testing.T) {
	t.Parallel()
	v, holder := knows("name", "Rose")
	masked, _ := v.Mask("rose and Rose and ROSE, not Rosemary")
	if strings.Contains(strings.ToLower(strings.Replace(masked, "Rosemary", "", 1)), "rose") || strings.Count(masked, holder) != 2 {
		t.Errorf("masked: %q", masked)
	}
	if got := v.Restore(masked); got != "rose and Rose and Rose, not Rosemary" {
		t.Errorf("restored: %q", got)
	}
	v, _ = knows("country", "It")
	if masked, _ := v.Mask("it is so"); masked != "it is so" {
		t.Errorf("a name of two letters: %q", masked)
	}
	v = newVault()
	v.Mask("My name is Rose.")
	before := v.Size()
	if masked, _ := v.Mask("a rose"); masked != "a rose" {
		t.Errorf("found, not given: %q", masked)
	}
	kept := v.Added()
	for range 3 {
		v.Know("name", "Rose", "")
	}
	more := v.Added()
	if masked, _ := v.Mask("a rose"); strings.Contains(masked, "rose") || len(more) != 1 || more[0].Placeholder != kept[0].Placeholder || v.Size() <= before {
		t.Errorf("given later: %q, %+v", masked, more)
	}
	again := newVault()
	for _, e := range append(kept, more...) {
		again.Add(e)
	}
	if masked, _ := again.Mask("a rose"); strings.Contains(masked, "rose") || len(again.Added()) != 1 {
		t.Errorf("kept: %q", masked)
	}
}

func TestValuesOfOneKindAreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"1-800-FLOWERS", "1-800-TABLETS"}, {"Anna", "Bert"}, {"Zürich-Karte", "Zrich-Karte"}, {"护照", "身份"}} {
		for _, kind := range []string{privacy.Phone, privacy.Card, privacy.SSN, privacy.IBAN} {
			v := newVault()
			v.Know(kind, c[0], "")
			v.Know(kind, c[1], "")
			text := c[0] + ", " + c[1]
			masked, entities := v.Mask(text)
			if len(entities) != 2 || v.Restore(masked) != text {
				t.Errorf("%s %q: %q, restored %q", kind, text, masked, v.Restore(masked))
			}
		}
	}
}

// However a known value is encoded on its way, it is masked, and nothing else is.
func TestAKnownValueIsToldInEveryEncoding(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	letters := []rune("abcdefgzäöüßéñøłşčабвгдежзикαβγδε王小明田中さくら김철수0123456789")
	encodings := []func(string) string{
		func(s string) string { return s },
		func(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "ß", "s")) },
		norm.NFD.String, html.EscapeString, url.QueryEscape, url.PathEscape,
		func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) },
		func(s string) string {
			var b strings.Builder
			for _, r := range s {
				b.WriteString("\u200d" + string(r))
			}
			return strings.TrimPrefix(b.String(), "\u200d")
		},
		func(s string) string {
			return strings.Map(func(r rune) rune {
				if '!' <= r && r <= '~' {
					return r + 0xfee0
				}
				return r
			}, s)
		},
	}
	for range 3000 {
		value := make([]rune, 6+random.IntN(12))
		for i := range value {
			value[i] = letters[random.IntN(len(letters))]
			if random.IntN(3) == 0 {
				value[i] = unicode.ToUpper(value[i])
			}
		}
		said := string(value)
		if random.IntN(2) == 0 {
			said += " " + string(value[:3])
		}
		v, holder := knows("x", strings.ReplaceAll(said, "ß", "s"))
		first, second := random.IntN(len(encodings)), random.IntN(len(encodings))
		spelled := encodings[second](encodings[first](strings.ReplaceAll(said, "ß", "s")))
		if masked, _ := v.Mask("«" + spelled + "»"); masked != "«"+holder+"»" {
			t.Errorf("%q, written %q by %d and %d: %q", said, spelled, first, second, masked)
		}
	}
}

func TestBlanksOfAKnownValueAreToldHoweverManyThereAre(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"Ann  Example", "12 Rose Lane\r\nBristol", "Office +49 30 901820", "A  b", "blood A+ of Ann", "x + y + z"} {
		v, holder := knows("x", value)
		one := strings.Join(strings.Fields(value), " ")
		for _, spelled := range []string{value, one, strings.ReplaceAll(one, " ", "\r\n"), strings.ReplaceAll(one, " ", "  "), url.QueryEscape(value), url.PathEscape(value)} {
			if masked, _ := v.Mask("«" + spelled + "»"); masked != "«"+holder+"»" {
				t.Errorf("%q, written %q: %q", value, spelled, masked)
			}
		}
	}
	v, _ := knows("x", "C++")
	if masked, _ := v.Mask("C is not D"); masked != "C is not D" {
		t.Errorf("a blank for two pluses: %q", masked)
	}
}
