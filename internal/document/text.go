package document

// plain is a text without a structure but its paragraphs, which Split sees.
func plain(text string) parse {
	return func(emit func(Block) bool) (string, error) {
		if !blank(text) {
			emit(Block{Text: text})
		}
		return "", nil
	}
}

// blank says that a text has nothing to read.
func blank(text string) bool { return ink(text) < 0 }

// ink is where a text has something to read, -1 = nowhere.
func ink(text string) int {
	for i, r := range text {
		if r != ' ' && r != '\n' && r != '\t' && r != '\f' && r != '\v' && r != '\u00a0' {
			return i
		}
	}
	return -1
}
