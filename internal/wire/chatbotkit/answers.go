package chatbotkit

import (
	"reflect"
	"strings"

	"github.com/parleyhq/parley/internal/openapi"
)

// answered describes what an operation answers with.
type answered struct {
	doc    string
	object func(*openapi.Schemas) *openapi.Schema
	lines  func(*openapi.Schemas) *openapi.Schema // of each line; nil = the object on one
	csv    bool
	stream bool // there are lines only
	bytes  bool // content of any type
	empty  bool // or none
}

// bytesOf is an answer of content of any type, or of none.
func bytesOf(doc string) answered { return answered{doc: doc, bytes: true, empty: true} }

// nothingBut is an answer that says no more than that it was done.
func nothingBut(doc string) answered { return answered{doc: doc, empty: true} }

// with is an answer of one object.
func with[T any](doc string) answered {
	return answered{doc: doc, object: func(s *openapi.Schemas) *openapi.Schema { return s.Answer(reflect.TypeFor[T]()) }}
}

// listOf is an answer of a page, or of a line for each item.
func listOf[T any](doc string) answered {
	a := with[listObject[T]](doc)
	a.lines = func(s *openapi.Schemas) *openapi.Schema { return lineKind{"item", reflect.TypeFor[T](), ""}.schema(s) }
	return a
}

// withResult is an answer of one object, which is a result among lines.
func withResult[T any](doc string) answered {
	a := with[T](doc)
	a.lines = func(s *openapi.Schemas) *openapi.Schema {
		return lineKind{"result", reflect.TypeFor[T](), ""}.schema(s)
	}
	return a
}

// turnAnswer is the result of a turn, or the lines of its events.
func turnAnswer() answered {
	a := with[turnResult]("What came of the turn. As lines: its events as they happen; the last one is the result.")
	a.lines = func(s *openapi.Schemas) *openapi.Schema { return anyLine(s, "TurnLine", turnLines()) }
	return a
}

// logAnswer is a part of a conversation's log.
func logAnswer() answered {
	lines := func(s *openapi.Schemas) *openapi.Schema {
		return anyLine(s, "LogLine", append(turnLines(), logLines()...))
	}
	return answered{
		doc: "A page of the log: its cursor is the last number that was looked at. As lines: the same, one at a time.",
		object: func(s *openapi.Schemas) *openapi.Schema {
			page := &openapi.Schema{Type: openapi.Types{"object"}, Required: []string{"items", "cursor"}}
			page.Properties.Set("items", openapi.List(lines(s)))
			page.Properties.Set("cursor", openapi.Text())
			return page
		},
		lines: lines,
	}
}

// channelAnswer is what is published on a channel.
func channelAnswer() answered {
	return answered{
		doc: "The lines of the channel, without an end.", stream: true,
		lines: func(s *openapi.Schemas) *openapi.Schema {
			return s.Component("ChannelLine", func() *openapi.Schema {
				first := lineOf[idLine]("subscribe", "The subscription has begun; the first line.").schema(s)
				message, least := lineOf[object]("message", "A message, in the order in which they were published.").schema(s), int64(1)
				seq := openapi.Integer().With("Its number in the channel: what after takes.")
				seq.Minimum = &least
				message.Properties.Set("seq", seq)
				message.Required = append(message.Required, "seq")
				return &openapi.Schema{OneOf: []*openapi.Schema{first, message}}
			})
		},
	}
}

// lineKind is a line of a stream: what its type says and its data holds.
type lineKind struct {
	kind string
	data reflect.Type
	doc  string
}

func lineOf[T any](kind, doc string) lineKind { return lineKind{kind, reflect.TypeFor[T](), doc} }

// turnLines are the lines of a turn.
func turnLines() []lineKind {
	return []lineKind{
		lineOf[nothing]("completeBegin", "The turn starts."),
		lineOf[tokenData]("token", "A piece of the bot message that is being written."),
		lineOf[tokenData]("reasoningToken", "A piece of the model's thinking."),
		lineOf[lineMessage]("message", "A message is finished. The text of a bot message is that of the tokens since the one before; one of type activity is a call of a function, or its result."),
		lineOf[waitLine]("waitForChannelMessageBegin", "A function's result is awaited on this channel: publish it there."),
		lineOf[waitLine]("waitForChannelMessageEnd", "It is awaited no more. Its response follows."),
		lineOf[usageLine]("usage", "What one call of the model cost."),
		lineOf[wireError]("error", "The turn failed. Its result follows."),
		lineOf[abortLine]("abort", "The turn was stopped. Its result follows."),
		lineOf[nothing]("completeEnd", "The turn has ended."),
		lineOf[turnResult]("result", "What came of the turn; its last line."),
	}
}

// logLines are the lines that only the log of a conversation has.
func logLines() []lineKind {
	return []lineKind{
		lineOf[idLine]("turnBegin", "Somebody asked for a turn, of this id."),
		lineOf[changedMessageLine]("messageUpdated", "A message was changed: its fields as they are now, its text if that was."),
		lineOf[idLine]("messageDeleted", "A message was deleted."),
		lineOf[conversationFields]("conversationUpdated", "The conversation was changed: its fields as they are now, without times."),
		lineOf[ratingLine]("rating", "Somebody voted on the conversation, or on a message."),
		lineOf[restartedLine]("restarted", "The machine restarted: these numbers are not given to anything."),
		lineOf[idLine]("conversationDeleted", "The conversation was deleted; the last line."),
	}
}

// tokenData is the data of a token's line. It is rendered by hand, being the
// most frequent of all.
type tokenData struct {
	Token string `json:"token"`
}

// schema is that of a line of its own.
func (k lineKind) schema(s *openapi.Schemas) *openapi.Schema {
	line := &openapi.Schema{Type: openapi.Types{"object"}, Description: k.doc, Required: []string{"type", "data"}}
	line.Properties.Set("type", &openapi.Schema{Type: openapi.Types{"string"}, Const: k.kind})
	line.Properties.Set("data", s.Answer(k.data))
	return line
}

// anyLine is the schema of lines that differ by their type.
func anyLine(s *openapi.Schemas, name string, kinds []lineKind) *openapi.Schema {
	return s.Component(name, func() *openapi.Schema {
		any := &openapi.Schema{Discriminator: &openapi.Discriminator{PropertyName: "type"}}
		for _, k := range kinds {
			ref := s.Component(lineName(k.kind), func() *openapi.Schema { return k.numbered(s) })
			any.OneOf = append(any.OneOf, ref)
			any.Discriminator.Mapping.Set(k.kind, ref.Ref)
		}
		return any
	})
}

func lineName(kind string) string { return strings.ToUpper(kind[:1]) + kind[1:] + "Line" }

// numbered is the schema of a line that may stand in a conversation's log.
func (k lineKind) numbered(s *openapi.Schemas) *openapi.Schema {
	line, least := k.schema(s), int64(1)
	seq := openapi.Integer().With("The number of the event in the conversation's log; where one event makes several lines, only the last has it.")
	seq.Minimum = &least
	line.Properties.Set("seq", seq)
	line.Properties.Set("turn", openapi.Text().With("Whose event this is. In the log only."))
	line.Properties.Set("createdAt", openapi.Integer().With("When it happened, in milliseconds since 1970. In the log only."))
	return line
}
