package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most bytes that a Masker holds back, and that it remembers of what it gave.
const (
	longestHeld = longestURL
	longestGone = 64
)

// Masker masks a text that comes in pieces, as a model's answer does. It finds what
// is told by its format and what is known; what is told by the words around it, such
// as a name, it finds only where these come in one piece. It is for one goroutine.
type Masker struct {
	vault *Vault
	held  string
	gone  string // the end of what was given, as it was read
}

// Masker gives one for a new text.
func (v *Vault) Masker() *Masker { return &Masker{vault: v} }

// Write takes a piece, of any length, and gives what is masked by now. It holds back
// the last word, and the numbers and short words before it, because they may be the
// beginning of a value: 8 KiB at most, and a private key whole.
func (m *Masker) Write(piece string) string {
	text := m.held + piece
	cut := settledUntil(text)
	m.held = text[cut:]
	return m.give(text[:cut])
}

// Rest gives what was held back, at the end of the text.
func (m *Masker) Rest() string {
	held := m.held
	m.held = ""
	return m.give(held)
}

func (m *Masker) give(text string) string {
	if text == "" {
		return ""
	}
	m.vault.mu.Lock()
	masked, _ := m.vault.mask(m.gone, text)
	m.vault.mu.Unlock()
	m.gone += text
	if from := len(m.gone) - longestGone; from > 0 {
		for from < len(m.gone) && !utf8.RuneStart(m.gone[from]) {
			from++
		}
		m.gone = m.gone[from:]
	}
	return masked
}

// settledUntil gives where the end of a text begins that may be the beginning of a
// value.
func settledUntil(text string) int {
	cut := lastBreak(text, len(text))
	for cut > 0 {
		word := lastBreak(text, cut-1)
		if !opens(text[word:cut]) {
			break
		}
		cut = word
	}
	if len(text)-cut > longestHeld {
		cut = lastBreak(text, len(text))
	}
	if open := strings.LastIndex(text, "-----BEGIN"); open >= 0 && len(text)-open < longestPEM {
		end := strings.LastIndex(text[:cut], "-----END")
		if end < open || !strings.Contains(text[end+len("-----END"):cut], "-----") {
			return min(open, cut)
		}
	}
	return cut
}

// lastBreak gives the last place before end at which a word begins: behind a space,
// or at a sign of a script without them. 0 = there is none.
func lastBreak(text string, end int) int {
	for i := end; i > 0; {
		r, size := utf8.DecodeLastRuneInString(text[:i])
		if unicode.IsSpace(r) || spaceless(r) {
			return i
		}
		i -= size
	}
	return 0
}

// opens says of a word that a value may go on behind it: it has digits, or is as
// short as the letters that some numbers begin with.
func opens(word string) bool {
	trimmed := strings.TrimSpace(word)
	if strings.ContainsAny(trimmed, "0123456789@\\%&") {
		return true
	}
	return len(trimmed) <= 3 && !strings.HasSuffix(word, "\n")
}
