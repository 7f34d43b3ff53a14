package privacy

// The digits that a telephone number has, with and without the country's code.
const (
	shortestPhone    = 7
	longestPhone     = 15
	shortestNational = 4
)

// phone finds a telephone number that begins with the first group: one with its
// country's code, one that is divided as such numbers are where they are most
// common, or, behind a word that announces it, any.
func (s *scanner) phone(n *numbers) {
	start := n.groups[0].start
	before := s.byteAt(start - 1)
	switch {
	case before == '+' && !isAlnum(s.byteAt(start-2)):
		s.international(n, start-1, 0)
	case isAlnum(before) || before == '+':
	case s.text[start] == '0' && s.byteAt(start+1) == '0' && s.international(n, start, 2):
	case s.national(n, start):
	default:
		s.announced(n, start)
	}
}

// international finds a number with its country's code, which follows so many
// digits of the first group.
func (s *scanner) international(n *numbers, start, skip int) bool {
	var buffer [longestPhone + most]byte
	digits := buffer[:0]
	end, last := 0, longestPhone
	for i := range n.n {
		g := n.groups[i]
		if i > 0 && !phoneGap(n.gap(i), len(digits) < shortestPhone) {
			break
		}
		text := s.text[g.start:g.end]
		if i == 0 {
			text = text[min(skip, len(text)):]
		}
		if i > 0 && text == "0" && s.byteAt(g.start-1) == '(' {
			continue // "(0)" is dialled only within the country
		}
		if len(digits)+len(text) > last {
			break
		}
		digits = append(digits, text...)
		if code := callingCode(digits); code > 0 {
			last = code + longestBehind(digits[:code])
			if behind := len(digits) - code; len(digits) >= shortestPhone && behind >= shortestBehind(digits[:code]) && len(digits) <= last {
				end = g.end
			}
		}
	}
	if end == 0 || skip > 0 && zeroBehind(digits) {
		return false
	}
	if s.byteAt(start-1) == '(' {
		start--
	}
	s.add(Phone, start, end)
	return true
}

// zeroBehind says whether a zero follows the country's code, where none is dialled.
func zeroBehind(digits []byte) bool {
	code := callingCode(digits)
	switch string(digits[:code]) {
	case "39", "225", "229", "241", "242", "378":
		return false
	}
	return digits[code] == '0'
}

// phoneGap says whether a gap may stand within a telephone number; a line break
// only where the number would be too short without it.
func phoneGap(gap string, short bool) bool {
	for _, c := range []byte(gap) {
		switch c {
		case ' ', '-', '.', '/', '(', ')', '\t', '+':
		case '\n', '\r':
			if !short {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// callingCode is how many digits of the beginning are a country's code, 0 = they
// are none, or too few to tell.
func callingCode(digits []byte) int {
	if len(digits) == 0 {
		return 0
	}
	if digits[0] == '1' || digits[0] == '7' {
		return 1
	}
	if len(digits) < 2 || digits[0] == '0' {
		return 0
	}
	switch string(digits[:2]) {
	case "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86",
		"90", "91", "92", "93", "94", "95", "98":
		return 2
	case "28", "83", "89":
		return 0
	}
	if len(digits) < 3 {
		return 0
	}
	switch string(digits[:3]) {
	case "210", "214", "215", "217", "219", "259", "292", "293", "294", "295", "296", "384", "388",
		"422", "424", "425", "426", "427", "428", "429", "671", "693", "694", "695", "696", "697", "698", "699",
		"801", "802", "803", "804", "805", "806", "807", "809", "851", "854", "857", "858", "859",
		"871", "872", "873", "874", "875", "876", "877", "879", "884", "885", "887", "889", "969", "978",
		"990", "991", "997", "999":
		return 0
	}
	return 3
}

// longestBehind is how many digits follow a country's code at most.
func longestBehind(code []byte) int {
	if code[0] == '1' || code[0] == '7' {
		return 10
	}
	return longestPhone - len(code)
}

// shortestBehind is how many digits follow a country's code at least.
func shortestBehind(code []byte) int {
	if len(code) == 1 {
		return 10
	}
	return shortestNational
}

// national finds a number without a country's code by the way it is divided: as in
// North America (three, three, four), or beginning with the zero of most others.
func (s *scanner) national(n *numbers, start int) bool {
	before := s.byteAt(start - 1)
	if joins(before) && isAlnum(s.byteAt(start-2)) {
		return false // the rest of something longer
	}
	count := 0
	switch {
	case s.northAmerican(n):
		count = 3
	case n.groups[0].len() == 1 && s.text[start] == '1' && s.northAmerican(n.rest()):
		count = 4
	case before != ' ' || !isDigit(s.byteAt(start-2)): // not behind other groups of digits
		count = s.trunk(n)
	}
	if count == 0 {
		return false
	}
	end := n.groups[count-1].end
	if isAlnum(s.byteAt(end)) || joins(s.byteAt(end)) && isAlnum(s.byteAt(end+1)) {
		return false
	}
	if before == '(' {
		start--
	}
	s.add(Phone, start, end)
	return true
}

// joins tells the signs that make one thing of what stands at both sides.
func joins(c byte) bool {
	return c == '-' || c == '.' || c == '/' || c == '_' || c == ':' || c == '#'
}

// rest is without the first group.
func (n *numbers) rest() *numbers {
	r := *n
	copy(r.groups[:], n.groups[1:n.n])
	r.n--
	return &r
}

// northAmerican says whether the first groups are an area's code, an exchange's and
// a line's.
func (s *scanner) northAmerican(n *numbers) bool {
	if n.n < 3 || n.groups[0].len() != 3 || n.groups[1].len() != 3 || n.groups[2].len() != 4 {
		return false
	}
	if s.text[n.groups[0].start] < '2' || s.text[n.groups[1].start] < '2' {
		return false
	}
	return phoneGap(n.gap(1), false) && phoneGap(n.gap(2), false)
}

// trunk gives how many groups are a number that begins with a zero, or with an
// area's code in parentheses, 0 = none. It has nine to eleven digits and is divided.
func (s *scanner) trunk(n *numbers) int {
	first := n.groups[0]
	parentheses := s.byteAt(first.start-1) == '(' && s.byteAt(first.end) == ')' && first.len() <= 5
	if s.text[first.start] != '0' && !parentheses || first.len() > 5 || first.len() < 2 {
		return 0
	}
	digits, count := first.len(), 0
	for i := 1; i < n.n && phoneGap(n.gap(i), false); i++ {
		if n.gap(i) != n.gap(min(i, 2)) && i > 2 {
			break // from the second gap on, all are alike
		}
		if digits += n.groups[i].len(); digits > 11 {
			break
		}
		if digits >= 9 {
			count = i + 1
		}
	}
	return count
}

// announced finds any digits that may be a number, behind a word that says so.
func (s *scanner) announced(n *numbers, start int) {
	if inGap(s.byteAt(start-1)) && isDigit(s.byteAt(start-2)) {
		return // a number begins behind what announces it
	}
	digits, end := 0, 0
	for i := range n.n {
		if i > 0 && !phoneGap(n.gap(i), digits < shortestPhone) {
			break
		}
		if digits += n.groups[i].len(); digits > longestPhone {
			break
		}
		if digits >= shortestPhone-1 {
			end = n.groups[i].end
		}
	}
	if end == 0 || isAlnum(s.byteAt(end)) || !s.cued(start, phoneCue) {
		return
	}
	if s.byteAt(start-1) == '(' {
		start--
	}
	s.add(Phone, start, end)
}
