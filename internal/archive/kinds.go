package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parleyhq/parley/internal/convo"
)

// codec is how a kind of event stands in an archive. Names are never changed or
// used again for something else.
type codec struct {
	name   string
	kind   convo.EventKind
	encode func(convo.Body) any
	decode func([]byte) (convo.Body, error)
}

// of makes the codec of a kind from the conversions between its two shapes.
func of[B convo.Body, W any](name string, wire func(B) W, domain func(W) B) codec {
	var zero B
	return codec{
		name: name, kind: zero.Kind(),
		encode: func(b convo.Body) any {
			own, _ := b.(B) // its kind says that it is one
			return wire(own)
		},
		decode: func(text []byte) (convo.Body, error) {
			w, err := strict[W](text)
			return domain(w), err
		},
	}
}

// bare is the codec of a kind that has no members.
func bare[B convo.Body](name string) codec {
	return of(name, func(B) empty { return empty{} }, func(empty) B { var b B; return b })
}

// codecs has all kinds.
var codecs = [...]codec{
	of("conversationCreated",
		func(b convo.ConversationCreated) fields { return fieldsOf(b.Fields) },
		func(w fields) convo.ConversationCreated { return convo.ConversationCreated{Fields: w.domain()} }),
	of("conversationChanged",
		func(b convo.ConversationChanged) changedFields {
			return changedFields{fieldsOf(b.Fields), b.Relabelled}
		},
		func(w changedFields) convo.ConversationChanged {
			return convo.ConversationChanged{Fields: w.domain(), Relabelled: w.Relabelled}
		}),
	of("turnOpened",
		func(b convo.TurnOpened) turnOpened {
			return turnOpened{b.Front, b.Zone, b.Background, b.Alias, value(b.Metadata), b.Implied}
		},
		func(w turnOpened) convo.TurnOpened {
			return convo.TurnOpened{
				Front: w.Front, Zone: w.Zone, Background: w.Background, Alias: w.Alias,
				Metadata: convo.JSON(w.Metadata), Implied: w.Implied,
			}
		}),
	bare[convo.TurnQueued]("turnQueued"),
	of("turnStarted",
		func(b convo.TurnStarted) turnStarted { return turnStarted(b) },
		func(w turnStarted) convo.TurnStarted { return convo.TurnStarted(w) }),
	of("turnWaiting", turnWaitingOf, turnWaiting.domain),
	of("turnResumed",
		func(b convo.TurnResumed) turnResumed { return turnResumed(b) },
		func(w turnResumed) convo.TurnResumed { return convo.TurnResumed(w) }),
	of("turnEnded",
		func(b convo.TurnEnded) turnEnded {
			return turnEnded{b.Reason, usageOf(b.Usage), failureOf(b.Failure)}
		},
		func(w turnEnded) convo.TurnEnded {
			return convo.TurnEnded{Reason: w.Reason, Usage: w.Usage.domain(), Failure: w.Failure.domain()}
		}),
	of("messageGiven",
		func(b convo.MessageGiven) messageGiven {
			return messageGiven{
				b.ID, b.Place, messageFieldsOf(b.Fields), b.Text, b.Alias, each(b.Parts, partOf), numbers(b.Sources),
			}
		},
		func(w messageGiven) convo.MessageGiven {
			return convo.MessageGiven{
				ID: w.ID, Place: w.Place, Fields: w.domain(), Text: w.Text, Alias: w.Alias, Parts: each(w.Parts, part.domain),
				Sources: convo.Numbers(w.Sources),
			}
		}),
	of("messageStarted",
		func(b convo.MessageStarted) messageStarted {
			return messageStarted{b.ID, b.Place, b.Type, b.Alias, value(b.Meta)}
		},
		func(w messageStarted) convo.MessageStarted {
			return convo.MessageStarted{ID: w.ID, Place: w.Place, Type: w.Type, Alias: w.Alias, Meta: convo.JSON(w.Meta)}
		}),
	of("delta",
		func(b convo.Delta) delta { return delta(b) },
		func(w delta) convo.Delta { return convo.Delta(w) }),
	of("messageEnded",
		func(b convo.MessageEnded) messageEnded {
			return messageEnded{
				b.ID, b.Place, b.Type, b.Text, object(b.Meta), b.Incomplete, b.Alias, each(b.Parts, partOf),
				each(b.Citations, citationOf),
			}
		},
		func(w messageEnded) convo.MessageEnded {
			return convo.MessageEnded{
				ID: w.ID, Place: w.Place, Type: w.Type, Text: w.Text, Meta: convo.JSON(w.Meta), Incomplete: w.Incomplete,
				Alias: w.Alias, Parts: each(w.Parts, part.domain), Citations: each(w.Citations, citation.domain),
			}
		}),
	of("messageChanged",
		func(b convo.MessageChanged) messageChanged {
			return messageChanged{b.ID, messageFieldsOf(b.Fields), b.Text}
		},
		func(w messageChanged) convo.MessageChanged {
			return convo.MessageChanged{ID: w.ID, Fields: w.domain(), Text: w.Text}
		}),
	of("messageDeleted",
		func(b convo.MessageDeleted) messageDeleted { return messageDeleted(b) },
		func(w messageDeleted) convo.MessageDeleted { return convo.MessageDeleted(w) }),
	of("modelAsked",
		func(b convo.ModelAsked) modelAsked { return modelAsked(b) },
		func(w modelAsked) convo.ModelAsked { return convo.ModelAsked(w) }),
	of("modelAnswered", modelAnsweredOf, modelAnswered.domain),
	of("rated",
		func(b convo.Rated) rated { return rated(b) },
		func(w rated) convo.Rated { return convo.Rated(w) }),
	of("restarted",
		func(b convo.Restarted) restarted { return restarted(b) },
		func(w restarted) convo.Restarted { return convo.Restarted(w) }),
	of("toolRequested", toolRequestedOf, toolRequested.domain),
	of("toolStarted", toolStartedOf, toolStarted.domain),
	of("toolEnded", toolEndedOf, toolEnded.domain),
	of("toolAnswered", toolAnsweredOf, toolAnswered.domain),
	of("toolOffered",
		func(b convo.ToolOffered) toolOffered { return toolOffered(b) },
		func(w toolOffered) convo.ToolOffered { return convo.ToolOffered(w) }),
	of("partStarted", partStartedOf, partStarted.domain),
	of("partEnded", partEndedOf, partEnded.domain),
	of("cited", citedOf, cited.domain),
	of("interruptStarted", interruptStartedOf, interruptStarted.domain),
	of("interruptEnded", interruptEndedOf, interruptEnded.domain),
	of("passedOn", passedOnOf, passedOn.domain),
}

// kindOf finds the codec of a body.
func kindOf(b convo.Body) (*codec, error) {
	if b == nil {
		return nil, errors.New("an event has no body")
	}
	for i := range codecs {
		if codecs[i].kind == b.Kind() {
			return &codecs[i], nil
		}
	}
	return nil, fmt.Errorf("an event of type %T has no form in an archive", b)
}

// kindNamed finds the codec of a name.
func kindNamed(name string) (*codec, error) {
	for i := range codecs {
		if codecs[i].name == name {
			return &codecs[i], nil
		}
	}
	return nil, fmt.Errorf("this version does not know events of kind %q: use the version that wrote the archive, or a newer one", name)
}

// marshal writes compact JSON, without the escapes that HTML would need.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// strict reads one JSON value and refuses members that it has no place for: to
// leave them out would lose what somebody wrote.
func strict[T any](text []byte) (v T, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return v, errors.New("something follows the JSON value")
	}
	return v, nil
}
