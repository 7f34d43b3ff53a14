package chatbotkit

func botReferences() map[string]reference {
	return map[string]reference{
		"listBots": {summary: "List bots", description: "All bots of the account, a page at a time, or as lines all of them.",
			answer: listOf[botObject]("A page of bots.")},
		"createBot": {summary: "Create a bot",
			description: "A bot is how somebody answers. Conversations and turns that name it take its values as they are at that moment, where they have none of their own.",
			example:     `{"name":"Guide","backstory":"You are a friendly guide."}`,
			answer:      with[idObject]("The id of the new bot."), model: true},
		"fetchBot": {summary: "Fetch a bot", description: "One bot, by its id or alias.", answer: with[botObject]("The bot.")},
		"updateBot": {summary: "Update a bot", description: "Changes the members that are given. null clears one.",
			example: `{"backstory":"You are a patient guide."}`, answer: with[idObject]("The id of the bot."), model: true},
		"deleteBot": {summary: "Delete a bot",
			description: "Removes it with its ratings. Conversations that name it stay, and take no more turns until they name another one.",
			example:     `{}`, answer: with[idObject]("The id of what is gone.")},
		"cloneBot": {summary: "Clone a bot", description: "Makes a new bot with the same configuration. The alias stays with the old one.",
			example: `{}`, answer: with[idObject]("The id of the new bot.")},
		"upvoteBot": {summary: "Vote for a bot", description: "Stores a rating.",
			example: `{"value":100,"reason":"It helped."}`, answer: with[idObject]("The id of the bot.")},
		"downvoteBot": {summary: "Vote against a bot", description: "Stores a rating.",
			example: `{"value":-50,"reason":"Too long."}`, answer: with[idObject]("The id of the bot.")},
		"fetchBotUsage": {summary: "Fetch the usage of a bot",
			description: "How many conversations name the bot, how many tokens their turns cost, and how many messages users and bots have in them.",
			answer:      with[botUsageObject]("The sums.")},
	}
}

func skillsetReferences() map[string]reference {
	return map[string]reference{
		"listSkillsets": {summary: "List skillsets", description: "All skillsets of the account.",
			answer: listOf[skillsetObject]("A page of skillsets.")},
		"createSkillset": {summary: "Create a skillset", description: "Makes a set for abilities. Bots and conversations name it by its id.",
			example: `{"name":"Travel"}`, answer: with[idObject]("The id of the new skillset.")},
		"fetchSkillset": {summary: "Fetch a skillset", description: "One skillset, without its abilities.",
			answer: with[skillsetObject]("The skillset.")},
		"updateSkillset": {summary: "Update a skillset", description: "Changes the members that are given. null clears one.",
			example: `{"description":"What a traveller needs."}`, answer: with[idObject]("The id of the skillset.")},
		"deleteSkillset": {summary: "Delete a skillset", description: "Removes it with its abilities.",
			example: `{}`, answer: with[idObject]("The id of what is gone.")},
		"listSkillsetAbilities": {summary: "List abilities", description: "The abilities of a skillset, the oldest first.",
			answer: listOf[abilityObject]("A page of abilities.")},
		"exportSkillsetAbilities": {summary: "Export abilities", description: "The list once more.",
			answer: listOf[abilityObject]("A page of abilities, or all as lines.")},
		"createSkillsetAbility": {summary: "Create an ability",
			description: "Adds something that a model may do. Its parameters are the placeholders of its instruction.",
			example:     `{"name":"Greeting","description":"How to greet somebody.","instruction":"Greet $[name!|whom to greet] by name."}`,
			answer:      with[idObject]("The id of the new ability.")},
		"fetchSkillsetAbility": {summary: "Fetch an ability", description: "One ability of a skillset.",
			answer: with[abilityObject]("The ability.")},
		"updateSkillsetAbility": {summary: "Update an ability", description: "Changes the members that are given. null clears one.",
			example: `{"name":"Forecast"}`, answer: with[idObject]("The id of the ability.")},
		"executeSkillsetAbility": {summary: "Execute an ability",
			description: "Carries it out once, without a model and outside of a conversation: to try it out. That it fails is an answer with error, and no error of the request.",
			example:     `{"input":"{\"name\":\"Ann\"}"}`, answer: withResult[executedObject]("What came of it: result, any JSON value, or error.")},
		"deleteSkillsetAbility": {summary: "Delete an ability", description: "Removes it from its skillset.",
			example: `{}`, answer: with[idObject]("The id of what is gone.")},
	}
}

func secretReferences() map[string]reference {
	return map[string]reference{
		"listSecrets": {summary: "List secrets", description: "All secrets of the account, without their values.",
			answer: listOf[secretObject]("A page of secrets.")},
		"createSecret": {summary: "Create a secret",
			description: "Keeps a value for the requests of abilities, encrypted. No answer, log or prompt has it.",
			example:     `{"name":"WEATHER_KEY","type":"bearer","value":"example-value"}`, answer: with[idObject]("The id of the new secret.")},
		"fetchSecret": {summary: "Fetch a secret", description: "One secret, without its value.", answer: with[secretObject]("The secret.")},
		"updateSecret": {summary: "Update a secret", description: "Changes the members that are given. null clears one.",
			example: `{"value":"another-value"}`, answer: with[idObject]("The id of the secret.")},
		"deleteSecret": {summary: "Delete a secret", description: "Removes it with its value. Abilities that name it fail.",
			example: `{}`, answer: with[idObject]("The id of what is gone.")},
		"verifySecret": {summary: "Verify a secret", description: "Whether it has a value that requests can be made with.",
			example: `{}`, answer: with[verifiedObject]("authenticated or unauthenticated.")},
		"revokeSecret": {summary: "Revoke a secret", description: "Forgets its value. The secret stays, and takes another value by an update.",
			example: `{}`, answer: with[idObject]("The id of the secret.")},
		"authenticateSecret": {summary: "Authenticate a secret",
			description: "Names the page on which a person authenticates the secret: none so far, because a secret of this version is authenticated by its value.",
			example:     `{}`, answer: with[authenticatingObject]("The id of the secret, and an empty url.")},
	}
}
