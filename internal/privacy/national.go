package privacy

import (
	"slices"
	"sync"
)

// nationalForm is how the numbers look that a country gives to persons, where they
// are digits only.
type nationalForm struct {
	digits int
	shapes []string // sizes of the groups in which they are written, one sign each: 1–9, a = 10 …
	valid  func(d []byte) bool
	weak   bool // one of ten numbers or so is valid, so it takes an announcement, or none of something else
}

// nationals gives the forms by the number of digits, made once. Nobody changes them.
var nationals = sync.OnceValue(func() [][]nationalForm {
	forms := make([][]nationalForm, longestID+1)
	for _, f := range nationalForms() {
		forms[f.digits] = append(forms[f.digits], f)
	}
	return forms
})

// nationalForms are those that are told by a check digit or a date in them.
func nationalForms() []nationalForm {
	return []nationalForm{
		{9, []string{"324"}, usSocialSecurity, false},
		{9, []string{"9", "423", "432", "333", "81", "2331", "54"}, dutchService, true},
		{9, []string{"9", "333"}, luhn, true}, // Canada, Israel
		{9, []string{"9", "333"}, australianTax, true},
		{9, []string{"9", "333"}, portugueseTax, true},
		{10, []string{"a", "64", "46", "37"}, swedishPerson, false},
		{12, []string{"c", "84"}, func(d []byte) bool { return swedishPerson(d[2:]) && century(d) }, false},
		{10, []string{"64"}, danishPerson, false},
		{10, []string{"a", "64"}, czechPerson, false},
		{10, []string{"a", "64"}, bulgarianPerson, false},
		{10, []string{"a", "46"}, austrianInsurance, false},
		{11, []string{"b", "2333", "236", "56", "353", "3332"}, germanTax, false},
		{11, []string{"b", "65", "6221"}, polishPerson, false},
		{11, []string{"b", "65", "632"}, norwegianPerson, false},
		{11, []string{"b", "632", "22232", "2225", "65"}, belgianPerson, false},
		{11, []string{"b", "3332", "92"}, brazilianPerson, false},
		{11, []string{"b", "335", "3332"}, turkishPerson, false},
		{11, []string{"b", "65"}, balticPerson, false},
		{11, []string{"b", "65"}, greekInsurance, false},
		{11, []string{"3332"}, russianInsurance, false},
		{11, []string{"b"}, russianInsurance, true},
		{11, []string{"b"}, iso7064, true}, // Croatia
		{11, []string{"281"}, argentineTax, false},
		{11, []string{"b"}, argentineTax, true},
		{12, []string{"c"}, russianTax, true},
		{12, []string{"444", "c"}, indianAadhaar, true},
		{12, []string{"444", "c"}, japanesePerson, true},
		{12, []string{"624"}, malaysianPerson, false},
		{13, []string{"3442", "d"}, swissInsurance, false},
		{13, []string{"67", "d"}, koreanPerson, false},
		{13, []string{"d", "6412", "6421", "64111"}, southAfricanPerson, false},
		{13, []string{"d"}, romanianPerson, false},
		{13, []string{"14521"}, thaiPerson, false},
		{13, []string{"d"}, thaiPerson, true},
		{15, []string{"f", "1222332", "12223332", "d2"}, frenchInsurance, false},
		{18, []string{"i", "684", "6444"}, chinesePerson, false},
	}
}

// The lengths for which there are forms.
const (
	shortestID = 9
	longestID  = 18
	mostGroups = 8
)

// nationalID finds a person's number that begins with the first group, or with
// letters before it.
func (s *scanner) nationalID(n *numbers) {
	s.letteredID(n.groups[0].start)
	start := n.groups[0].start
	if before := s.byteAt(start - 1); isAlnum(before) || joins(before) && before != ':' && before != '#' && isDigit(s.byteAt(start-2)) {
		return
	}
	var shape [most]byte
	var buffer [longestID]byte
	digits := buffer[:0]
	for i := range min(n.n, mostGroups) {
		g := n.groups[i]
		if i > 0 && !idGap(n.gap(i)) || len(digits)+g.len() > longestID {
			return
		}
		digits = append(digits, s.text[g.start:g.end]...)
		shape[i] = "0123456789abcdefghij"[g.len()]
		after := s.byteAt(g.end)
		if len(digits) >= shortestID && !isAlnum(after) && (!joins(after) || !isDigit(s.byteAt(g.end+1)) || after == ':' || after == '/') {
			s.digitID(digits, string(shape[:i+1]), start, g.end)
		}
	}
}

// mayBeID says of digits that chance may have made valid whether they are announced
// as a person's number, or at least not as something else.
func (s *scanner) mayBeID(start int) bool {
	id, phone := s.cueBefore(start, idCue), s.cueBefore(start, phoneCue)
	if id > 0 {
		return phone == 0 || id < phone
	}
	return phone == 0 && !s.cued(start, orderCue)
}

// isTime says whether digits are the milliseconds of a day of these decades.
func isTime(d []byte) bool { return len(d) == 13 && d[0] == '1' && d[1] >= '4' }

// alone says whether no other digits stand beside a place.
func (s *scanner) alone(start, end int) bool {
	return (!inGap(s.byteAt(start-1)) || !isDigit(s.byteAt(start-2))) && (!inGap(s.byteAt(end)) || !isDigit(s.byteAt(end+1)))
}

// idGap says whether a gap may stand within such a number.
func idGap(gap string) bool {
	for _, c := range []byte(gap) {
		switch c {
		case ' ', '-', '.', '/', '+', '\n', '\r', '\t':
		default:
			return false
		}
	}
	return len(gap) <= 2
}

// digitID notes digits that are a person's number of any country.
func (s *scanner) digitID(digits []byte, shape string, start, end int) {
	for _, f := range nationals()[len(digits)] {
		if !slices.Contains(f.shapes, shape) || !f.valid(digits) {
			continue
		}
		if (f.weak || len(shape) == 1) && !s.mayBeID(start) {
			continue
		}
		if uniform(digits) && len(shape) == 1 && !s.cued(start, idCue) {
			continue
		}
		if f.weak && !s.cued(start, idCue) && (!s.alone(start, end) || string(digits[:3]) == "000" || isTime(digits)) {
			continue
		}
		s.add(SSN, start, end)
		return
	}
}

// uniform says of digits that they are one digit, again and again, but for one or
// two.
func uniform(d []byte) bool {
	var count [10]int
	for _, c := range d {
		count[c-'0']++
	}
	return slices.Max(count[:]) >= len(d)-2
}

// value reads digits.
func value(d []byte) int {
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n
}

// weighted sums digits, each times its weight.
func weighted(d []byte, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(d[i]-'0') * w
	}
	return sum
}

// monthDay says whether there are a month and a day of it.
func monthDay(month, day int) bool {
	return 1 <= month && month <= 12 && 1 <= day && day <= 31 && (day < 31 || month != 4 && month != 6 && month != 9 && month != 11) && (month != 2 || day < 30)
}

// dayMonth says whether digits begin with a day and its month.
func dayMonth(d []byte) bool { return monthDay(value(d[2:4]), value(d[:2])) }

// yearMonthDay says whether digits begin with a year's two digits, a month, a day.
func yearMonthDay(d []byte) bool { return monthDay(value(d[2:4]), value(d[4:6])) }

// century says whether digits begin with a year of those who live.
func century(d []byte) bool { return value(d[:2]) >= 18 && value(d[:2]) <= 20 }
