package quote

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxQuotes = 3    // sentences in an answer
	maxQuote  = 1000 // bytes
	minWords  = 3    // shorter sentences say nothing by themselves
	closeness = 0.55 // of the best sentence's score, below which others are left out

	// The constants of BM25: how fast repetition stops counting, and how much
	// long sentences are held back.
	saturation = 1.2
	lengthBias = 0.6
)

// sentences cuts a text where a sentence or a line ends. A full stop ends one
// only before a blank, so that 3.5 and example.com stay whole; the stops of
// scripts that use no blanks always do.
func sentences(text string) []string {
	var list []string
	start := 0
	cut := func(end int) {
		if s := strings.Trim(text[start:end], " \t\r\n-*•#>"); s != "" {
			list = append(list, s)
		}
		start = end
	}
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		end := i + size
		switch r {
		case '\n':
			cut(i)
		case '\u3002', '\uff01', '\uff1f', '\u0964', '\u104b', '\u17d4': // 。 ! ? and others, full width
			cut(end)
		case '.', '!', '?', '…', '؟':
			if next, _ := utf8.DecodeRuneInString(text[end:]); end == len(text) || unicode.IsSpace(next) {
				cut(end)
			}
		}
	}
	cut(len(text))
	return list
}

// terms takes a text apart into what is compared: words, and for scripts that
// put no blanks between words, pairs of neighbouring characters.
func terms(text string) []string {
	var list []string
	var word, run []rune
	flush := func() {
		if len(word) > 0 {
			list = append(list, stem(string(word)))
		}
		for i := range len(run) - 1 {
			list = append(list, string(run[i:i+2]))
		}
		word, run = word[:0], run[:0]
	}
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			if len(word) > 0 {
				flush()
			}
			run = append(run, r)
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
			if len(run) > 0 {
				flush()
			}
			word = append(word, r)
		default:
			flush()
		}
	}
	flush()
	return list
}

// stem lets a plural match its singular in many languages, without knowing any.
func stem(word string) string {
	if len(word) > 4 && word[len(word)-1] == 's' && word[len(word)-2] != 's' {
		return word[:len(word)-1]
	}
	return word
}

// weight is how much a term says by itself. Short words of alphabets are mostly
// the glue of a sentence.
func weight(term string) float64 {
	first, _ := utf8.DecodeRuneInString(term)
	n := utf8.RuneCountInString(term)
	if !unicode.In(first, unicode.Latin, unicode.Cyrillic, unicode.Greek) || n > 3 && !glue(term) {
		return 1
	}
	return 0.1
}

// glue knows the longer ones of the words that stand in every English question.
func glue(term string) bool {
	switch term {
	case "what", "when", "where", "which", "whose", "that", "this", "these", "those", "there", "their", "they",
		"have", "does", "with", "from", "your", "yours", "about", "would", "could", "should", "will", "shall",
		"been", "were", "then", "than", "them", "into", "please", "tell", "know", "some", "doe", "thi":
		return true
	}
	return false
}

// best picks the sentences that match a question best, in the order in which
// they stand. A sentence that shares only glue with it is none of them, nor is
// the question itself, asked before.
func best(question string, sources []string) []string {
	type sentence struct {
		text     string
		terms    []string
		distinct []string
		score    float64
		at       int
	}
	asked := map[string]bool{}
	for _, t := range terms(question) {
		asked[t] = true
	}
	frequency := map[string]int{}
	seen := map[string]bool{strings.TrimSpace(question): true}
	var all []sentence
	total := 0
	for _, text := range sources {
		parts := terms(text)
		if seen[text] || len(parts) < minWords || len(text) > maxQuote {
			continue
		}
		seen[text] = true
		s := sentence{text: text, terms: parts, distinct: unique(parts), at: len(all)}
		all = append(all, s)
		total += len(parts)
		for _, t := range s.distinct {
			frequency[t]++
		}
	}
	most := 0.0
	average := float64(total) / float64(max(len(all), 1))
	for i := range all {
		shared := slices.DeleteFunc(all[i].distinct, func(t string) bool { return !asked[t] })
		all[i].score = score(shared, all[i].terms, func(t string) float64 {
			n := float64(frequency[t])
			return weight(t) * math.Log(1+(float64(len(all))-n+0.5)/(n+0.5))
		}, average)
		most = max(most, all[i].score)
	}
	all = slices.DeleteFunc(all, func(s sentence) bool { return s.score <= 0 || s.score < most*closeness })
	slices.SortStableFunc(all, func(a, b sentence) int { return cmp.Compare(b.score, a.score) })
	all = all[:min(len(all), maxQuotes)]
	slices.SortFunc(all, func(a, b sentence) int { return a.at - b.at })
	quotes := make([]string, len(all))
	for i, s := range all {
		quotes[i] = s.text
	}
	return quotes
}

// score is BM25 of the terms that a sentence shares with a question, or 0 where
// they are nothing but glue.
func score(shared, terms []string, rarity func(string) float64, average float64) float64 {
	count := map[string]int{}
	for _, t := range terms {
		count[t]++
	}
	sum, meaning := 0.0, false
	for _, t := range shared {
		n := float64(count[t])
		meaning = meaning || weight(t) == 1
		sum += rarity(t) * n * (saturation + 1) / (n + saturation*(1-lengthBias+lengthBias*float64(len(terms))/average))
	}
	if !meaning {
		return 0
	}
	return sum
}

func unique(list []string) []string {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
