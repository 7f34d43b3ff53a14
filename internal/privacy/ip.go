package privacy

import (
	"net/netip"
	"strings"
)

// longestIP is how many bytes an address of version 6 has at most.
const longestIP = 45

// ipv4 finds an IP address of four numbers. Those that name no machine of anybody
// (loopback, masks of networks) are none, nor are numbers that are announced as a
// version or a section.
func (s *scanner) ipv4(n *numbers) {
	if n.n < 4 || n.gap(1) != "." || n.gap(2) != "." || n.gap(3) != "." {
		return
	}
	start, end := n.groups[0].start, n.groups[3].end
	before := s.byteAt(start - 1)
	if isAlnum(s.byteAt(end)) || s.byteAt(end) == '.' && isDigit(s.byteAt(end+1)) {
		return
	}
	if isDigit(s.byteAt(start-2)) && before == '.' || lower(before) == 'v' || before == '-' && isLetter(s.byteAt(start-2)) {
		return
	}
	address, err := netip.ParseAddr(s.text[start:end])
	if err != nil || nobodys(address) || s.cued(start, versionCue) {
		return
	}
	s.add(IP, start, end)
}

// nobodys says of an address that it is the same on every machine.
func nobodys(a netip.Addr) bool {
	return a.IsLoopback() || a.IsUnspecified() || a.Is4() && (a.As4()[0] == 255 || a.As4()[0] == 0)
}

// ipv6 finds an IP address of version 6 around the colon at i, and gives where it
// has looked to.
func (s *scanner) ipv6(i int) int {
	start := i
	for start > 0 && i-start < 4 && hexDigit(s.text[start-1]) >= 0 {
		start--
	}
	end := i
	for end < len(s.text) && end-start < longestIP && (s.text[end] == ':' || s.text[end] == '.' || hexDigit(s.text[end]) >= 0) {
		end++
	}
	text := strings.TrimRight(s.text[start:end], ".")
	if isAlnum(s.byteAt(start-1)) || s.behindHex(start) || isAlnum(s.byteAt(end)) || strings.Count(text, ":") < 2 {
		return i
	}
	for range 2 { // a colon may stand behind it
		if a, err := netip.ParseAddr(text); err == nil && a.Is6() {
			if !nobodys(a) && routed(a, text) {
				s.add(IP, start, start+len(text))
			}
			return end
		}
		text = strings.TrimSuffix(text, ":")
	}
	return i
}

// behindHex says whether a group of hexadecimal digits and a colon stand before i, as
// in a fingerprint. A word may, which announces the address.
func (s *scanner) behindHex(i int) bool {
	if s.byteAt(i-1) != ':' {
		return false
	}
	at := i - 1
	for at > 0 && i-at < 6 && hexDigit(s.text[at-1]) >= 0 {
		at--
	}
	return at < i-1 && !isAlnum(s.byteAt(at-1))
}

// routed says of an address of version 6 that it is one of those that are given to
// machines, or written in full, so that the names of a program (a::b) are none.
func routed(a netip.Addr, text string) bool {
	if a.Is4In6() || strings.Count(text, ":") == 7 && !strings.Contains(text, "::") {
		return true
	}
	first := a.As16()
	return first[0] == 0x20 || first[0]&0xF0 == 0x20 || first[0]&0xF0 == 0x30 || first[0] >= 0xFC
}
