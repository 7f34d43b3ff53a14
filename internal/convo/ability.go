package convo

// Ability is something that a model may do, in the instruction language of the
// ChatBotKit API. The other ids name what it uses; only a secret has an effect.
type Ability struct {
	Instruction string
	SecretID    *string
	FileID      *string
	BotID       *string
	SpaceID     *string
}

// ObjectKind implements ObjectBody.
func (Ability) ObjectKind() ObjectKind { return ObjectAbility }
