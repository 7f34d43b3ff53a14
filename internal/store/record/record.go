// Package record is the stored form of events' bodies: what drivers write into
// their logs, and what data of every earlier version is read from.
//
// A body becomes a [Record]. What makes most of a log, ids and texts, stands in
// fields of its own, so that a driver can keep an id in 16 bytes and a text in
// one place; the rest is a small JSON object with short keys. Keys and kinds
// are stored: they are never changed or used again for something else. The
// golden file of the tests holds one body of every kind.
//
// The domain has no JSON tags, on purpose, and what this package writes is of
// no concern to any wire format.
package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
)

// Record is a body as it is stored.
type Record struct {
	Kind    convo.EventKind
	Message string // the id of the message that the event is about, or ""
	Text    string // the message's text or a piece of it, or what a call was given and gave
	HasText bool   // tells an empty text from none
	Data    []byte // a JSON object; nil if nothing is left to say
}

// Encode gives the stored form of a body.
func Encode(b convo.Body) (Record, error) {
	if b == nil {
		return Record{}, fmt.Errorf("record: an event has no body")
	}
	r := Record{Kind: b.Kind()}
	var data any
	switch b := b.(type) {
	case convo.ConversationCreated:
		data = fieldsOf(b.Fields)
	case convo.ConversationChanged:
		data = changedFields{fieldsOf(b.Fields), b.Relabelled}
	case convo.TurnOpened:
		data = turnOpened{b.Front, b.Zone, b.Background, b.Alias, string(b.Metadata), b.Implied}
	case convo.TurnStarted:
		data = turnStarted(b)
	case convo.TurnWaiting:
		data = turnWaitingOf(b)
	case convo.TurnResumed:
		data = turnResumed(b)
	case convo.TurnEnded:
		data = turnEnded{Reason: b.Reason, Usage: usageOf(b.Usage), Failure: (*failure)(b.Failure)}
	case convo.MessageGiven:
		r.Message, r.Text, r.HasText = b.ID, b.Text, true
		data = messageGiven{b.Place, messageFieldsOf(b.Fields), b.Alias, partsOf(b.Parts), numbers(b.Sources)}
	case convo.MessageStarted:
		r.Message = b.ID
		data = messageStarted{b.Place, b.Type, b.Alias, string(b.Meta)}
	case convo.Delta:
		r.Message, r.Text, r.HasText = b.Message, b.Text, true
		data = delta{b.Type, b.Part}
	case convo.MessageEnded:
		r.Message, r.Text, r.HasText = b.ID, b.Text, true
		data = messageEnded{
			b.Place, b.Type, string(b.Meta), b.Incomplete, b.Alias, partsOf(b.Parts), citationsOf(b.Citations),
		}
	case convo.MessageChanged:
		r.Message = b.ID
		if b.Text != nil {
			r.Text, r.HasText = *b.Text, true
		}
		data = messageFieldsOf(b.Fields)
	case convo.MessageDeleted:
		r.Message = b.ID
	case convo.ModelAsked:
		data = modelAsked(b)
	case convo.ModelAnswered:
		data = modelAnsweredOf(b)
	case convo.Rated:
		r.Message = b.Message
		data = rated{b.ID, b.Value, b.Reason}
	case convo.Restarted:
		data = restarted(b)
	case convo.TurnQueued:
	default:
		var err error
		if data, err = r.encodePart(b); err != nil {
			return Record{}, err
		}
	}
	var err error
	r.Data, err = marshal(data)
	return r, err
}

// Decode gives the body that a record was made of.
func Decode(r Record) (convo.Body, error) {
	b, err := decode(r)
	if err != nil {
		return nil, fmt.Errorf("record: event of kind %d: %w", r.Kind, err)
	}
	return b, nil
}

func decode(r Record) (convo.Body, error) {
	switch r.Kind {
	case convo.KindConversationCreated:
		f, err := DecodeFields(r.Data)
		return convo.ConversationCreated{Fields: f}, err
	case convo.KindConversationChanged:
		d, err := unmarshal[changedFields](r.Data)
		return convo.ConversationChanged{Fields: d.domain(), Relabelled: d.Relabelled}, err
	case convo.KindTurnOpened:
		d, err := unmarshal[turnOpened](r.Data)
		return convo.TurnOpened{
			Front: d.Front, Zone: d.Zone, Background: d.Background, Alias: d.Alias, Metadata: jsonOf(d.Metadata),
			Implied: d.Implied,
		}, err
	case convo.KindTurnQueued:
		return convo.TurnQueued{}, nil
	case convo.KindTurnStarted:
		d, err := unmarshal[turnStarted](r.Data)
		return convo.TurnStarted(d), err
	case convo.KindTurnWaiting:
		d, err := unmarshal[turnWaiting](r.Data)
		return d.domain(), err
	case convo.KindTurnResumed:
		d, err := unmarshal[turnResumed](r.Data)
		return convo.TurnResumed(d), err
	case convo.KindTurnEnded:
		d, err := unmarshal[turnEnded](r.Data)
		return convo.TurnEnded{Reason: d.Reason, Usage: d.Usage.domain(), Failure: (*convo.Failure)(d.Failure)}, err
	case convo.KindModelAsked:
		d, err := unmarshal[modelAsked](r.Data)
		return convo.ModelAsked(d), err
	case convo.KindModelAnswered:
		d, err := unmarshal[modelAnswered](r.Data)
		return d.domain(), err
	case convo.KindRated:
		d, err := unmarshal[rated](r.Data)
		return convo.Rated{ID: d.ID, Message: r.Message, Value: d.Value, Reason: d.Reason}, err
	case convo.KindRestarted:
		d, err := unmarshal[restarted](r.Data)
		return convo.Restarted(d), err
	default:
		return decodeMessage(r)
	}
}

// decodeMessage decodes the events of messages.
func decodeMessage(r Record) (convo.Body, error) {
	switch r.Kind {
	case convo.KindMessageGiven:
		d, err := unmarshal[messageGiven](r.Data)
		return convo.MessageGiven{
			ID: r.Message, Place: d.Place, Fields: d.domain(), Text: r.Text, Alias: d.Alias, Parts: d.Parts.domain(),
			Sources: convo.Numbers(d.Sources),
		}, err
	case convo.KindMessageStarted:
		d, err := unmarshal[messageStarted](r.Data)
		return convo.MessageStarted{
			ID: r.Message, Place: d.Place, Type: d.Type, Alias: d.Alias, Meta: jsonOf(d.Meta),
		}, err
	case convo.KindDelta:
		d, err := unmarshal[delta](r.Data)
		return convo.Delta{Message: r.Message, Type: d.Type, Text: r.Text, Part: d.Part}, err
	case convo.KindMessageEnded:
		d, err := unmarshal[messageEnded](r.Data)
		return convo.MessageEnded{
			ID: r.Message, Place: d.Place, Type: d.Type, Text: r.Text, Meta: jsonOf(d.Meta), Incomplete: d.Incomplete,
			Alias: d.Alias, Parts: d.Parts.domain(), Citations: d.Citations.domain(),
		}, err
	case convo.KindMessageChanged:
		d, err := unmarshal[messageFields](r.Data)
		b := convo.MessageChanged{ID: r.Message, Fields: d.domain()}
		if r.HasText {
			b.Text = &r.Text
		}
		return b, err
	case convo.KindMessageDeleted:
		return convo.MessageDeleted{ID: r.Message}, nil
	default:
		return decodePart(r)
	}
}

// EncodeFields gives the stored form of a conversation's fields, nil if none is set.
func EncodeFields(f convo.Fields) ([]byte, error) { return marshal(fieldsOf(f)) }

// DecodeFields gives the fields that EncodeFields was given.
func DecodeFields(data []byte) (convo.Fields, error) {
	f, err := unmarshal[fields](data)
	return f.domain(), err
}

// EncodeFailure gives the stored form of a turn's failure, nil if there is none.
func EncodeFailure(f *convo.Failure) ([]byte, error) {
	if f == nil {
		return nil, nil
	}
	data, err := marshal((*failure)(f))
	if data == nil && err == nil {
		data = []byte("{}") // an empty one is still one
	}
	return data, err
}

// DecodeFailure gives the failure that EncodeFailure was given.
func DecodeFailure(data []byte) (*convo.Failure, error) {
	if len(data) == 0 {
		return nil, nil
	}
	f, err := unmarshal[failure](data)
	return (*convo.Failure)(&f), err
}

// marshal writes compact JSON, without the escapes that HTML would need, and
// nothing at all for an object without members.
func marshal(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	data := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if string(data) == "{}" {
		return nil, nil
	}
	return data, nil
}

func unmarshal[T any](data []byte) (v T, err error) {
	if len(data) == 0 {
		return v, nil
	}
	err = json.Unmarshal(data, &v)
	return v, err
}
