package fulltext

// stem takes the ending of a plural off a folded word: s, and ies for y. It is the same
// in several languages, and does most of what a stemmer of English does for a search:
// docs/retrieval.md has the figures.
func stem(word []byte) []byte {
	n := len(word)
	if n <= 3 || word[n-1] != 's' || word[n-2] == 's' || word[n-2] == 'u' || word[n-2] == '\'' {
		return word
	}
	if n > 4 && word[n-2] == 'e' && word[n-3] == 'i' {
		word[n-3] = 'y'
		return word[:n-2]
	}
	return word[:n-1]
}
