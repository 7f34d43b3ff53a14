package privacy

import "strings"

// The lengths that payment cards' numbers have.
const (
	shortestCard = 12
	longestCard  = 19

	articleLength = 13 // of the numbers of articles, which old cards have as well
)

// card finds a payment card's number that begins with the first group: one with an
// issuer's beginning and length, and its check digit. Its groups may be divided by
// anything, but have to be of a size that people write, so that a table of small
// numbers is none.
func (s *scanner) card(n *numbers) {
	var buffer [longestCard]byte
	digits := buffer[:0]
	best := 0
	for i := range n.n {
		g := n.groups[i]
		if i > 0 && !cardGap(n.gap(i)) || len(digits)+g.len() > longestCard {
			break
		}
		digits = append(digits, n.text[g.start:g.end]...)
		if len(digits) >= shortestCard && issued(digits) && luhn(digits) && n.cardGroups(i+1) {
			best = g.end
		}
	}
	if best == 0 || best-n.groups[0].start <= articleLength && s.cued(n.groups[0].start, orderCue) {
		return
	}
	s.add(Card, n.groups[0].start, best)
}

// cardGap says whether a gap may stand within a card's number.
func cardGap(gap string) bool {
	return !strings.ContainsAny(gap, "():") && (len(gap) == 1 || !strings.Contains(gap, ","))
}

// cardGroups says whether the first groups have sizes that people write: all
// together, four or more each but for the last, threes behind a four (old numbers
// of 13), or each digit alone.
func (n *numbers) cardGroups(count int) bool {
	first := n.groups[0].len()
	fours, threes, ones := true, first == 4, true
	for i, g := range n.groups[:count] {
		last := i == count-1
		fours = fours && (last || g.len() >= 4)
		threes = threes && (i == 0 || g.len() == 3)
		ones = ones && g.len() == 1
	}
	return fours || threes || ones
}

// issued says whether digits begin as cards of some issuer do, and are as many.
func issued(digits []byte) bool {
	n := len(digits)
	lead := 0 // the first six digits
	for _, c := range digits[:6] {
		lead = lead*10 + int(c-'0')
	}
	two, three, four := lead/10000, lead/1000, lead/100
	switch {
	case digits[0] == '4': // Visa
		return n == 13 || n == 16 || n == 19
	case 51 <= two && two <= 55, 2221 <= four && four <= 2720: // Mastercard
		return n == 16
	case two == 34, two == 37: // American Express
		return n == 15
	case 300 <= three && three <= 305, three == 309, two == 36, two == 38, two == 39: // Diners Club
		return n == 14 || n == 16 || n == 19
	case 3528 <= four && four <= 3589: // JCB
		return n >= 16
	case 2200 <= four && four <= 2204: // Mir
		return n >= 16
	case two == 62, two == 81, two == 82: // UnionPay, RuPay
		return n >= 16
	case two == 50, 56 <= two && two <= 69: // Maestro, Discover, Verve and national ones
		return true
	case four == 9792: // Troy
		return n == 16
	case digits[0] == '1': // UATP
		return n == 15
	}
	return false
}
