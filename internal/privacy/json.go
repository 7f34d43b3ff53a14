package privacy

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// MaskJSON masks the strings in a JSON text, keys too, and the numbers that are a
// card's or a person's: they become strings. The name of a member announces what
// its value is. What is not JSON is masked as a text.
func (v *Vault) MaskJSON(text string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !json.Valid([]byte(text)) {
		masked, _ := v.mask("", text)
		return masked
	}
	for range passes { // what is found in one string may stand in one before it
		known := len(v.entries)
		masked := eachString(text, v.maskString)
		if len(v.entries) == known {
			return masked
		}
	}
	return eachString(text, v.maskString)
}

// RestoreJSON puts the values back in the strings of a JSON text, keys too. What is
// not JSON is restored as a text.
func (v *Vault) RestoreJSON(text string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if !json.Valid([]byte(text)) {
		return v.restore(text)
	}
	return eachString(text, func(_, value string, number bool) string {
		if number {
			return value
		}
		return v.restore(value)
	})
}

// maskString masks a string or number that is the value of a member.
func (v *Vault) maskString(member, value string, number bool) string {
	cue := announcement(member)
	if !number {
		masked, _ := v.mask(cue, value)
		return masked
	}
	for _, p := range v.pieces(cue, value) {
		if p.start == 0 && p.end == len(value) {
			masked, _ := v.mask(cue, value)
			return masked
		}
	}
	return value
}

// announcement makes words of a member's name: dateOfBirth, date_of_birth.
func announcement(member string) string {
	if member == "" || len(member) > cueReach {
		return ""
	}
	var words strings.Builder
	small := false
	for _, r := range member {
		if unicode.IsUpper(r) && small {
			words.WriteByte(' ')
		}
		small = unicode.IsLower(r)
		if r == '_' || r == '-' || r == '.' {
			r = ' '
		}
		words.WriteRune(unicode.ToLower(r))
	}
	return words.String() + ": "
}

// eachString changes the strings of a valid JSON text, and its numbers of some
// length. The rest of the text stays as it is written.
func eachString(text string, change func(member, value string, number bool) string) string {
	var out bytes.Buffer
	member, last := "", 0
	for i := 0; i < len(text); {
		end := tokenEnd(text, i)
		raw := text[i:end]
		number := raw[0] != '"'
		if number && (!isDigit(raw[0]) || len(raw) < shortestPhone || i > 0 && text[i-1] == '-') {
			if raw == "," || raw == "{" || raw == "}" {
				member = ""
			}
			i = end
			continue
		}
		key := !number && isKey(text, end)
		value, about := unquoted(raw), member
		if key {
			member, about = value, ""
		}
		if changed := change(about, value, number); changed != value {
			out.WriteString(text[last:i])
			out.Write(quoted(changed))
			last = end
		}
		i = end
	}
	if last == 0 {
		return text
	}
	out.WriteString(text[last:])
	return out.String()
}

// tokenEnd gives where a string, a number or any other sign ends.
func tokenEnd(text string, i int) int {
	if text[i] == '"' {
		for i++; text[i] != '"'; i++ {
			if text[i] == '\\' {
				i++
			}
		}
		return i + 1
	}
	if !isDigit(text[i]) {
		return i + 1
	}
	for i < len(text) && (isAlnum(text[i]) || text[i] == '.' || text[i] == '+' || text[i] == '-') {
		i++
	}
	return i
}

// isKey says whether a string that ends at i names a member.
func isKey(text string, i int) bool {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i < len(text) && text[i] == ':'
}

// unquoted is what a string or number of JSON says.
func unquoted(raw string) string {
	if raw[0] != '"' {
		return raw
	}
	if !strings.Contains(raw, `\`) {
		return raw[1 : len(raw)-1]
	}
	var value string
	if json.Unmarshal([]byte(raw), &value) != nil {
		return raw[1 : len(raw)-1] // the text was held to be valid
	}
	return value
}

// quoted writes a string of JSON.
func quoted(value string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return []byte(`""`) // strings can be encoded
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
