package engine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

// Bots is the place of bots.
func Bots() Place { return Place{Kind: convo.ObjectBot} }

// completeBot gives a new bot its number and folder, and resolves what it names.
func completeBot(tx store.Tx, o *convo.Object, b convo.BotConfig, before convo.Object) (err error) {
	if o.Number == 0 {
		if o.Number, err = tx.NextNumber(convo.ObjectBot); err != nil {
			return err
		}
	}
	if b.Folder == 0 {
		b.Folder = convo.FirstFolder
	}
	old, _ := before.Body.(convo.BotConfig)
	if b.DatasetID, err = refer(tx, "datasetId", convo.ObjectDataset, b.DatasetID, old.DatasetID); err != nil {
		return err
	}
	b.SkillsetID, err = refer(tx, "skillsetId", convo.ObjectSkillset, b.SkillsetID, old.SkillsetID)
	o.Body = b
	return err
}

// CloneBot makes a bot with the configuration of another one. The alias stays
// with that one, and the number is new.
func (e *Engine) CloneBot(ctx context.Context, actor convo.Actor, name string, ask *Ask) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	var clone convo.Object
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if clone, err = findObject(tx, Bots(), name); err != nil {
			return nil, err
		}
		clone.ID, clone.Alias, clone.Unlisted, clone.Created = newID(), nil, false, now()
		clone.Updated = clone.Created
		if clone.Number, err = tx.NextNumber(convo.ObjectBot); err != nil {
			return nil, err
		}
		if b, ok := clone.Body.(convo.BotConfig); ok {
			b.Declared = false
			clone.Body = b
		}
		return clone, putNoted(tx, clone, "create")
	})
	return clone, err
}

// RateBot stores a vote on a bot.
func (e *Engine) RateBot(ctx context.Context, actor convo.Actor, name string, value int, reason string, ask *Ask) (convo.Object, error) {
	if err := checkVote(value); err != nil {
		return convo.Object{}, err
	}
	at := Place{Kind: convo.ObjectRating, Parent: name}
	return e.CreateObject(ctx, actor, at, Draft{Body: convo.Rating{Value: value, Reason: reason}}, ask)
}

// BotUsage sums what the conversations of a bot cost. Turns without a
// conversation leave nothing that could be summed.
func (e *Engine) BotUsage(ctx context.Context, actor convo.Actor, name string) (store.BotUsage, error) {
	bot, err := e.Object(ctx, actor, Bots(), name)
	if err != nil {
		return store.BotUsage{}, err
	}
	return e.store.BotUsage(ctx, actor.Tenant, bot.ID)
}

// BotSession is a session of a conversation that was made for it.
type BotSession struct {
	Session
	Bot      string // its id
	Messages []convo.Message
}

// NewBotSession is what a bot's session is made from.
type NewBotSession struct {
	Lasts    time.Duration // 0 = DefaultSession
	Contact  *string       // whom the conversation is with, by id or fingerprint
	Meta     convo.JSON    // of the conversation
	Messages []NewMessage
}

// CreateBotSession makes a conversation of a bot, and a token that works for it.
func (e *Engine) CreateBotSession(ctx context.Context, actor convo.Actor, bot string, in NewBotSession, ask *Ask) (BotSession, error) {
	lasts, err := sessionTime(in.Lasts)
	if err != nil {
		return BotSession{}, err
	}
	create := NewConversation{Fields: convo.Fields{BotID: &bot, ContactID: in.Contact, Meta: in.Meta}, Messages: in.Messages}
	if err := e.checkCreate(ctx, actor, create); err != nil {
		return BotSession{}, err
	}
	key := hub.Key{Tenant: actor.Tenant, Conversation: newID()}
	var made BotSession
	err = e.judgedFirst(ctx, key, func(judged bool) error {
		return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
			o, err := findObject(tx, Bots(), bot)
			if err != nil {
				return nil, err
			}
			create.Fields.BotID = &o.ID
			created, err := createConversation(tx, actor, create, judged)
			if err != nil {
				return nil, err
			}
			made = BotSession{Bot: o.ID, Messages: created.Messages}
			made.Session, err = e.putSession(tx, actor, lasts)
			return made, err
		})
	})
	return made, err
}

// resolveConfig gives what decides how a turn answers: what its conversation or
// request says itself, and else what its bot does at this moment. bot may be named
// by its alias; id is what tools know it by.
func (e *Engine) resolveConfig(ctx context.Context, tenant string, bot *string, own convo.Config) (id *string, _ convo.Config, _ error) {
	if text(bot) == "" {
		return bot, own, nil
	}
	o, err := e.store.Object(ctx, tenant, convo.ObjectBot, *bot)
	if err != nil {
		return bot, own, unknownReference("botId", convo.ObjectBot, *bot, err)
	}
	return &o.ID, own.Over(configOfBot(o)), nil
}

// configOfBot is how a bot answers.
func configOfBot(o convo.Object) convo.Config {
	b, _ := o.Body.(convo.BotConfig)
	if b.Unmasked == nil && partly(o.Meta) {
		b.Unmasked = new(true)
	}
	return b.Config
}

// partly reports whether a bot lets through what cannot be masked: the member privacy
// of its meta says so, for those who make bots over the API.
func partly(meta convo.JSON) bool {
	var said struct {
		Privacy string `json:"privacy"`
	}
	return json.Unmarshal(meta, &said) == nil && said.Privacy == "partly"
}

// choose gives a conversation with what decides how its turns answer in place of
// its own configuration, and the model that answers.
func (e *Engine) choose(ctx context.Context, head convo.Head) (convo.Head, model.Choice, error) {
	var err error
	if head.BotID, head.Config, err = e.resolveConfig(ctx, head.Tenant, head.BotID, head.Config); err != nil {
		return head, model.Choice{}, err
	}
	choice, err := e.models.Resolve(ctx, text(head.Model))
	return head, choice, err
}
