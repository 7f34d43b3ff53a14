package privacy

// group is digits without anything between them.
type group struct{ start, end int }

func (g group) len() int { return g.end - g.start }

// numbers are groups of digits that stand so close to each other that they may be
// one value: at most most of them, each at most longestGap signs behind the last.
type numbers struct {
	text   string
	groups [most]group
	n      int
}

const (
	most       = 24 // a card has up to 19 digits, which may all stand alone
	longestGap = 3
)

// number looks at the groups of digits from i on, where one begins.
func (s *scanner) number(i int) {
	s.groups(i)
	n := &s.numbers
	s.card(n)
	s.iban(i)
	s.nationalID(n)
	s.ipv4(n)
	s.birth(n)
	s.phone(n)
}

// groups reads the groups from i on. Those that were read with the group before are
// not read again.
func (s *scanner) groups(i int) {
	n := &s.numbers
	n.text = s.text
	if n.n > 1 && n.groups[1].start == i {
		n.n = copy(n.groups[:], n.groups[1:n.n])
	} else {
		n.groups[0], n.n = group{i, s.digitsEnd(i)}, 1
	}
	for n.n < most {
		next := s.overGap(n.groups[n.n-1].end)
		if next < 0 {
			break
		}
		n.groups[n.n] = group{next, s.digitsEnd(next)}
		n.n++
	}
}

// overGap gives where the digits behind a gap begin, -1 = there is no gap of the
// kind that stands within numbers, or no digit behind it.
func (s *scanner) overGap(i int) int {
	for size := 0; size <= longestGap && i+size < len(s.text); size++ {
		c := s.text[i+size]
		if isDigit(c) {
			return i + size
		}
		if !inGap(c) {
			break
		}
	}
	return -1
}

// inGap tells the signs that stand between the digits of one number. The plus is a
// blank in an address.
func inGap(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', '-', '.', '/', '_', ',', '+', '(', ')', '*', '|', ':':
		return true
	}
	return false
}

// gap is what stands between a group and the one before it.
func (n *numbers) gap(i int) string {
	return n.text[n.groups[i-1].end:n.groups[i].start]
}

// luhn is the check of cards and some other numbers: its last digit.
func luhn(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		d := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
