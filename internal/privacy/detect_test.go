package privacy_test

import (
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/privacy"
)

// values lists what is found in a text as "type value".
func values(text string) []string {
	var out []string
	for _, f := range privacy.Detect(text) {
		out = append(out, f.Type+" "+text[f.Start:f.End])
	}
	return out
}

func TestDetectFindsWhatHasAFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"an address of e-mail", "Write to ann@example.com.", []string{"email ann@example.com"}},
		{"one in brackets and quotes", `<Ann.O'Hara+x@mail.example.co.uk>, 'bob@example.org'`, []string{"email Ann.O'Hara+x@mail.example.co.uk", "email bob@example.org"}},
		{"one in a text without spaces", "请联系ann@example.com谢谢", []string{"email ann@example.com"}},
		{"one with an ending behind it", "메일은 kim@example.kr로 보내", []string{"email kim@example.kr"}},
		{"one with other letters", "пишите иван@пример.рф!", []string{"email иван@пример.рф"}},
		{"one in an address", "?mail=ann%40example.com&x=1", []string{"email ann%40example.com"}},
		{"one escaped as JSON", `{"a":"ann\u0040example.com"}`, []string{`email ann\u0040example.com`}},
		{"one escaped twice", `ann\\u0040example.com ann%2540example.com`, []string{`email ann\\u0040example.com`, "email ann%2540example.com"}},
		{"one escaped as HTML", "ann&#64;example&period;com", []string{"email ann&#64;example&period;com"}},
		{"one with what cannot be seen in it", "ann@exam\u200bple.com\u200b", []string{"email ann@exam\u200bple.com"}},
		{"one over a line's end", "ann@\r\nexample.com", []string{"email ann@\r\nexample.com"}},
		{"no package's version", "npm i lodash@4.17.21 react@18.2.0-rc.1 a@b", nil},
		{"a card", "4111 1111 1111 1111", []string{"card 4111 1111 1111 1111"}},
		{"a card split by anything", "4111-1111 1111.1111", []string{"card 4111-1111 1111.1111"}},
		{"a card with a code behind it", "5555555555554444 12/27 123", []string{"card 5555555555554444"}},
		{"a card in wide digits", "４１１１１１１１１１１１１１１１", []string{"card ４１１１１１１１１１１１１１１１"}},
		{"a card in an address", "n=3782+822463+10005", []string{"card 3782+822463+10005"}},
		{"a card over two lines", "4111 1111\n1111 1111", []string{"card 4111 1111\n1111 1111"}},
		{"a card between hard spaces", "4111\u00a01111\u00a01111\u00a01111", []string{"card 4111\u00a01111\u00a01111\u00a01111"}},
		{"no card without its check digit", "4111 1111 1111 1112", nil},
		{"an IBAN", "DE89 3704 0044 0532 0130 00", []string{"iban DE89 3704 0044 0532 0130 00"}},
		{"an IBAN behind its name", "IBAN:gb29NWBK60161331926819", []string{"iban gb29NWBK60161331926819"}},
		{"no IBAN with a wrong digit", "DE88 3704 0044 0532 0130 00", nil},
		{"an international number", "Call +49 (0)30 901820, please", []string{"phone +49 (0)30 901820"}},
		{"one in parentheses", "(+1 415-555-0132)", []string{"phone (+1 415-555-0132"}},
		{"an American number", "(415) 555-0132 or 415.555.0133", []string{"phone (415) 555-0132", "phone 415.555.0133"}},
		{"one with a zero", "020 7946 0958, 0171/1234567, 01 23 45 67 89", []string{"phone 020 7946 0958", "phone 0171/1234567", "phone 01 23 45 67 89"}},
		{"one that is announced", "mein Handy: 1712345678", []string{"phone 1712345678"}},
		{"no amounts and codes", "1,234,567 of 12-345-678 at 2024-01-02 10:20:30", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := values(c.text); !slices.Equal(got, c.want) {
				t.Errorf("in %q:\n got %q\nwant %q", c.text, got, c.want)
			}
		})
	}
}
