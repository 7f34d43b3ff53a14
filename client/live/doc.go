// Package live talks with agents in live sessions, over the protocol of UiPath's
// Conversational Agent: to a Parley server, or to the hosted service
// ([HostedBaseURL]). It brings one library besides the standard one, for
// WebSockets.
//
//	c, err := live.New(live.WithBaseURL("http://127.0.0.1:8787"), live.WithSecret(secret))
//	if err != nil {
//		return err
//	}
//	conversation, err := c.Conversation.Create(ctx, live.ConversationCreateRequest{AgentID: 1, FolderID: 1})
//	if err != nil {
//		return err
//	}
//	session := conversation.StartSession(live.SessionOptions{})
//	session.OnExchangeStart(func(exchange *live.ExchangeStream) {
//		exchange.OnMessageStart(func(message *live.MessageStream) {
//			if message.IsAssistant() {
//				message.OnContentPartStart(func(part *live.ContentPartStream) {
//					part.OnChunk(func(chunk live.Chunk) { fmt.Print(chunk.Data) })
//				})
//			}
//		})
//		exchange.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
//	})
//	exchange, err := session.StartExchange(live.ExchangeStart{})
//	if err != nil {
//		return err
//	}
//	if err := exchange.SendMessageWithContentPart(live.Content{Data: "Hello!"}); err != nil {
//		return err
//	}
//	return session.Run(ctx)
//
// # Sessions
//
// A conversation is a series of exchanges; an exchange has messages of the user
// and of the agent; a message has content parts, whose text comes in chunks, and
// calls of tools. A session tells all of it while it happens: to handlers, which
// are added with On… to what they are about, or as one series of events
// ([SessionStream.Events]). What other clients of the conversation say is told,
// too, and so is what this program says itself: handlers need not care who began
// an exchange. (In JavaScript that takes the option echo.)
//
// A session lives while [SessionStream.Run] or Events runs: only then it has
// goroutines and a connection, and nothing is left when they return. Handlers
// are called one after the other by that goroutine, and what they add is in time
// for what comes next, also within the same frame. They may say something, and
// need not wait: saying puts an event into a queue and returns. A handler that
// takes its time holds up only its own session.
//
// # Lost connections
//
// A session connects again by itself, and its handlers notice nothing but a
// pause, a [Disconnected] and a [Reconnected]. Parley keeps a session for some
// minutes and then sends what was missed; after that, and after a restart of the
// program with [SessionOptions].After, the session goes on behind the last
// number that it has seen ([SessionStream.Seq]), for the life of the
// conversation. Every event is told exactly once. What was said and not
// acknowledged is said again, in a way that does it once; only metadata and
// audio are not repeated.
//
// A server that does not number its events tells open exchanges from their
// beginning: what is known of them is left out, and those that ended meanwhile
// are read over REST. What was said as the connection broke may be lost there,
// for it acknowledges nothing.
//
// # Errors
//
// A refusal of a request is an [*Error], with the status and the code of the
// server. Within a session, errors are events ([EventError]) that belong to what
// failed, and the session goes on. A session that is refused as a whole ends
// with an [*EventError] or a [*ConnectError].
//
// # Retries
//
// A request that got no answer, or 429, 502, 503 or 504, is made again
// ([DefaultRetries] times unless [WithRetries] says otherwise) where a repeat
// can do no harm: what makes or deletes something is repeated only where it
// certainly had no effect.
//
// # Names
//
// The published documents of the npm package use other names. This is where each
// of them is.
//
// The conversation, as an update answers it:
//
//	ConversationUpdateResponse                        Conversation
//	ConversationUpdateResponse.agentId                Conversation.AgentID
//	ConversationUpdateResponse.autogenerateLabel      Conversation.AutogenerateLabel
//	ConversationUpdateResponse.createdTime            Conversation.CreatedTime
//	ConversationUpdateResponse.exchanges              Conversation.Exchanges
//	ConversationUpdateResponse.folderId               Conversation.FolderID
//	ConversationUpdateResponse.id                     Conversation.ID
//	ConversationUpdateResponse.isLocalJobExecution    Conversation.IsLocalJobExecution
//	ConversationUpdateResponse.jobKey                 Conversation.JobKey
//	ConversationUpdateResponse.jobStartOverrides      Conversation.JobStartOverrides
//	ConversationUpdateResponse.label                  Conversation.Label
//	ConversationUpdateResponse.lastActivityTime       Conversation.LastActivityTime
//	ConversationUpdateResponse.orgId                  Conversation.OrgID
//	ConversationUpdateResponse.spanId                 Conversation.SpanID
//	ConversationUpdateResponse.tenantId               Conversation.TenantID
//	ConversationUpdateResponse.traceId                Conversation.TraceID
//	ConversationUpdateResponse.updatedTime            Conversation.UpdatedTime
//	ConversationUpdateResponse.userId                 Conversation.UserID
//	ConversationUpdateResponse.delete                 Conversation.Delete
//	ConversationUpdateResponse.endSession             Conversation.EndSession
//	ConversationUpdateResponse.getSession             Conversation.GetSession
//	ConversationUpdateResponse.startSession           Conversation.StartSession
//	ConversationUpdateResponse.startSession.options   SessionOptions
//	ConversationUpdateResponse.update                 Conversation.Update
//	ConversationUpdateResponse.update.options         ConversationUpdateRequest
//	ConversationUpdateResponse.uploadAttachment       Conversation.UploadAttachment
//	ConversationUpdateResponse.uploadAttachment.file  File
//
// The types that it names:
//
//	ConversationGetResponse                   Conversation
//	ConversationDeleteResponse                Conversation
//	ConversationUpdateOptions                 ConversationUpdateRequest
//	ConversationSessionOptions                SessionOptions
//	ConversationJobStartOverrides             JobStartOverrides
//	ConversationAttachmentUploadResponse      Attachment
//	ConversationAttachmentUploadResponse.uri  Attachment.URI
//	ConversationExchangeServiceModel          ConversationExchanges
//	SessionStream                             SessionStream
//
// What its examples call:
//
//	conversations.create                      ConversationService.Create
//	session.onExchangeStart                   SessionStream.OnExchangeStart
//	session.onSessionStarted                  SessionStream.OnSessionStarted
//	session.startExchange                     SessionStream.StartExchange
//	exchange.onMessageStart                   ExchangeStream.OnMessageStart
//	exchange.sendMessageWithContentPart       ExchangeStream.SendMessageWithContentPart
//	exchange.sendMessageWithContentPart.data  Content.Data
//	message.isAssistant                       MessageStream.IsAssistant
//	message.onContentPartStart                MessageStream.OnContentPartStart
//	part.isMarkdown                           ContentPartStream.IsMarkdown
//	part.onChunk                              ContentPartStream.OnChunk
//	chunk.data                                Chunk.Data
//
// The services:
//
//	agents.getAll                            AgentService.List
//	agents.getById                           AgentService.Get
//	conversations.getAll                     ConversationService.List, ConversationService.All
//	conversations.getById                    ConversationService.Get
//	conversations.updateById                 ConversationService.Update
//	conversations.deleteById                 ConversationService.Delete
//	conversations.getAttachmentUploadUri     ConversationService.CreateAttachment
//	conversations.uploadAttachment           ConversationService.UploadAttachment
//	conversations.startSession               ConversationService.StartSession
//	conversations.getSession                 ConversationService.GetSession
//	conversations.endSession                 ConversationService.EndSession
//	conversations.sessions                   ConversationService.Sessions
//	conversations.onConnectionStatusChanged  Disconnected, Reconnected
//	exchanges.getAll                         ExchangeService.List, ExchangeService.All, ConversationExchanges.List, ConversationExchanges.All
//	exchanges.getById                        ExchangeService.Get, ConversationExchanges.Get
//	exchanges.createFeedback                 ExchangeService.CreateFeedback, ConversationExchanges.CreateFeedback
//	messages.getById                         MessageService.Get
//	messages.getContentPartById              MessageService.GetContentPart
//	user.getSettings                         UserService.Settings
//	user.updateSettings                      UserService.UpdateSettings
//	getFeatureFlags                          Client.FeatureFlags
//	downloadCitationSource                   Client.Download
//
// What goes on in a session:
//
//	SessionStream.conversationId              SessionStream.ConversationID
//	SessionStream.ended                       SessionStream.Ended
//	SessionStream.onSessionEnding             SessionStream.OnSessionEnding
//	SessionStream.onSessionEnd                SessionStream.OnSessionEnd
//	SessionStream.onLabelUpdated              SessionStream.OnLabelUpdated
//	SessionStream.onErrorStart                SessionStream.OnErrorStart
//	SessionStream.onErrorEnd                  SessionStream.OnErrorEnd
//	SessionStream.onAnyErrorStart             SessionStream.OnAnyErrorStart
//	SessionStream.sendSessionEnd              SessionStream.End
//	SessionStream.sendMetaEvent               SessionStream.SendMetaEvent
//	SessionStream.exchanges                   SessionStream.Exchanges
//	SessionStream.getExchange                 SessionStream.GetExchange
//	SessionStream.startAsyncInputStream       SessionStream.StartInputStream
//	SessionStream.onAsyncToolCallStart        SessionStream.OnToolCallStart
//	SessionStream.emit                        SessionStream.OnEvent
//	AsyncInputStream                          InputStream
//	AsyncInputStream.sendChunk                InputStream.SendChunk
//	AsyncInputStream.sendAsyncInputStreamEnd  InputStream.End
//	AsyncInputStream.onErrorStart             InputStream.OnErrorStart
//	ExchangeStream.exchangeId                 ExchangeStream.ID
//	ExchangeStream.startEvent                 ExchangeStream.StartEvent
//	ExchangeStream.ended                      ExchangeStream.Ended
//	ExchangeStream.onMessageCompleted         ExchangeStream.OnMessageCompleted
//	ExchangeStream.onExchangeEnd              ExchangeStream.OnExchangeEnd
//	ExchangeStream.onErrorStart               ExchangeStream.OnErrorStart
//	ExchangeStream.startMessage               ExchangeStream.StartMessage
//	ExchangeStream.messages                   ExchangeStream.Messages
//	ExchangeStream.getMessage                 ExchangeStream.GetMessage
//	ExchangeStream.sendExchangeEnd            ExchangeStream.SendExchangeEnd
//	ExchangeStream.sendMetaEvent              ExchangeStream.SendMetaEvent
//	MessageStream.messageId                   MessageStream.ID
//	MessageStream.role                        MessageStream.Role
//	MessageStream.isUser                      MessageStream.IsUser
//	MessageStream.isSystem                    MessageStream.IsSystem
//	MessageStream.startEvent                  MessageStream.StartEvent
//	MessageStream.ended                       MessageStream.Ended
//	MessageStream.onToolCallStart             MessageStream.OnToolCallStart
//	MessageStream.onMessageEnd                MessageStream.OnMessageEnd
//	MessageStream.onContentPartCompleted      MessageStream.OnContentPartCompleted
//	MessageStream.onToolCallCompleted         MessageStream.OnToolCallCompleted
//	MessageStream.onCompleted                 MessageStream.OnCompleted
//	MessageStream.onInterruptStart            MessageStream.OnInterruptStart
//	MessageStream.onInterruptEnd              MessageStream.OnInterruptEnd
//	MessageStream.onErrorStart                MessageStream.OnErrorStart
//	MessageStream.sendInterruptEnd            MessageStream.SendInterruptEnd
//	MessageStream.startContentPart            MessageStream.StartContentPart, MessageStream.SendAttachment
//	MessageStream.sendContentPart             MessageStream.SendContentPart
//	MessageStream.contentParts                MessageStream.ContentParts
//	MessageStream.getContentPart              MessageStream.GetContentPart
//	MessageStream.toolCalls                   MessageStream.ToolCalls
//	MessageStream.getToolCall                 MessageStream.GetToolCall
//	MessageStream.sendMessageEnd              MessageStream.SendMessageEnd
//	MessageStream.sendMetaEvent               MessageStream.SendMetaEvent
//	ContentPartStream.contentPartId           ContentPartStream.ID
//	ContentPartStream.mimeType                ContentPartStream.MimeType
//	ContentPartStream.isText                  ContentPartStream.IsText
//	ContentPartStream.isHtml                  ContentPartStream.IsHTML
//	ContentPartStream.isAudio                 ContentPartStream.IsAudio
//	ContentPartStream.isImage                 ContentPartStream.IsImage
//	ContentPartStream.isTranscript            ContentPartStream.IsTranscript
//	ContentPartStream.startEvent              ContentPartStream.StartEvent
//	ContentPartStream.ended                   ContentPartStream.Ended
//	ContentPartStream.onContentPartEnd        ContentPartStream.OnContentPartEnd
//	ContentPartStream.onCompleted             ContentPartStream.OnCompleted
//	ContentPartStream.onErrorStart            ContentPartStream.OnErrorStart
//	ContentPartStream.sendChunk               ContentPartStream.SendChunk
//	ContentPartStream.sendContentPartEnd      ContentPartStream.SendContentPartEnd
//	ContentPartStream.sendMetaEvent           ContentPartStream.SendMetaEvent
//	ToolCallStream.toolCallId                 ToolCallStream.ID
//	ToolCallStream.startEvent                 ToolCallStream.StartEvent
//	ToolCallStream.ended                      ToolCallStream.Ended
//	ToolCallStream.onToolCallConfirm          ToolCallStream.OnToolCallConfirm
//	ToolCallStream.onExecutingToolCall        ToolCallStream.OnExecuting
//	ToolCallStream.onToolCallEnd              ToolCallStream.OnToolCallEnd
//	ToolCallStream.onErrorStart               ToolCallStream.OnErrorStart
//	ToolCallStream.sendToolCallConfirm        ToolCallStream.Confirm, ToolCallStream.Reject
//	ToolCallStream.sendToolCallEnd            ToolCallStream.SendToolCallEnd
//	ToolCallStream.sendMetaEvent              ToolCallStream.SendMetaEvent
package live
