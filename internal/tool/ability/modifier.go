package ability

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// modifier writes a value for the place where it is filled in.
type modifier func(value string) string

// parseModifier reads a word behind the name of a placeholder. Words that say
// something of the parameter give no modifier.
func parseModifier(word string, p *Parameter) (modifier, error) {
	switch word {
	case "euc":
		return encodeComponent, nil
	case "js":
		return insideJSON, nil
	case "ys":
		return quotedJSON, nil
	case "string", "number", "integer", "boolean":
		p.Type = word
		return nil, nil
	}
	name, rest, _ := strings.Cut(word, "<")
	inside, closed := strings.CutSuffix(rest, ">")
	switch {
	case closed && name == "default":
		p.Default = strings.TrimSpace(inside)
		return nil, nil
	case closed && name == "enum":
		for value := range strings.SplitSeq(inside, ",") {
			p.Enum = append(p.Enum, strings.TrimSpace(value))
		}
		return nil, nil
	}
	return nil, convo.Errorf(convo.Invalid, "%q in the placeholder of %s is none of euc, js, ys, string, number, integer, boolean, enum<…> and default<…>", short(word), short(p.Name))
}

// encodeComponent writes a value as JavaScript's encodeURIComponent does.
func encodeComponent(value string) string { return percent(value, "-_.!~*'()") }

// encodeAddress writes a value into an address without ending what it stands
// in: blanks, quotes and # are encoded, the characters that divide a path or a
// query are not.
func encodeAddress(value string) string { return percent(value, "-_.!~*'()/?&=:;,@$+") }

// keepEncoded is encodeAddress for what has been encoded before.
func keepEncoded(value string) string { return percent(value, "-_.!~*'()/?&=:;,@$+%") }

// percent encodes all bytes but letters and digits of ASCII and those kept.
func percent(value, keep string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// quotedJSON writes a value as a JSON string, which YAML reads as the same.
func quotedJSON(value string) string { return string(encodeJSON(value)) }

// insideJSON is quotedJSON without its quotes.
func insideJSON(value string) string {
	quoted := quotedJSON(value)
	return quoted[1 : len(quoted)-1]
}

// encodeJSON writes a value that JSON can hold, without escapes for HTML.
func encodeJSON(value any) convo.JSON {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // only values that came of JSON, and strings
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
