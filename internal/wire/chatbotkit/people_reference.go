package chatbotkit

import "github.com/parleyhq/parley/internal/openapi"

func contactReferences() map[string]reference {
	return map[string]reference{
		"listContacts": {summary: "List contacts", description: "All contacts of the account, a page at a time, or as lines all of them.",
			answer: listOf[contactObject]("A page of contacts.")},
		"exportContacts": {summary: "Export contacts",
			description: "The list once more, also as CSV for spreadsheets: ask with Accept: text/csv.",
			answer:      asCSV(listOf[contactObject]("A page of contacts, or all as lines or rows."))},
		"createContact": {summary: "Create a contact",
			description: "A contact is somebody whom conversations are with. It is known by its fingerprint as well as by its id.",
			example:     `{"name":"Ann","email":"ann@example.com"}`, answer: with[idObject]("The id of the new contact.")},
		"ensureContact": {summary: "Ensure that there is a contact",
			description: "Gives the contact with the fingerprint, and makes it where there is none. Members that it lacks are filled in; the others stay as they are.",
			example:     `{"fingerprint":"ann-7","name":"Ann"}`, answer: with[idObject]("The id of the contact.")},
		"fetchContact": {summary: "Fetch a contact", description: "One contact, by its id or fingerprint.",
			answer: with[contactObject]("The contact.")},
		"updateContact": {summary: "Update a contact", description: "Changes the members that are given. null clears one, but for the fingerprint, which stays.",
			example: `{"nick":"Annie"}`, answer: with[idObject]("The id of the contact.")},
		"deleteContact": {summary: "Delete a contact",
			description: "Removes it and forgets its memories. Conversations with it stay.",
			example:     `{}`, answer: with[idObject]("The id of what is gone.")},
		"listContactConversations": {summary: "List the conversations with a contact", description: "The newest first.",
			answer: listOf[conversationObject]("A page of conversations.")},
		"listContactRatings": {summary: "List the ratings of a contact",
			description: "The votes in the conversations with a contact, the newest first: on conversations and their messages. Each is an item, also one that somebody gave again. Of private conversations the reasons are masked.",
			answer:      listOf[ratingObject]("A page of ratings.")},
		"listContactSecrets": {summary: "List the secrets of a contact", description: "Contacts have no secrets of their own so far: an empty page.",
			answer: listOf[nothing]("An empty page.")},
		"verifyContactSecret": {summary: "Verify a secret for a contact", description: "Whether requests for the contact can be made with it. Secrets of this version have one value, which counts for all contacts.",
			example: `{}`, answer: with[verifiedObject]("authenticated or unauthenticated.")},
		"revokeContactSecret": {summary: "Revoke a secret for a contact",
			description: "Forgets what only the contact has of it, which is nothing so far. A value of the secret counts for all contacts and stays; revokeSecret forgets it for all of them.",
			example:     `{}`, answer: with[idObject]("The id of the secret.")},
		"authenticateContactSecret": {summary: "Authenticate a secret for a contact",
			description: "Names the page on which the contact authenticates the secret: none so far, because a secret of this version is authenticated by its value.",
			example:     `{}`, answer: with[authenticatingObject]("The id of the secret, and an empty url.")},
		"listContactSpaces": {summary: "List the spaces of a contact", description: "There are no spaces so far: an empty page.",
			answer: listOf[nothing]("An empty page.")},
		"listContactTasks": {summary: "List the tasks of a contact", description: "There are no tasks so far: an empty page.",
			answer: listOf[nothing]("An empty page.")},
		"upsertConversationContact": {summary: "Say with whom a conversation is",
			description: "Changes the contact with the fingerprint, or else with the e-mail address, or else with the telephone number, or makes it; where none of them is given, the conversation's own. From then on the conversation is with it. A contact that was found by another member keeps its fingerprint.",
			example:     `{"fingerprint":"ann-7","email":"ann@example.com"}`, answer: with[idObject]("The id of the contact.")},
	}
}

func accountReferences() map[string]reference {
	return map[string]reference{
		"listEventLogs": {summary: "List the event log",
			description: "What was done to what, the newest first: an entry for each operation that made, changed or deleted something, but for messages and turns. It never holds what was said. The last 100,000 entries of 90 days are kept.",
			answer:      listOf[entryObject]("A page of entries.")},
		"exportEventLogs": {summary: "Export the event log",
			description: "The list once more, also as CSV for spreadsheets: ask with Accept: text/csv.",
			answer:      asCSV(listOf[entryObject]("A page of entries, or all as lines or rows."))},
		"subscribeEventLogs": {summary: "Follow the event log",
			description: "The last entries, as many as are asked for, and then each new one, as lines without an end.",
			example:     `{"historyLength":1}`, answer: journalAnswer()},
		"fetchUsage": {summary: "Fetch what an account used",
			description: "The tokens of its turns, and how many conversations and messages of users and bots were made: in the last 30 days unless days are given, in whole days (UTC). database counts what there is now; its users are contacts.",
			answer:      with[tenantUsageObject]("The sums.")},
		"fetchUsageSeries": {summary: "Fetch what an account used by day",
			description: "The same for each day.", answer: with[usageSeriesObject]("A value for each day, the oldest first.")},
		"listUsage": {summary: "List what an account used",
			description: "The same in pieces: an item for each day, bot, model and type, which is tokens, conversations or messages. The bot or model of what belongs to none is left out.",
			answer:      listOf[usageItemObject]("A page of items.")},
	}
}

// journalAnswer is what is added to the event log.
func journalAnswer() answered {
	return answered{
		doc: "The lines of the log, without an end.", stream: true,
		lines: func(s *openapi.Schemas) *openapi.Schema { return lineOf[entryObject]("item", "An entry.").schema(s) },
	}
}

func memoryReferences() map[string]reference {
	return map[string]reference{
		"listMemories": {summary: "List memories", description: "All memories of the account, or those of a contact or a bot.",
			answer: listOf[memoryObject]("A page of memories.")},
		"exportMemories": {summary: "Export memories",
			description: "The list once more, also as CSV for spreadsheets: ask with Accept: text/csv.",
			answer:      asCSV(listOf[memoryObject]("A page of memories, or all as lines or rows."))},
		"createMemory": {summary: "Create a memory",
			description: "Remembers a text: of a contact, by a bot, of both or of neither. Turns with the feature memory find it.",
			example:     `{"text":"Ann takes the train."}`, answer: with[idObject]("The id of the new memory.")},
		"fetchMemory": {summary: "Fetch a memory", description: "One memory.", answer: with[memoryObject]("The memory.")},
		"updateMemory": {summary: "Update a memory", description: "Changes the members that are given. null clears one, but for the text.",
			example: `{"text":"Ann takes the bus."}`, answer: with[idObject]("The id of the memory.")},
		"deleteMemory": {summary: "Delete a memory", description: "Forgets it.", example: `{}`, answer: with[idObject]("The id of what is gone.")},
		"searchMemory": {summary: "Search memories", description: "Finds memories by what they say, the best first, at most 10. What was remembered a moment ago is found.",
			example: `{"search":"train"}`, answer: with[foundMemories]("The memories.")},
		"searchContactMemory": {summary: "Search the memories of a contact", description: "The same among those of a contact.",
			example: `{"search":"train"}`, answer: with[foundMemories]("The memories.")},
		"searchBotMemory": {summary: "Search the memories of a bot", description: "The same among those of a bot.",
			example: `{"search":"train"}`, answer: with[foundMemories]("The memories.")},
		"listContactMemories": {summary: "List the memories of a contact", description: "The newest first.",
			answer: listOf[memoryObject]("A page of memories.")},
	}
}
