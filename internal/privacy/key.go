package privacy

import "strings"

// keyForm is how a provider's keys look: what they begin with, and how many signs
// of [A-Za-z0-9_-] follow at least.
type keyForm struct {
	prefix string
	least  int
}

// keyForms gives the forms that begin with a letter, in any case.
func keyForms(first byte) []keyForm {
	switch lower(first) {
	case 'a':
		return []keyForm{{"AKIA", 16}, {"ASIA", 16}, {"AROA", 16}, {"AIDA", 16}, {"AIza", 30}, {"ATATT3", 30}, {"AGE-SECRET-KEY-1", 40}, {"AC", 32}}
	case 'd':
		return []keyForm{{"dop_v1_", 40}, {"doo_v1_", 40}, {"dckr_pat_", 20}, {"dapi", 32}}
	case 'e':
		return []keyForm{{"eyJ", 20}}
	case 'f':
		return []keyForm{{"figd_", 30}}
	case 'g':
		return []keyForm{
			{"ghp_", 30}, {"gho_", 30}, {"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 40}, {"glpat-", 20}, {"gldt-", 20}, {"glptt-", 30},
			{"GOCSPX-", 20}, {"gsk_", 30},
		}
	case 'h':
		return []keyForm{{"hf_", 30}, {"hvs.", 20}, {"hvb.", 20}}
	case 'k':
		return []keyForm{{"key-", 30}}
	case 'l':
		return []keyForm{{"lin_api_", 30}}
	case 'n':
		return []keyForm{{"npm_", 30}, {"nvapi-", 40}, {"ntn_", 30}, {"NRAK-", 20}}
	case 'p':
		return []keyForm{{"pk_live_", 16}, {"pk_test_", 16}, {"pypi-", 40}, {"pplx-", 30}, {"PMAK-", 30}, {"pat-", 30}}
	case 'r':
		return []keyForm{{"rk_live_", 16}, {"rk_test_", 16}, {"rubygems_", 40}, {"r8_", 30}}
	case 's':
		return []keyForm{
			{"sk-", 20}, {"sk_live_", 16}, {"sk_test_", 16}, {"SG.", 40}, {"shpat_", 30}, {"shpca_", 30}, {"shpss_", 30}, {"sq0atp-", 20},
			{"sq0csp-", 30}, {"secret_", 40}, {"sntrys_", 40}, {"sntryu_", 40}, {"SK", 32},
		}
	case 't':
		return []keyForm{{"tvly-", 20}}
	case 'w':
		return []keyForm{{"whsec_", 24}}
	case 'x':
		return []keyForm{{"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20}, {"xoxr-", 20}, {"xoxs-", 20}, {"xoxe-", 20}, {"xoxe.", 20}, {"xapp-", 20}, {"xai-", 30}}
	case 'y':
		return []keyForm{{"ya29.", 20}}
	}
	return nil
}

// longestKey is how many bytes of a key are looked at; of a block of PEM more.
const (
	longestKey = 8 << 10
	longestPEM = 64 << 10
)

// key finds a key, a token or a password at a word from i to end: by its form, or
// behind a name that announces it.
func (s *scanner) key(i, end int) {
	for _, f := range keyForms(s.text[i]) {
		if !strings.HasPrefix(s.text[i:], f.prefix) {
			continue
		}
		stop := s.tokenEnd(i+len(f.prefix), keySign)
		if stop-i-len(f.prefix) >= f.least && random(s.text[i:stop]) {
			s.add(Key, i, stop)
			return
		}
	}
	if s.text[i] == 'B' && s.text[i:end] == "BEGIN" && s.endsWith(i, "-----") {
		s.pem(i)
	}
	s.announcedKey(i, end)
}

// tokenEnd gives where the signs end that begin at i. A dot at the end is a
// sentence's.
func (s *scanner) tokenEnd(i int, sign func(byte) bool) int {
	most := min(len(s.text), i+longestKey)
	for i < most && sign(s.text[i]) {
		i++
	}
	for i > 0 && (s.text[i-1] == '.' || s.text[i-1] == ',') {
		i--
	}
	return i
}

// keySign tells what keys are made of. The dot divides the parts of tokens.
func keySign(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' || c == '=' }

// secretSign tells what passwords are made of, in what is not prose.
func secretSign(c byte) bool {
	return c > ' ' && c != '"' && c != '\'' && c != '`' && c != '<' && c != '>' && c != '|' && c != 0x7F
}

// random says of a text that it is not made of words: it has digits, and letters.
func random(s string) bool {
	digits, letters := 0, 0
	for i := range len(s) {
		if isDigit(s[i]) {
			digits++
		} else if isLetter(s[i]) {
			letters++
		}
	}
	return digits > 0 && letters > 0
}

// pem finds a private key in a block whose BEGIN stands at i.
func (s *scanner) pem(i int) {
	block := s.text[i:min(len(s.text), i+longestPEM)]
	head, _, ok := strings.Cut(block[len("BEGIN"):], "-----")
	if !ok || len(head) > 40 || !strings.Contains(head, "PRIVATE KEY") {
		return
	}
	stop := strings.Index(block, "-----END")
	if stop < 0 {
		s.add(Key, i-len("-----"), i+len(block)) // cut off: all of it may be the key
		return
	}
	line := strings.Index(block[stop+len("-----END"):], "-----")
	if line < 0 {
		line = 0
	}
	s.add(Key, i-len("-----"), i+min(len(block), stop+len("-----END")+line+len("-----")))
}

// announcedKey finds what is given to a name such as api_key or password, or stands
// behind a word such as Bearer or "password is".
func (s *scanner) announcedKey(i, end int) {
	for end < len(s.text) && end-i < 2*longestScheme && (isAlnum(s.text[end]) || s.text[end] == '_' || s.text[end] == '-') {
		end++
	}
	name := s.text[i:end]
	if !announces(name) && (name != "passe" || !s.precededBy(i, "mot de ")) {
		return
	}
	start, firm := s.given(end)
	if start < 0 {
		return
	}
	if scheme := s.tokenEnd(start, isLetter); scheme < len(s.text) && s.text[scheme] == ' ' {
		switch strings.ToLower(s.text[start:scheme]) {
		case "bearer", "basic", "token":
			start, firm = scheme+1, true
		}
	}
	stop := s.tokenEnd(start, secretSign)
	stop = start + len(strings.TrimRight(s.text[start:stop], ".,;:!?)]}&"))
	if parameter, rest, ok := strings.Cut(s.text[start:stop], "&"); ok && firm && strings.Contains(rest, "=") {
		stop = start + len(parameter) // another one of an address follows
	}
	value := s.text[start:stop]
	if least := 6; len(value) >= least && random(value) && !strings.Contains(value, "(") {
		s.add(Key, start, stop)
	}
}

// announces says of a word that a secret may follow: a secret's name.
func announces(name string) bool {
	if len(name) < 2 || !secretName(name) {
		return false
	}
	switch strings.ToLower(name) {
	case "code", "session", "key", "sid", "auth", "sig":
		return false // these mean something else in texts
	}
	return true
}

// given gives where the value begins that follows a name: behind a colon or an
// equals sign, firmly; behind a blank or a verb, less so. -1 = none follows.
func (s *scanner) given(i int) (start int, firm bool) {
	rest := s.text[i:min(len(s.text), i+24)]
	trimmed := strings.TrimLeft(rest, "\"'`* \t]")
	if trimmed != "" && (trimmed[0] == ':' || trimmed[0] == '=') {
		trimmed = strings.TrimLeft(trimmed, ":=>\"'`* \t")
		return i + len(rest) - len(trimmed), true
	}
	if !strings.HasPrefix(rest, " ") {
		return -1, false
	}
	trimmed = rest[1:]
	for _, verb := range []string{"is ", "was ", "ist ", "lautet ", "es ", "est ", "è ", "é ", "to "} {
		trimmed = strings.TrimPrefix(trimmed, verb)
	}
	trimmed = strings.TrimLeft(trimmed, ":\"'`* ")
	return i + len(rest) - len(trimmed), false
}
