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
		b.Text, b.Fields = "", MessageFields{Type: b.Fields.Type}
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
		b.Text, b.Meta = "", nil
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
	return eraseCall(b, message)
}

// eraseCall is Erase for the events of tool calls.
func eraseCall(b Body, message string) (erased Body, ok bool) {
	switch b := b.(type) {
	case ToolRequested:
		if b.Message == message {
			b.Arguments, b.Signature = nil, ""
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
			b.Left[n].Arguments, b.Left[n].Signature = nil, ""
			return b, true
		}
	}
	return b, false
}
