package uipath

import (
	"net/http"
)

// operation is one row of the table: what answers to a method and a path.
type operation struct {
	name   string
	method string
	path   string
	open   bool // it does without a token
	handle func(*call) error
}

// repeats reports whether a request may be the repeat of one that changed something.
func (o operation) repeats() bool { return o.method == http.MethodPost }

// The roots of the paths: of the API, and of what stands beside it.
const (
	root    = "/{org}/{tenant}/autopilotforeveryone_/api"
	rootAPI = root + "/v1"

	filePath = "/files/{fileId}"
)

// get is an operation that changes nothing.
func get(name, path string, handle func(*call) error) operation {
	return operation{name: name, method: http.MethodGet, path: path, handle: handle}
}

// write is an operation with a JSON body, decoded into T.
func write[T any](name, method, path string, handle func(*call, T) error) operation {
	return operation{name: name, method: method, path: path, handle: func(c *call) error {
		request, err := readRequest[T](c)
		if err != nil {
			return err
		}
		return handle(c, request)
	}}
}

// operations is the table of what can be asked for. Their names are those of the
// published client's methods.
func operations() []operation {
	const (
		one      = rootAPI + "/conversation/{conversationId}"
		exchange = one + "/exchange/{exchangeId}"
		message  = exchange + "/message/{messageId}"
	)
	return []operation{
		get("agents.getAll", rootAPI+"/agent", listAgents),
		get("agents.getById", rootAPI+"/agent/{folderId}/{agentId}", getAgent),
		get("agents.getConnections", rootAPI+"/agent/{folderId}/{agentId}/connections", getConnections),
		write("agents.setConnections", http.MethodPut, rootAPI+"/agent/{folderId}/{agentId}/connections", setConnections),
		write("agents.authorizeConnection", http.MethodPost, rootAPI+"/agent/connections/auth", authorizeConnection),

		write("conversations.create", http.MethodPost, rootAPI+"/conversation", createConversation),
		get("conversations.getAll", rootAPI+"/conversation", listConversations),
		get("conversations.getById", one, getConversation),
		write("conversations.updateById", http.MethodPatch, one, updateConversation),
		{name: "conversations.deleteById", method: http.MethodDelete, path: one, handle: deleteConversation},

		get("exchanges.getAll", one+"/exchange", listExchanges),
		get("exchanges.getById", exchange, getExchange),
		write("exchanges.createFeedback", http.MethodPost, exchange+"/feedback", createFeedback),
		get("messages.getById", message, getMessage),
		get("messages.getContentPartById", message+"/contentPart/{contentPartId}", getPart),

		write("getAttachmentUploadUri", http.MethodPost, one+"/attachment", createAttachment),
		{name: "uploadFile", method: http.MethodPut, path: filePath, open: true, handle: putFile},
		{name: "readFile", method: http.MethodGet, path: filePath, open: true, handle: readFile},
		{name: "readFile", method: http.MethodHead, path: filePath, open: true, handle: readFile},

		get("user.getSettings", rootAPI+"/user/settings", getSettings),
		write("user.updateSettings", http.MethodPatch, rootAPI+"/user/settings", updateSettings),

		get("getFeatureFlags", root+"/utility/feature-flags", featureFlags),
	}
}

// flags are the features that clients may ask about.
type flags struct {
	ClientSideTools bool `json:"clientSideTools"`
}

func featureFlags(c *call) error { return c.answer(flags{ClientSideTools: true}) }
