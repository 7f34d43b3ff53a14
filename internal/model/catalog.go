package model

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Configured is a provider as the configuration has it.
type Configured struct {
	Name     string // as in name/model; unique, without slash and equals sign
	Kind     string // whose families it serves: "openai", "anthropic", "quote", …
	Provider Provider
	Models   []string // the names that it takes, its default first; a kind that is no vendor's has its own name without them
	AnyName  bool     // without Models: takes any name as it is, unless it is the vendor itself
	Loads    bool     // makes room for a context as a request wants it; without Models, takes the names that it lists
	Optional bool     // with Loads: is there only while it answers, as Watch finds out
	Window   int64    // tokens of prompt; 0 = what is known of the model
}

// CatalogConfig is what a catalogue is made from.
type CatalogConfig struct {
	Providers []Configured      // in the order in which they are asked for a name; "quote" stands last
	Default   string            // a model string; "" = the first provider's own default
	Aliases   map[string]string // from a name to a model string
	Rules     []Rule            // the first one that fits a model counts
}

// Catalog finds the provider for a model string. A name is looked for as an
// alias, then in the lists of the providers, then as provider/name, then by its
// family, then among the models that were loaded, and then at a provider that
// takes any name. A name whose vendor is known but not configured is answered
// by the default model if one was set; otherwise the error names the setting
// that is missing.
//
// Parameters come from the request, else from the alias or the default model
// that it names, else from the model's rule. What a request asks for beyond a
// rule's bounds is refused, never cut.
type Catalog struct {
	providers []*provider
	standard  *Spec // the default, if one was set
	aliases   map[string]Spec
	rules     []*rule
}

// Choice is where a model string leads.
type Choice struct {
	Provider     Provider
	ProviderName string
	ProviderKind string // as in Configured
	Name         string // what Request.Model takes
	ID           string // what a model string calls it, as in List
	Params       Params
	MaxMessages  int   // at most that many of the latest messages go to the model; 0 = all
	Window       int64 // tokens that the prompt may have
	MaxOutput    int64 // tokens that the answer may have; 0 = not known
	Context      int64 // tokens that both may have together: Request.Context; 0 = not known
	TextOnly     bool  // it takes no images
}

// NewCatalog checks the configuration and makes the catalogue. A default that
// no provider takes is an error, because it would be found out only by users;
// so are aliases that stand for each other or that no request can name, and
// rules that can never count or that contradict an alias.
func NewCatalog(config CatalogConfig) (*Catalog, error) {
	if len(config.Providers) == 0 {
		return nil, convo.Errorf(convo.Invalid, "no model provider is configured")
	}
	c := &Catalog{aliases: make(map[string]Spec, len(config.Aliases))}
	for _, p := range config.Providers {
		if p.Name == "" || strings.ContainsAny(p.Name, "/=") || c.named(p.Name) != nil {
			return nil, convo.Errorf(convo.Invalid, "provider %q: the name must be unique, not empty, and without / and =", p.Name)
		}
		if p.Window < 0 || p.Window > math.MaxInt32 {
			return nil, convo.Errorf(convo.Invalid, "provider %q: window is a number of tokens, 0 for what is known", p.Name)
		}
		c.providers = append(c.providers, newProvider(p.settled()))
	}
	if err := c.readRules(config.Rules); err != nil {
		return nil, err
	}
	if err := c.readAliases(config.Aliases); err != nil {
		return nil, err
	}
	if config.Default == "" {
		return c, nil
	}
	return c, c.setDefault(config.Default)
}

// readAliases refuses a circle. An alias may have the name of what it stands
// for, to bring parameters along: that is no circle, because it is not looked
// up again.
func (c *Catalog) readAliases(aliases map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(aliases)) {
		if !nameable(name) {
			return convo.Errorf(convo.Invalid, "alias %q: no request can name it; an alias has no equals sign, and no blanks around it", name)
		}
		spec, err := Parse(aliases[name])
		if err == nil {
			err = c.checkParams(spec)
		}
		if err != nil {
			return convo.Errorf(convo.Invalid, "alias %q: %s", name, convo.PublicError(err).Message)
		}
		c.aliases[name] = spec
	}
	for name := range c.aliases {
		at := c.aliases[name].Name
		for range len(c.aliases) { // a circle is not longer
			next, again := c.aliases[at]
			if at == name && c.aliases[name].Name != name {
				return convo.Errorf(convo.Invalid, "alias %q stands for itself, by way of %q", name, c.aliases[name].Name)
			}
			if !again {
				break
			}
			at = next.Name
		}
	}
	return nil
}

// checkParams refuses parameters of the configuration that break its own rules.
// A name that is found only later is checked then.
func (c *Catalog) checkParams(spec Spec) error {
	at, err := c.find(spec.Name)
	if err != nil || at.name == "" {
		return nil
	}
	return c.rule(at.provider, at.name).check(at.name, &spec.Params)
}

// Vendor is what a driver can also do that knows whether it talks to the vendor
// itself. An address that says no more than the usual one changes nothing.
type Vendor interface {
	Vendor() bool
}

// settled gives the configuration with what follows from it.
func (c Configured) settled() Configured {
	if v, ok := c.Provider.(Vendor); ok && v.Vendor() {
		c.AnyName = false
	}
	if _, known := vendorNamed(c.Kind); !known && !c.AnyName && !c.Loads && len(c.Models) == 0 {
		c.Models = []string{c.Name}
	}
	return c
}

func (c *Catalog) setDefault(s string) error {
	spec, err := Parse(s)
	if err != nil {
		return err
	}
	spec = c.unalias(spec)
	if at, err := c.find(spec.Name); err != nil && !c.comes(spec.Name) && (at.vendorKnown || !c.loads()) {
		return convo.Errorf(convo.Invalid, "the default model cannot be used: %s", convo.PublicError(err).Message)
	}
	if err := c.checkParams(spec); err != nil {
		return convo.Errorf(convo.Invalid, "the default model cannot be used: %s", convo.PublicError(err).Message)
	}
	c.standard = &spec
	return nil
}

// comes reports whether a name is that of a model of a provider that may come.
func (c *Catalog) comes(name string) bool {
	prefix, _, _ := strings.Cut(name, "/")
	p := c.named(prefix)
	return p != nil && p.Optional
}

// loads reports whether there is a provider whose names are known only when it
// was asked.
func (c *Catalog) loads() bool {
	return slices.ContainsFunc(c.providers, func(p *provider) bool { return p.lists() && !p.Optional })
}

// Resolve finds the model for a model string.
func (c *Catalog) Resolve(ctx context.Context, s string) (Choice, error) {
	spec, err := Parse(s)
	if err != nil {
		return Choice{}, err
	}
	spec = c.unalias(spec)
	if spec.Name == "" {
		return c.resolveDefault(ctx, spec)
	}
	at, err := c.look(ctx, spec.Name)
	if err != nil {
		if c.standard != nil && at.vendorKnown {
			return c.resolveDefault(ctx, spec)
		}
		return Choice{}, err
	}
	return c.choose(ctx, at, spec)
}

func (c *Catalog) resolveDefault(ctx context.Context, spec Spec) (Choice, error) {
	if c.standard == nil {
		return c.choose(ctx, place{provider: c.first()}, spec)
	}
	spec = spec.over(*c.standard)
	at, err := c.look(ctx, spec.Name)
	if err != nil {
		return Choice{}, err
	}
	return c.choose(ctx, at, spec)
}

// first is the first provider that is there.
func (c *Catalog) first() *provider {
	for _, p := range c.providers {
		if p.here() {
			return p
		}
	}
	return c.providers[len(c.providers)-1] // only if all are optional
}

// look finds a name. One that is not known may have been loaded meanwhile, so
// the providers that load models are asked, unless they said lately.
func (c *Catalog) look(ctx context.Context, name string) (place, error) {
	at, err := c.find(name)
	if err == nil {
		return at, nil
	}
	asked := false
	for _, p := range c.providers {
		if _, _, fresh := p.said(); p.lists() && !p.Optional && !fresh {
			_, failed := p.models(ctx)
			asked = asked || failed == nil
		}
	}
	if !asked {
		return at, err
	}
	return c.find(name)
}

// unalias replaces an alias once. What it stands for is not looked up again,
// so that aliases cannot run in a circle and may reuse a vendor's name.
func (c *Catalog) unalias(spec Spec) Spec {
	if target, ok := c.aliases[spec.Name]; ok {
		return spec.over(target)
	}
	return spec
}

// choose completes a place: with the provider's default where no name was
// given, and with the model's limits.
func (c *Catalog) choose(ctx context.Context, at place, spec Spec) (Choice, error) {
	if at.name == "" {
		name, err := at.provider.standard(ctx)
		if err != nil {
			return Choice{}, err
		}
		at.name = name
	}
	rule := c.rule(at.provider, at.name)
	spec, err := rule.apply(at.name, spec)
	if err != nil {
		return Choice{}, err
	}
	l := c.limits(at.provider, at.name)
	window := l.input
	if most := spec.Params.MaxTokens; most != nil && l.context > 0 {
		window = max(min(window, l.context-*most), l.context/4)
	}
	return Choice{
		Provider: at.provider.Provider, ProviderName: at.provider.Name, ProviderKind: at.provider.Kind,
		Name: at.name, ID: c.id(at.provider, at.name),
		Params: spec.Params, MaxMessages: spec.MaxMessages,
		Window: window, MaxOutput: l.output, Context: l.context, TextOnly: rule.TextOnly,
	}, nil
}

// place is where a name leads: a provider, and the name that it takes, or ""
// for its default. Without a provider, vendorKnown says whether at least the
// vendor is known by the name.
type place struct {
	provider    *provider
	name        string
	vendorKnown bool
}

func (c *Catalog) find(name string) (place, error) {
	for _, p := range c.providers {
		if slices.Contains(p.Models, name) {
			return place{provider: p, name: name}, nil
		}
	}
	if p := c.present(name); p != nil {
		return place{provider: p}, nil
	}
	prefix, rest, split := strings.Cut(name, "/")
	if p := c.present(prefix); split && p != nil {
		return p.take(rest)
	}
	v, known := vendorOf(name)
	if p := c.open(func(p *provider) bool { return known && p.Kind == v.kind && !p.AnyName }); p != nil {
		return place{provider: p, name: vendorID(name)}, nil
	}
	if p := c.open(func(p *provider) bool { return known && p.Kind == v.kind }); p != nil {
		return place{provider: p, name: name}, nil
	}
	for _, p := range c.providers {
		if known, ok := p.offered(name); ok && p.here() {
			return place{provider: p, name: known}, nil
		}
	}
	if p := c.open(func(p *provider) bool { return p.AnyName }); p != nil {
		return place{provider: p, name: name}, nil
	}
	if !known {
		v, known = vendorNamed(prefix)
	}
	if known {
		return place{vendorKnown: true}, convo.Errorf(convo.Invalid, "model %q: its provider (%s) is not configured; set %s, or choose another model", name, v.kind, v.setting)
	}
	return place{}, convo.Errorf(convo.Invalid, "model %q is not known; GET /v1/platform/model/list lists the models of this server", name)
}

// take looks for a name that was said to be this provider's.
func (p *provider) take(name string) (place, error) {
	switch {
	case len(p.Models) > 0 && !slices.Contains(p.Models, name):
		return place{}, convo.Errorf(convo.Invalid, "provider %s has no model %q; it has %s", p.Name, name, strings.Join(p.Models, ", "))
	case p.lists():
		known, ok := p.offered(name)
		if !ok { // not yet; it says by itself whether it has that
			known = strings.TrimSuffix(name, ":latest")
		}
		name = known
	case len(p.Models) == 0 && !p.AnyName:
		name = vendorID(name)
	}
	return place{provider: p, name: name}, nil
}

// named finds a provider by its name, be it there or not.
func (c *Catalog) named(name string) *provider {
	for _, p := range c.providers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// present is named for those that are there.
func (c *Catalog) present(name string) *provider {
	if p := c.named(name); p != nil && p.here() {
		return p
	}
	return nil
}

// open finds the first provider without a list of its own that is wanted.
func (c *Catalog) open(want func(*provider) bool) *provider {
	for _, p := range c.providers {
		if len(p.Models) == 0 && !p.Loads && want(p) {
			return p
		}
	}
	return nil
}

// id is the shortest name by which a model string reaches that model of that
// provider.
func (c *Catalog) id(p *provider, name string) string {
	if _, aliased := c.aliases[name]; !aliased {
		if at, err := c.find(name); err == nil && at.provider == p && at.name == name {
			return name
		}
	}
	return p.Name + "/" + name
}
