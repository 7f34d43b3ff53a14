// Package client calls a Parley server, or the hosted service whose API it
// speaks ([HostedBaseURL]): by its base URL it suits both. It depends on the
// standard library only.
//
//	c, err := client.New(client.WithBaseURL("http://127.0.0.1:8787"), client.WithSecret(secret))
//	if err != nil {
//		return err
//	}
//	stream := c.Conversation.CompleteStream(ctx, id, client.CompleteRequest{Text: client.Set("Hello!")})
//	for token, err := range stream.Text() {
//		if err != nil {
//			return err
//		}
//		fmt.Print(token)
//	}
//
// # Calls
//
// Operations are methods of services, as [Client.Conversation] and, below it,
// Message and Session. Each takes a context, the ids of its path, a request and
// options for this one call; the options given to [New] hold for all calls.
// What an operation answers comes as a value, or piece by piece: methods whose
// names end in Stream read JSON Lines while they arrive, and All goes through
// a list page by page. Operations without a method are reached with
// [Client.Fetch]. Events keep what came with them, and become lines again with
// encoding/json: a program can pass a stream on to its own callers.
//
// # Absent, null and zero
//
// A field that the API tells apart when it is absent, null, or empty is an
// [Optional]: left alone it is absent, [Set] gives it a value, also an empty
// one, and [Null] clears it. All other fields are plain and are left out while
// they are zero. Enumerations are types of strings with constants; a server may
// send others.
//
// # Functions
//
// A turn may bring functions ([Function]) for the model to call. Where a result
// is known beforehand it stands in the function. Functions of the program itself
// are [Tool]s, which [ConversationService.Run] carries out in as many turns as
// it takes. Who wants to do that in another way looks for the [Activity] of
// messages, and brings the response.
//
// # Errors
//
// A refusal is an [*Error], with the status, the code and the message of the
// server, and so is a turn that failed after it had begun: then its status is
// 200, and [Result] holds what there is of the answer. A connection that was
// lost within an answer is [io.ErrUnexpectedEOF] for [errors.Is]. When a context
// ends, its cause is the error.
//
// # Retries
//
// A request that got no answer, or 429, 502, 503 or 504, is made again:
// [DefaultRetries] times unless [WithRetries] says otherwise, after a pause that
// grows, has a part left to chance, and is as long as Retry-After asks, if that
// is at most a minute. All tries of a POST carry one Idempotency-Key, by which
// Parley does the work once; for a server that does not know such keys a request
// whose answer was lost on the way may have been carried out twice, as with the
// npm package, and WithRetries(0) rules that out. A stateless completion has no
// key: see [ConversationService.CompleteStateless].
//
// # Lost connections
//
// The lines of a turn in a stored conversation are numbered by Parley. Such a
// stream whose connection breaks, or is silent for [WithIdleTimeout], is read on
// from the last number, so that every piece is given exactly once and the caller
// notices nothing; it is given up after [DefaultResumes] tries in a row that
// brought nothing. Before the first number the request is made again under its
// key, if the server shows that it is one that knows keys. In all other cases,
// so always with servers that do not number their lines, the caller gets the
// error, and never an answer twice.
//
// # Names
//
// The published documents of the API use other names. This is where each of
// them is.
//
// The functions of conversation/v1:
//
//	listConversations                                    ConversationService.List, ConversationService.All, ConversationService.ListStream
//	fetchConversation                                    ConversationService.Fetch
//	createConversation                                   ConversationService.Create
//	updateConversation                                   ConversationService.Update
//	deleteConversation                                   ConversationService.Delete
//	completeConversation                                 ConversationService.CompleteStateless, ConversationService.CompleteStatelessStream
//	completeConversationMessage                          ConversationService.Complete, ConversationService.CompleteStream
//	sendConversationMessage                              ConversationService.Send, ConversationService.SendStream
//	receiveConversationMessage                           ConversationService.Receive, ConversationService.ReceiveStream
//
// The types of conversation/v1:
//
//	ChatBotKitClient                                     Client
//	ResponsePromise                                      Stream, Response
//	ConversationOptions                                  ConversationOptions
//	ConversationOptions.backstory                        ConversationOptions.Backstory
//	ConversationOptions.datasetId                        ConversationOptions.DatasetID
//	ConversationOptions.meta                             ConversationOptions.Meta
//	ConversationOptions.model                            ConversationOptions.Model
//	ConversationOptions.skillsetId                       ConversationOptions.SkillsetID
//	ConversationInstance                                 Conversation
//	ConversationInstance.id                              Conversation.ID
//	ConversationInstance.createdAt                       Conversation.CreatedAt
//	ConversationInstance.updatedAt                       Conversation.UpdatedAt
//	ConversationInstance.backstory                       Conversation.Backstory
//	ConversationInstance.datasetId                       Conversation.DatasetID
//	ConversationInstance.meta                            Conversation.Meta
//	ConversationInstance.model                           Conversation.Model
//	ConversationInstance.skillsetId                      Conversation.SkillsetID
//	ConversationFetchResponse                            Conversation
//	ConversationListRequest                              ListRequest
//	ConversationListRequest.cursor                       ListRequest.Cursor
//	ConversationListRequest.meta                         ListRequest.Meta
//	ConversationListRequest.take                         ListRequest.Take
//	ConversationListResponse                             Page
//	ConversationListResponse.items                       Page.Items
//	ConversationListStreamType                           ConversationService.ListStream
//	ConversationListStreamItem                           ConversationService.ListStream
//	ConversationListStreamItem.data                      Conversation
//	ConversationListStreamItem.type                      EventItem
//	ConversationCreateRequest                            ConversationCreateRequest
//	ConversationCreateRequest.backstory                  ConversationCreateRequest.Backstory
//	ConversationCreateRequest.datasetId                  ConversationCreateRequest.DatasetID
//	ConversationCreateRequest.meta                       ConversationCreateRequest.Meta
//	ConversationCreateRequest.model                      ConversationCreateRequest.Model
//	ConversationCreateRequest.skillsetId                 ConversationCreateRequest.SkillsetID
//	ConversationCreateResponse                           CreatedConversation
//	ConversationCreateResponse.id                        CreatedConversation.ID
//	ConversationUpdateRequest                            ConversationUpdateRequest
//	ConversationUpdateRequest.backstory                  ConversationUpdateRequest.Backstory
//	ConversationUpdateRequest.datasetId                  ConversationUpdateRequest.DatasetID
//	ConversationUpdateRequest.meta                       ConversationUpdateRequest.Meta
//	ConversationUpdateRequest.model                      ConversationUpdateRequest.Model
//	ConversationUpdateRequest.skillsetId                 ConversationUpdateRequest.SkillsetID
//	ConversationUpdateResponse                           Reference
//	ConversationUpdateResponse.id                        Reference.ID
//	ConversationDeleteResponse                           Reference
//	ConversationDeleteResponse.id                        Reference.ID
//	ConversationCompleteRequest                          CompleteStatelessRequest
//	ConversationCompleteRequest.datasetId                CompleteStatelessRequest.DatasetID
//	ConversationCompleteRequest.messages                 CompleteStatelessRequest.Messages
//	ConversationCompleteRequest.model                    CompleteStatelessRequest.Model
//	ConversationCompleteRequest.skillsetId               CompleteStatelessRequest.SkillsetID
//	ConversationCompleteRequest.text                     CompleteStatelessRequest.Text
//	ConversationCompleteResponse                         Result
//	ConversationCompleteResponse.text                    Result.Text
//	ConversationCompleteResponse.usage                   Result.Usage
//	ConversationCompleteResponse.usage.token             Usage.Token
//	ConversationCompleteStreamType                       Event
//	ConversationCompleteStreamToken                      TokenEvent
//	ConversationCompleteStreamToken.type                 TokenEvent.Kind
//	ConversationCompleteStreamToken.data                 TokenEvent
//	ConversationCompleteStreamToken.data.token           TokenEvent.Token
//	ConversationCompleteStreamResult                     ResultEvent
//	ConversationCompleteStreamResult.type                ResultEvent.Kind
//	ConversationCompleteStreamResult.data                ResultEvent.Result
//	ConversationCompleteMessageRequest                   CompleteRequest
//	ConversationCompleteMessageRequest.text              CompleteRequest.Text
//	ConversationCompleteMessageRequest.entities          CompleteRequest.Entities
//	ConversationCompleteMessageResponse                  Result
//	ConversationCompleteMessageResponse.id               Result.ID
//	ConversationCompleteMessageResponse.text             Result.Text
//	ConversationCompleteMessageResponse.usage            Result.Usage
//	ConversationCompleteMessageResponse.usage.token      Usage.Token
//	ConversationCompleteMessageStreamType                Event
//	ConversationCompleteMessageStreamToken               TokenEvent
//	ConversationCompleteMessageStreamToken.type          TokenEvent.Kind
//	ConversationCompleteMessageStreamToken.data          TokenEvent
//	ConversationCompleteMessageStreamToken.data.token    TokenEvent.Token
//	ConversationCompleteMessageStreamResult              ResultEvent
//	ConversationCompleteMessageStreamResult.type         ResultEvent.Kind
//	ConversationCompleteMessageStreamResult.data         ResultEvent.Result
//	ConversationSendMessageRequest                       SendRequest
//	ConversationSendMessageRequest.text                  SendRequest.Text
//	ConversationSendMessageRequest.entities              SendRequest.Entities
//	ConversationSendMessageResponse                      StoredMessage
//	ConversationSendMessageResponse.id                   StoredMessage.ID
//	ConversationSendMessageResponse.entities             StoredMessage.Entities
//	ConversationSendMessageStreamType                    ConversationService.SendStream
//	ConversationSendMessageStreamResult                  ConversationService.SendStream
//	ConversationSendMessageStreamResult.data             StoredMessage
//	ConversationSendMessageStreamResult.type             EventResult
//	ConversationReceiveMessageRequest                    ReceiveRequest
//	ConversationReceiveMessageResponse                   Result
//	ConversationReceiveMessageResponse.id                Result.ID
//	ConversationReceiveMessageResponse.text              Result.Text
//	ConversationReceiveMessageResponse.usage             Result.Usage
//	ConversationReceiveMessageResponse.usage.token       Usage.Token
//	ConversationReceiveMessageStreamType                 Event
//	ConversationReceiveMessageStreamToken                TokenEvent
//	ConversationReceiveMessageStreamToken.type           TokenEvent.Kind
//	ConversationReceiveMessageStreamToken.data           TokenEvent
//	ConversationReceiveMessageStreamToken.data.token     TokenEvent.Token
//	ConversationReceiveMessageStreamResult               ResultEvent
//	ConversationReceiveMessageStreamResult.type          ResultEvent.Kind
//	ConversationReceiveMessageStreamResult.data          ResultEvent.Result
//	Entity                                               Entity
//	Entity.type                                          Entity.Type
//	Entity.begin                                         Entity.Begin
//	Entity.end                                           Entity.End
//	Entity.text                                          Entity.Text
//	Entity.replacement                                   Entity.Replacement
//	Entity.replacement.begin                             Replacement.Begin
//	Entity.replacement.end                               Replacement.End
//	Entity.replacement.text                              Replacement.Text
//	Message                                              Message
//	Message.type                                         Message.Type
//	Message.text                                         Message.Text
//	MessageType                                          MessageType
//	MessageType.user                                     MessageUser
//	MessageType.bot                                      MessageBot
//	MessageType.context                                  MessageContext
//	MessageType.instruction                              MessageInstruction
//	MessageType.backstory                                MessageBackstory
//
// The class ConversationClient:
//
//	ConversationClient                                   ConversationService
//	ConversationClient.constructor                       New
//	ConversationClient.message                           ConversationService.Message
//	ConversationClient.secret                            WithSecret
//	ConversationClient.session                           ConversationService.Session
//	ConversationClient.url                               Client.URL, WithBaseURL
//	ConversationClient.clientFetch                       Client.Fetch
//	ConversationClient.clientFetch.path                  Client.Fetch
//	ConversationClient.clientFetch.options               FetchOptions
//	ConversationClient.clientFetch.options.data          FetchOptions.Data
//	ConversationClient.clientFetch.options.file          FetchOptions.File
//	ConversationClient.clientFetch.options.file.data     File.Data
//	ConversationClient.clientFetch.options.file.name     File.Name
//	ConversationClient.clientFetch.options.file.type     File.Type
//	ConversationClient.complete                          ConversationService.Complete, ConversationService.CompleteStateless
//	ConversationClient.create                            ConversationService.Create
//	ConversationClient.delete                            ConversationService.Delete
//	ConversationClient.fetch                             ConversationService.Fetch
//	ConversationClient.list                              ConversationService.List, ConversationService.All, ConversationService.ListStream
//	ConversationClient.list.cursor                       ListRequest.Cursor
//	ConversationClient.receive                           ConversationService.Receive
//	ConversationClient.send                              ConversationService.Send
//	ConversationClient.update                            ConversationService.Update
//	ChatBotKitClientOptions                              Option
//	MessageClient                                        MessageService
//	SessionClient                                        SessionService
//	ConversationReceiveRequest                           ReceiveRequest
//	ConversationReceiveResponse                          Result
//	ConversationSendRequest                              SendRequest
//	ConversationSendResponse                             StoredMessage
//
// The conversation/session/v1:
//
//	createConversationSession                            SessionService.Create
//	ConversationSessionCreateRequest                     SessionCreateRequest
//	ConversationSessionCreateRequestBody                 SessionCreateRequest
//	ConversationSessionCreateResponse                    Session
//	ConversationSessionCreateResponseBody                Session
//
// The operation Complete Conversation Message:
//
//	ChatBotKit                                           Client
//	ChatBotKit.secret                                    WithSecret
//	conversation.complete                                ConversationService.Complete
//	/v1/conversation/{conversationId}/complete           ConversationService.Complete
//	Authorization                                        WithSecret
//	complete.conversationId                              ConversationService.Complete
//	X-Timezone                                           WithTimezone
//	complete.text                                        CompleteRequest.Text, Result.Text
//	complete.entities                                    CompleteRequest.Entities
//	complete.entities.type                               Entity.Type
//	complete.entities.begin                              Entity.Begin
//	complete.entities.end                                Entity.End
//	complete.entities.text                               Entity.Text
//	complete.entities.replacement                        Entity.Replacement
//	complete.entities.replacement.begin                  Replacement.Begin
//	complete.entities.replacement.end                    Replacement.End
//	complete.entities.replacement.text                   Replacement.Text
//	complete.functions                                   CompleteRequest.Functions
//	complete.functions.name                              Function.Name
//	complete.functions.description                       Function.Description
//	complete.functions.parameters                        Function.Parameters
//	complete.functions.parameters.type                   Parameters.Type
//	complete.functions.parameters.properties             Parameters.Properties
//	complete.functions.parameters.required               Parameters.Required
//	complete.functions.result                            Function.Result
//	complete.extensions                                  CompleteRequest.Extensions
//	complete.extensions.backstory                        Extensions.Backstory
//	complete.extensions.datasets                         Extensions.Datasets
//	complete.extensions.datasets.name                    ExtensionDataset.Name
//	complete.extensions.datasets.description             ExtensionDataset.Description
//	complete.extensions.datasets.records                 ExtensionDataset.Records
//	complete.extensions.datasets.records.text            ExtensionRecord.Text
//	complete.extensions.datasets.records.meta            ExtensionRecord.Meta
//	complete.extensions.skillsets                        Extensions.Skillsets
//	complete.extensions.skillsets.name                   ExtensionSkillset.Name
//	complete.extensions.skillsets.description            ExtensionSkillset.Description
//	complete.extensions.skillsets.abilities              ExtensionSkillset.Abilities
//	complete.extensions.skillsets.abilities.name         ExtensionAbility.Name
//	complete.extensions.skillsets.abilities.description  ExtensionAbility.Description
//	complete.extensions.skillsets.abilities.instruction  ExtensionAbility.Instruction
//	complete.extensions.skillsets.abilities.secretId     ExtensionAbility.SecretID
//	complete.extensions.skillsets.abilities.meta         ExtensionAbility.Meta
//	complete.extensions.features                         Extensions.Features
//	complete.extensions.features.name                    ExtensionFeature.Name
//	complete.extensions.features.options                 ExtensionFeature.Options
//	complete.id                                          Result.ID
//	complete.usage                                       Result.Usage
//	complete.usage.token                                 Usage.Token
//
// Operations that the documents do not have:
//
//	exportConversations                                  ConversationService.Export, ConversationService.ExportCSV
//	fetchConversationUsage                               ConversationService.Usage
//	upvoteConversation                                   ConversationService.Upvote
//	downvoteConversation                                 ConversationService.Downvote
//	readConversationEvents                               ConversationService.Events, ConversationService.EventStream
//	stopConversation                                     ConversationService.Stop
//	listConversationMessages                             MessageService.List, MessageService.All, MessageService.ListStream
//	createConversationMessage                            MessageService.Create
//	fetchConversationMessage                             MessageService.Fetch
//	updateConversationMessage                            MessageService.Update
//	deleteConversationMessage                            MessageService.Delete
//	upvoteConversationMessage                            MessageService.Upvote
//	downvoteConversationMessage                          MessageService.Downvote
//	synthesizeConversationMessage                        MessageService.Synthesize
//	publishChannelMessage                                ChannelService.Publish
//	subscribeChannelMessages                             ChannelService.Subscribe
//	stopChannel                                          ChannelService.Stop
//	dispatchConversation                                 ConversationService.DispatchStateless, ChannelService.TurnStream
//	dispatchConversationMessage                          ConversationService.Dispatch, ChannelService.TurnStream
//	listBots                                             BotService.List, BotService.All, BotService.ListStream
//	createBot                                            BotService.Create
//	fetchBot                                             BotService.Fetch
//	updateBot                                            BotService.Update
//	deleteBot                                            BotService.Delete
//	cloneBot                                             BotService.Clone
//	upvoteBot                                            BotService.Upvote
//	downvoteBot                                          BotService.Downvote
//	fetchBotUsage                                        BotService.Usage
//	createBotSession                                     BotSessionService.Create
//	listSkillsets                                        SkillsetService.List, SkillsetService.All, SkillsetService.ListStream
//	createSkillset                                       SkillsetService.Create
//	fetchSkillset                                        SkillsetService.Fetch
//	updateSkillset                                       SkillsetService.Update
//	deleteSkillset                                       SkillsetService.Delete
//	listSkillsetAbilities                                AbilityService.List, AbilityService.All, AbilityService.ListStream
//	exportSkillsetAbilities                              AbilityService.Export
//	createSkillsetAbility                                AbilityService.Create
//	fetchSkillsetAbility                                 AbilityService.Fetch
//	updateSkillsetAbility                                AbilityService.Update
//	deleteSkillsetAbility                                AbilityService.Delete
//	executeSkillsetAbility                               AbilityService.Execute
//	listSecrets                                          SecretService.List, SecretService.All, SecretService.ListStream
//	createSecret                                         SecretService.Create
//	fetchSecret                                          SecretService.Fetch
//	updateSecret                                         SecretService.Update
//	deleteSecret                                         SecretService.Delete
//	verifySecret                                         SecretService.Verify
//	revokeSecret                                         SecretService.Revoke
//	authenticateSecret                                   SecretService.Authenticate
//	listPlatformModels                                   ModelService.List, ModelService.All, ModelService.ListStream
//	listDatasets                                         DatasetService.List, DatasetService.All, DatasetService.ListStream
//	createDataset                                        DatasetService.Create
//	fetchDataset                                         DatasetService.Fetch
//	updateDataset                                        DatasetService.Update
//	deleteDataset                                        DatasetService.Delete
//	searchDataset                                        DatasetService.Search
//	listDatasetRecords                                   DatasetRecordService.List, DatasetRecordService.All, DatasetRecordService.ListStream
//	createDatasetRecord                                  DatasetRecordService.Create
//	fetchDatasetRecord                                   DatasetRecordService.Fetch
//	updateDatasetRecord                                  DatasetRecordService.Update
//	deleteDatasetRecord                                  DatasetRecordService.Delete
//	exportDatasetRecords                                 DatasetRecordService.Export, DatasetRecordService.ExportCSV
//	listDatasetFiles                                     DatasetFileService.List, DatasetFileService.All, DatasetFileService.ListStream
//	attachDatasetFile                                    DatasetFileService.Attach
//	detachDatasetFile                                    DatasetFileService.Detach
//	syncDatasetFile                                      DatasetFileService.Sync
//	listFiles                                            FileService.List, FileService.All, FileService.ListStream
//	createFile                                           FileService.Create
//	fetchFile                                            FileService.Fetch
//	updateFile                                           FileService.Update
//	deleteFile                                           FileService.Delete
//	uploadFile                                           FileService.Upload, FileService.Announce
//	putBlob                                              FileService.Announce
//	downloadFile                                         FileService.Download
//	syncFile                                             FileService.Sync
//	listContacts                                         ContactService.List, ContactService.All, ContactService.ListStream
//	createContact                                        ContactService.Create
//	fetchContact                                         ContactService.Fetch
//	updateContact                                        ContactService.Update
//	deleteContact                                        ContactService.Delete
//	exportContacts                                       ContactService.Export, ContactService.ExportCSV
//	ensureContact                                        ContactService.Ensure
//	upsertConversationContact                            ConversationContactService.Upsert
//	listContactConversations                             ContactConversationService.List, ContactConversationService.All, ContactConversationService.ListStream
//	listContactMemories                                  ContactMemoryService.List, ContactMemoryService.All, ContactMemoryService.ListStream
//	listContactRatings                                   ContactRatingService.List, ContactRatingService.All, ContactRatingService.ListStream
//	listContactSecrets                                   ContactSecretService.List, ContactSecretService.All, ContactSecretService.ListStream
//	verifyContactSecret                                  ContactSecretService.Verify
//	revokeContactSecret                                  ContactSecretService.Revoke
//	authenticateContactSecret                            ContactSecretService.Authenticate
//	listContactSpaces                                    Client.Fetch
//	listContactTasks                                     Client.Fetch
//	listMemories                                         MemoryService.List, MemoryService.All, MemoryService.ListStream
//	createMemory                                         MemoryService.Create
//	fetchMemory                                          MemoryService.Fetch
//	updateMemory                                         MemoryService.Update
//	deleteMemory                                         MemoryService.Delete
//	exportMemories                                       MemoryService.Export, MemoryService.ExportCSV
//	searchMemory                                         MemoryService.Search
//	searchContactMemory                                  ContactMemoryService.Search
//	searchBotMemory                                      BotMemoryService.Search
//	listEventLogs                                        EventLogService.List, EventLogService.All, EventLogService.ListStream
//	exportEventLogs                                      EventLogService.Export, EventLogService.ExportCSV
//	subscribeEventLogs                                   EventLogService.Subscribe
//	fetchUsage                                           UsageService.Fetch
//	fetchUsageSeries                                     UsageSeriesService.Fetch
//	listUsage                                            UsageService.List, UsageService.All, UsageService.ListStream
//	listConversationAttachments                          ConversationAttachmentService.List, ConversationAttachmentService.All, ConversationAttachmentService.ListStream
//	uploadConversationAttachment                         ConversationAttachmentService.Upload
//	uploadAttachment                                     ConversationAttachmentService.Upload
//	compactConversation                                  ConversationService.Compact
//	compactConversationMessages                          ConversationService.CompactStateless
package client
