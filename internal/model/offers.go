package model

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// How long a provider may take to list its models, and how long its list is
// good. A server at home may come back with another model, so not for ever.
const (
	askTimeout = 5 * time.Second
	offersKept = 5 * time.Minute
)

// Listed is a model as platform/model/list shows it. Zero limits are not known.
type Listed struct {
	ID        string // what a model string takes
	Provider  string
	Family    string
	MaxTokens int64 // prompt and answer together
	MaxInput  int64
	MaxOutput int64
}

// provider is a configured one with what it said about its models.
type provider struct {
	Configured

	asking chan struct{} // holds one token: who has it may ask

	mu    sync.Mutex // guards what follows
	infos []Info
	at    time.Time // when it said so; zero = never
	found bool      // of an optional one: it answers
}

func newProvider(c Configured) *provider {
	return &provider{Configured: c, asking: make(chan struct{}, 1)}
}

// said is what the provider said last, if ever, and whether that is still good.
func (p *provider) said() (infos []Info, ever, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.infos, !p.at.IsZero(), time.Since(p.at) < offersKept
}

func (p *provider) says(infos []Info) []Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.infos, p.at = infos, time.Now()
	return infos
}

// models asks the provider, unless it said so lately. One asks at a time: the
// others take what it said before, or wait within their own patience. If it
// cannot be reached, what it said before is better than nothing.
func (p *provider) models(ctx context.Context) ([]Info, error) {
	before, ever, fresh := p.said()
	if fresh {
		return before, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if !p.lockAsking(ctx, ever) {
		return before, ctx.Err()
	}
	defer func() { <-p.asking }()
	if before, ever, fresh = p.said(); fresh {
		return before, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err // it passed while somebody else asked in vain
	}
	infos, err := p.Provider.Models(ctx)
	if err != nil && ever {
		return p.says(before), nil
	}
	if err != nil {
		return nil, err
	}
	return p.says(infos), nil
}

// lockAsking takes the right to ask. Who has an older answer does not wait.
func (p *provider) lockAsking(ctx context.Context, answered bool) bool {
	select {
	case p.asking <- struct{}{}:
		return true
	default:
	}
	if answered {
		return false
	}
	select {
	case p.asking <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// standard is the model that answers where only the provider is known.
func (p *provider) standard(ctx context.Context) (string, error) {
	if len(p.Models) > 0 {
		return p.Models[0], nil
	}
	if v, known := vendorNamed(p.Kind); known && !p.AnyName && !p.Loads {
		return v.usual, nil
	}
	infos, err := p.models(ctx)
	if err != nil {
		return "", convo.WrapError(convo.UpstreamFailed, err, "provider %s cannot be asked for its models; start it, or name a model in the request or by PARLEY_MODEL", p.Name)
	}
	if len(infos) == 0 {
		return "", convo.Errorf(convo.Invalid, "provider %s lists no models; name one in the request or by PARLEY_MODEL", p.Name)
	}
	return infos[0].Name, nil
}

// limits is what counts for a model of this provider: what was configured,
// what the provider said, what is known of the family, or a careful guess. One
// that loads its models was told what is configured, and knows better than we
// whether a model can do that.
func (p *provider) limits(name string) limits {
	var l limits
	if !p.Loads {
		l = limitsOf(name)
	}
	infos, _, _ := p.said()
	said := false
	for _, info := range infos {
		if info.Name == name && info.MaxInput > 0 {
			l, said = limits{input: info.MaxInput, output: cmp.Or(info.MaxOutput, l.output)}, true
		}
	}
	if p.Window > 0 && !(said && p.Loads) {
		l = limits{input: p.Window, output: l.output}
	}
	if l.input == 0 {
		l.input = unknownWindow
	}
	return l
}

// limits puts the model's rule over what is known of it otherwise.
func (c *Catalog) limits(p *provider, name string) limits {
	l, r := p.limits(name), c.rule(p, name)
	l.output = cmp.Or(r.MaxOutput, l.output)
	if r.Window > 0 {
		l.input = r.Window
		if l.context < l.input {
			l.context = 0 // it has more than we know of
		}
		if both := l.input + l.output; l.output > 0 {
			l.context = min(cmp.Or(l.context, both), both)
		}
	}
	if p.Loads {
		// The same for every request: for another one it would load again.
		l.context = l.input + cmp.Or(r.MaxOutput, l.input/3)
	}
	return l
}

// list gives the names that the provider takes, as far as it says. One that
// cannot be reached now has at least the model that it would be asked for.
func (p *provider) list(ctx context.Context) ([]Info, error) {
	if len(p.Models) > 0 {
		infos := make([]Info, len(p.Models))
		for i, name := range p.Models {
			infos[i] = Info{Name: name}
		}
		return infos, nil
	}
	infos, err := p.models(ctx)
	if err == nil {
		return infos, nil
	}
	if v, known := vendorNamed(p.Kind); known && !p.AnyName && !p.Loads {
		return []Info{{Name: v.usual}}, err
	}
	return nil, err
}

// List gives the models that Resolve takes, provider by provider and then the
// aliases, without those that a rule hides; an alias of one of them is shown.
// Each provider is asked for at most five seconds, all at once.
func (c *Catalog) List(ctx context.Context) []Listed {
	var list []Listed
	seen := map[string]bool{}
	add := func(id string, p *provider, info Info) {
		if seen[id] || !nameable(id) {
			return
		}
		seen[id] = true
		if _, alias := c.aliases[id]; !alias && c.rule(p, info.Name).Hidden {
			return
		}
		l := c.limits(p, info.Name)
		list = append(list, Listed{
			ID: id, Provider: p.Name, Family: cmp.Or(info.Family, familyOf(info.Name)),
			MaxTokens: cmp.Or(l.context, l.input), MaxInput: l.input, MaxOutput: cmp.Or(l.output, max(0, l.context-l.input)),
		})
	}
	for _, reply := range c.askAll(ctx) {
		for _, info := range reply.infos {
			add(c.id(reply.provider, info.Name), reply.provider, info)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.aliases)) {
		if choice, err := c.Resolve(ctx, name); err == nil {
			add(name, c.named(choice.ProviderName), Info{Name: choice.Name})
		}
	}
	return list
}

// reply is what one provider says about its models.
type reply struct {
	provider *provider
	infos    []Info
	err      error
}

func (c *Catalog) askAll(ctx context.Context) []reply {
	replies := make([]reply, len(c.providers))
	var all sync.WaitGroup
	for i, p := range c.providers {
		replies[i].provider = p
		if !p.here() {
			continue
		}
		all.Go(func() { replies[i].infos, replies[i].err = p.list(ctx) })
	}
	all.Wait()
	return replies
}

// Ready gives lines for the log of the start: which model answers by default,
// which providers are ready, and which settings would add others.
func (c *Catalog) Ready(ctx context.Context) []string {
	c.seek(ctx)
	replies := c.askAll(ctx)
	lines := []string{c.readyDefault(ctx)}
	for _, r := range replies {
		lines = append(lines, r.line())
	}
	for _, kind := range []string{"openai", "anthropic", "gemini", "ollama"} {
		if v, _ := vendorNamed(kind); !c.serves(kind) {
			lines = append(lines, kind+": not configured; set "+v.setting)
		}
	}
	return lines
}

func (c *Catalog) readyDefault(ctx context.Context) string {
	choice, err := c.Resolve(ctx, "")
	if err != nil {
		return "default model: none yet; " + convo.PublicError(err).Message
	}
	return "default model: " + choice.ID + " (" + choice.ProviderName + ")"
}

func (r reply) line() string {
	const shown = 5
	if !r.provider.here() {
		v, _ := vendorNamed(r.provider.Kind)
		return r.provider.Name + ": not found; set " + v.setting
	}
	if r.err != nil {
		return fmt.Sprintf("%s: configured, but not ready: %s", r.provider.Name, r.err)
	}
	names := make([]string, 0, shown)
	for _, info := range r.infos[:min(shown, len(r.infos))] {
		names = append(names, info.Name)
	}
	if more := len(r.infos) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return r.provider.Name + ": ready, with " + cmp.Or(strings.Join(names, ", "), "no models listed")
}

func (c *Catalog) serves(kind string) bool {
	for _, p := range c.providers {
		if p.Kind == kind {
			return true
		}
	}
	return false
}

// Close lets go of the connections that providers keep for later calls.
func (c *Catalog) Close() {
	for _, p := range c.providers {
		if closer, ok := p.Provider.(interface{ Close() }); ok {
			closer.Close()
		}
	}
}
