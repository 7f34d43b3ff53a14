package chatbotkit

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/parleyhq/parley/internal/httpio"
)

// operation is one row of the table: what answers to a method and a path, who
// may ask for it, and what it takes.
type operation struct {
	name    string // as in the published API's operation ids
	method  string
	path    string // after the prefix
	session bool   // session tokens may use it, on their own conversation
	open    bool   // it may be asked without a token, and decides itself
	turn    bool   // it answers with a turn or a channel, and counts as a stream in any form
	query   []httpio.Declared
	request reflect.Type
	handle  func(*call) error
}

// Who may use an operation. The engine decides in the end; saying it here keeps
// a session token from learning more than that.
const (
	account = false
	session = true
)

// get is an operation without a body. What it reads of the query string is
// declared here.
func get(name, path string, who bool, handle func(*call) error, query ...httpio.Declared) operation {
	return operation{name: name, method: http.MethodGet, path: path, session: who, query: query, handle: handle}
}

// post is an operation with a JSON body, decoded into T.
func post[T any](name, path string, who bool, handle func(*call, T) error) operation {
	return operation{
		name: name, method: http.MethodPost, path: path, session: who, request: reflect.TypeFor[T](),
		handle: func(c *call) error {
			request, err := readRequest[T](c)
			if err != nil {
				return err
			}
			return handle(c, request)
		},
	}
}

// turn is a post that runs a model, or stays open for other reasons.
func turn[T any](name, path string, who bool, handle func(*call, T) error) operation {
	o := post(name, path, who, handle)
	o.turn = true
	return o
}

// operations is the table of what this server can do.
func operations() []operation {
	const (
		one     = "/conversation/{conversationId}"
		message = one + "/message/{messageId}"
		channel = "/channel/{channelId}"
	)
	return slices.Concat([]operation{
		get("listConversations", "/conversation/list", account, listConversations, newestFirst.declared()...),
		get("exportConversations", "/conversation/export", account, exportConversations, newestFirst.declared()...),
		post("createConversation", "/conversation/create", account, createConversation),
		get("fetchConversation", one+"/fetch", account, fetchConversation),
		post("updateConversation", one+"/update", account, updateConversation),
		post("deleteConversation", one+"/delete", account, deleteConversation),
		get("fetchConversationUsage", one+"/usage/fetch", account, fetchUsage, usageFrom, usageTo),
		post("upvoteConversation", one+"/upvote", account, upvote),
		post("downvoteConversation", one+"/downvote", account, downvote),

		turn("completeConversation", "/conversation/complete", account, completeStateless),
		turn("completeConversationMessage", one+"/complete", session, complete),
		turn("receiveConversationMessage", one+"/receive", session, receive),
		post("dispatchConversation", "/conversation/dispatch", account, dispatchStateless),
		post("dispatchConversationMessage", one+"/dispatch", account, dispatch),
		post("sendConversationMessage", one+"/send", session, send),
		get("readConversationEvents", one+"/events", session, readEvents, eventsAfter, eventsCount, eventsLive),
		post("stopConversation", one+"/stop", session, stop),

		get("listConversationMessages", one+"/message/list", session, listMessages, oldestFirst.declared()...),
		post("createConversationMessage", one+"/message/create", session, createMessage),
		get("fetchConversationMessage", message+"/fetch", session, fetchMessage),
		post("updateConversationMessage", message+"/update", account, updateMessage),
		post("deleteConversationMessage", message+"/delete", account, deleteMessage),
		post("upvoteConversationMessage", message+"/upvote", session, upvote),
		post("downvoteConversationMessage", message+"/downvote", session, downvote),
		post("synthesizeConversationMessage", message+"/synthesize", account, synthesize),

		post("publishChannelMessage", channel+"/publish", session, publish),
		turn("subscribeChannelMessages", channel+"/subscribe", account, subscribe),
		post("stopChannel", channel+"/stop", account, stopChannel),

		post("createConversationSession", one+"/session/create", account, createSession),
		get("listPlatformModels", "/platform/model/list", account, listModels, newestFirst.declared()...),
	}, objectOperations(), knowledgeOperations(), contactOperations(), memoryOperations(), accountOperations(), compactionOperations(), attachmentOperations())
}
