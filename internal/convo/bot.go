package convo

// BotConfig is how somebody answers: conversations and turns that name it take its
// values as they are when a turn starts.
type BotConfig struct {
	Config
	// Folder is where the bot stands among the agents of other protocols; they
	// know it by the number of its object.
	Folder int64
	// Declared bots stand in the configuration, which wins over other changes.
	Declared bool
}

// FirstFolder is the folder of bots that were not given another one.
const FirstFolder = 1

// ObjectKind implements ObjectBody.
func (BotConfig) ObjectKind() ObjectKind { return ObjectBot }

// Over gives the configuration of a turn: what c says itself, and else what the
// bot does.
func (c Config) Over(bot Config) Config {
	return Config{
		Model: first(c.Model, bot.Model), Backstory: first(c.Backstory, bot.Backstory),
		DatasetID: first(c.DatasetID, bot.DatasetID), SkillsetID: first(c.SkillsetID, bot.SkillsetID),
		Privacy: first(c.Privacy, bot.Privacy), Moderation: first(c.Moderation, bot.Moderation),
		Unmasked: first(c.Unmasked, bot.Unmasked),
	}
}

func first[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}
