package convo

import "slices"

// Erase gives an event's body as it stays in the log after a message was
// deleted: without the message's text, and without what else was said in it.
// The number, the type and the place stay. ok is false if the body says nothing
// of that message and stays as it is.
func Erase(b Body, message string) (erased Body, ok bool) {
	switch b := b.(type) {
	case MessageGiven:
		if b.ID != message {
			return b, false
		}
		b.Text, b.Fields, b.Parts = "", MessageFields{Type: b.Fields.Type}, eraseParts(b.Parts)
		return b, true
	case Delta:
		if b.Message != message {
			return b, false
		}
		b.Text = ""
		return b, true
	case MessageEnded:
		if b.ID != message {
			return b, false
		}
		b.Text, b.Meta, b.Parts, b.Citations = "", nil, eraseParts(b.Parts), nil
		return b, true
	case MessageChanged:
		if b.ID != message {
			return b, false
		}
		b.Fields = MessageFields{Type: b.Fields.Type}
		if b.Text != nil {
			b.Text = new(string)
		}
		return b, true
	}
	return erasePart(b, message)
}

// erasePart is Erase for what begins a message, and for its parts.
func erasePart(b Body, message string) (erased Body, ok bool) {
	switch b := b.(type) {
	case MessageStarted:
		if b.ID == message && b.Meta != nil {
			b.Meta = nil
			return b, true
		}
	case PartStarted:
		if b.Message == message {
			b.Part = eraseParts([]Part{b.Part})[0]
			return b, true
		}
	case PartEnded:
		if b.Message == message && b.Meta != nil {
			b.Meta = nil
			return b, true
		}
	case Cited:
		if b.Message == message {
			b.Citation = Citation{ID: b.Citation.ID, Created: b.Citation.Created}
			return b, true
		}
	}
	return eraseCall(b, message)
}

// eraseParts keeps of parts that they were there, and under which ids.
func eraseParts(parts []Part) []Part {
	erased := slices.Clone(parts)
	for i, p := range erased {
		erased[i] = Part{ID: p.ID, Alias: p.Alias, Created: p.Created, Updated: p.Updated}
		if p.File != nil {
			erased[i].File = &FileRef{}
		}
	}
	return erased
}

// eraseCall is Erase for the events of tool calls.
func eraseCall(b Body, message string) (erased Body, ok bool) {
	switch b := b.(type) {
	case ToolRequested:
		if b.Message == message {
			return eraseRequest(b), true
		}
	case ToolAnswered:
		if b.Message == message {
			b.Input = nil
			return b, true
		}
	case InterruptStarted:
		if b.Message == message {
			b.Value = nil
			return b, true
		}
	case InterruptEnded:
		if b.Message == message {
			b.Value = nil
			return b, true
		}
	case ToolStarted:
		if b.Message == message {
			b.Input = nil
			return b, true
		}
	case ToolEnded:
		if b.Message == message {
			b.Arguments, b.Output = nil, nil
			return b, true
		}
	case TurnWaiting:
		n := slices.IndexFunc(b.Left, func(call ToolRequested) bool { return call.Message == message })
		if n >= 0 {
			b.Left = slices.Clone(b.Left)
			b.Left[n] = eraseRequest(b.Left[n])
			return b, true
		}
	}
	return b, false
}

func eraseRequest(b ToolRequested) ToolRequested {
	b.Arguments, b.Signature = nil, ""
	b.Asked = Asked{Asks: b.Asked.Asks}
	return b
}
