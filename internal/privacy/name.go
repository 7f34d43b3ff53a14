package privacy

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// introductions gives the phrases, made once. Nobody changes them.
var introductions = sync.OnceValue(introPhrases)

// introPhrases are the phrases behind which a name stands, by their last word; what
// comes before it is in small letters. A phrase that begins with a question mark may
// announce other things, so that the name has to be one by itself: of two words, or
// a common given name. With an exclamation mark, only the latter: products have
// names as well.
func introPhrases() map[string][]string {
	return map[string][]string{
		"is": {"name ", "?this ", "call me "}, "me": {"call ", "?it's "}, "am": {"?i "}, "i'm": {"?"}, "name": {"full :", "first :", "last :", "customer :", "!:"},
		"person": {"contact :"}, "patient": {"?"}, "ask": {"?"},
		"ist": {"name "}, "heiße": {"ich "}, "heisse": {"ich "}, "bin": {"?ich "}, "ansprechpartner": {":"}, "ansprechpartnerin": {":"},
		"m'appelle": {"je "}, "est": {"nom "}, "suis": {"?je "}, "nom": {"!:"},
		"llamo": {"me "}, "es": {"nombre "}, "soy": {"?"}, "nombre": {"!:"},
		"chiamo": {"mi "}, "sono": {"?"}, "nome": {"!:"}, "intestato": {"?a"},
		"é": {"nome "}, "chamo-me": {""}, "chamo": {"me "},
		"heet": {"ik "}, "ben": {"?ik "}, "naam": {"!:"}, "nazywam": {"się"}, "imię": {"na "}, "imieniem": {""},
		"heter": {"jag ", "jeg "}, "är": {"namn "}, "er": {"navn "}, "hedder": {"jeg "}, "namn": {"!:"}, "navn": {"!:"}, "on": {"nimeni "}, "olen": {"?"},
		"зовут": {"меня ", "мене "}, "звати": {"мене "}, "имя": {"моё ", "мое ", ":"}, "фио": {":"},
		"adım": {""}, "ismim": {""}, "jmenuji": {"se"}, "numesc": {"mă "},
		"اسمي": {""}, "नाम": {"मेरा "}, "שמי": {""}, "λένε": {"με "},
	}
}

// particles stand within surnames, in small letters.
func particle(word string) bool {
	switch word {
	case "van", "der", "den", "de", "da", "di", "du", "del", "della", "dos", "das", "do", "von", "zu", "zum", "bin", "ibn", "al", "el", "la", "le", "ter", "ten", "af", "av", "y", "e":
		return true
	}
	return false
}

// The most words of a name, and the parts of a spelling of one that are looked at.
const mostNames = 4

// name finds a name at a word that announces or begins one.
func (s *scanner) name(i, end int, r role) {
	switch {
	case end == i+1: // a French monsieur, or the initial of a name
		if s.text[i] == 'M' && strings.HasPrefix(s.text[end:], ". ") {
			s.named(end+2, 1, false)
		}
	case r&title != 0 && beginsCapital(s.text[i:]) || r&title != 0 && r&given == 0 && s.byteAt(end) == '.':
		s.named(s.behindTitle(end), 1, false)
	case r&intro != 0 && s.introduced(i, end):
	case r&closing != 0:
		s.named(s.behindClosing(end), 1, false)
	case r&greeting != 0:
		s.greeted(i, end)
	case r&given != 0 && beginsCapital(s.text[i:]) && end-i > 2:
		s.givenName(i, end)
	}
}

// givenName finds a name that begins with a common given name, or is one. Behind the
// word for a saint it is a place, and before words such as Street as well.
func (s *scanner) givenName(i, end int) {
	if s.named(i, 2, true) || s.byteAt(i-1) == '-' || end-i == 3 && isMonth(strings.ToLower(s.text[i:end])) {
		return
	}
	if next := wordAt(s.text, min(end+1, len(s.text))); s.byteAt(end) == ' ' && next > end+1 {
		if word := s.text[end+1 : next]; beginsCapital(word) && roleOf(word)&(notName|streetEnd) != 0 {
			return
		}
	}
	if i > 0 && s.text[i-1] == ' ' {
		switch strings.ToLower(s.text[wordBefore(s.text, i-1) : i-1]) {
		case "san", "santa", "santo", "saint", "sainte", "st", "st.", "sankt", "são", "sao", "port", "fort", "los", "las", "new", "mount", "lake":
			return
		}
	}
	s.add(Name, i, s.withoutEnding(i, end))
}

// introduced finds a name behind a phrase whose last word is from i to end.
func (s *scanner) introduced(i, end int) bool {
	for _, phrase := range introductions()[strings.ToLower(s.text[i:end])] {
		weak, doubtful := strings.HasPrefix(phrase, "?"), strings.HasPrefix(phrase, "!")
		phrase = strings.TrimLeft(phrase, "?!")
		before, colon := strings.CutSuffix(phrase, ":")
		next := end
		switch {
		case colon:
			rest := strings.TrimLeft(s.text[end:min(len(s.text), end+6)], "\"* ")
			if !strings.HasPrefix(rest, ":") {
				continue
			}
			next = end + strings.IndexByte(s.text[end:], ':') + 1
			next += len(s.text[next:]) - len(strings.TrimLeft(s.text[next:], "\"* "))
		case before != "" && !strings.HasSuffix(before, " "): // the phrase goes on behind the word
			if !strings.HasPrefix(s.text[end:], " "+before) {
				continue
			}
			next, before = end+1+len(before), ""
		}
		if !s.precededBy(i, before) {
			continue
		}
		if !colon {
			next = s.overSpace(next)
		}
		least := 1
		if (weak || doubtful) && roleOf(s.text[next:max(next, wordAt(s.text, next))])&given == 0 {
			least = 2
			if doubtful {
				continue
			}
		}
		if s.named(next, least, false) {
			return true
		}
	}
	return false
}

// precededBy says whether a phrase in small letters stands right before i.
func (s *scanner) precededBy(i int, phrase string) bool {
	from := max(0, i-len(phrase)-2)
	return phrase == "" || strings.HasSuffix(strings.ToLower(s.text[from:i]), phrase)
}

// overSpace goes over one space, a line's end, or an opening sign.
func (s *scanner) overSpace(i int) int {
	for range 3 {
		if c := s.byteAt(i); c != ' ' && c != '\n' && c != '*' && c != '"' {
			break
		}
		i++
	}
	return i
}

// behindTitle goes over a title's dot, and further titles.
func (s *scanner) behindTitle(i int) int {
	for range mostNames {
		if s.byteAt(i) == '.' {
			i++
		}
		if s.byteAt(i) != ' ' {
			return i
		}
		next := wordAt(s.text, i+1)
		if roleOf(s.text[i+1:next])&title == 0 || s.byteAt(next) != '.' {
			return i + 1
		}
		i = next
	}
	return i
}

// behindClosing goes over what stands between the end of a letter and its name.
func (s *scanner) behindClosing(i int) int {
	end := i
	for end < len(s.text) && end-i < 6 && strings.IndexByte(" ,:!\r\n-", s.text[end]) >= 0 {
		end++
	}
	if end == i {
		return len(s.text)
	}
	return end
}

// greeted finds the name of one who is greeted: behind "dear", a word that is no
// other; behind lighter greetings only a common given name.
func (s *scanner) greeted(i, end int) {
	next := end
	if s.byteAt(next) == ',' {
		next++
	}
	if s.byteAt(next) != ' ' {
		return
	}
	next++
	stop := wordAt(s.text, next)
	r := roleOf(s.text[next:stop])
	firm := r&(notName|title|streetHead) == 0 && next == end+1 && strings.IndexByte(",!:", s.byteAt(stop)) >= 0
	switch strings.ToLower(s.text[i:end]) {
	case "hi", "hello", "hallo", "hey", "bonjour", "hola", "ciao", "olá", "hej", "cześć", "привет", "merhaba", "beste", "cara", "caro":
		firm = false
	}
	if r&given != 0 || firm {
		s.named(next, 1, false)
	}
}

// named notes the name that begins at i, if it has so many words. In a script with
// capitals each begins with one; strict says that the second is no other word.
func (s *scanner) named(i, least int, strict bool) bool {
	if i >= len(s.text) {
		return false
	}
	count, end := 0, 0
	for at := i; count < mostNames; {
		next := wordAt(s.text, at)
		word := s.text[at:next]
		if next == at || !s.partOfName(word, count, strict) {
			if !particle(word) || count == 0 && !strings.HasPrefix(s.text[next:], " ") {
				break
			}
		} else {
			count, end = count+1, next
		}
		if s.byteAt(next) == '.' && utf8.RuneCountInString(word) == 1 {
			next++ // an initial
		}
		if c := s.byteAt(next); c != ' ' && c != '\t' && !(c == '+' && s.byteAt(next+1) != ' ') {
			break
		}
		at = next + 1
	}
	if first, size := utf8.DecodeRuneInString(s.text[i:]); count < least || end == i+size && !spaceless(first) {
		return false // an initial is no name
	}
	s.add(Name, i, s.withoutEnding(i, end))
	return true
}

// partOfName says whether a word may be the next one of a name.
func (s *scanner) partOfName(word string, count int, strict bool) bool {
	r := roleOf(word)
	first, _ := utf8.DecodeRuneInString(word)
	if !unicode.IsUpper(first) {
		return !unicode.IsLower(first) && !spaceless(first) && count < 2 && !stopsName(word)
	}
	if r&notName != 0 || r&streetEnd != 0 && strict && count > 0 {
		return false
	}
	return count > 0 || r&(title|closing|greeting) == 0 || !strict
}

// stopsName tells words of scripts without capitals that follow names.
func stopsName(word string) bool {
	switch word {
	case "है", "हूँ", "और", "هو", "من":
		return true
	}
	return strings.HasPrefix(word, "و") && utf8.RuneCountInString(word) > 4
}

// withoutEnding leaves the possessive off a name.
func (s *scanner) withoutEnding(start, end int) int {
	if strings.HasSuffix(s.text[start:end], "'s") {
		return end - 2
	}
	return end
}
