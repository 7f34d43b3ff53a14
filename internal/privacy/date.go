package privacy

import (
	"strings"
)

// birth finds a date that begins with the first group, or has its month's name
// before it, where a word says that it is of somebody's birth.
func (s *scanner) birth(n *numbers) {
	start := n.groups[0].start
	end := s.dateEnd(n)
	if end == 0 {
		start, end = s.americanDate(n)
	}
	if end > 0 && s.cued(start, birthCue) {
		s.add(Date, start, end)
	}
}

// dateEnd gives where a date ends whose first number is the first group, 0 = it is
// none.
func (s *scanner) dateEnd(n *numbers) int {
	if end := s.hanDate(n); end > 0 {
		return end
	}
	if n.n >= 3 && dateGap(n.gap(1)) && dateGap(n.gap(2)) {
		a, b, c := n.groups[0], n.groups[1], n.groups[2]
		first, last := value([]byte(s.text[a.start:a.end])), value([]byte(s.text[c.start:c.end]))
		middle := value([]byte(s.text[b.start:b.end]))
		switch {
		case a.len() == 4 && b.len() <= 2 && c.len() <= 2 && monthDay(middle, last):
			return c.end
		case a.len() <= 2 && b.len() <= 2 && (c.len() == 4 || c.len() == 2) && (monthDay(middle, first) || monthDay(first, middle)):
			return c.end
		}
	}
	return s.namedDate(n)
}

// dateGap says whether a gap may stand within a date.
func dateGap(gap string) bool {
	return len(gap) <= 2 && strings.Trim(gap, "./- ") == ""
}

// hanDate finds 1990年5月12日 and its like.
func (s *scanner) hanDate(n *numbers) int {
	if n.groups[0].len() != 4 {
		return 0
	}
	at := n.groups[0].end
	for _, signs := range [][2]string{{"年", "년"}, {"月", "월"}, {"日", "일"}} {
		for _, sign := range signs {
			if strings.HasPrefix(s.text[at:], sign) {
				at += len(sign)
				break
			}
		}
		if signs[0] == "日" {
			break
		}
		for s.byteAt(at) == ' ' {
			at++
		}
		digits := s.digitsEnd(at)
		if digits == at || digits-at > 2 {
			return 0
		}
		at = digits
	}
	return at
}

// namedDate finds "3 February 1980", "3. Februar 1980" and "3 de febrero de 1980".
func (s *scanner) namedDate(n *numbers) int {
	if n.groups[0].len() > 2 {
		return 0
	}
	at := n.groups[0].end
	for _, ending := range []string{"st", "nd", "rd", "th", "er", "."} {
		if strings.HasPrefix(s.text[at:], ending) {
			at += len(ending)
			break
		}
	}
	month := false
	for range 4 {
		for s.byteAt(at) == ' ' || s.byteAt(at) == ',' {
			at++
		}
		if isDigit(s.byteAt(at)) {
			if end := s.digitsEnd(at); month && end-at == 4 {
				return end
			}
			return 0
		}
		end := wordAt(s.text, at)
		word := strings.ToLower(s.text[at:end])
		if end == at || word != "de" && word != "of" && !isMonth(word) {
			return 0
		}
		month = month || isMonth(word)
		at = end
		if s.byteAt(at) == '.' {
			at++
		}
	}
	return 0
}

// americanDate finds "February 3, 1980" at its day.
func (s *scanner) americanDate(n *numbers) (start, end int) {
	if n.n < 2 || n.groups[0].len() > 2 || n.groups[1].len() != 4 || strings.Trim(n.gap(1), ", ") != "" {
		return 0, 0
	}
	at := n.groups[0].start
	if s.byteAt(at-1) != ' ' {
		return 0, 0
	}
	start = wordBefore(s.text, at-1)
	if !isMonth(strings.ToLower(strings.TrimSuffix(s.text[start:at-1], "."))) {
		return 0, 0
	}
	return start, n.groups[1].end
}

// isMonth says whether a word in small letters is a month, by its beginning.
func isMonth(word string) bool {
	if len(word) < 3 || len(word) > 20 {
		return false
	}
	for _, month := range []string{
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		"jän", "mär", "mai", "okt", "dez", "fév", "fev", "avr", "juin", "juil", "aoû", "déc", "ene", "abr", "ago", "dic",
		"gen", "mag", "giu", "lug", "set", "ott", "out", "maa", "mei", "mrt",
		"sty", "lut", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru",
		"янв", "фев", "мар", "апр", "мая", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
		"oca", "şub", "nis", "haz", "tem", "ağu", "eyl", "eki", "kas", "ara",
	} {
		if strings.HasPrefix(word, month) {
			return true
		}
	}
	return false
}
