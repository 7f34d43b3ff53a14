package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// Abilities carries out abilities: *ability.Set. What the ability's author or its
// caller can mend is a *convo.Error.
type Abilities interface {
	Execute(ctx context.Context, tenant string, a tool.Ability, input string) (tool.Result, error)
}

// Executed is what came of an ability: Result, or Failure if that is not "".
type Executed struct {
	Result  convo.JSON // any JSON value
	Failure string
}

// Execution is what an ability is carried out with.
type Execution struct {
	Input   string
	Contact string // whom it is for, by its id or fingerprint; "" = nobody in particular
}

// ExecuteAbility carries out an ability outside of a conversation, without a
// model. That it fails is a result. It ends with its caller, and nothing is
// remembered then; of what was carried out to its end, a repeat by the rules of
// Ask gets the answer. Equal requests with a key run one after the other.
func (e *Engine) ExecuteAbility(ctx context.Context, actor convo.Actor, skillset, id string, in Execution, ask *Ask) (Executed, error) {
	found, err := e.Object(ctx, actor, AbilitiesOf(skillset), id)
	if err != nil {
		return Executed{}, err
	}
	if _, err := e.resolveAbout(ctx, actor, About{Contact: in.Contact}); err != nil {
		return Executed{}, err
	}
	if e.abilities == nil {
		return Executed{}, convo.Errorf(convo.NotImplemented, "this server carries out no abilities")
	}
	if err := e.enter(&e.read); err != nil {
		return Executed{}, err
	}
	defer e.read.Done()
	if ask != nil && ask.Key != "" {
		ask.name(actor)
		leave, err := e.executions.enter(ctx, ask.id)
		if err != nil {
			return Executed{}, err
		}
		defer leave()
	}
	// No transaction is held while the ability runs: one looks whether the request
	// repeats one that is done, another one keeps what came of it.
	key := hub.Key{Tenant: actor.Tenant}
	err = e.once(ctx, key, actor, ask, func(store.Tx) (any, error) { return nil, errNotDone })
	if !errors.Is(err, errNotDone) {
		return Executed{}, err
	}
	out, err := e.execute(ctx, actor.Tenant, ToolAbility(found), in.Input)
	if err != nil {
		return Executed{}, err
	}
	return out, e.once(ctx, key, actor, ask, func(store.Tx) (any, error) { return out, nil })
}

// errNotDone ends a transaction that only looked whether a request is done.
var errNotDone = errors.New("the request repeats none")

// execute runs an ability within the time of a tool. Only the end of its caller is an
// error: whatever else happens may come after an effect, and must not be asked
// for again.
func (e *Engine) execute(caller context.Context, tenant string, a tool.Ability, input string) (Executed, error) {
	ctx, cancel := context.WithTimeout(caller, e.limits.ToolTime)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	result, err := e.abilities.Execute(ctx, tenant, a, input)
	switch {
	case err == nil:
		return Executed{Result: result.Output}, nil
	case caller.Err() != nil:
		return Executed{}, caller.Err()
	case e.ctx.Err() != nil:
		return Executed{Failure: "the server shut down while the ability ran"}, nil
	case ctx.Err() != nil:
		return Executed{Failure: "the ability took too long"}, nil
	case convo.ErrorKind(err) == convo.Internal:
		e.log.Error("an ability failed", "tenant", tenant, "ability", a.Name, "error", err)
		return Executed{Failure: "the ability failed"}, nil
	}
	return Executed{Failure: convo.PublicError(err).Message}, nil
}

// executions are the requests with a key that carry out abilities now.
type executions struct {
	mu      sync.Mutex
	running map[convo.RequestID]chan struct{} // closed at its end
}

func newExecutions() *executions {
	return &executions{running: map[convo.RequestID]chan struct{}{}}
}

// enter waits until no equal request runs.
func (x *executions) enter(ctx context.Context, id convo.RequestID) (leave func(), err error) {
	for {
		x.mu.Lock()
		other := x.running[id]
		if other == nil {
			done := make(chan struct{})
			x.running[id] = done
			x.mu.Unlock()
			return func() {
				x.mu.Lock()
				defer x.mu.Unlock()
				delete(x.running, id)
				close(done)
			}, nil
		}
		x.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
