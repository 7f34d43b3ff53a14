package request

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/parleyhq/parley/internal/convo"
)

// masked stands where a secret was.
const masked = "••••"

// mask takes secrets out of what another server answers.
type mask struct {
	replacer *strings.Replacer
	longest  int // bytes of the longest form of a secret
}

// newMask knows the secrets of one call, in the forms in which servers echo
// them.
func newMask(secrets []string) mask {
	var all []string
	for _, s := range secrets {
		if _, password, ok := strings.Cut(s, ":"); ok && len(password) > 3 {
			all = append(all, password) // of a basic one, which is decoded before it is echoed
		}
		all = append(all, forms(s)...)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(all) {
		if form != "" {
			pairs = append(pairs, form, masked)
		}
	}
	m := mask{replacer: strings.NewReplacer(pairs...)}
	if len(pairs) > 0 {
		m.longest = len(pairs[0])
	}
	return m
}

// forms gives a secret as it is, and as languages write it.
func forms(s string) []string {
	plain, bytes := InsideJSON(s), []byte(s)
	all := []string{
		s, plain, asciiJSON(s), strings.ReplaceAll(plain, "/", `\/`), strings.ReplaceAll(asciiJSON(s), "/", `\/`),
		strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(plain),
		base64.StdEncoding.EncodeToString(bytes), base64.RawStdEncoding.EncodeToString(bytes),
		base64.URLEncoding.EncodeToString(bytes), base64.RawURLEncoding.EncodeToString(bytes),
	}
	for _, form := range []string{EncodeComponent(s), url.QueryEscape(s), url.PathEscape(s)} {
		all = append(all, form, lowerPercent(form))
	}
	if !strings.ContainsAny(s, `&<>"'`) {
		return all
	}
	for _, quote := range []string{`"`, "&quot;", "&#34;"} {
		for _, apostrophe := range []string{"'", "&apos;", "&#39;", "&#039;", "&#x27;"} {
			all = append(all, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, quote, "'", apostrophe).Replace(s))
		}
	}
	return all
}

// lowerPercent writes the digits behind percent signs in lower case.
func lowerPercent(text string) string {
	bytes := []byte(text)
	for i := 0; i+2 < len(bytes); i++ {
		if bytes[i] == '%' {
			copy(bytes[i+1:], strings.ToLower(text[i+1:i+3]))
		}
	}
	return string(bytes)
}

// asciiJSON is InsideJSON with everything outside ASCII escaped, as many
// libraries write it.
func asciiJSON(value string) string {
	var b strings.Builder
	for _, r := range InsideJSON(value) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.String()
}

// text masks a text.
func (m mask) text(text string) string { return m.replacer.Replace(text) }

// beginning masks the beginning of a text that was cut off, perhaps within a
// secret.
func (m mask) beginning(text string) string {
	text = m.text(text)
	return Begin(text, len(text)-max(m.longest-1, 0))
}

// error masks what an error says.
func (m mask) error(err error) error {
	e, ok := errors.AsType[*convo.Error](err)
	if !ok || m.text(e.Message) == e.Message {
		return err
	}
	return convo.Errorf(e.Kind, "%s", m.text(e.Message)) // its cause may say the same
}

// json masks the texts and the numbers of a JSON value, as they are when its
// escapes are read. What is not JSON gives nil.
func (m mask) json(text string) convo.JSON {
	if !json.Valid([]byte(text)) {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil
	}
	value, changed := m.walk(value)
	if changed {
		return EncodeJSON(value)
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, []byte(text)) // it is valid
	return compact.Bytes()
}

func (m mask) walk(value any) (_ any, changed bool) {
	switch v := value.(type) {
	case string:
		text := m.text(v)
		return text, text != v
	case json.Number:
		if text := m.text(v.String()); text != v.String() {
			return text, true
		}
	case []any:
		for i := range v {
			inner, c := m.walk(v[i])
			v[i], changed = inner, changed || c
		}
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, inner := range v {
			inner, c := m.walk(inner)
			visible := m.text(name)
			object[visible], changed = inner, changed || c || visible != name
		}
		return object, changed
	}
	return value, changed
}
