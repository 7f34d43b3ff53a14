package request

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
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
type mask struct{ replacer *strings.Replacer }

// newMask knows the secrets of one call, in the forms in which servers echo
// them.
func newMask(secrets []string) mask {
	var forms []string
	for _, s := range secrets {
		if _, password, ok := strings.Cut(s, ":"); ok && len(password) > 3 {
			forms = append(forms, password) // of a basic one, which is decoded before it is echoed
		}
		forms = append(
			forms, s, EncodeComponent(s), url.QueryEscape(s), url.PathEscape(s),
			InsideJSON(s), asciiJSON(s), strings.ReplaceAll(InsideJSON(s), "/", `\/`), strings.ReplaceAll(asciiJSON(s), "/", `\/`),
			base64.StdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)),
		)
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		if form != "" {
			pairs = append(pairs, form, masked)
		}
	}
	return mask{strings.NewReplacer(pairs...)}
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

// json masks the texts of a JSON value, as they are when its escapes are read.
// What is not JSON gives nil.
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
