package engine

// codeScan follows a Markdown text that comes byte by byte and knows whether it is
// inside of code: a fenced block, or a span between runs of backticks. What cannot
// be known yet it takes for code: a run that is never closed counts up to the end of
// its paragraph, for nothing may wait so long.
type codeScan struct {
	fence   byte // the character of the open block's fence; 0 = none is open
	length  int  // and how many of them
	opening bool // the line of the fence has not ended
	closing bool // the line so far would close the block
	span    int  // the length of the run that opened a span; 0 = none is open

	run     int  // characters of the run that the text ends with
	char    byte // its character
	leads   bool // before the run the line has only blanks and quote signs
	indent  bool // so far, the line has only these
	blank   bool // so far, the line is empty or has only blanks
	escaped bool // a backslash stands before what comes
}

func newCodeScan() codeScan { return codeScan{indent: true, blank: true} }

// holds reports whether a bracket that comes next is code, or is escaped.
func (s *codeScan) holds() bool {
	s.endRun()
	return s.fence != 0 || s.span > 0 || s.escaped
}

// step takes the next byte.
func (s *codeScan) step(b byte) {
	if s.run > 0 && b != s.char {
		s.endRun()
	}
	escaped := s.escaped
	s.escaped = false
	switch {
	case b == '\n':
		s.endLine()
	case b == '`' && !escaped, b == '~' && (s.run > 0 || s.indent):
		if s.run == 0 {
			s.char, s.leads = b, s.indent
		}
		s.run++
		s.indent, s.blank = false, false
	case b == '\\' && s.fence == 0 && s.span == 0:
		s.escaped = !escaped
		s.indent, s.blank, s.closing = false, false, false
	case b == ' ' || b == '\t' || b == '\r':
	default:
		s.indent, s.blank, s.closing = s.indent && b == '>', false, false
	}
}

// endRun decides what a run of backticks or tildes was.
func (s *codeScan) endRun() {
	run := s.run
	if run == 0 {
		return
	}
	s.run = 0
	switch {
	case s.fence == '`' && s.opening && s.char == '`':
		// A fence has no backtick on its line: it was a span, which this run may end.
		s.span, s.fence, s.opening = s.length, 0, false
		if run == s.span {
			s.span = 0
		}
	case s.fence != 0:
		s.closing = s.leads && s.char == s.fence && run >= s.length && !s.opening
	case s.span > 0:
		if s.char == '`' && run == s.span {
			s.span = 0
		}
	case s.leads && run >= 3:
		s.fence, s.length, s.opening = s.char, run, true
	case s.char == '`':
		s.span = run
	}
}

// endLine begins another line. An empty one ends a paragraph, and with it a span
// that nothing has closed.
func (s *codeScan) endLine() {
	if s.closing {
		s.fence = 0
	}
	if s.blank {
		s.span = 0
	}
	s.opening, s.closing, s.indent, s.blank = false, false, true, true
}
