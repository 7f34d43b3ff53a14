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
		{"an IP address", "from 203.0.113.9:8080, 10.0.0.7.", []string{"ip 203.0.113.9", "ip 10.0.0.7"}},
		{"no version and no loopback", "version 1.2.3.4, v4.3.2.1, 127.0.0.1, 255.255.255.0, 1.2.3.4.5, 300.1.1.1", nil},
		{"an IP address of version 6", "[2001:db8::1]:80 and fe80::1ff:fe23:4567:890a.", []string{"ip 2001:db8::1", "ip fe80::1ff:fe23:4567:890a"}},
		{"no colons of programs", "std::vector a::b ::1 10:20:30 aa:bb:cc:dd:ee:ff dead::beef", nil},
		{"an address with a password", "see https://bob:hunter2@example.com/x?y=1.", []string{"url https://bob:hunter2@example.com/x?y=1"}},
		{"an address with a token", "https://example.com/r?id=3&access_token=ab%20c12#top", []string{"url https://example.com/r?id=3&access_token=ab%20c12#top"}},
		{"no address without", "https://example.com/a?page=3&lang=en http://example.com/@ann", nil},
		{"keys", "ghp_0123456789abcdefghij0123456789abcdef, AKIAIOSFODNN7EXAMPLE.", []string{"key ghp_0123456789abcdefghij0123456789abcdef", "key AKIAIOSFODNN7EXAMPLE"}},
		{"a key that is announced", "Authorization: Bearer abc123def456ghi\npassword: hunter22, api_key=\"x9y8z7w6\"", []string{"key abc123def456ghi", "key hunter22", "key x9y8z7w6"}},
		{"a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", []string{"key -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"}},
		{"no hashes and ids", "5f4dcc3b5aa765d61d8327deb882cf99 550e8400-e29b-41d4-a716-446655440000 sha256:9f86d081884c7d65", nil},
		{"no words about passwords", "The password is required; token: string; password reset: see chapter", nil},
		{"national ids", "536-90-4399, AB 12 34 56 C, 12345678Z, X1234567L, RSSMRA85T10A562S, 44051401359, 811218-9876, 131052-308T", []string{
			"ssn 536-90-4399", "ssn AB 12 34 56 C", "ssn 12345678Z", "ssn X1234567L", "ssn RSSMRA85T10A562S", "ssn 44051401359", "ssn 811218-9876", "ssn 131052-308T",
		}},
		{"more of them", "86095742719 111.444.777-35 756.9217.0769.85 11010519491231002X 2 55 08 14 168 025 38 S1234567D A123456789 12.345.678-5", []string{
			"ssn 86095742719", "ssn 111.444.777-35", "ssn 756.9217.0769.85", "ssn 11010519491231002X", "ssn 2 55 08 14 168 025 38", "ssn S1234567D", "ssn A123456789", "ssn 12.345.678-5",
		}},
		{"one that any number may be, announced", "BSN 111222333, Aadhaar: 2341 2341 2346", []string{"ssn 111222333", "ssn 2341 2341 2346"}},
		{"no number of an order", "order 111222333, ISBN 978-3-16-148410-0, EAN 4006381333931", nil},
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
