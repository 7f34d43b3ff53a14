package privacy

import (
	"strings"
	"sync"
)

// letteredForm is how the numbers look that a country gives to persons, where there
// are letters in them. In pattern a stands for a letter, 9 for a digit and x for
// both.
type letteredForm struct {
	pattern string
	valid   func(v string) bool // of a value in small letters
}

// lettereds gives the forms, made once. Nobody changes them.
var lettereds = sync.OnceValue(letteredForms)

// letteredForms are those that are told by a check or by strict rules.
func letteredForms() []letteredForm {
	return []letteredForm{
		{"aa999999a", britishInsurance},
		{"99999999a", spanishPerson},
		{"a9999999a", spanishOrSingaporean},
		{"aaaaaaxxaxxaxxxa", italianTax},
		{"aaaa999999aaaaaax9", mexicanPerson},
		{"99999999a999", germanPension},
		{"99999999999999999a", chineseWithX},
		{"9999999aa", irishPerson}, {"9999999a", irishPerson},
		{"a999999x", hongKongPerson},
		{"a999999999", taiwanesePerson},
		{"aaaaa9999a", indianTax},
		{"999999x999x", finnishPerson},
		{"99999999k", chileanPerson}, {"9999999k", chileanPerson},
		{"999999a99999999", corsicanInsurance},
	}
}

// longestLettered is how many signs the longest one has.
const longestLettered = 18

// letteredID finds a number with letters whose first digit is at i. Before it there
// may be letters, right there or divided from it: AB 12 …, RSS MRA 85….
func (s *scanner) letteredID(i int) {
	start := s.lettersBefore(i)
	for range 3 {
		if !isAlnum(s.byteAt(start-1)) && s.lettered(start) {
			return
		}
		if start < 2 || !separates(s.text[start-1]) {
			return
		}
		before := s.lettersBefore(start - 1)
		if n := start - 1 - before; n < 1 || n > 3 {
			return
		}
		start = before
	}
}

// lettersBefore goes back over letters, at most seven.
func (s *scanner) lettersBefore(i int) int {
	start := i
	for i-start < 7 && start > 0 && isLetter(s.text[start-1]) {
		start--
	}
	return start
}

// lettered finds a number with letters that begins at start.
func (s *scanner) lettered(start int) bool {
	v := s.compact(start, longestLettered)
	if v.letters == 0 {
		return s.dashed(start, v)
	}
	for _, f := range lettereds() {
		n := len(f.pattern)
		if n > v.n || !fits(v.signs[:n], f.pattern) || isAlnum(s.byteAt(v.ends[n-1])) {
			continue
		}
		if f.valid(string(v.signs[:n])) {
			end := v.ends[n-1]
			if s.byteAt(end) == ')' && s.byteAt(end-2) == '(' {
				end++
			}
			s.add(SSN, start, end)
			return true
		}
	}
	return s.dashed(start, v)
}

// separates tells the signs that may stand between the parts of a number.
func separates(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '/' || c == '+' || c == '\n'
}

// signs are the letters and digits of a number, without what divides them.
type signs struct {
	signs   [longestLettered]byte
	ends    [longestLettered]int // where each ends in the text
	n       int
	letters int
}

// compact takes letters and digits from i on, at most one separator apart.
func (s *scanner) compact(i, most int) signs {
	var v signs
	for v.n < most && i < len(s.text) {
		c := s.text[i]
		if !isAlnum(c) {
			next := s.byteAt(i + 1)
			if v.n == 0 || !separates(c) && c != '(' || !isAlnum(next) {
				break
			}
			i++
			continue
		}
		if isLetter(c) {
			v.letters++
		}
		v.signs[v.n], v.ends[v.n] = lower(c), i+1
		v.n++
		i++
	}
	return v
}

// fits holds signs against a pattern of their length.
func fits(signs []byte, pattern string) bool {
	for i, c := range signs {
		switch p := pattern[i]; {
		case p == 'a' && !isLetter(c), p == '9' && !isDigit(c), p == 'k' && c != 'k':
			return false
		}
	}
	return true
}

func britishInsurance(v string) bool {
	if strings.ContainsAny(v[:2], "dfiquv") || v[1] == 'o' || v[8] > 'd' {
		return false
	}
	switch v[:2] {
	case "bg", "gb", "nk", "kn", "tn", "nt", "zz":
		return false
	}
	return true
}

const spanishChecks = "trwagmyfpdxbnjzsqvhlcke"

func spanishPerson(v string) bool { return spanishChecks[value([]byte(v[:8]))%23] == v[8] }

// spanishOrSingaporean knows a foreigner's number in Spain, and anybody's in
// Singapore.
func spanishOrSingaporean(v string) bool {
	if at := strings.IndexByte("xyz", v[0]); at >= 0 {
		return spanishChecks[(at*10_000_000+value([]byte(v[1:8])))%23] == v[8]
	}
	sum := weighted([]byte(v[1:8]), 2, 7, 6, 5, 4, 3, 2)
	switch v[0] {
	case 's':
		return "jzihgfedcba"[sum%11] == v[8]
	case 't':
		return "jzihgfedcba"[(sum+4)%11] == v[8]
	case 'f':
		return "xwutrqpnmlk"[sum%11] == v[8]
	case 'g':
		return "xwutrqpnmlk"[(sum+4)%11] == v[8]
	case 'm':
		return "kljnpqrtuwx"[(sum+3)%11] == v[8] || "xwutrqpnjlk"[(sum+3)%11] == v[8]
	}
	return false
}

// italianTax has letters in the place of digits where two persons would have the
// same.
func italianTax(v string) bool {
	const odd = "\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15\x02\x04\x12\x14\x0b\x03\x06\x08\x0c\x0e\x10\x0a\x16\x19\x18\x17"
	sum := 0
	for i := range 15 {
		at := int(v[i] - 'a')
		if isDigit(v[i]) {
			at = int(v[i] - '0')
		}
		if i%2 == 0 {
			sum += int(odd[at])
		} else {
			sum += at
		}
	}
	for _, i := range []int{6, 7, 9, 10, 12, 13, 14} {
		if isLetter(v[i]) && strings.IndexByte("lmnpqrstuv", v[i]) < 0 {
			return false
		}
	}
	return strings.IndexByte("abcdehlmprst", v[8]) >= 0 && byte('a'+sum%26) == v[15]
}

func mexicanPerson(v string) bool {
	const order = "0123456789abcdefghijklmn\x00opqrstuvwxyz"
	if !yearMonthDay([]byte(v[4:10])) || strings.IndexByte("hmx", v[10]) < 0 {
		return false
	}
	sum := 0
	for i := range 17 {
		sum += strings.IndexByte(order, v[i]) * (18 - i)
	}
	return (10-sum%10)%10 == int(v[17]-'0')
}

func germanPension(v string) bool {
	letter := int(v[8]-'a') + 1
	d := []byte(v[:8] + string(rune('0'+letter/10)) + string(rune('0'+letter%10)) + v[9:])
	sum := 0
	for i, w := range []int{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1} {
		product := int(d[i]-'0') * w
		sum += product/10 + product%10
	}
	day := value(d[2:4])
	if day > 50 {
		day -= 50
	}
	return monthDay(value(d[4:6]), day) && sum%10 == int(d[12]-'0')
}

func chineseWithX(v string) bool { return v[17] == 'x' && chineseCheck([]byte(v[:17])) == 'x' }

func irishPerson(v string) bool {
	sum := weighted([]byte(v[:7]), 8, 7, 6, 5, 4, 3, 2)
	if len(v) == 9 && v[8] != 'w' {
		sum += 9 * int(v[8]-'a'+1)
	}
	return "wabcdefghijklmnopqrstuv"[sum%23] == v[7]
}

func hongKongPerson(v string) bool {
	sum := 36*9 + (int(v[0]-'a')+10)*8 + weighted([]byte(v[1:7]), 7, 6, 5, 4, 3, 2)
	return "0123456789a"[(11-sum%11)%11] == v[7]
}

func taiwanesePerson(v string) bool {
	at := strings.IndexByte("abcdefghjklmnpqrstuvxywzio", v[0]) + 10
	return '1' <= v[1] && v[1] <= '9' && (at/10+at%10*9+weighted([]byte(v[1:]), 8, 7, 6, 5, 4, 3, 2, 1, 1))%10 == 0
}

// indianTax is a fixed form: the fourth letter says whose it is, the fifth is of the
// name.
func indianTax(v string) bool { return strings.IndexByte("pcfhatbljg", v[3]) >= 0 }

func finnishPerson(v string) bool {
	if strings.IndexByte("abcdefuvwxy", v[6]) < 0 {
		return false
	}
	return finnishCheck(v[:6]+v[7:10]) == v[10] && dayMonth([]byte(v))
}

func finnishCheck(digits string) byte {
	return "0123456789abcdefhjklmnprstuvwxy"[value([]byte(digits))%31]
}

// dashed finds a number of Chile, whose check sign is behind a dash, and one of
// Finland, in which the dash says the century.
func (s *scanner) dashed(start int, v signs) bool {
	for _, n := range []int{8, 9} {
		if v.n >= n && s.byteAt(v.ends[n-1]-2) == '-' && !isAlnum(s.byteAt(v.ends[n-1])) && digitsOnly(v.signs[:n-1]) && chileanPerson(string(v.signs[:n])) {
			s.add(SSN, start, v.ends[n-1])
			return true
		}
	}
	if v.n >= 10 && !isAlnum(s.byteAt(v.ends[9])) && strings.IndexByte("-+", s.byteAt(v.ends[5])) >= 0 && v.ends[9]-start == 11 &&
		digitsOnly(v.signs[:9]) && dayMonth(v.signs[:6]) && finnishCheck(string(v.signs[:9])) == v.signs[9] {
		s.add(SSN, start, v.ends[9])
		return true
	}
	return false
}

func digitsOnly(d []byte) bool {
	for _, c := range d {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func chileanPerson(v string) bool {
	sum, factor := 0, 2
	for i := len(v) - 2; i >= 0; i-- {
		sum += int(v[i]-'0') * factor
		if factor++; factor > 7 {
			factor = 2
		}
	}
	return "0123456789k"[(11-sum%11)%11] == v[len(v)-1]
}

// corsicanInsurance is the French number of those born in Corsica, whose department
// has a letter.
func corsicanInsurance(v string) bool {
	digits := value([]byte(v[:6] + "0" + v[7:13]))
	switch v[5:7] {
	case "2a":
		digits -= 1_000_000
	case "2b":
		digits -= 2_000_000
	default:
		return false
	}
	return value([]byte(v[13:])) == 97-digits%97
}
