package fulltext

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// termsOf gives the terms of a text; those that are only parts of a word are in
// brackets.
func termsOf(text string) []string {
	var terms []string
	a := analyser{}
	a.emit = func(term []byte, place bool) {
		if !place {
			terms = append(terms, "("+string(term)+")")
			return
		}
		terms = append(terms, string(term))
	}
	a.text(text)
	return terms
}

func TestTextsBecomeTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"The quick, brown Foxes.":      "the quick brown foxe",
		"policies glass buses is gas":  "policy glass buse is gas",
		"Straße ÉCOLE Ångström Øre":    "strasse ecole angstrom ore",
		"Ёлка и йод":                   "елка и и\u0306од",
		"ΟΔΟΣ οδός":                    "οδοσ οδοσ",
		"l’école":                      "l'ecole (ecole)",
		"don't":                        "don't (don)",
		"snake_case":                   "snake_case (snake) (case)",
		"parseJSONText":                "parsejsontext (parse) (json) (text)",
		"net/http.ServeMux":            "net http.servemux (http) (servemux) (serve) (mux)",
		"URLs":                         "url",
		"utf8":                         "utf8 (utf) (8)",
		"v1.26.8":                      "v1.26.8 (v1) (v) (1) (26) (8)",
		"1,234.56":                     "1,234.56 (1) (234) (56)",
		"ｆｕｌｌ ﬁne":                     "full fine",
		"東京都":                          "東 (京) 東京 (都) 京都",
		"猫":                            "猫",
		"カタカナ":                         "カ (タ) カタ (カ) タカ (ナ) カナ",
		"ｶﾞｽ":                          "ガ (ス) ガス",
		"한국어 API를":                     "한 (국) 한국 (어) 국어 api 를",
		"ที่นี่":                       "ที่ (นี่) ที่นี่",
		"नमस्ते दुनिया":                "नमस्ते दुनिया",
		"":                             "",
		" \t\n…—🙂":                     "",
		"_ __ . '":                     "",
		strings.Repeat("x", 70) + " y": strings.Repeat("x", maxTerm) + " y",
	} {
		if got := strings.Join(termsOf(text), " "); got != want {
			t.Errorf("%q gives\n  %s\nwant\n  %s", text, got, want)
		}
	}
}

// Whatever a text is, its terms are short, valid where it is, and found again by it.
func FuzzTerms(f *testing.F) {
	for _, text := range []string{"The quick brown fox", "parseJSON_text.v2", "東京 ที่นี่ 한국어", "e\u0301\xff\x00'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		terms := termsOf(text)
		for _, term := range terms {
			term = strings.Trim(term, "()")
			if len(term) > maxTerm || utf8.ValidString(text) && !utf8.ValidString(term) || strings.HasPrefix(term, tagMark) {
				t.Errorf("%q gives %q", text, term)
			}
		}
		if !slices.Equal(terms, termsOf(text)) {
			t.Errorf("%q gives other terms the second time", text)
		}
	})
}
