package privacy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/parleyhq/parley/internal/privacy"
)

// valid is a value with a right check digit, made by a program that shares nothing
// with the detector.
type valid struct{ kind, value string }

func validValues(t *testing.T) []valid {
	t.Helper()
	text, err := os.ReadFile("testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []valid
	for line := range strings.Lines(string(text)) {
		kind, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, valid{kind, value})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		all = append(all, valid{privacy.Email, randomEmail(random)}, valid{privacy.IP, randomIP(random)}, valid{privacy.Key, randomKey(random)}, valid{privacy.URL, randomURL(random)})
	}
	return all
}

func signs(r *rand.Rand, of string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = of[r.IntN(len(of))]
	}
	return string(out)
}

const (
	small = "abcdefghijklmnopqrstuvwxyz"
	ten   = "0123456789"
	all62 = small + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + ten
)

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func randomEmail(r *rand.Rand) string {
	local := signs(r, small, 1+r.IntN(8)) + pick(r, "", ".", "_", "-", "+", "'") + signs(r, small+ten, 1+r.IntN(6))
	return local + "@" + signs(r, small, 2+r.IntN(10)) + pick(r, "", "-"+signs(r, small, 3), "."+signs(r, small+ten, 3)) + "." + pick(r, "com", "org", "example", "co.uk", "de", "museum", "xn--p1ai")
}

func randomIP(r *rand.Rand) string {
	if r.IntN(3) > 0 {
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(126), r.IntN(256), r.IntN(256), r.IntN(256))
	}
	groups := []string{pick(r, "2001", "2a02", "fd00", "fe80")}
	for range 7 {
		groups = append(groups, fmt.Sprintf("%x", r.IntN(1<<16)))
	}
	if n := 1 + r.IntN(5); r.IntN(2) > 0 {
		return strings.Join(groups[:n], ":") + "::" + groups[7]
	}
	return strings.Join(groups, ":")
}

func randomKey(r *rand.Rand) string {
	return pick(r,
		"sk-proj-"+signs(r, all62, 40)+"7a", "ghp_"+signs(r, all62, 34)+"7a", "AKIA"+signs(r, "ABCDEFGHIJKLMNOP234567", 15)+"7", "glpat-"+signs(r, all62, 18)+"7a",
		"xoxb-"+signs(r, ten, 12)+"-"+signs(r, all62, 24)+"a", "AIza"+signs(r, all62, 33)+"7a", "hf_"+signs(r, all62, 32)+"7a", "npm_"+signs(r, all62, 34)+"7a",
		"eyJhbGciOiJIUzI1NiJ9.eyJ"+signs(r, all62, 20)+"."+signs(r, all62, 43))
}

func randomURL(r *rand.Rand) string {
	host := signs(r, small, 6) + ".example"
	if r.IntN(2) > 0 {
		return pick(r, "https", "postgres", "redis", "ftp") + "://" + signs(r, small, 4) + ":" + signs(r, all62, 9) + "@" + host + "/" + signs(r, small, 3)
	}
	return "https://" + host + "/" + signs(r, small, 3) + "?a=1&" + pick(r, "token", "access_token", "api_key", "X-Amz-Signature", "password") + "=" + signs(r, all62, 12)
}

// spellings writes a value as people and programs do.
func spellings(r *rand.Rand, v valid) []string {
	out := []string{v.value}
	plain := strings.Trim(v.value, all62) == ""
	if plain && (v.kind == privacy.Card || v.kind == privacy.IBAN) {
		spaced := ""
		for i, c := range v.value {
			if i > 0 && i%4 == 0 {
				spaced += pick(r, " ", "-", ".", "\u00a0", "\u2009", "\u2011", " - ", "\n", "\r\n", "/", "_")
			}
			spaced += string(c)
		}
		out = append(out, spaced)
	}
	hidden, wide := "", ""
	for _, c := range v.value {
		hidden += string(c) + pick(r, "", "", "\u200b", "\u00ad", "\u2060", "\ufeff")
		if c > ' ' && c < 0x7F {
			wide += string(c + 0xFEE0)
		} else {
			wide += string(c)
		}
	}
	return append(out, hidden, wide, escaped(r, v.value, `\u%04x`), escaped(r, v.value, "&#%d;"), escaped(r, v.value, "&#x%x;"), escaped(r, v.value, "%%%02X"), url.QueryEscape(v.value))
}

// escaped writes some of the characters by a form.
func escaped(r *rand.Rand, value, form string) string {
	var b strings.Builder
	for _, c := range value {
		if r.IntN(3) == 0 || !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			fmt.Fprintf(&b, form, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// surrounded puts a value into texts.
func surrounded(r *rand.Rand, value string) string {
	quoted, _ := json.Marshal(value)
	return fmt.Sprintf(pick(r,
		"%s", "It is %s.", "(%s)", "«%s»", "see: %s, thanks", "值是%s，谢谢", "これは%sです", "**%s**", "`%s`", "<b>%s</b>", "a\n%s\nb", "|%s|x|",
		"Meine Daten: %s!", "C'est %s;", "'%s'", "Это %s?", "x=%s", "data:%s", "\t%s\t", "[%s]", "1) %s", "\u200b%s\u200b", "…%s…", "这是：%s。",
	), pick(r, value, value, value, strings.Trim(string(quoted), `"`)))
}

func TestWhatHasAFormatIsFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	missed := 0
	for _, v := range validValues(t) {
		for _, spelling := range spellings(random, v) {
			text := surrounded(random, spelling)
			found := privacy.Detect(text)
			at := strings.Index(text, spelling)
			if at < 0 { // it was escaped as a whole
				quoted, _ := json.Marshal(spelling)
				spelling = strings.Trim(string(quoted), `"`)
				at = strings.Index(text, spelling)
			}
			if !coveredWhole(text, at, at+len(spelling), found) {
				if missed++; missed < 40 {
					t.Errorf("%s %q in %q: found %q", v.kind, v.value, text, values(text))
				}
			}
		}
	}
	if missed > 0 {
		t.Errorf("%d were missed", missed)
	}
}

// coveredWhole says whether a place is covered, but for what takes no part in it at
// its ends.
func coveredWhole(text string, start, end int, found []privacy.Found) bool {
	for _, f := range found {
		if f.Start <= start && strings.Trim(text[min(f.End, end):end], "\u200b\u00ad\u2060\ufeff)(") == "" {
			return true
		}
	}
	return false
}
