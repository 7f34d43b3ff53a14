package client_test

import (
	"errors"
	"testing"

	"github.com/parleyhq/parley/client"
)

func TestABotIsMadeChangedClonedAndDeleted(t *testing.T) {
	t.Parallel()
	c := connect(t)
	made, err := c.Bot.Create(t.Context(), client.BotCreateRequest{Name: client.Set("One"), Backstory: client.Set("Be kind."), Visibility: client.Public})
	must(t, err)
	_, err = c.Bot.Update(t.Context(), made.ID, client.BotUpdateRequest{Name: client.Null[string](), Moderation: client.Set(false)})
	must(t, err)
	bot, err := c.Bot.Fetch(t.Context(), made.ID)
	must(t, err)
	if _, named := bot.Name.Get(); named || bot.Backstory.Or("") != "Be kind." || bot.Visibility != client.Public || bot.Moderation.Or(true) || bot.CreatedAt.IsZero() {
		t.Errorf("the bot is %+v", bot)
	}
	clone, err := c.Bot.Clone(t.Context(), made.ID)
	must(t, err)
	found := 0
	for b, err := range c.Bot.All(t.Context(), client.ListRequest{Take: 1}) {
		must(t, err)
		if b.ID == made.ID || b.ID == clone.ID {
			found++
		}
	}
	for b, err := range c.Bot.ListStream(t.Context(), client.ListRequest{}) {
		must(t, err)
		if b.ID == clone.ID && b.Backstory.Or("") == "Be kind." {
			found++
		}
	}
	if found != 3 {
		t.Errorf("the lists have %d of 3", found)
	}
	session, err := c.Bot.Session.Create(t.Context(), made.ID, client.BotSessionCreateRequest{Messages: []client.Message{{Type: client.MessageBot, Text: "Hello!"}}})
	must(t, err)
	if session.ID != made.ID || session.ConversationID == "" || len(session.Token) < 20 || len(session.Messages) != 1 {
		t.Errorf("the session is of %s in %q with %d messages", session.ID, session.ConversationID, len(session.Messages))
	}
	_, err = c.Bot.Upvote(t.Context(), made.ID, client.VoteRequest{})
	must(t, err)
	_, err = c.Bot.Downvote(t.Context(), made.ID, client.VoteRequest{Value: client.Set(-3), Reason: "slow"})
	must(t, err)
	if usage, err := c.Bot.Usage(t.Context(), made.ID); err != nil || usage.Conversations != 1 {
		t.Errorf("the usage is %+v, %v", usage, err)
	}
	_, err = c.Bot.Delete(t.Context(), made.ID)
	must(t, err)
	if _, err := c.Bot.Fetch(t.Context(), made.ID); !refusedWith(err, client.CodeNotFound) {
		t.Errorf("a deleted bot: %v", err)
	}
}

func TestAnAbilityIsMadeAndExecutedWithItsSecret(t *testing.T) {
	t.Parallel()
	c := connect(t)
	secret, err := c.Secret.Create(t.Context(), client.SecretCreateRequest{Name: client.Set("KEY"), Type: client.SecretBearer, Value: client.Set("the-value-of-it")})
	must(t, err)
	set, err := c.Skillset.Create(t.Context(), client.SkillsetCreateRequest{Name: client.Set("Set")})
	must(t, err)
	ability, err := c.Skillset.Ability.Create(t.Context(), set.ID, client.AbilityCreateRequest{
		Name: client.Set("a"), Instruction: client.Set("Say $[x!]."), SecretID: client.Set(secret.ID),
	})
	must(t, err)
	shown, err := c.Skillset.Ability.Fetch(t.Context(), set.ID, ability.ID)
	must(t, err)
	if shown.SecretID.Or("") != secret.ID || shown.Instruction.Or("") != "Say $[x!]." || shown.Description.Or("none") != "" {
		t.Errorf("the ability is %+v", shown)
	}
	failed, err := c.Skillset.Ability.Execute(t.Context(), set.ID, ability.ID, client.AbilityExecuteRequest{})
	if err != nil || failed.Error != "the parameter x is missing" || failed.Result != nil || failed.Usage.Token != 0 {
		t.Errorf("without its parameter it gives %+v, %v", failed, err)
	}
	_, err = c.Skillset.Ability.Update(t.Context(), set.ID, ability.ID, client.AbilityUpdateRequest{SecretID: client.Null[string](), Instruction: client.Set("Done.")})
	must(t, err)
	done, err := c.Skillset.Ability.Execute(t.Context(), set.ID, ability.ID, client.AbilityExecuteRequest{})
	if err != nil || string(done.Result) != `"Done."` || done.Error != "" {
		t.Errorf("it gives %+v, %v", done, err)
	}
	for name, list := range map[string]func(func(client.Ability, error) bool){
		"all": c.Skillset.Ability.All(t.Context(), set.ID, client.ListRequest{}), "stream": c.Skillset.Ability.ListStream(t.Context(), set.ID, client.ListRequest{}),
		"export": c.Skillset.Ability.Export(t.Context(), set.ID, client.ListRequest{}),
	} {
		n := 0
		for a, err := range list {
			must(t, err)
			if a.ID == ability.ID {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s gives it %d times", name, n)
		}
	}
	_, err = c.Skillset.Ability.Delete(t.Context(), set.ID, ability.ID)
	must(t, err)
	if page, err := c.Skillset.Ability.List(t.Context(), set.ID, client.ListRequest{}); err != nil || len(page.Items) != 0 {
		t.Errorf("after its deletion the list has %d, %v", len(page.Items), err)
	}
	_, err = c.Skillset.Delete(t.Context(), set.ID)
	must(t, err)
}

func TestASecretShowsItsStateAndNeverItsValue(t *testing.T) {
	t.Parallel()
	c := connect(t)
	made, err := c.Secret.Create(t.Context(), client.SecretCreateRequest{Alias: client.Set("the-key"), Value: client.Set("the-value-of-it")})
	must(t, err)
	shown, err := c.Secret.Fetch(t.Context(), "the-key")
	must(t, err)
	if shown.ID != made.ID || shown.Kind != client.SecretShared || shown.Type != client.SecretPlain {
		t.Errorf("the secret is %+v", shown)
	}
	if verified, err := c.Secret.Verify(t.Context(), made.ID); err != nil || verified.Status != client.SecretAuthenticated || verified.Action != nil {
		t.Errorf("with a value it is %+v, %v", verified, err)
	}
	if page, err := c.Secret.Authenticate(t.Context(), made.ID); err != nil || page.ID != made.ID {
		t.Errorf("its page is %+v, %v", page, err)
	}
	_, err = c.Secret.Revoke(t.Context(), made.ID)
	must(t, err)
	if verified, err := c.Secret.Verify(t.Context(), made.ID); err != nil || verified.Status != client.SecretUnauthenticated {
		t.Errorf("without a value it is %+v, %v", verified, err)
	}
	_, err = c.Secret.Update(t.Context(), made.ID, client.SecretUpdateRequest{Type: client.SecretBasic, Value: client.Set("user:pass")})
	must(t, err)
	_, err = c.Secret.Delete(t.Context(), made.ID)
	must(t, err)
}

func TestIdsThatWouldLeadElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, id := range []string{"", ".", ".."} {
		_, bot := c.Bot.Fetch(t.Context(), id)
		_, ability := c.Skillset.Ability.Execute(t.Context(), "set", id, client.AbilityExecuteRequest{})
		_, list := c.Skillset.Ability.List(t.Context(), id, client.ListRequest{})
		for what, err := range map[string]error{"a bot": bot, "an ability": ability, "a list": list} {
			if _, refused := errors.AsType[*client.Error](err); err == nil || refused {
				t.Errorf("%s with the id %q was asked for: %v", what, id, err)
			}
		}
	}
}

func refusedWith(err error, code client.Code) bool {
	refused, ok := errors.AsType[*client.Error](err)
	return ok && refused.Code == code
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
