package privacy

import (
	"strings"
	"sync"
)

// keyForm is how a provider's keys look: what they begin with, and how many signs
// of [A-Za-z0-9_-] follow at least.
type keyForm struct {
	prefix string
	least  int
}

// keyForms gives the forms by the small letter that they begin with, made once.
// Nobody changes them.
var keyForms = sync.OnceValue(func() [][]keyForm {
	forms := make([][]keyForm, 26)
	for _, f := range []keyForm{
		{"AKIA", 16}, {"ASIA", 16}, {"AROA", 16}, {"AIDA", 16}, {"AIza", 30}, {"ATATT3", 30}, {"AGE-SECRET-KEY-1", 40}, {"AC", 32},
		{"dop_v1_", 40}, {"doo_v1_", 40}, {"dckr_pat_", 20}, {"dapi", 32}, {"eyJ", 20}, {"figd_", 30}, {"ghp_", 30}, {"gho_", 30},
		{"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 40}, {"glpat-", 20}, {"gldt-", 20}, {"glptt-", 30}, {"GOCSPX-", 20},
		{"gsk_", 30}, {"hf_", 30}, {"hvs.", 20}, {"hvb.", 20}, {"key-", 30}, {"lin_api_", 30}, {"npm_", 30}, {"nvapi-", 40},
		{"ntn_", 30}, {"NRAK-", 20}, {"pk_live_", 16}, {"pk_test_", 16}, {"pypi-", 40}, {"pplx-", 30}, {"PMAK-", 30}, {"pat-", 30},
		{"rk_live_", 16}, {"rk_test_", 16}, {"rubygems_", 40}, {"r8_", 30}, {"sk-", 20}, {"sk_live_", 16}, {"sk_test_", 16},
		{"SG.", 40}, {"shpat_", 30}, {"shpca_", 30}, {"shpss_", 30}, {"sq0atp-", 20}, {"sq0csp-", 30}, {"secret_", 40},
		{"sntrys_", 40}, {"sntryu_", 40}, {"SK", 32}, {"tvly-", 20}, {"whsec_", 24}, {"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20},
		{"xoxr-", 20}, {"xoxs-", 20}, {"xoxe-", 20}, {"xoxe.", 20}, {"xapp-", 20}, {"xai-", 30}, {"ya29.", 20},
	} {
		first := lower(f.prefix[0]) - 'a'
		forms[first] = append(forms[first], f)
	}
	return forms
})

// How many bytes are looked at of a key, of a secret and of a block of PEM.
const (
	longestKey    = 8 << 10
	longestSecret = 512 // behind its name
	longestPEM    = 64 << 10
)

// key finds a key, a token or a password at a word from i to end: by its form, or
// behind a name that announces it.
func (s *scanner) key(i, end int, r role) {
	if i >= s.keySeen {
		s.formed(i)
	}
	if s.text[i] == 'B' && s.text[i:end] == "BEGIN" && s.endsWith(i, "-----") {
		s.pem(i)
	}
	if r&secret != 0 || secretEnding(s.text[i:end]) {
		s.announcedKey(i, end)
	}
}

// formed finds a key by its form.
func (s *scanner) formed(i int) {
	for _, f := range keyForms()[lower(s.text[i])-'a'] {
		if !strings.HasPrefix(s.text[i:], f.prefix) {
			continue
		}
		start := i + len(f.prefix)
		s.keySeen = s.tokenEnd(start, longestKey, keySign)
		if s.keySeen-start >= f.least && random(s.text[i:s.keySeen]) {
			s.add(Key, i, s.keySeen)
			return
		}
	}
}

// secretEnding tells names such as accessToken.
func secretEnding(word string) bool {
	switch lower(word[len(word)-1]) {
	case 'n':
		return hasEnding(word, "token")
	case 't':
		return hasEnding(word, "secret")
	case 'd':
		return hasEnding(word, "password")
	case 'y':
		return hasEnding(word, "key")
	}
	return false
}

// hasEnding says whether a word ends with another one, which is in small letters.
func hasEnding(word, ending string) bool {
	return len(word) > len(ending) && strings.EqualFold(word[len(word)-len(ending):], ending)
}

// tokenEnd gives where the signs end that begin at i. A dot at the end is a
// sentence's.
func (s *scanner) tokenEnd(i, most int, sign func(byte) bool) int {
	most = min(len(s.text), i+most)
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
	if i < s.pemSeen {
		return
	}
	block := s.text[i:min(len(s.text), i+longestPEM)]
	head, _, ok := strings.Cut(block[len("BEGIN"):min(len(block), 64)], "-----")
	if !ok || !strings.Contains(head, "PRIVATE KEY") {
		return
	}
	s.pemSeen = i + len(block)
	stop := strings.Index(block, "-----END")
	if stop < 0 {
		s.add(Key, i-len("-----"), i+len(block)) // cut off: all of it may be the key
		return
	}
	s.pemSeen = i + stop
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
	if start < s.secretSeen {
		return
	}
	if scheme := s.tokenEnd(start, longestScheme, isLetter); scheme < len(s.text) && s.text[scheme] == ' ' {
		switch strings.ToLower(s.text[start:scheme]) {
		case "bearer", "basic", "token":
			start, firm = scheme+1, true
		}
	}
	stop := s.tokenEnd(start, longestSecret, secretSign)
	s.secretSeen = stop
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
