package document

import "strings"

// markdown reads the structure of a Markdown text that matters for splitting it:
// headings, code between fences, tables, and what a file says of itself before its
// text. All else stays as it was written, which models read as well as people do.
// It goes by lines and builds no tree, so that no text costs more than its length.
func markdown(text string) parse {
	return func(emit func(Block) bool) (string, error) {
		s := scan{text: text, emit: emit}
		s.front()
		for !s.stopped && s.at < len(s.text) {
			s.line()
		}
		s.flush(s.at)
		if left, is := s.outline.leave(); is {
			s.put(left)
		}
		return s.title, nil
	}
}

// scan goes through a text line by line. What is between from and at is prose that
// was not given yet.
type scan struct {
	text     string
	from, at int
	emit     func(Block) bool
	outline  outline
	title    string
	stopped  bool
}

func (s *scan) put(b Block) {
	if !s.stopped {
		s.stopped = !s.emit(b)
	}
}

// flush gives the prose up to end.
func (s *scan) flush(end int) {
	if text := s.text[s.from:end]; !blank(text) {
		s.put(s.outline.place(Block{Text: text}))
	}
	s.from = end
}

// lineAt is the line that begins at a place, without its end, and where the next begins.
func (s *scan) lineAt(at int) (line string, next int) {
	if end := strings.IndexByte(s.text[at:], '\n'); end >= 0 {
		return s.text[at : at+end], at + end + 1
	}
	return s.text[at:], len(s.text)
}

// line takes one line, or all that the line begins.
func (s *scan) line() {
	line, next := s.lineAt(s.at)
	if level, name, is := heading(line); is {
		s.head(level, name, s.at, next)
		return
	}
	if fence := fenceOf(line); fence != "" {
		s.fenced(fence, next)
		return
	}
	below, after := s.lineAt(next)
	if isRow(line) && isDelimiter(below) {
		s.tabular(after)
		return
	}
	if level := underline(below); level > 0 && s.alone(line) {
		s.head(level, line, s.at, after)
		return
	}
	s.at = next
}

// head goes to a heading that stands from one place to another.
func (s *scan) head(level int, name string, from, to int) {
	s.flush(from)
	name = spoken(name)
	if s.title == "" && level == 1 {
		s.title = name
	}
	if left, is := s.outline.enter(level, name); is {
		s.put(left)
	}
	s.from, s.at = to, to
}

// alone says that a line is a paragraph of its own: only then is a line of dashes
// below it an underline, and not a rule.
func (s *scan) alone(line string) bool {
	if blank(line) || strings.HasPrefix(line, "    ") || strings.ContainsAny(strings.TrimLeft(line, " ")[:1], "-*+>|=") {
		return false
	}
	before := strings.TrimRight(s.text[s.from:s.at], " \t")
	return before == "" || strings.HasSuffix(before, "\n\n") || (s.from == s.at)
}

// fenced takes code up to the fence that closes it, or to the end of the text.
func (s *scan) fenced(fence string, next int) {
	s.flush(s.at)
	opening, body := s.text[s.at:next], next
	for at := next; ; {
		line, after := s.lineAt(at)
		closing := strings.TrimSpace(line)
		closes := len(closing) >= len(fence) && strings.Trim(closing, fence[:1]) == "" && closing != ""
		if !closes && after < len(s.text) {
			at = after
			continue
		}
		end := at
		if !closes {
			end = len(s.text)
		}
		code := strings.TrimRight(s.text[body:end], "\n")
		if !blank(code) {
			s.put(s.outline.place(Block{Kind: Code, Text: code, Head: strings.TrimSpace(opening) + "\n", Tail: "\n" + fence}))
		}
		s.from, s.at = after, after
		return
	}
}

// tabular takes a table, whose rows begin at rows: its head is repeated where the
// table is split.
func (s *scan) tabular(rows int) {
	s.flush(s.at)
	head, end := s.text[s.at:rows], rows
	for end < len(s.text) {
		line, next := s.lineAt(end)
		if !isRow(line) {
			break
		}
		end = next
	}
	block := Block{Kind: Table, Head: head, Text: strings.TrimRight(s.text[rows:end], "\n")}
	if block.Text == "" {
		block = Block{Text: head}
	}
	s.put(s.outline.place(block))
	s.from, s.at = end, end
}

// front takes what a file says of itself between lines of dashes before its text.
func (s *scan) front() {
	first, next := s.lineAt(0)
	if strings.TrimRight(first, " ") != "---" {
		return
	}
	end := strings.Index(s.text[next:], "\n---\n")
	if end < 0 || end > 16<<10 {
		return
	}
	said := s.text[next : next+end]
	for line := range strings.Lines(said) {
		if name, value, ok := strings.Cut(line, ":"); ok && name == "title" {
			s.title = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	if !blank(said) {
		s.put(Block{Text: said})
	}
	s.at = next + end + len("\n---\n")
	s.from = s.at
}

// heading reads a heading with marks before it.
func heading(line string) (level int, name string, is bool) {
	line = trimIndent(line)
	for level < len(line) && line[level] == '#' {
		level++
	}
	if level == 0 || level > 6 || (level < len(line) && line[level] != ' ' && line[level] != '\t') {
		return 0, "", false
	}
	name = strings.TrimSpace(line[level:])
	if closed := strings.TrimRight(name, "#"); closed == "" || strings.HasSuffix(closed, " ") {
		name = strings.TrimSpace(closed)
	}
	return level, name, true
}

// trimIndent takes away the three spaces at most that may stand before a mark.
func trimIndent(line string) string {
	for range 3 {
		line = strings.TrimPrefix(line, " ")
	}
	return line
}

// underline is the level of the heading above a line of such marks, 0 = none.
func underline(line string) int {
	line = strings.TrimRight(trimIndent(line), " \t")
	switch {
	case len(line) >= 2 && strings.Trim(line, "=") == "":
		return 1
	case len(line) >= 2 && strings.Trim(line, "-") == "":
		return 2
	}
	return 0
}

// fenceOf is the fence that a line opens, "" = none. It may stand in a list.
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " \t")
	for _, mark := range []string{"`", "~"} {
		n := len(line) - len(strings.TrimLeft(line, mark))
		if n >= 3 && !(mark == "`" && strings.Contains(line[n:], "`")) {
			return line[:n]
		}
	}
	return ""
}

func isRow(line string) bool { return strings.Contains(line, "|") }

// isDelimiter tells the line between a table's head and its rows.
func isDelimiter(line string) bool {
	return strings.Contains(line, "|") && strings.Contains(line, "-") && strings.Trim(line, " \t|:-") == ""
}

// spoken is a heading without the marks of Markdown: links as their text, no stars
// and backticks, no id in braces at the end.
func spoken(name string) string {
	if at := strings.LastIndex(name, "{#"); at > 0 && strings.HasSuffix(name, "}") {
		name = name[:at]
	}
	name = short(name)
	if !strings.ContainsAny(name, "*_`[") {
		return name
	}
	for _, mark := range []string{"**", "__", "`"} {
		name = strings.ReplaceAll(name, mark, "")
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(name, '[')
		if open < 0 {
			break
		}
		text, rest, ok := strings.Cut(name[open+1:], "](")
		if !ok {
			break
		}
		_, after, ok := strings.Cut(rest, ")")
		if !ok {
			break
		}
		b.WriteString(name[:open] + text)
		name = after
	}
	b.WriteString(name)
	return strings.TrimSpace(b.String())
}
