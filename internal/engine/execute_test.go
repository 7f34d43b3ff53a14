package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/tool"
)

// executor carries out abilities as a test says.
type executor func(ctx context.Context, a tool.Ability, input string) (tool.Result, error)

func (f executor) Execute(ctx context.Context, _ string, a tool.Ability, input string) (tool.Result, error) {
	return f(ctx, a, input)
}

// executing is a bundle with one ability, whose ids it gives.
func executing(t *testing.T, f executor) (b *bundle, skillset, id string) {
	t.Helper()
	b = setup(t)
	b.stop()
	b.abilities = f
	b.start()
	skillset = b.object(engine.Skillsets(), engine.Draft{Body: convo.Skillset{}}).ID
	id = b.object(engine.AbilitiesOf(skillset), engine.Draft{Body: convo.Ability{Instruction: "do it"}}).ID
	return b, skillset, id
}

func TestWhatComesOfAnAbilityIsAResultOrAFailure(t *testing.T) {
	t.Parallel()
	var err error
	b, skillset, id := executing(t, func(_ context.Context, a tool.Ability, input string) (tool.Result, error) {
		return tool.Result{Output: convo.JSON(`"` + a.Instruction + " " + input + `"`)}, err
	})
	for _, c := range []struct {
		err             error
		result, failure string
	}{
		{nil, `"do it now"`, ""},
		{convo.WrapError(convo.UpstreamFailed, errors.New("private"), "the other server failed"), "", "the other server failed"},
		{errors.New("private"), "", "the ability failed"},
		{convo.Errorf(convo.Internal, "private"), "", "the ability failed"},
	} {
		err = c.err
		out, failed := b.ExecuteAbility(t.Context(), b.actor, skillset, id, engine.Execution{Input: "now"}, nil)
		if failed != nil || string(out.Result) != c.result || out.Failure != c.failure {
			t.Errorf("of %v comes %s, %q, %v", c.err, out.Result, out.Failure, failed)
		}
	}
}

func TestOnlyTheAccountExecutesItsAbilities(t *testing.T) {
	t.Parallel()
	b, skillset, id := executing(t, func(context.Context, tool.Ability, string) (tool.Result, error) {
		t.Error("the ability was carried out")
		return tool.Result{}, nil
	})
	other := b.object(engine.Skillsets(), engine.Draft{Body: convo.Skillset{}}).ID
	for name, c := range map[string]struct {
		actor    convo.Actor
		skillset string
		want     convo.Kind
	}{
		"a session":        {convo.Actor{Tenant: "t", Token: "s", Conversation: "c"}, skillset, convo.Forbidden},
		"another tenant":   {convo.Actor{Tenant: "u", Token: "token"}, skillset, convo.NotFound},
		"another skillset": {b.actor, other, convo.NotFound},
	} {
		if _, err := b.ExecuteAbility(t.Context(), c.actor, c.skillset, id, engine.Execution{}, nil); convo.ErrorKind(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnExecutionEndsWithItsCallerAndIsForgotten(t *testing.T) {
	t.Parallel()
	calls := 0
	ctx, cancel := context.WithCancel(t.Context())
	b, skillset, id := executing(t, func(ctx context.Context, _ tool.Ability, _ string) (tool.Result, error) {
		if calls++; calls == 1 {
			cancel()
			<-ctx.Done()
			return tool.Result{}, ctx.Err()
		}
		return tool.Result{Output: convo.JSON("2")}, nil
	})
	if _, err := b.ExecuteAbility(ctx, b.actor, skillset, id, engine.Execution{}, ask("key", "body")); !errors.Is(err, context.Canceled) {
		t.Errorf("the execution ended with %v", err)
	}
	if out, err := b.ExecuteAbility(t.Context(), b.actor, skillset, id, engine.Execution{}, ask("key", "body")); err != nil || string(out.Result) != "2" {
		t.Errorf("its repeat gives %s, %v", out.Result, err)
	}
	again := ask("key", "body")
	if _, err := b.ExecuteAbility(t.Context(), b.actor, skillset, id, engine.Execution{}, again); err != nil || calls != 2 {
		t.Errorf("the third one was carried out too: %d calls, %v", calls, err)
	}
	if _, replayed := again.Replay(); !replayed {
		t.Error("the third one has no answer")
	}
}

func TestAnAbilityThatNeverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, skillset, id := executing(t, func(ctx context.Context, _ tool.Ability, _ string) (tool.Result, error) {
			<-ctx.Done()
			return tool.Result{}, ctx.Err()
		})
		if out, err := b.ExecuteAbility(t.Context(), b.actor, skillset, id, engine.Execution{}, nil); err != nil || out.Failure != "the ability took too long" {
			t.Errorf("it ends with %q, %v", out.Failure, err)
		}
		done := make(chan engine.Executed)
		go func() {
			out, err := b.ExecuteAbility(t.Context(), b.actor, skillset, id, engine.Execution{}, nil)
			if err != nil {
				t.Error(err)
			}
			done <- out
		}()
		synctest.Wait()
		b.stop()
		if out := <-done; out.Failure != "the server shut down while the ability ran" {
			t.Errorf("at a shutdown it ends with %q", out.Failure)
		}
	})
}
