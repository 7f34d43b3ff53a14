package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most words of a street's name, and bytes of what follows its number.
const (
	mostStreet  = 4
	longestTown = 60
)

// street finds an address at a word from i to end that is part of a street's name.
func (s *scanner) street(i, end int, r role) {
	word := s.text[i:end]
	switch {
	case r&streetEnd != 0 && beginsCapital(word) && s.streetBefore(i, end):
	case r&streetHead != 0 && s.streetBehind(i, end, word):
	case len(word) > 6 && compound(word):
		s.numbered(i, end)
	}
}

// streetBefore finds "12 Rose Lane" at its last word, and "Rose Caddesi No: 12".
func (s *scanner) streetBefore(i, end int) bool {
	at := i
	for count := 0; count <= mostStreet && s.byteAt(at-1) == ' '; count++ {
		before := wordBefore(s.text, at-1)
		if before == at-1 || s.text[before] >= '0' && s.text[before] <= '9' {
			number := before
			if number < at-1 && count > 0 && houseNumber(s.text[number:at-1]) && !isAlnum(s.byteAt(number-1)) {
				s.add(Address, number, s.townEnd(s.unitEnd(end)))
				return true
			}
			break
		}
		if !beginsCapital(s.text[before:]) {
			break
		}
		at = before
	}
	if at < i {
		rest := strings.TrimPrefix(s.text[end:min(len(s.text), end+8)], ".")
		if strings.HasPrefix(rest, " No") {
			return s.numbered(at, end)
		}
	}
	return false
}

// wordBefore gives where the word of letters or digits begins that ends at i.
func wordBefore(text string, i int) int {
	for i > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:i])
		if !inWord(r) && r != '\'' && r != '-' && r != '.' {
			break
		}
		i -= size
	}
	return i
}

// houseNumber says whether a text is one: digits, and a letter or a range behind.
func houseNumber(text string) bool {
	digits := 0
	for digits < len(text) && isDigit(text[digits]) {
		digits++
	}
	rest := text[digits:]
	return 1 <= digits && digits <= 5 && (rest == "" || len(rest) == 1 && isLetter(rest[0]) || rest[0] == '-' && houseNumber(rest[1:]))
}

// compound tells street names that are one word with what they are.
func compound(word string) bool {
	if !beginsCapital(word) {
		return false
	}
	for _, ending := range compounds(lower(word[len(word)-1])) {
		if hasEnding(word, ending) {
			return true
		}
	}
	return false
}

// compounds gives the endings of such names, by their last letter.
func compounds(last byte) []string {
	switch last {
	case 'e':
		return []string{"straße", "strasse", "allee", "gasse", "chaussee", "kade", "gade", "tie"}
	case 'r':
		return []string{"str", "ufer"}
	case 'g':
		return []string{"weg", "ring", "steeg"}
	case 'z':
		return []string{"platz"}
	case 'm':
		return []string{"damm"}
	case 't':
		return []string{"straat", "gracht"}
	case 'n':
		return []string{"laan", "plein", "gatan", "vägen", "veien", "vegen"}
	case 'k':
		return []string{"dijk"}
	case 'l':
		return []string{"singel"}
	case 'a':
		return []string{"gata"}
	case 'j':
		return []string{"vej"}
	case 'u':
		return []string{"katu"}
	}
	return nil
}

// streetBehind finds "rue des Lilas 27" or "27, rue des Lilas" at its first word.
func (s *scanner) streetBehind(i, end int, word string) bool {
	if abbreviation := len(word) <= 3 && word != "rue" && word != "Rue" && word != "via" && word != "Via" && word != "Rua" && word != "rua"; abbreviation &&
		s.byteAt(end) != '.' && s.byteAt(end) != '/' && word != "Am" && word != "An" && word != "Auf" && word != "bd" {
		return false
	}
	stop := s.streetName(end)
	if stop == 0 || (word == "An" || word == "Auf") && !strings.HasPrefix(s.text[end:], " de") {
		return false
	}
	if start, ok := s.numberBefore(i); ok {
		s.add(Address, start, s.townEnd(stop))
		return true
	}
	return s.numbered(i, stop)
}

// streetName goes over the words of a street's name behind its first, 0 = none of
// them is a name.
func (s *scanner) streetName(i int) int {
	end, capitals := 0, 0
	for range mostStreet + 1 {
		for i < len(s.text) && strings.IndexByte("./ '", s.text[i]) >= 0 {
			i++
		}
		next := wordAt(s.text, i)
		if next == i {
			break
		}
		r, _ := utf8.DecodeRuneInString(s.text[i:])
		if unicode.IsUpper(r) {
			capitals++
			end = next
		} else if utf8.RuneCountInString(s.text[i:next]) > 4 && s.byteAt(i-1) != '\'' {
			break
		}
		i = next
	}
	if capitals == 0 {
		return 0
	}
	return end
}

// numberBefore finds the house's number that stands before the street, as in
// "3 bis, place …".
func (s *scanner) numberBefore(i int) (int, bool) {
	at := len(strings.TrimRight(s.text[:i], " "))
	at = len(strings.TrimRight(s.text[max(0, at-1):at], ",")) + max(0, at-1)
	start := wordBefore(s.text, at)
	switch s.text[start:at] {
	case "bis", "ter", "quater":
		at = len(strings.TrimRight(s.text[:start], " "))
		start = wordBefore(s.text, at)
	}
	return start, start < at && i-at <= 8 && houseNumber(s.text[start:at])
}

// numbered notes a street from start to end behind which the house's number stands.
func (s *scanner) numbered(start, end int) bool {
	at := end
	for at < len(s.text) && at-end < 3 && strings.IndexByte("., ", s.text[at]) >= 0 {
		at++
	}
	if at == end {
		return false
	}
	for _, word := range []string{"No:", "No.", "No", "nº", "n.", "д.", "дом", "буд.", "nr", "Nr."} {
		if strings.HasPrefix(s.text[at:], word) {
			at += len(word)
			at += len(s.text[at:]) - len(strings.TrimLeft(s.text[at:], " :"))
			break
		}
	}
	stop := at
	for stop < len(s.text) && (isAlnum(s.text[stop]) || s.text[stop] == '/' || s.text[stop] == '-') && stop-at < 8 {
		stop++
	}
	number := strings.TrimRight(s.text[at:stop], "-/")
	plain, _, _ := strings.Cut(number, "/")
	if !houseNumber(plain) {
		return false
	}
	s.add(Address, start, s.townEnd(s.unitEnd(at+len(number))))
	return true
}

// unitEnd goes over a flat's number behind the house's.
func (s *scanner) unitEnd(i int) int {
	rest := s.text[i:min(len(s.text), i+24)]
	at := len(rest) - len(strings.TrimLeft(rest, ", ."))
	if at == 0 {
		return i
	}
	for _, word := range []string{"Apt", "Apartment", "Unit", "Suite", "Ste", "Flat", "#", "кв", "корп", "lok", "m.", "piso", "Wohnung", "apto"} {
		if !strings.HasPrefix(rest[at:], word) {
			continue
		}
		at += len(word)
		at += len(rest[at:]) - len(strings.TrimLeft(rest[at:], ". "))
		end := at
		for end < len(rest) && isAlnum(rest[end]) {
			end++
		}
		if end > at {
			return i + end
		}
	}
	return i
}

// townEnd goes over the town behind a street: words with capitals and numbers in one
// line, as far as a postal code or the name of a town goes. Without a code, one part
// behind a comma counts.
func (s *scanner) townEnd(i int) int {
	end, coded := i, false
	at := i
	for parts := 0; parts < 4; parts++ {
		next := s.overComma(at)
		if next == at || next-i > longestTown {
			break
		}
		part := s.townPart(next)
		if part == next {
			break
		}
		code := len(onlyDigits(s.text[next:part])) > 2 // two are a floor
		if parts > 0 && coded && code || !code && s.byteAt(next-1) != ' ' {
			break
		}
		end, at, coded = part, part, coded || code
	}
	return end
}

// overComma goes over a comma and a space, or a line's end.
func (s *scanner) overComma(i int) int {
	at := i
	for at < len(s.text) && at-i < 3 && strings.IndexByte(", \n", s.text[at]) >= 0 {
		at++
	}
	if at > i && s.text[at-1] == '\n' && !isDigit(s.byteAt(at)) || at == i+1 && s.text[i] == ' ' {
		return i
	}
	return at
}

// townPart goes over words with capitals, particles between them, and the numbers
// and letters of postal codes.
func (s *scanner) townPart(i int) int {
	end := i
	for at := i; at-i < longestTown; {
		next := at
		for next < len(s.text) && (isAlnum(s.text[next]) || s.text[next] == '-' || s.text[next] == 'º' || s.text[next] >= utf8.RuneSelf) {
			_, size := utf8.DecodeRuneInString(s.text[next:])
			next += size
		}
		word := s.text[at:next]
		if word == "" || !isDigit(word[0]) && !beginsCapital(word) && !particle(word) && word != "am" && word != "an" {
			break
		}
		if isDigit(word[0]) && len(onlyDigits(word)) > 6 && !strings.Contains(word, "-") {
			break
		}
		if !particle(word) && word != "am" && word != "an" {
			end = next
		}
		if s.byteAt(next) != ' ' {
			break
		}
		at = next + 1
	}
	return end
}
