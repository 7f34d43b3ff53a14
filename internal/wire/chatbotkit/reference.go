package chatbotkit

import (
	"reflect"

	"github.com/parleyhq/parley/internal/convo"
)

// introduction stands before the operations.
const introduction = `The server answers the ChatBotKit v1 API. Send a token with each request, as Authorization: Bearer <token>.

A request body is one JSON object. Unknown members are passed over. One that is not required may be null, which is as good as leaving it out; in an update it clears what is stored.

Ask with Accept: application/jsonl to get an answer as JSON Lines: one JSON object a line, each with a type and its data, the events of a turn as they happen. Single blanks between lines only keep the connection alive.

An error has a message for people and a code for programs. A status that clients repeat by themselves (429, 500, 502, 503, 504) is sent only while nothing has happened; what fails later is a 200 whose end.reason is error.

Times are milliseconds since 1970. Absent members were never given; a list is never absent.`

// schemaNames are the names of schemas in the document, and so of types in the
// clients that are made of it.
func schemaNames() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[conversationObject](): "Conversation",
		reflect.TypeFor[conversationFields](): "ConversationFields",
		reflect.TypeFor[messageObject]():      "Message",
		reflect.TypeFor[spokenObject]():       "SpokenMessage",
		reflect.TypeFor[modelObject]():        "Model",
		reflect.TypeFor[wireError]():          "Error",
		reflect.TypeFor[turnResult]():         "TurnResult",
		reflect.TypeFor[resultUsage]():        "TurnUsage",
		reflect.TypeFor[lineMessage]():        "TurnMessage",
		reflect.TypeFor[usageLine]():          "ModelUsage",
		reflect.TypeFor[waitLine]():           "ChannelWait",
		reflect.TypeFor[waitedCall]():         "AwaitedCall",
		reflect.TypeFor[ratingLine]():         "Rating",
		reflect.TypeFor[changedMessageLine](): "MessageChange",
		reflect.TypeFor[echoMessage]():        "CreatedMessage",
		reflect.TypeFor[messageItem]():        "NewMessage",
		reflect.TypeFor[entity]():             "Entity",
		reflect.TypeFor[function]():           "Function",
		reflect.TypeFor[extension]():          "Extensions",
		reflect.TypeFor[extensionSkills]():    "ExtensionSkillset",
		reflect.TypeFor[resultSource]():       "FunctionResult",
		reflect.TypeFor[limits]():             "TurnLimits",
		reflect.TypeFor[attachment]():         "Attachment",

		reflect.TypeFor[conversationRequest]():       "UpdateConversationRequest",
		reflect.TypeFor[createConversationRequest](): "CreateConversationRequest",
		reflect.TypeFor[createMessageRequest]():      "CreateMessageRequest",
		reflect.TypeFor[updateMessageRequest]():      "UpdateMessageRequest",
		reflect.TypeFor[sendRequest]():               "SendRequest",
		reflect.TypeFor[upvoteRequest]():             "UpvoteRequest",
		reflect.TypeFor[downvoteRequest]():           "DownvoteRequest",
		reflect.TypeFor[createSessionRequest]():      "CreateSessionRequest",
		reflect.TypeFor[completeRequest]():           "CompleteRequest",
		reflect.TypeFor[completeStatelessRequest]():  "CompleteStatelessRequest",
		reflect.TypeFor[receiveRequest]():            "ReceiveRequest",
		reflect.TypeFor[stopRequest]():               "StopRequest",
		reflect.TypeFor[publishRequest]():            "PublishRequest",
		reflect.TypeFor[dispatchRequest]():           "DispatchRequest",
		reflect.TypeFor[dispatchStatelessRequest]():  "DispatchStatelessRequest",
		reflect.TypeFor[subscribeRequest]():          "SubscribeRequest",

		reflect.TypeFor[datasetObject]():        "Dataset",
		reflect.TypeFor[datasetRequest]():       "UpdateDatasetRequest",
		reflect.TypeFor[createDatasetRequest](): "CreateDatasetRequest",
		reflect.TypeFor[searchRequest]():        "SearchRequest",
		reflect.TypeFor[foundObject]():          "FoundRecord",
		reflect.TypeFor[recordObject]():         "Record",
		reflect.TypeFor[createRecordRequest]():  "CreateRecordRequest",
		reflect.TypeFor[updateRecordRequest]():  "UpdateRecordRequest",
		reflect.TypeFor[fileObject]():           "File",
		reflect.TypeFor[fileRequest]():          "FileRequest",
		reflect.TypeFor[uploadRequest]():        "UploadRequest",
		reflect.TypeFor[putRequest]():           "PutRequest",
		reflect.TypeFor[datasetFileObject]():    "DatasetFile",
		reflect.TypeFor[progressObject]():       "Progress",
		reflect.TypeFor[attachRequest]():        "AttachRequest",
		reflect.TypeFor[detachRequest]():        "DetachRequest",

		reflect.TypeFor[botObject]():         "Bot",
		reflect.TypeFor[skillsetObject]():    "Skillset",
		reflect.TypeFor[abilityObject]():     "Ability",
		reflect.TypeFor[secretObject]():      "Secret",
		reflect.TypeFor[botRequest]():        "BotRequest",
		reflect.TypeFor[skillsetRequest]():   "SkillsetRequest",
		reflect.TypeFor[abilityRequest]():    "AbilityRequest",
		reflect.TypeFor[secretRequest]():     "SecretRequest",
		reflect.TypeFor[botSessionRequest](): "CreateBotSessionRequest",

		reflect.TypeFor[contactObject]():        "Contact",
		reflect.TypeFor[ratingObject]():         "ContactRating",
		reflect.TypeFor[contactRequest]():       "ContactRequest",
		reflect.TypeFor[ensureContactRequest](): "EnsureContactRequest",
		reflect.TypeFor[upsertContactRequest](): "UpsertContactRequest",

		reflect.TypeFor[memoryObject]():        "Memory",
		reflect.TypeFor[createMemoryRequest](): "CreateMemoryRequest",
		reflect.TypeFor[updateMemoryRequest](): "UpdateMemoryRequest",

		reflect.TypeFor[searchMemoriesRequest]():    "SearchMemoriesRequest",
		reflect.TypeFor[searchAllMemoriesRequest](): "SearchAllMemoriesRequest",
		reflect.TypeFor[foundMemory]():              "FoundMemory",
		reflect.TypeFor[compactStatelessRequest]():  "CompactRequest",

		reflect.TypeFor[entryObject]():             "Event",
		reflect.TypeFor[subscribeEntriesRequest](): "SubscribeEventsRequest",
		reflect.TypeFor[tenantUsageObject]():       "Usage",
		reflect.TypeFor[databaseObject]():          "Totals",
		reflect.TypeFor[usageSeriesObject]():       "UsageSeries",
		reflect.TypeFor[dayObject]():               "UsageOfDay",
		reflect.TypeFor[usageItemObject]():         "UsageItem",
	}
}

// reference is what the document says of an operation beside its types.
type reference struct {
	summary     string
	description string
	example     string // of a request body
	answer      answered
	model       bool     // it asks a model, or for one
	fetches     bool     // it asks another server
	takes       []string // bodies that are not JSON, by their media types
}

// group is operations that stand together, by their names.
type group struct {
	name, description string
	operations        map[string]reference
}

func groups() []group {
	return []group{
		{"Conversations", "A conversation keeps messages, and how they are answered.", conversationReferences()},
		{"Turns", "A turn is one run of the model. It belongs to the server: a stored turn goes on when its connection is lost.", turnReferences()},
		{"Messages", "The messages of a conversation, in the order in which it was held.", messageReferences()},
		{"Channels", "Messages between programs: whoever subscribes to a channel gets what is published on it.", channelReferences()},
		{"Bots", "A bot is how somebody answers.", botReferences()},
		{"Skillsets", "What models may do, in sets.", skillsetReferences()},
		{"Secrets", "Values for the requests of abilities, which nobody is shown.", secretReferences()},
		{"Datasets", "What answers are made of.", datasetReferences()},
		{"Records", "Texts of a dataset, which searches find.", recordReferences()},
		{"Dataset files", "Files whose text a dataset has as records.", datasetFileReferences()},
		{"Files", "Files and their content.", fileReferences()},
		{"Attachments", "Files of conversations.", attachmentReferences()},
		{"Contacts", "Whom conversations are with.", contactReferences()},
		{"Memories", "What is remembered of contacts, and by bots.", memoryReferences()},
		{"Account", "What an account did and used.", accountReferences()},
		{"Sessions", "Tokens that a browser may have.", sessionReferences()},
		{"Platform", "What this server has to offer.", platformReferences()},
	}
}

func conversationReferences() map[string]reference {
	return map[string]reference{
		"listConversations": {summary: "List conversations",
			description: "All conversations of the account, a page at a time, or as lines all of them.",
			answer:      listOf[conversationObject]("A page of conversations.")},
		"exportConversations": {summary: "Export conversations",
			description: "The list once more, also as CSV for spreadsheets: ask with Accept: text/csv.",
			answer:      asCSV(listOf[conversationObject]("A page of conversations, or all as lines or rows."))},
		"createConversation": {summary: "Create a conversation",
			description: "Makes a conversation, with its first messages if some are given. Nothing is generated.",
			example:     `{"name":"Travel","backstory":"You are a friendly guide.","messages":[{"type":"user","text":"Hello"}]}`,
			answer:      with[createdConversation]("The id of the new conversation, and its messages if some were given."), model: true},
		"fetchConversation": {summary: "Fetch a conversation",
			description: "One conversation, without its messages.", answer: with[conversationObject]("The conversation.")},
		"updateConversation": {summary: "Update a conversation",
			description: "Changes the members that are given. null clears one.",
			example:     `{"name":"Journeys","meta":{"lang":"en"}}`,
			answer:      with[idObject]("The id of the conversation."), model: true},
		"deleteConversation": {summary: "Delete a conversation",
			description: "Removes it with its messages and its session tokens. A turn that runs is stopped.",
			example:     `{}`, answer: with[idObject]("The id of what is gone.")},
		"fetchConversationUsage": {summary: "Fetch the usage of a conversation",
			description: "How many tokens its turns cost, and how many messages users and bots have in it.",
			answer:      with[usageObject]("The sums.")},
		"upvoteConversation": {summary: "Vote for a conversation",
			description: "Stores a rating.", example: `{"value":100,"reason":"It helped."}`, answer: with[idObject]("The id of the conversation.")},
		"downvoteConversation": {summary: "Vote against a conversation",
			description: "Stores a rating.", example: `{"value":-50,"reason":"Too long."}`, answer: with[idObject]("The id of the conversation.")},
	}
}

func turnReferences() map[string]reference {
	return map[string]reference{
		"completeConversation": {summary: "Complete without a conversation",
			description: "Answers the messages that are given. Nothing is stored, and the turn ends with its caller's connection.",
			example:     `{"messages":[{"type":"user","text":"What is a parley?"}]}`, answer: turnAnswer(), model: true},
		"completeConversationMessage": {summary: "Complete in a conversation",
			description: "Stores the user's message, runs the model and stores its answer. Turns of one conversation run one after the other.",
			example:     `{"text":"What is a parley?"}`, answer: turnAnswer(), model: true},
		"receiveConversationMessage": {summary: "Receive an answer",
			description: "Runs the model on what is stored, without a new message.",
			example:     `{}`, answer: turnAnswer(), model: true},
		"dispatchConversation": {summary: "Dispatch without a conversation",
			description: "Answers the messages that are given, in the background: the turn belongs to the server, and goes on after a restart. Its lines are read by subscribing to the channel, from the first one, by as many as like, for a day.",
			example:     `{"messages":[{"type":"user","text":"What is a parley?"}]}`, answer: with[dispatchObject]("The channel of the turn."), model: true},
		"dispatchConversationMessage": {summary: "Dispatch in a conversation",
			description: "Stores the user's message and runs the model, in the background. The turn's lines are read by subscribing to the channel, from the first one.",
			example:     `{"text":"What is a parley?"}`, answer: with[dispatchObject]("The channel of the turn."), model: true},
		"compactConversation": {summary: "Compact a conversation",
			description: "Has the conversation's model sum it up, and stores the summary as a message of type checkpoint: later prompts begin with it. What it sums up stays where it is. Refused with 409 while a turn runs, and while a function has no result.",
			example:     `{}`, answer: with[compactedObject]("The id and the text of the new message."), model: true},
		"compactConversationMessages": {summary: "Compact without a conversation",
			description: "Has a model sum up the messages that are given. Nothing is stored.",
			example:     `{"messages":[{"type":"user","text":"What is a parley?"}]}`, answer: with[compactedObject]("The summary."), model: true},
		"sendConversationMessage": {summary: "Send a message",
			description: "Stores a user's message. Nothing is generated until it is received.",
			example:     `{"text":"What is a parley?"}`, answer: withResult[createdMessage]("The id of the message, and what is known of its text.")},
		"readConversationEvents": {summary: "Read the log of a conversation",
			description: "Everything that happened behind a number, and with live what happens from now on. The seq of the last line that was seen is where to go on after a lost connection: drop the lines that came after it.",
			answer:      logAnswer()},
		"stopConversation": {summary: "Stop a turn",
			description: "Ends the turn that runs, or the one that is named. Its partial text is stored, and its readers get their result.",
			example:     `{}`, answer: with[stoppedObject]("How many turns were stopped.")},
	}
}

func messageReferences() map[string]reference {
	return map[string]reference{
		"listConversationMessages": {summary: "List messages",
			description: "The messages of a conversation. Session tokens do not see those of type backstory and instruction.",
			answer:      listOf[messageObject]("A page of messages.")},
		"createConversationMessage": {summary: "Create a message",
			description: "Stores a message of any type. Nothing is generated. Session tokens may add those of type user, context and activity.",
			example:     `{"type":"context","text":"The caller is in Lisbon."}`, answer: with[createdMessage]("The id of the message, and what is known of its text.")},
		"fetchConversationMessage": {summary: "Fetch a message",
			description: "One message of a conversation.", answer: with[messageObject]("The message.")},
		"updateConversationMessage": {summary: "Update a message",
			description: "Changes the members that are given. null clears one.",
			example:     `{"text":"The caller is in Porto."}`, answer: with[idObject]("The id of the message.")},
		"deleteConversationMessage": {summary: "Delete a message",
			description: "Removes a message, and its text from the log.", example: `{}`, answer: with[idObject]("The id of what is gone.")},
		"upvoteConversationMessage": {summary: "Vote for a message",
			description: "Stores a rating.", example: `{"value":100}`, answer: with[idObject]("The id of the message.")},
		"downvoteConversationMessage": {summary: "Vote against a message",
			description: "Stores a rating.", example: `{"value":-100,"reason":"Wrong."}`, answer: with[idObject]("The id of the message.")},
		"synthesizeConversationMessage": {summary: "Speak a message",
			description: "Has the configured service say a message of at most 4096 characters. The audio is a file of the conversation, among its attachments; url is where it can be heard without a token, for one to two days. The same message is spoken once, until its text changes: ask again for a new url. 400 without a service, and where something in the text is kept from services, unless the bot lets through what cannot be masked.",
			example:     `{}`, answer: with[spokenObject]("The id of the message, and the file that says it."), fetches: true},
	}
}

func channelReferences() map[string]reference {
	return map[string]reference{
		"publishChannelMessage": {summary: "Publish a message",
			description: "Puts a message on a channel. A channel needs no creation, and nobody needs to listen. If a function waits for a message there, the oldest one takes it as its result. A session token may do this only while a turn of its conversation waits.",
			example:     `{"message":{"data":{"celsius":21}}}`, answer: with[idObject]("The id of the channel.")},
		"subscribeChannelMessages": {summary: "Subscribe to a channel",
			description: "Sends what is published, as lines whatever form is asked for, until the caller leaves. A channel that a turn was dispatched to gives the turn's lines from the first one, each as a message, and ends with its result.",
			example:     `{"historyLength":10}`, answer: channelAnswer()},
		"stopChannel": {summary: "Stop a dispatched turn",
			description: "Ends the turn that was dispatched to a channel, as stopping it in its conversation does.",
			example:     `{}`, answer: with[stoppedObject]("The id of the channel, and how many turns were stopped.")},
	}
}

func sessionReferences() map[string]reference {
	return map[string]reference{
		"createBotSession": {summary: "Create a session of a bot",
			description: "Makes a conversation of the bot, and a token that works in it only. It is shown once.",
			example:     `{"durationInSeconds":3600,"messages":[{"type":"bot","text":"Hello! Where do you want to go?"}]}`,
			answer:      with[botSessionObject]("The conversation, the token, and when it ends.")},
		"createConversationSession": {summary: "Create a session",
			description: "Makes a token that works in this conversation only, for its users' browsers. It is shown once.",
			example:     `{"durationInSeconds":3600}`, answer: with[sessionObject]("The token, and when it ends.")},
	}
}

func platformReferences() map[string]reference {
	return map[string]reference{
		"listPlatformModels": {summary: "List models",
			description: "The models that a request may name.", answer: listOf[modelObject]("A page of models."), model: true},
	}
}

// asCSV is an answer that can be had for spreadsheets too.
func asCSV(a answered) answered {
	a.csv = true
	return a
}

// failureText says when an error comes.
type failureText struct {
	kind convo.Kind
	when string
}

// failureTexts are the errors that operations may answer with, by their status.
func failureTexts() []failureText {
	return []failureText{
		{convo.Invalid, "The request is malformed, or asks for something that cannot be. The message names what."},
		{convo.Unauthenticated, "There is no token, or one that is unknown, revoked or expired."},
		{convo.QuotaReached, "A quota of tokens is used up. Nothing has happened."},
		{convo.Forbidden, "The token is known and may not do this."},
		{convo.NotFound, "What the path names, or a member of the body, does not exist."},
		{convo.Conflict, "The state does not allow it: too many turns wait, the conversation is full, or an alias is taken."},
		{convo.TooLarge, "The body, a text or meta is larger than it may be."},
		{convo.Unprocessable, "The Idempotency-Key was used with another body."},
		{convo.RateLimited, "Too many requests, here or at the model's provider. Nothing has happened."},
		{convo.Internal, "The server failed. Nothing has happened."},
		{convo.UpstreamFailed, "The model's provider failed. Nothing has happened."},
		{convo.Unavailable, "The server starts, stops or has too much to do. Nothing has happened."},
		{convo.UpstreamTimeout, "The model's provider was silent for too long. Nothing has happened."},
	}
}
