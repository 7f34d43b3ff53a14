package privacy

import "strings"

// Restore puts the values back in the place of their placeholders, also of those in
// capitals. A text without any is given back as it is.
func (v *Vault) Restore(text string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.restore(text)
}

func (v *Vault) restore(text string) string {
	out, _ := v.restoreUntil(text, false)
	return out
}

// restoreUntil restores a text, but for its end if that may be the beginning of a
// placeholder and there is more to come.
func (v *Vault) restoreUntil(text string, more bool) (restored, rest string) {
	at, holder := v.holders.next(text, 0)
	if holder == "" {
		keep := len(text)
		if more {
			keep = v.holders.tail(text, 0)
		}
		return text[:keep], text[keep:]
	}
	var out strings.Builder
	last := 0
	for holder != "" {
		out.WriteString(text[last:at])
		out.WriteString(v.entries[v.byHolder[holder]].Value)
		last = at + holderLength
		at, holder = v.holders.next(text, last)
	}
	keep := len(text)
	if more {
		keep = v.holders.tail(text, last)
	}
	out.WriteString(text[last:keep])
	return out.String(), text[keep:]
}

// RestoreAt restores a text and translates places in it, which count UTF-16 units.
// One within a placeholder becomes the beginning of its value.
func (v *Vault) RestoreAt(text string, places []int) (string, []int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	restored := make([]int, len(places))
	copy(restored, places)
	last, before, after := 0, 0, 0 // bytes, and units of the text and of the restored one
	for at, holder := v.holders.next(text, 0); holder != ""; at, holder = v.holders.next(text, last) {
		gap := units(text[last:at])
		before, after = before+gap, after+gap
		size := units(v.entries[v.byHolder[holder]].Value)
		for i, place := range places {
			switch {
			case place >= before+holderLength:
				restored[i] = place + after + size - before - holderLength
			case place > before:
				restored[i] = after
			}
		}
		before, after, last = before+holderLength, after+size, at+holderLength
	}
	return v.restore(text), restored
}

// Longer is how many bytes a text grows by when it is restored; below 0 = it shrinks.
func (v *Vault) Longer(text string) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	n := 0
	for at, holder := v.holders.next(text, 0); holder != ""; at, holder = v.holders.next(text, at+holderLength) {
		n += len(v.entries[v.byHolder[holder]].Value) - holderLength
	}
	return n
}

// Held is how many bytes at the end of a text may be the beginning of a placeholder:
// ten at most.
func (v *Vault) Held(text string) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	_, rest := v.restoreUntil(text, true)
	return len(rest)
}

// MayHold says whether there may be a placeholder in a text, of any vault.
func MayHold(text string) bool {
	run, digits, letters := 0, 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case isDigit(c):
			run, digits = run+1, digits+1
		case isLetter(c):
			run, letters = run+1, letters+1
		default:
			run, digits, letters = 0, 0, 0
		}
		if run >= holderLength && digits > 0 && letters > 0 {
			return true
		}
	}
	return false
}

// Restorer restores a text that comes in pieces. It is for one goroutine.
type Restorer struct {
	vault *Vault
	held  string // what may begin a placeholder
}

// Restorer gives one for a new text.
func (v *Vault) Restorer() *Restorer { return &Restorer{vault: v} }

// Write takes a piece, of any length, and gives what can be shown by now. It holds
// back only what a placeholder may begin with, which is ten bytes at most. A piece
// at which nothing is held back or restored is given back itself.
func (r *Restorer) Write(piece string) string {
	r.vault.mu.RLock()
	defer r.vault.mu.RUnlock()
	text := piece
	if r.held != "" {
		text = r.held + piece
	}
	out, rest := r.vault.restoreUntil(text, true)
	r.held = rest
	return out
}

// Rest gives what was held back, at the end of the text.
func (r *Restorer) Rest() string {
	held := r.held
	r.held = ""
	return held
}

// tail gives where the end of a text begins that may be the beginning of a
// placeholder, at from or behind it; len(text) = nowhere.
func (h *holders) tail(text string, from int) int {
	if len(h.sorted) == 0 {
		return len(text)
	}
	start := len(text)
	for start > from && len(text)-start < holderLength-1 && isAlnum(text[start-1]) {
		start--
	}
	for ; start < len(text); start++ {
		if h.begins(text[start:]) {
			break
		}
	}
	return start
}
