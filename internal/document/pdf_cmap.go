package document

import (
	"encoding/hex"
	"io"
	"strings"

	"github.com/ledongthuc/pdf"
)

// maxTable bounds the size of a font's table of characters.
const maxTable = 4 << 20

// charactersOf reads a font's table of what its codes mean. A damaged one tells as
// much as can be read of it.
func charactersOf(table pdf.Value) map[string]string {
	if table.Kind() != pdf.Stream {
		return nil
	}
	content := table.Reader()
	defer content.Close()
	text, _ := io.ReadAll(io.LimitReader(content, maxTable)) // what came before it broke off counts
	return characters(string(text))
}

// mapped is an operand of a table's operators: a string, or a list of them.
type mapped struct {
	text string
	list []string
}

// characters reads the operators that map codes to characters, of which a table
// has two: for single codes, and for codes that follow each other.
func characters(table string) map[string]string {
	m := map[string]string{}
	var operands []mapped
	var list *mapped // that is open
	for table != "" && len(m) < maxCodes {
		var word string
		word, table = nextWord(table)
		switch {
		case word == "":
		case word == "[":
			operands = append(operands, mapped{})
			list = &operands[len(operands)-1]
		case word == "]":
			list = nil
		case word[0] == '<' && list != nil:
			list.list = append(list.list, unhex(word))
		case word[0] == '<':
			operands = append(operands, mapped{text: unhex(word)})
		case word == "endbfchar":
			for i := 0; i+1 < len(operands); i += 2 {
				m[operands[i].text] = fromUTF16(operands[i+1].text)
			}
			operands, list = nil, nil
		case word == "endbfrange":
			for i := 0; i+2 < len(operands); i += 3 {
				between(m, operands[i].text, operands[i+1].text, operands[i+2])
			}
			operands, list = nil, nil
		case strings.HasPrefix(word, "begin"):
			operands, list = nil, nil
		}
	}
	return m
}

// nextWord takes the next word, bracket or string in angle brackets of a table.
func nextWord(table string) (word, rest string) {
	table = strings.TrimLeft(table, " \t\r\n\f\x00")
	if table == "" {
		return "", ""
	}
	end := 1
	switch table[0] {
	case '[', ']', '>':
	case '<':
		if end = strings.IndexByte(table, '>') + 1; end == 0 {
			end = len(table)
		}
	default:
		for end < len(table) && !strings.ContainsRune(" \t\r\n\f\x00[]<>", rune(table[end])) {
			end++
		}
	}
	return table[:end], table[end:]
}

func unhex(word string) string {
	digits := strings.Join(strings.Fields(strings.Trim(word, "<>")), "")
	raw, err := hex.DecodeString(digits + strings.Repeat("0", len(digits)%2))
	if err != nil {
		return ""
	}
	return string(raw)
}

// between adds the codes from one to another: their meanings are in a list, or
// count up from the first one's.
func between(m map[string]string, from, to string, meaning mapped) {
	if len(from) == 0 || len(from) > 2 || len(to) != len(from) {
		return
	}
	code, runes := []byte(from), []rune(fromUTF16(meaning.text))
	for i := 0; len(m) < maxCodes; i++ {
		if i < len(meaning.list) {
			m[string(code)] = fromUTF16(meaning.list[i])
		} else if last := len(runes) - 1; last >= 0 {
			m[string(code)] = string(runes)
			runes[last]++
		}
		if string(code) >= to {
			return
		}
		if code[len(code)-1]++; code[len(code)-1] == 0 {
			code[0]++
		}
	}
}
