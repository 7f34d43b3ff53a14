package chatbotkit

import "github.com/parleyhq/parley/internal/convo"

// commonObject is what all that tenants configure shows, but for abilities.
type commonObject struct {
	ID          string  `json:"id"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Meta        object  `json:"meta,omitempty"`
	Alias       *string `json:"alias,omitempty"`
	BlueprintID *string `json:"blueprintId,omitempty"`
	Visibility  string  `json:"visibility"`
	CreatedAt   int64   `json:"createdAt"`
	UpdatedAt   int64   `json:"updatedAt"`
}

func showCommon(o convo.Object) commonObject {
	f := o.ObjectFields
	visibility := convo.Private
	if f.Visibility != nil {
		visibility = *f.Visibility
	}
	return commonObject{
		ID: o.ID, Name: f.Name, Description: f.Description, Meta: object(f.Meta), Alias: f.Alias,
		BlueprintID: f.BlueprintID, Visibility: visibility, CreatedAt: millis(o.Created), UpdatedAt: millis(o.Updated),
	}
}

// botObject is a bot as list and fetch show it.
type botObject struct {
	commonObject
	Model      *string `json:"model,omitempty"`
	Backstory  *string `json:"backstory,omitempty"`
	DatasetID  *string `json:"datasetId,omitempty"`
	SkillsetID *string `json:"skillsetId,omitempty"`
	Privacy    *bool   `json:"privacy,omitempty"`
	Moderation *bool   `json:"moderation,omitempty"`
}

func showBot(o convo.Object) botObject {
	b, _ := o.Body.(convo.BotConfig)
	return botObject{
		commonObject: showCommon(o), Model: b.Model, Backstory: b.Backstory, DatasetID: b.DatasetID,
		SkillsetID: b.SkillsetID, Privacy: b.Privacy, Moderation: b.Moderation,
	}
}

// skillsetObject is a skillset as list and fetch show it.
type skillsetObject struct{ commonObject }

func showSkillset(o convo.Object) skillsetObject { return skillsetObject{showCommon(o)} }

// abilityObject is an ability as list and fetch show it. Clients count on its
// texts, and know what it names by two names.
type abilityObject struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	Description    string  `json:"description"`
	Instruction    string  `json:"instruction"`
	Meta           object  `json:"meta,omitempty"`
	BlueprintID    *string `json:"blueprintId,omitempty"`
	SecretID       *string `json:"secretId,omitempty"`
	FileID         *string `json:"fileId,omitempty"`
	BotID          *string `json:"botId,omitempty"`
	SpaceID        *string `json:"spaceId,omitempty"`
	LinkedSecretID *string `json:"linkedSecretId,omitempty"`
	LinkedFileID   *string `json:"linkedFileId,omitempty"`
	LinkedBotID    *string `json:"linkedBotId,omitempty"`
	LinkedSpaceID  *string `json:"linkedSpaceId,omitempty"`
	CreatedAt      int64   `json:"createdAt"`
	UpdatedAt      int64   `json:"updatedAt"`
}

func showAbility(o convo.Object) abilityObject {
	a, _ := o.Body.(convo.Ability)
	shown := abilityObject{
		ID: o.ID, Instruction: a.Instruction, Meta: object(o.Meta), BlueprintID: o.BlueprintID,
		SecretID: a.SecretID, FileID: a.FileID, BotID: a.BotID, SpaceID: a.SpaceID,
		LinkedSecretID: a.SecretID, LinkedFileID: a.FileID, LinkedBotID: a.BotID, LinkedSpaceID: a.SpaceID,
		CreatedAt: millis(o.Created), UpdatedAt: millis(o.Updated),
	}
	if o.Name != nil {
		shown.Name = *o.Name
	}
	if o.Description != nil {
		shown.Description = *o.Description
	}
	return shown
}

// secretObject is a secret as list and fetch show it: without its value.
type secretObject struct {
	commonObject
	Kind   string `json:"kind"`
	Type   string `json:"type"`
	Config object `json:"config,omitempty"`
}

func showSecret(o convo.Object) secretObject {
	s, _ := o.Body.(convo.Secret)
	return secretObject{commonObject: showCommon(o), Kind: s.Scope, Type: s.Type, Config: object(s.Config)}
}
