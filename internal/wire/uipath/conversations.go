package uipath

import (
	"context"
	"net/http"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// agents remembers the bots that the conversations of one answer belong to.
type agents struct {
	c     *call
	known map[string]*convo.Object
}

// of gives the bot of a conversation; nil if it has none, or one that is gone.
func (a *agents) of(ctx context.Context, id *string) (*convo.Object, error) {
	if text(id) == "" {
		return nil, nil
	}
	if o, ok := a.known[*id]; ok {
		return o, nil
	}
	o, err := a.c.engine().Object(ctx, a.c.actor, engine.Bots(), *id)
	found := &o
	if convo.ErrorKind(err) == convo.NotFound {
		found, err = nil, nil
	}
	if a.known == nil {
		a.known = map[string]*convo.Object{}
	}
	a.known[*id] = found
	return found, err
}

// show gives a conversation as clients see it. One without an agent has 0 for its
// agent and folder.
func (a *agents) show(ctx context.Context, conv convo.Conversation) (conversationObject, error) {
	tenancy := convo.TenancyOf(conv.Tenant)
	shown := conversationObject{
		ID: conv.ID, times: times{stamp(conv.Created), stamp(conv.Updated)}, Active: stamp(conv.Active),
		Label: text(conv.Name), AutoLabel: conv.AutoLabel,
		User: a.c.actor.UserID(), Org: tenancy.OrgID, Tenant: tenancy.TenantID,
		Trace: text(conv.TraceID), JobStart: value(conv.JobStart), JobKey: conv.JobKey, LocalJob: conv.LocalJob,
		Input: wrapInput(conv.AgentInput),
	}
	if conv.Active.IsZero() {
		shown.Active = stamp(conv.Created)
	}
	o, err := a.of(ctx, conv.BotID)
	if o != nil {
		bot, _ := o.Body.(convo.BotConfig)
		shown.Folder, shown.Agent, shown.AgentKey = bot.Folder, o.Number, agentKey(*o)
	}
	return shown, err
}

func wrapInput(inline convo.JSON) object {
	if len(inline) == 0 {
		return nil
	}
	return object(`{"inline":` + string(inline) + `}`)
}

func (c *call) show(conv convo.Conversation) (conversationObject, error) {
	return (&agents{c: c}).show(c.r.Context(), conv)
}

func createConversation(c *call, in createRequest) error {
	if err := in.check(); err != nil {
		return err
	}
	bot, err := c.agentIn(int64(in.Folder.Value), int64(in.Agent.Value))
	if err != nil {
		return err
	}
	create := engine.NewConversation{Fields: in.fields(bot)}
	if c.actor.User != "" {
		create.Fields.Owner = &c.actor.User
	}
	show := &agents{c: c, known: map[string]*convo.Object{bot.ID: &bot}}
	c.renders(func(result any) []byte {
		created, _ := result.(engine.Created)
		shown, _ := show.show(c.r.Context(), created.Conversation) // its bot is known
		return encode(shown)
	})
	created, err := c.engine().CreateConversation(c.r.Context(), c.actor, create, c.ask)
	if err != nil {
		return err
	}
	shown, err := show.show(c.r.Context(), created.Conversation)
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, shown)
}

// find reads the conversation of the path.
func (c *call) find() (convo.Conversation, error) {
	found, err := c.engine().Conversation(c.r.Context(), c.actor, c.conversation())
	return found, unknown(err, codeConversation)
}

func getConversation(c *call) error {
	found, err := c.find()
	if err != nil {
		return err
	}
	shown, err := c.show(found)
	if err != nil {
		return err
	}
	return c.answer(shown)
}

// updateConversation hands the engine a change, not values: what is absent stays as
// it is stored when the change is made.
func updateConversation(c *call, in updateRequest) error {
	if err := checkShort("jobKey", in.JobKey.Value); err != nil {
		return err
	}
	err := c.engine().UpdateConversation(c.r.Context(), c.actor, c.conversation(), in.apply, nil)
	if err != nil {
		return unknown(err, codeConversation)
	}
	return getConversation(c)
}

// deleteConversation answers with what the conversation was.
func deleteConversation(c *call) error {
	found, err := c.find()
	if err != nil {
		return err
	}
	shown, err := c.show(found)
	if err != nil {
		return err
	}
	if err := c.engine().DeleteConversation(c.r.Context(), c.actor, c.conversation(), nil); err != nil {
		return unknown(err, codeConversation)
	}
	return c.answer(shown)
}
