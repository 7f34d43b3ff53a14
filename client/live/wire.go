package live

import (
	"bytes"
	"encoding/json"
	"time"
)

// envelope is one event of a conversation, as it travels in both directions.
// What is there counts, also when it is empty: hence the pointers.
type envelope struct {
	ConversationID    string            `json:"conversationId"`
	StartSession      *startSession     `json:"startSession,omitempty"`
	SessionStarted    *SessionStarted   `json:"sessionStarted,omitempty"`
	SessionEnding     *SessionEnding    `json:"sessionEnding,omitempty"`
	Exchange          *exchangeEvent    `json:"exchange,omitempty"`
	AsyncInputStream  *inputStreamEvent `json:"asyncInputStream,omitempty"`
	AsyncToolCall     *toolCallEvent    `json:"asyncToolCall,omitempty"`
	MetaEvent         json.RawMessage   `json:"metaEvent,omitempty"`
	ConversationError *errorEvent       `json:"conversationError,omitempty"`
	LabelUpdated      *LabelUpdated     `json:"labelUpdated,omitempty"`
	EndSession        *SessionEnd       `json:"endSession,omitempty"`
	Seq               int64             `json:"seq,omitempty"`
}

type exchangeEvent struct {
	ExchangeID    string          `json:"exchangeId"`
	StartExchange *ExchangeStart  `json:"startExchange,omitempty"`
	Message       *messageEvent   `json:"message,omitempty"`
	MetaEvent     json.RawMessage `json:"metaEvent,omitempty"`
	ExchangeError *errorEvent     `json:"exchangeError,omitempty"`
	EndExchange   *ExchangeEnd    `json:"endExchange,omitempty"`
}

type messageEvent struct {
	MessageID    string            `json:"messageId"`
	StartMessage *MessageStart     `json:"startMessage,omitempty"`
	ContentPart  *contentPartEvent `json:"contentPart,omitempty"`
	ToolCall     *toolCallEvent    `json:"toolCall,omitempty"`
	Interrupt    *interruptEvent   `json:"interrupt,omitempty"`
	MetaEvent    json.RawMessage   `json:"metaEvent,omitempty"`
	MessageError *errorEvent       `json:"messageError,omitempty"`
	EndMessage   *MessageEnd       `json:"endMessage,omitempty"`
}

type contentPartEvent struct {
	ContentPartID    string            `json:"contentPartId"`
	StartContentPart *ContentPartStart `json:"startContentPart,omitempty"`
	Chunk            *Chunk            `json:"chunk,omitempty"`
	MetaEvent        json.RawMessage   `json:"metaEvent,omitempty"`
	ContentPartError *errorEvent       `json:"contentPartError,omitempty"`
	EndContentPart   *ContentPartEnd   `json:"endContentPart,omitempty"`
}

type toolCallEvent struct {
	ToolCallID        string             `json:"toolCallId"`
	StartToolCall     *ToolCallStart     `json:"startToolCall,omitempty"`
	ConfirmToolCall   *ToolCallConfirm   `json:"confirmToolCall,omitempty"`
	ExecutingToolCall *ToolCallExecution `json:"executingToolCall,omitempty"`
	MetaEvent         json.RawMessage    `json:"metaEvent,omitempty"`
	ToolCallError     *errorEvent        `json:"toolCallError,omitempty"`
	EndToolCall       *ToolCallEnd       `json:"endToolCall,omitempty"`
}

type interruptEvent struct {
	InterruptID    string          `json:"interruptId"`
	StartInterrupt *InterruptStart `json:"startInterrupt,omitempty"`
	EndInterrupt   json.RawMessage `json:"endInterrupt,omitempty"`
}

type inputStreamEvent struct {
	StreamID              string            `json:"streamId"`
	StartAsyncInputStream *InputStreamStart `json:"startAsyncInputStream,omitempty"`
	Chunk                 *inputChunk       `json:"chunk,omitempty"`
	MetaEvent             json.RawMessage   `json:"metaEvent,omitempty"`
	AsyncInputStreamError *errorEvent       `json:"asyncInputStreamError,omitempty"`
	EndAsyncInputStream   *InputStreamEnd   `json:"endAsyncInputStream,omitempty"`
}

type inputChunk struct {
	Data string `json:"data"` // base64
}

type errorEvent struct {
	ErrorID    string      `json:"errorId"`
	StartError *startError `json:"startError,omitempty"`
	EndError   *struct{}   `json:"endError,omitempty"`
}

type startError struct {
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
}

type startSession struct {
	Capabilities map[string]any `json:"capabilities,omitempty"`
	MetaData     map[string]any `json:"metaData,omitempty"`
}

// SessionStarted is the server's word that a session is open.
type SessionStarted struct {
	Capabilities map[string]any `json:"capabilities,omitempty"` // what the server can do, as "asyncInputStreamHandler"
}

// resumes reports whether the server numbers what it sends, so that a session
// can go on behind a number.
func (s *SessionStarted) resumes() bool {
	can, ok := s.Capabilities["resume"].(bool)
	return ok && can
}

// SessionEnding announces that the server will close the connection soon. There
// is nothing to do: the session connects again by itself.
type SessionEnding struct {
	TimeToLiveMS int64 `json:"timeToLiveMS"`
}

// SessionEnd ends a session; from the server, because the conversation was
// deleted.
type SessionEnd struct {
	MetaData json.RawMessage `json:"metaData,omitempty"`
}

// LabelUpdated is a new label of the conversation.
type LabelUpdated struct {
	Label         string `json:"label"`
	Autogenerated bool   `json:"autogenerated"`
}

// ExchangeStart is how an exchange begins.
type ExchangeStart struct {
	ID                   string           `json:"-"`                              // 1 to 255 characters; "" = a new one
	ConversationSequence int              `json:"conversationSequence,omitempty"` // seldom given
	Metadata             json.RawMessage  `json:"metadata,omitempty"`             // a JSON object of the application's own, kept with the exchange
	Timestamp            *time.Time       `json:"timestamp,omitempty"`
	ClientSideTools      []ClientSideTool `json:"clientSideTools,omitempty"` // what this program can run
}

// ClientSideTool is a tool of the agent that this program runs: see
// [ToolCallStream.OnExecuting].
type ClientSideTool struct {
	Name         string          `json:"name"`
	InputSchema  json.RawMessage `json:"inputSchema,omitempty"`
	OutputSchema json.RawMessage `json:"outputSchema,omitempty"`
}

// ExchangeEnd is how an exchange ended.
type ExchangeEnd struct {
	MetaData json.RawMessage `json:"metaData,omitempty"` // Parley: {"reason": "done", "usage": {…}}
}

// Reason says why an exchange ended, as "done", "stopped", "failed",
// "interrupted" or "limit"; "" where the server does not say it.
func (e ExchangeEnd) Reason() string {
	var meta struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(e.MetaData, &meta) // metadata of another form has no reason
	return meta.Reason
}

// Role says whose a message is.
type Role string

// The roles. Programs write as the user.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleSystem    Role = "system"
)

// MessageStart is how a message begins.
type MessageStart struct {
	ID               string          `json:"-"` // "" = a new one
	Role             Role            `json:"role"`
	Timestamp        *time.Time      `json:"timestamp,omitempty"`
	ExchangeSequence int             `json:"exchangeSequence,omitempty"`
	MetaData         json.RawMessage `json:"metaData,omitempty"`
}

// MessageEnd is the end of a message.
type MessageEnd struct {
	MetaData json.RawMessage `json:"metaData,omitempty"`
}

// MarkdownType is the media type of answers, and of parts that name no other.
const MarkdownType = "text/markdown"

// ContentPartStart is how a part of a message begins.
type ContentPartStart struct {
	ID            string          `json:"-"` // "" = a new one
	MimeType      string          `json:"mimeType"`
	Name          string          `json:"name,omitempty"`
	ExternalValue *ExternalValue  `json:"externalValue,omitempty"` // the part is a file
	Timestamp     *time.Time      `json:"timestamp,omitempty"`
	MetaData      json.RawMessage `json:"metaData,omitempty"`
}

// ExternalValue is content that stands elsewhere.
type ExternalValue struct {
	URI       string `json:"uri"`
	ByteCount *int64 `json:"byteCount,omitempty"`
}

// Chunk is a piece of a part.
type Chunk struct {
	Data     string         `json:"data,omitempty"`
	Citation *CitationEvent `json:"citation,omitempty"`
}

// CitationEvent marks what cites something: it starts before the data of the
// chunk that has Start, and ends after the data of the one that has End.
type CitationEvent struct {
	ID    string       `json:"citationId"`
	Start *struct{}    `json:"startCitation,omitempty"`
	End   *CitationEnd `json:"endCitation,omitempty"`
	Error *errorEvent  `json:"citationError,omitempty"`
}

// CitationEnd names what was cited.
type CitationEnd struct {
	Sources []CitationSource `json:"sources"`
}

// ContentPartEnd is the end of a part.
type ContentPartEnd struct {
	Interrupted                  json.RawMessage `json:"interrupted,omitempty"`
	LastChunkContentPartSequence int             `json:"lastChunkContentPartSequence,omitempty"`
	MetaData                     json.RawMessage `json:"metaData,omitempty"`
}

// Cut reports whether the part ended before it was complete.
func (e ContentPartEnd) Cut() bool {
	text := string(bytes.TrimSpace(e.Interrupted))
	return text != "" && text != "null" && text != "false"
}

// ToolCallStart is a call of a tool by the model.
type ToolCallStart struct {
	ID                  string          `json:"-"` // "" = a new one
	ToolName            string          `json:"toolName"`
	Input               json.RawMessage `json:"input,omitempty"` // a JSON object
	Timestamp           *time.Time      `json:"timestamp,omitempty"`
	RequireConfirmation bool            `json:"requireConfirmation,omitempty"` // it waits for [ToolCallStream.Confirm] or Reject
	InputSchema         json.RawMessage `json:"inputSchema,omitempty"`
	IsClientSideTool    bool            `json:"isClientSideTool,omitempty"` // it waits for [ToolCallStream.End]
	OutputSchema        json.RawMessage `json:"outputSchema,omitempty"`
	MetaData            json.RawMessage `json:"metaData,omitempty"`
}

// ToolCallConfirm is the answer of a person to a call that asks first.
type ToolCallConfirm struct {
	Approved bool            `json:"approved"`
	Input    json.RawMessage `json:"input,omitempty"` // what is to run; absent = as proposed
}

// ToolCallExecution says that a call runs now.
type ToolCallExecution struct {
	Input     json.RawMessage `json:"input,omitempty"` // what really runs
	Timestamp *time.Time      `json:"timestamp,omitempty"`
}

// ToolCallEnd is the result of a call.
type ToolCallEnd struct {
	Output    json.RawMessage `json:"output,omitempty"` // any JSON
	IsError   bool            `json:"isError,omitempty"`
	Cancelled bool            `json:"cancelled,omitempty"`
	Timestamp *time.Time      `json:"timestamp,omitempty"`
	MetaData  json.RawMessage `json:"metaData,omitempty"`
}

// InterruptConfirmation is the type of interrupts by which an agent of the older
// kind asks whether a tool may run: their value is a [ConfirmationValue], and
// [MessageStream.SendInterruptEnd] answers them with a [ToolCallConfirm].
const InterruptConfirmation = "uipath_cas_tool_call_confirmation"

// InterruptStart is a question that stops an exchange until it is answered.
type InterruptStart struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// ConfirmationValue is the value of an interrupt of type
// [InterruptConfirmation].
type ConfirmationValue struct {
	ToolCallID  string          `json:"toolCallId"`
	ToolName    string          `json:"toolName"`
	InputSchema json.RawMessage `json:"inputSchema"`
	InputValue  json.RawMessage `json:"inputValue,omitempty"`
}

// InputStreamStart is how a stream of audio begins.
type InputStreamStart struct {
	ID                       string          `json:"-"`        // "" = a new one
	MimeType                 string          `json:"mimeType"` // as "audio/pcm;rate=24000"
	StartOfSpeechSensitivity string          `json:"startOfSpeechSensitivity,omitempty"`
	EndOfSpeechSensitivity   string          `json:"endOfSpeechSensitivity,omitempty"`
	PrefixPaddingMs          int             `json:"prefixPaddingMs,omitempty"`
	SilenceDurationMs        int             `json:"silenceDurationMs,omitempty"`
	MetaData                 json.RawMessage `json:"metaData,omitempty"`
}

// InputStreamEnd is the end of a stream of audio.
type InputStreamEnd struct {
	MetaData json.RawMessage `json:"metaData,omitempty"`
}
