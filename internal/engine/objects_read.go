package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// Objects reads what tools need of a tenant's configuration. What it gives of
// secrets goes into outgoing requests, and nowhere else; but for it only exports
// open them.
type Objects struct {
	store  store.ObjectReader
	sealer Sealer
}

// NewObjects makes a reader of the objects of a store, whose secrets were sealed
// by that sealer.
func NewObjects(s store.ObjectReader, sealer Sealer) *Objects { return &Objects{s, sealer} }

// BotSkillset gives the id of a bot's skillset, "" if it has none.
func (o *Objects) BotSkillset(ctx context.Context, tenant, bot string) (string, error) {
	found, err := o.store.Object(ctx, tenant, convo.ObjectBot, bot)
	if err != nil {
		return "", unknownReference("botId", convo.ObjectBot, bot, err)
	}
	b, _ := found.Body.(convo.BotConfig)
	return text(b.SkillsetID), nil
}

// Bounds of a skillset that a turn reads: each turn reads it as a whole. Of more
// abilities than these the oldest are read, which are more than a turn may have.
const (
	maxAbilities    = 1000
	maxAbilityBytes = 4 << 20
)

// Abilities gives the abilities of a skillset, the oldest first. If they are too
// large for a turn, the error is of kind Invalid.
func (o *Objects) Abilities(ctx context.Context, tenant, skillset string) ([]tool.Ability, error) {
	set, err := o.store.Object(ctx, tenant, convo.ObjectSkillset, skillset)
	if err != nil {
		return nil, unknownReference("skillsetId", convo.ObjectSkillset, skillset, err)
	}
	var abilities []tool.Ability
	q := store.ObjectQuery{Kind: convo.ObjectAbility, Parent: set.ID}
	total, p := 0, newPager()
	for len(abilities) < maxAbilities {
		q.Limit = p.limit
		list, err := o.store.Objects(ctx, tenant, q)
		if err != nil {
			return nil, err
		}
		size := 0
		for _, object := range list {
			size += object.Size()
			abilities = append(abilities, ToolAbility(object))
			q.After = store.Position{Created: object.Created, ID: object.ID}
		}
		if total += size; total > maxAbilityBytes {
			return nil, convo.Errorf(convo.Invalid, "skillsetId: the abilities of the skillset %q have more than %d bytes; make several skillsets of them", clip(skillset), maxAbilityBytes)
		}
		if len(list) < q.Limit {
			break
		}
		p.turn(size)
	}
	return abilities, nil
}

// ToolAbility gives an ability as tools know it.
func ToolAbility(o convo.Object) tool.Ability {
	a, _ := o.Body.(convo.Ability)
	return tool.Ability{
		Name: text(o.Name), Description: text(o.Description), Instruction: a.Instruction,
		SecretID: text(a.SecretID), Meta: o.Meta,
	}
}

// SecretByID gives the type and the value of a secret; "" if it has none.
func (o *Objects) SecretByID(ctx context.Context, tenant, id string) (kind, value string, err error) {
	found, err := o.store.Object(ctx, tenant, convo.ObjectSecret, id)
	if err != nil {
		return "", "", unknownReference("secretId", convo.ObjectSecret, id, err)
	}
	return o.open(found)
}

// SecretByName gives the type and the value of the secret with that name; of
// several, of the newest.
func (o *Objects) SecretByName(ctx context.Context, tenant, name string) (kind, value string, err error) {
	q := store.ObjectQuery{Kind: convo.ObjectSecret, Name: name, Desc: true, Limit: 1}
	found, err := o.store.Objects(ctx, tenant, q)
	if err != nil {
		return "", "", err
	}
	if len(found) == 0 || name == "" {
		return "", "", convo.Errorf(convo.NotFound, "there is no secret with the name %q", clip(name))
	}
	return o.open(found[0])
}

// open unseals the value of a secret.
func (o *Objects) open(found convo.Object) (kind, value string, err error) {
	s, _ := found.Body.(convo.Secret)
	plain, err := OpenSecret(o.sealer, found)
	return s.Type, string(plain), err
}
