package openai

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// scan reads a chunk of the usual kind, which most of a stream consists of: a
// piece of text or of reasoning and nothing else that counts. It costs a tenth
// of what a general decoder costs, and a token is little more than that. ok is
// false for everything that it does not know to the last byte; then the chunk is
// for the general decoder, and what was read of it is to be forgotten. What it
// takes means the same to both.
func scan(data []byte, c *chunk) (ok bool) {
	s := scanner{data: data, ok: true}
	choices := false
	s.object(func(key []byte) {
		switch string(key) {
		case "choices":
			if choices {
				s.ok = false // the general decoder joins them
				return
			}
			choices = true
			s.list(func() { s.choice(c) })
		case "usage", "error":
			s.null()
		default:
			s.skip(0)
		}
	})
	return s.ok && s.at == len(data)
}

// scanner walks over a JSON text. Once something is not as expected, ok is
// false and all else is without effect.
type scanner struct {
	data []byte
	at   int
	ok   bool
}

func (s *scanner) choice(c *chunk) {
	c.Choices = append(c.Choices, choice{})
	to := &c.Choices[len(c.Choices)-1]
	s.object(func(key []byte) {
		switch string(key) {
		case "delta":
			s.object(func(key []byte) { s.delta(&to.Delta, key) })
		case "finish_reason":
			s.text(&to.FinishReason)
		default:
			s.skip(0)
		}
	})
}

func (s *scanner) delta(d *delta, key []byte) {
	switch string(key) {
	case "content":
		s.text((*string)(&d.Content))
	case "reasoning":
		s.text((*string)(&d.Reasoning))
	case "reasoning_content":
		s.text((*string)(&d.ReasoningContent))
	case "refusal":
		s.text(&d.Refusal)
	case "tool_calls":
		s.null()
	default:
		s.skip(0)
	}
}

// peek gives the next byte that is not blank, 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.data) {
		switch b := s.data[s.at]; b {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return b
		}
	}
	return 0
}

// take moves over a byte, which has to be there.
func (s *scanner) take(b byte) {
	if s.ok = s.ok && s.peek() == b; s.ok {
		s.at++
	}
}

// object calls member at the value of each member, which it has to move over.
func (s *scanner) object(member func(key []byte)) {
	s.take('{')
	if s.ok && s.peek() == '}' {
		s.at++
		return
	}
	for s.ok {
		key := s.name()
		s.take(':')
		if s.ok {
			member(key)
		}
		if !s.ok || s.peek() != ',' {
			break
		}
		s.at++
	}
	s.take('}')
}

// name reads a member's name. One with other than small letters may be one of
// ours to the general decoder, which does not mind the case.
func (s *scanner) name() []byte {
	name, plain := s.quoted()
	s.ok = s.ok && plain
	for _, b := range name {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '_' {
			s.ok = false
		}
	}
	return name
}

func (s *scanner) list(item func()) {
	s.take('[')
	if s.ok && s.peek() == ']' {
		s.at++
		return
	}
	for s.ok {
		item()
		if !s.ok || s.peek() != ',' {
			break
		}
		s.at++
	}
	s.take(']')
}

// quoted moves over a string and gives what stands between its quotes; plain is
// false if there are escapes in it.
func (s *scanner) quoted() (inner []byte, plain bool) {
	s.take('"')
	plain = true
	ascii := true
	start := s.at
	for ; s.ok && s.at < len(s.data); s.at++ {
		switch b := s.data[s.at]; {
		case b == '"':
			inner = s.data[start:s.at]
			s.at++
			s.ok = ascii || utf8.Valid(inner)
			return inner, plain
		case b == '\\':
			plain = false
			s.at++
		case b < ' ':
			s.ok = false
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.ok = false
	return nil, false
}

// text reads a string, or null, which changes nothing.
func (s *scanner) text(to *string) {
	if s.peek() != '"' {
		s.null()
		return
	}
	start := s.at
	inner, plain := s.quoted()
	switch {
	case !s.ok:
	case plain:
		*to = string(inner)
	default:
		s.ok = json.Unmarshal(s.data[start:s.at], to) == nil
	}
}

func (s *scanner) null() { s.word("null") }

func (s *scanner) word(word string) {
	if s.ok = s.ok && s.peek() != 0 && bytes.HasPrefix(s.data[s.at:], []byte(word)); s.ok {
		s.at += len(word)
	}
}

// maxDepth is how deep values lie in one another that scan moves over.
const maxDepth = 8

// skip moves over a value that does not count.
func (s *scanner) skip(depth int) {
	s.ok = s.ok && depth < maxDepth
	switch b := s.peek(); b {
	case '"':
		if _, plain := s.quoted(); !plain {
			s.ok = false // its escapes would have to be checked
		}
	case '{':
		s.object(func([]byte) { s.skip(depth + 1) })
	case '[':
		s.list(func() { s.skip(depth + 1) })
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.null()
	default:
		s.number()
	}
}

// number moves over a whole number; others are for the general decoder.
func (s *scanner) number() {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	n := s.at - start
	s.ok = s.ok && n > 0 && (n == 1 || s.data[start] != '0')
}
