package ability

import (
	"context"
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/request"
)

// maxTools is how many abilities a turn may have.
const maxTools = 256

// Objects is what a tenant has stored: *engine.Objects. What is unknown, or
// another tenant's, gives an error of kind NotFound.
type Objects interface {
	// Abilities gives those of a skillset, the oldest first.
	Abilities(ctx context.Context, tenant, skillset string) ([]tool.Ability, error)
	// SecretByID gives a secret's type and value; the value is "" if it has none.
	SecretByID(ctx context.Context, tenant, id string) (kind, value string, err error)
	// SecretByName is SecretByID by the name that ${NAME} has.
	SecretByName(ctx context.Context, tenant, name string) (kind, value string, err error)
}

// Set gives turns the abilities that they ask for: it is a tool.Set.
type Set struct {
	objects Objects
	client  *outbound.Client
	search  Search
}

// Search looks for a text in a dataset of a tenant, by its id or alias, and gives what
// it finds as the result of a call. Its errors are *convo.Error.
type Search func(ctx context.Context, tenant, dataset, text string) (convo.JSON, error)

// New makes a set. Without a search, abilities that search fail.
func New(objects Objects, client *outbound.Client, search Search) *Set {
	return &Set{objects, client, search}
}

// Tools implements tool.Set: the abilities of the stored skillset first, then
// those that came along.
func (s *Set) Tools(ctx context.Context, tenant string, want tool.Want) ([]tool.Tool, error) {
	var all []tool.Ability
	if want.SkillsetID != "" {
		stored, err := s.objects.Abilities(ctx, tenant, want.SkillsetID)
		if err != nil {
			return nil, err
		}
		all = append(all, stored...)
	}
	for i, skillset := range want.Skillsets {
		for j, a := range skillset.Abilities {
			if err := s.checkSecret(ctx, tenant, a.SecretID); err != nil {
				return nil, fmt.Errorf("secret of ability %d of skillset %d: %w", j, i, err)
			}
		}
		all = append(all, skillset.Abilities...)
	}
	if len(all) > maxTools {
		return nil, convo.Errorf(convo.Invalid, "the skillsets have %d abilities; a turn may have %d", len(all), maxTools)
	}
	var names tool.Names
	tools := make([]tool.Tool, len(all))
	for i, a := range all {
		t := s.instructed(tenant, a, names.Take(tool.Name(a.Name)))
		t.dataset = want.DatasetID
		tools[i] = t
	}
	return tools, nil
}

// checkSecret tells a caller at once that a secret is not his. One of a stored
// ability may have been deleted since: that is told to who calls it.
func (s *Set) checkSecret(ctx context.Context, tenant, id string) error {
	if id == "" {
		return nil
	}
	_, _, err := s.objects.SecretByID(ctx, tenant, id)
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Errorf(convo.NotFound, "there is no secret %q (secretId)", request.Short(id))
	}
	return err
}

// Execute carries out an ability once. input is a JSON object of its parameters,
// or, if it has only one, its value. Whatever its author or its caller can mend is
// a *convo.Error.
func (s *Set) Execute(ctx context.Context, tenant string, a tool.Ability, input string) (tool.Result, error) {
	t := s.instructed(tenant, a, tool.Name(a.Name))
	arguments, err := t.input(input)
	if err != nil {
		return tool.Result{}, err
	}
	return t.Call(ctx, tool.Call{Arguments: arguments, Tenant: tenant})
}
