package document

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// maxCodes bounds the codes of a font, and those of its table of characters.
const maxCodes = 1 << 17

// font says what the codes of a font mean, and how wide they are.
type font struct {
	composite bool              // its codes have two bytes
	unicode   map[string]string // what its own table says of codes
	other     func(code string) string
	widths    map[int]float64
	missing   float64 // the width of all others
	guessed   bool    // the widths are not known
}

// font gives a font of a page; fonts are read once for a file.
func (p *portableFile) font(v pdf.Value) *font {
	key := v.String()
	if f, ok := p.fonts[key]; ok {
		return f
	}
	f := &font{widths: map[int]float64{}, unicode: charactersOf(v.Key("ToUnicode"))}
	if v.Key("Subtype").Name() == "Type0" {
		f.compose(v)
	} else {
		f.simple(v)
	}
	if len(p.fonts) < maxCodes {
		p.fonts[key] = f
	}
	return f
}

// simple reads a font whose codes are bytes.
func (f *font) simple(v pdf.Value) {
	first, widths := int(v.Key("FirstChar").Int64()), v.Key("Widths")
	scale := 1.0
	if v.Key("Subtype").Name() == "Type3" {
		scale = 1000 * v.Key("FontMatrix").Index(0).Float64()
	}
	for i := range min(widths.Len(), 256) {
		f.widths[first+i] = scale * widths.Index(i).Float64()
	}
	f.missing = v.Key("FontDescriptor").Key("MissingWidth").Float64()
	if widths.Len() == 0 {
		f.missing, f.guessed = 500, true
	}
	encoder := (&pdf.Font{V: v}).Encoder()
	f.other = func(code string) string {
		text := encoder.Decode(code)
		if r := []rune(text); len(r) == 1 && r[0] >= 0x80 && r[0] < 0xA0 {
			return string(charmap.Windows1252.DecodeByte(byte(r[0])))
		}
		return text
	}
}

// compose reads a font whose codes have two bytes.
func (f *font) compose(v pdf.Value) {
	f.composite = true
	name := v.Key("Encoding").Name()
	f.other = named(name)
	descendant := v.Key("DescendantFonts").Index(0)
	if f.missing = descendant.Key("DW").Float64(); f.missing == 0 {
		f.missing = 1000
	}
	f.guessed = !strings.HasPrefix(name, "Identity")
	w := descendant.Key("W")
	for i := 0; i+1 < w.Len() && len(f.widths) < maxCodes; {
		from, second := int(w.Index(i).Int64()), w.Index(i+1)
		if second.Kind() == pdf.Array {
			for j := range min(second.Len(), 1<<16) {
				f.widths[from+j] = second.Index(j).Float64()
			}
			i += 2
			continue
		}
		width := w.Index(i + 2).Float64()
		for code := from; code <= min(int(second.Int64()), 1<<16); code++ {
			f.widths[code] = width
		}
		i += 3
	}
}

// named decodes the codes of an encoding that is known by its name: UTF-16, or one
// of the East's older ones. Of all others only the font's own table can tell.
func named(name string) func(string) string {
	var e encoding.Encoding
	switch {
	case strings.HasPrefix(name, "Uni"):
		return fromUTF16
	case strings.Contains(name, "RKSJ"):
		e = japanese.ShiftJIS
	case strings.HasPrefix(name, "GBK"), strings.HasPrefix(name, "GB-EUC"):
		e = simplifiedchinese.GB18030
	case strings.HasPrefix(name, "ETen-B5"), strings.HasPrefix(name, "B5pc"):
		e = traditionalchinese.Big5
	case strings.HasPrefix(name, "KSC"):
		e = korean.EUCKR
	default:
		return func(string) string { return "" }
	}
	return func(code string) string {
		text, err := e.NewDecoder().String(strings.TrimPrefix(code, "\x00"))
		if err != nil {
			return ""
		}
		return text
	}
}

func fromUTF16(raw string) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	return string(utf16.Decode(units))
}

// next takes the next code of a string.
func (f *font) next(raw string) (code, rest string) {
	n := 1
	if f.composite {
		n = min(2, len(raw))
	}
	return raw[:n], raw[n:]
}

func (f *font) width(code string) float64 {
	n := 0
	for i := range len(code) {
		n = n<<8 | int(code[i])
	}
	if w, ok := f.widths[n]; ok {
		return w
	}
	return f.missing
}

// text is what a code means, "" where nobody can tell.
func (f *font) text(code string) string {
	text, ok := f.unicode[code]
	if !ok {
		text = f.other(code)
	}
	return strings.Map(func(r rune) rune {
		if r == '\ufffd' || unicode.IsControl(r) || unicode.Is(unicode.Co, r) {
			return -1
		}
		return r
	}, text)
}
