package engine

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Skillsets is the place of skillsets.
func Skillsets() Place { return Place{Kind: convo.ObjectSkillset} }

// AbilitiesOf is the place of a skillset's abilities.
func AbilitiesOf(skillset string) Place { return Place{Kind: convo.ObjectAbility, Parent: skillset} }

// completeAbility resolves what an ability names.
func completeAbility(tx store.Tx, o *convo.Object, a convo.Ability, before convo.Object) (err error) {
	old, _ := before.Body.(convo.Ability)
	if a.SecretID, err = refer(tx, "secretId", convo.ObjectSecret, a.SecretID, old.SecretID); err != nil {
		return err
	}
	if a.FileID, err = refer(tx, "fileId", convo.ObjectFile, a.FileID, old.FileID); err != nil {
		return err
	}
	a.BotID, err = refer(tx, "botId", convo.ObjectBot, a.BotID, old.BotID)
	o.Body = a
	return err
}
