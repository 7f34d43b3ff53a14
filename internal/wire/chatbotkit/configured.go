package chatbotkit

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// The operations on bots, skillsets, abilities and secrets differ in what they
// take and show, and in nothing else.

// objectKind says where objects of a kind are, and which part of a path names one.
type objectKind struct {
	place func(*call) engine.Place
	param string
}

func bots() objectKind {
	return objectKind{func(*call) engine.Place { return engine.Bots() }, "botId"}
}

func skillsets() objectKind {
	return objectKind{func(*call) engine.Place { return engine.Skillsets() }, "skillsetId"}
}

func abilities() objectKind {
	return objectKind{func(c *call) engine.Place { return engine.AbilitiesOf(c.match.Param("skillsetId")) }, "abilityId"}
}

func secrets() objectKind {
	return objectKind{func(*call) engine.Place { return engine.Secrets() }, "secretId"}
}

// named is the id or alias in the path.
func (k objectKind) named(c *call) string { return c.match.Param(k.param) }

// drafter is a request that makes or changes an object.
type drafter interface {
	// draft changes what is given; on an empty draft that is what create does.
	draft(*engine.Draft)
}

// rendersObject prepares the reply of an operation that answers with the id of
// the object that it was about, which its path may call by an alias.
func (c *call) rendersObject() {
	c.ask.Render = func(result any) []byte {
		o, _ := result.(convo.Object)
		return encode(idObject{o.ID})
	}
}

// creates makes the handler that makes objects; empty is what one is unless
// something is said.
func creates[T drafter](kind objectKind, empty func() convo.ObjectBody) func(*call, T) error {
	return func(c *call, in T) error {
		draft := engine.Draft{Body: empty()}
		in.draft(&draft)
		c.rendersObject()
		made, err := c.engine().CreateObject(c.r.Context(), c.actor, kind.place(c), draft, c.ask)
		if err != nil {
			return err
		}
		return c.reply(made, false)
	}
}

// updates makes the handler that changes an object. It hands the engine a
// change, not values: what is absent stays as it is stored.
func updates[T drafter](kind objectKind) func(*call, T) error {
	return func(c *call, in T) error {
		c.rendersObject()
		changed, err := c.engine().UpdateObject(c.r.Context(), c.actor, kind.place(c), kind.named(c), in.draft, c.ask)
		if err != nil {
			return err
		}
		return c.reply(changed, false)
	}
}

// deletes makes the handler that removes an object.
func deletes(kind objectKind) func(*call, emptyRequest) error {
	return func(c *call, _ emptyRequest) error {
		c.rendersObject()
		gone, err := c.engine().DeleteObject(c.r.Context(), c.actor, kind.place(c), kind.named(c), c.ask)
		if err != nil {
			return err
		}
		return c.reply(gone, false)
	}
}

// fetches makes the handler that shows an object.
func fetches[V any](kind objectKind, show func(convo.Object) V) func(*call) error {
	return func(c *call) error {
		found, err := c.engine().Object(c.r.Context(), c.actor, kind.place(c), kind.named(c))
		if err != nil {
			return err
		}
		return c.answer(encode(show(found)), false)
	}
}

// listsObjects makes the handler that shows a page of objects.
func listsObjects[V any](kind objectKind, params listParams, show func(convo.Object) V) func(*call) error {
	return func(c *call) error {
		at := kind.place(c)
		return answerList(c, params, shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Object], error) {
			return c.engine().ListObjects(ctx, c.actor, at, list)
		}, show))
	}
}

// objectOperations are the rows of the table for what tenants configure.
func objectOperations() []operation {
	const (
		bot      = "/bot/{botId}"
		skillset = "/skillset/{skillsetId}"
		ability  = skillset + "/ability/{abilityId}"
		secret   = "/secret/{secretId}"
	)
	newest, oldest := newestFirst.declared(), oldestFirst.declared()
	return []operation{
		get("listBots", "/bot/list", account, listsObjects(bots(), newestFirst, showBot), newest...),
		post("createBot", "/bot/create", account, creates[botRequest](bots(), emptyBot)),
		get("fetchBot", bot+"/fetch", account, fetches(bots(), showBot)),
		post("updateBot", bot+"/update", account, updates[botRequest](bots())),
		post("deleteBot", bot+"/delete", account, deletes(bots())),
		post("cloneBot", bot+"/clone", account, cloneBot),
		post("upvoteBot", bot+"/upvote", account, upvoteBot),
		post("downvoteBot", bot+"/downvote", account, downvoteBot),
		get("fetchBotUsage", bot+"/usage/fetch", account, fetchBotUsage),
		post("createBotSession", bot+"/session/create", account, createBotSession),

		get("listSkillsets", "/skillset/list", account, listsObjects(skillsets(), newestFirst, showSkillset), newest...),
		post("createSkillset", "/skillset/create", account, creates[skillsetRequest](skillsets(), emptySkillset)),
		get("fetchSkillset", skillset+"/fetch", account, fetches(skillsets(), showSkillset)),
		post("updateSkillset", skillset+"/update", account, updates[skillsetRequest](skillsets())),
		post("deleteSkillset", skillset+"/delete", account, deletes(skillsets())),

		get("listSkillsetAbilities", skillset+"/ability/list", account, listsObjects(abilities(), oldestFirst, showAbility), oldest...),
		get("exportSkillsetAbilities", skillset+"/ability/export", account, listsObjects(abilities(), oldestFirst, showAbility), oldest...),
		post("createSkillsetAbility", skillset+"/ability/create", account, creates[abilityRequest](abilities(), emptyAbility)),
		get("fetchSkillsetAbility", ability+"/fetch", account, fetches(abilities(), showAbility)),
		post("updateSkillsetAbility", ability+"/update", account, updates[abilityRequest](abilities())),
		post("executeSkillsetAbility", ability+"/execute", account, executeAbility),
		post("deleteSkillsetAbility", ability+"/delete", account, deletes(abilities())),

		get("listSecrets", "/secret/list", account, listsObjects(secrets(), newestFirst, showSecret), newest...),
		post("createSecret", "/secret/create", account, creates[secretRequest](secrets(), emptySecret)),
		get("fetchSecret", secret+"/fetch", account, fetches(secrets(), showSecret)),
		post("updateSecret", secret+"/update", account, updates[secretRequest](secrets())),
		post("deleteSecret", secret+"/delete", account, deletes(secrets())),
		post("verifySecret", secret+"/verify", account, verifySecret),
		post("revokeSecret", secret+"/revoke", account, revokeSecret),
		post("authenticateSecret", secret+"/authenticate", account, authenticateSecret),
	}
}
