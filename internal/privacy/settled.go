package privacy

// Settled is how many bytes at the beginning of a text that is still coming can be
// masked by now: what follows may be the beginning of a value, or of a placeholder.
func Settled(text string) int { return settledUntil(text) }

// MaskAfter is Mask for a piece of a text of which more stands before it: what was
// said there may tell what is in the piece.
func (v *Vault) MaskAfter(before, text string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	masked, _ := v.mask(before, text)
	return masked
}
