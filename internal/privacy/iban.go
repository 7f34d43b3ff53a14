package privacy

// longestIBAN is how many letters and digits the longest one has.
const longestIBAN = 33

// iban finds an IBAN whose check digits begin at i: a country before them, behind
// them as many letters and digits as the country has, in its order, and the
// remainder that they have to leave.
func (s *scanner) iban(i int) {
	start := s.countryBefore(i)
	if start < 0 {
		return
	}
	var buffer [longestIBAN + 1]byte
	value := append(buffer[:0], lower(s.text[start]), lower(s.text[i-1]))
	if !isLetter(s.text[i-1]) { // a sign between country and digits
		value[1] = lower(s.text[start+1])
	}
	form := ibanForm(string(value))
	if form == "" {
		return
	}
	length := 4 + formLength(form)
	j, end := i, 0
	for gap := 0; j < len(s.text) && len(value) < length && gap <= longestGap; j++ {
		if isAlnum(s.text[j]) {
			value = append(value, lower(s.text[j]))
			gap, end = 0, j+1
		} else if inGap(s.text[j]) {
			gap++
		} else {
			break
		}
	}
	if len(value) == length && isDigit(value[2]) && isDigit(value[3]) && hasForm(value[4:], form) && mod97(value) {
		s.add(IBAN, start, end)
	}
}

// countryBefore gives where two letters begin that stand before i, with at most a
// sign between, -1 = there are none, or more than two.
func (s *scanner) countryBefore(i int) int {
	end := i
	if end > 0 && inGap(s.text[end-1]) {
		end--
	}
	if end < 2 || !isLetter(s.text[end-1]) || !isLetter(s.text[end-2]) {
		return -1
	}
	start := end - 2
	if isAlnum(s.byteAt(start-1)) && !s.endsWith(start, "iban") {
		return -1
	}
	return start
}

// endsWith says whether what ends at i ends with a word, in letters of any case.
func (s *scanner) endsWith(i int, word string) bool {
	if i < len(word) {
		return false
	}
	for j := range len(word) {
		if lower(s.text[i-len(word)+j]) != word[j] {
			return false
		}
	}
	return true
}

// formLength is how many characters a form stands for.
func formLength(form string) int {
	n := 0
	for count, _, rest := formPart(form); count > 0; count, _, rest = formPart(rest) {
		n += count
	}
	return n
}

// formPart takes the first part of a form, such as 10n: so many of n (digits), a
// (letters) or c (both). 0 = there is none.
func formPart(form string) (count int, kind byte, rest string) {
	for i := range len(form) {
		if !isDigit(form[i]) {
			return count, form[i], form[i+1:]
		}
		count = count*10 + int(form[i]-'0')
	}
	return 0, 0, ""
}

// hasForm holds letters and digits against a form of their length.
func hasForm(value []byte, form string) bool {
	for count, kind, rest := formPart(form); count > 0; count, kind, rest = formPart(rest) {
		for _, c := range value[:count] {
			if kind == 'n' && !isDigit(c) || kind == 'a' && !isLetter(c) {
				return false
			}
		}
		value = value[count:]
	}
	return true
}

// mod97 is the check of an IBAN, in small letters.
func mod97(value []byte) bool {
	rest := 0
	take := func(part []byte) {
		for _, c := range part {
			if isDigit(c) {
				rest = (rest*10 + int(c-'0')) % 97
			} else {
				rest = (rest*100 + int(c-'a') + 10) % 97
			}
		}
	}
	take(value[4:])
	take(value[:4])
	return rest == 1
}

// ibanForm gives what follows the check digits in a country's IBAN, by its code in
// small letters; "" = it has none. Beside the registry's, those that banks of
// countries outside of it use.
func ibanForm(country string) string {
	switch country {
	case "ad":
		return "8n12c"
	case "ae", "il", "so", "tl":
		return "19n"
	case "at", "ba", "ee", "lt", "mn", "xk":
		return "16n"
	case "az", "gt":
		return "4c20c"
	case "be":
		return "12n"
	case "bg":
		return "4a6n8c"
	case "bh":
		return "4a14c"
	case "br":
		return "23n1a1c"
	case "by":
		return "4c4n16c"
	case "ch", "li":
		return "5n12c"
	case "cr", "de", "me", "rs", "va":
		return "18n"
	case "al", "cy":
		return "8n16c"
	case "cz", "es", "se", "sk", "tn":
		return "20n"
	case "dj", "mr", "bi", "cm", "cf", "td", "km", "cg", "gq", "ga", "mg":
		return "23n"
	case "dk", "fi", "fo", "gl", "sd":
		return "14n"
	case "do":
		return "4c20n"
	case "eg":
		return "25n"
	case "fk":
		return "2a12n"
	case "fr", "mc":
		return "10n11c2n"
	case "gb", "ie":
		return "4a14n"
	case "ge":
		return "2a16n"
	case "gi":
		return "4a15c"
	case "gr":
		return "7n16c"
	case "hr":
		return "17n"
	case "hu", "pl", "ma":
		return "24n"
	case "iq":
		return "4a15n"
	case "is", "dz", "ir":
		return "22n"
	case "it", "sm":
		return "1a10n12c"
	case "jo", "ye":
		return "4a4n18c"
	case "kw":
		return "4a22c"
	case "kz", "lu":
		return "3n13c"
	case "lb":
		return "4n20c"
	case "lc":
		return "4a24c"
	case "lv":
		return "4a13c"
	case "ly", "pt", "st", "ao", "cv", "mz":
		return "21n"
	case "md":
		return "20c"
	case "mk":
		return "3n10c2n"
	case "mt":
		return "4a5n18c"
	case "mu":
		return "4a19n3a"
	case "ni", "sv", "hn":
		return "4a20n"
	case "nl":
		return "4a10n"
	case "no":
		return "11n"
	case "om":
		return "3n16c"
	case "pk", "ro":
		return "4a16c"
	case "ps", "qa":
		return "4a21c"
	case "ru":
		return "14n15c"
	case "sa":
		return "2n18c"
	case "sc":
		return "4a20n3a"
	case "si":
		return "15n"
	case "tr":
		return "6n16c"
	case "ua":
		return "6n19c"
	case "vg":
		return "4a16n"
	case "bj", "bf", "ml":
		return "2c22n"
	case "ci", "ne", "sn", "tg":
		return "2a22n"
	case "gw":
		return "2c19n"
	}
	return ""
}
