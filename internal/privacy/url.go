package privacy

import "strings"

// The most bytes of an address on the web, and of the name of its scheme.
const (
	longestURL    = 8 << 10
	longestScheme = 20
)

// url finds an address with a password or a token in it, around the colon at i.
func (s *scanner) url(i int) {
	if i < s.urlSeen || s.byteAt(i+1) != '/' || s.byteAt(i+2) != '/' {
		return
	}
	start := i
	for start > 0 && i-start < longestScheme && (isAlnum(s.text[start-1]) || strings.IndexByte("+-.", s.text[start-1]) >= 0) {
		start--
	}
	end := min(len(s.text), i+longestURL)
	if stop := strings.IndexAny(s.text[i:end], " \t\r\n\"<>`|\\^{}"); stop >= 0 {
		end = i + stop
	}
	s.urlSeen = end
	end = i + len(strings.TrimRight(s.text[i:end], ".,;:!?)]'*_"))
	if start == i || end < i+4 {
		return
	}
	if rest := s.text[i+3 : end]; credentials(rest) || secretQuery(rest) || webhook(rest) {
		s.add(URL, start, end)
	}
}

// credentials says whether the part that names the server has a user before it.
func credentials(rest string) bool {
	server := rest
	if stop := strings.IndexAny(rest, "/?#"); stop >= 0 {
		server = rest[:stop]
	}
	return strings.IndexByte(server, '@') > 0
}

// webhook tells addresses whose path is what lets one in.
func webhook(rest string) bool {
	for _, prefix := range []string{
		"hooks.slack.com/services/", "hooks.slack.com/triggers/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
		"api.telegram.org/bot", "hooks.zapier.com/hooks/catch/",
	} {
		if strings.HasPrefix(rest, prefix) && len(rest) > len(prefix)+8 {
			return true
		}
	}
	return false
}

// secretQuery says whether there is a parameter that holds a secret, behind a
// question mark or a hash sign.
func secretQuery(rest string) bool {
	at := strings.IndexAny(rest, "?#")
	for at >= 0 {
		rest = rest[at+1:]
		name, value, ok := strings.Cut(rest, "=")
		if stop := strings.IndexAny(value, "&#"); stop >= 0 {
			value = value[:stop]
		}
		if ok && len(name) <= longestScheme*2 && len(value) >= 4 && secretName(name) {
			return true
		}
		at = strings.IndexAny(rest, "&#;")
	}
	return false
}

// secretName says of a parameter's or a variable's name that its value is secret.
func secretName(name string) bool {
	name = alnums(name)
	for _, part := range []string{
		"token", "apikey", "secret", "password", "passwd", "passwort", "passphrase", "contrasea", "contrasena", "motdepasse", "wachtwoord", "haslo",
		"signature", "credential", "accesskey", "privatekey", "authkey", "accountkey", "sessionid", "sessionkey", "jwt", "bearer", "authorization",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	switch name {
	case "sig", "pwd", "pass", "pw", "auth", "key", "sid", "session", "code", "otp", "psk", "subscriptionkey":
		return true
	}
	return false
}
