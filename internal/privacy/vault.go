package privacy

import (
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Entry is a value and its placeholder, as they are kept. A caller may say of a value
// that was found before that he knows it, too: then there is another entry, with the
// same placeholder.
type Entry struct {
	Type        string
	Value       string
	Placeholder string
	Given       bool `json:",omitempty"` // by a caller, so it is told in letters of any case
}

// Vault is what stands behind the placeholders of one conversation. It is safe for
// use by several goroutines at once.
type Vault struct {
	random io.Reader

	mu sync.RWMutex
	*contents
	shared bool // other vaults may have the same contents, so that nobody changes them
	given  int  // entries that Added gave, or that were kept before
}

// contents are what clones share until one of them adds to it.
type contents struct {
	entries  []Entry
	byValue  map[string]int // plain value → place in entries
	byHolder map[string]int // placeholder → place in entries
	holders  holders
	known    known
	bytes    int
}

// NewVault gives an empty vault. Its placeholders are made of random, which must not
// fail, as that of crypto/rand does not.
func NewVault(random io.Reader) *Vault {
	return &Vault{random: random, contents: &contents{byValue: map[string]int{}, byHolder: map[string]int{}}}
}

// Clone gives a vault that holds the same and goes its own way from there. It costs
// nothing until one of both adds an entry.
func (v *Vault) Clone() *Vault {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shared = true
	return &Vault{random: v.random, contents: v.contents, shared: true, given: v.given}
}

// own has the contents be this vault's alone.
func (v *Vault) own() {
	if !v.shared {
		return
	}
	c := *v.contents
	c.entries = slices.Clone(c.entries)
	c.byValue, c.byHolder = maps.Clone(c.byValue), maps.Clone(c.byHolder)
	c.holders.sorted = slices.Clone(c.holders.sorted)
	c.known.values, c.known.lengths, c.known.numbers = maps.Clone(c.known.values), maps.Clone(c.known.lengths), maps.Clone(c.known.numbers)
	v.contents, v.shared = &c, false
}

// Add restores an entry that was kept. One whose value or placeholder is there
// already, and one without a right placeholder, changes nothing.
func (v *Vault) Add(e Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.given == len(v.entries) && v.put(e) {
		v.given++
		return
	}
	v.put(e)
}

// Know has a value masked wherever it stands from now on, also where Detect would
// not find it: in letters of any case, as a word by itself or, from six characters on,
// also within one, and a number of six digits or more however its digits are grouped. A
// name of one word that stands somewhere in small letters has another placeholder
// there, for it may be a word: what is restored is what stood there.
// The replacement becomes its placeholder if it has a placeholder's form and is free;
// the value of one that is known already keeps its own. Values of a single character
// are not known.
func (v *Vault) Know(kind, value, replacement string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	value = strings.TrimSpace(fold(value).text)
	if utf8.RuneCountInString(value) < 2 {
		return
	}
	if at, known := v.byValue[valueKey(kind, value)]; known {
		v.put(Entry{v.entries[at].Type, value, v.entries[at].Placeholder, true})
		return
	}
	v.make(Entry{kind, value, strings.ToLower(replacement), true}, "")
}

// entry gives the place of a plain value's entry, which it makes if there is none.
// The placeholder does not occur in text, in which it will stand.
func (v *Vault) entry(kind, value, text string) int {
	if at, ok := v.byValue[valueKey(kind, value)]; ok {
		return at
	}
	v.make(Entry{Type: kind, Value: value}, text)
	return len(v.entries) - 1
}

// make adds an entry for a value that has none, with a new placeholder if it has none
// that can be used.
func (v *Vault) make(e Entry, text string) {
	if isHolder(e.Placeholder) && !strings.Contains(strings.ToLower(e.Value), e.Placeholder) && v.put(e) {
		return
	}
	e.Placeholder = v.newHolder(text + e.Value)
	v.put(e)
}

// put adds an entry, if its value and placeholder are new, or if it says that a caller
// knows a value that is there.
func (v *Vault) put(e Entry) bool {
	key := valueKey(e.Type, e.Value)
	at, valued := v.byValue[key]
	other, held := v.byHolder[e.Placeholder]
	switch {
	case !isHolder(e.Placeholder) || e.Value == "":
		return false
	case valued || held:
		if at != other || !valued || !held || !e.Given || v.known.given(e.Value, at) {
			return false
		}
		v.own()
	default:
		v.own()
		at = len(v.entries)
		v.byValue[key], v.byHolder[e.Placeholder] = at, at
		v.holders.add(e.Placeholder)
	}
	v.entries = append(v.entries, e)
	v.known.add(e, at)
	v.bytes += entryBytes + 4*len(e.Value)
	return true
}

// entryBytes is roughly what an entry takes beside its value.
const entryBytes = 400

// Added gives the entries that are new since it was called last, or since the vault
// was made of kept ones. They are to be kept before anything that holds their
// placeholders.
func (v *Vault) Added() []Entry {
	v.mu.Lock()
	defer v.mu.Unlock()
	added := slices.Clone(v.entries[v.given:])
	v.given = len(v.entries)
	return added
}

// Size is roughly how many bytes of memory the vault takes.
func (v *Vault) Size() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return entryBytes + v.bytes
}

// valueKey is what is the same for all spellings of a value.
func valueKey(kind, value string) string {
	switch kind {
	case Phone:
		if isNumber(value) {
			return "#" + strings.TrimPrefix(onlyDigits(value), "00")
		}
	case Card, SSN, IBAN:
		if key := alnums(value); key != "" && strings.Trim(value, alnumsAndSeparators) == "" {
			return "#" + key
		}
	case Email:
		return "=" + strings.ToLower(value)
	case Key, URL, IP:
		return "=" + value
	}
	return "=" + strings.Join(strings.Fields(value), " ")
}

const (
	decimals            = "0123456789"
	separators          = " \t\r\n+-./()"
	alnumsAndSeparators = decimals + separators + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// isNumber says whether a value is digits alone, however they are grouped.
func isNumber(value string) bool {
	return strings.Trim(value, decimals+separators) == "" && strings.ContainsAny(value, decimals)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// alnums leaves small letters and digits.
func alnums(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7F || !isAlnum(byte(r)) {
			return -1
		}
		return rune(lower(byte(r)))
	}, s)
}
