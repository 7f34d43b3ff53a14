package model

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Rule is what an operator says of some models. Of several rules that fit a
// model, the first one counts.
type Rule struct {
	Name      string            // of the model at its provider; * at the end stands for any ending
	Provider  string            // only that provider's; "" = any
	Window    int64             // tokens of prompt; 0 = what is known
	MaxOutput int64             // tokens of answer: the default and the most of maxTokens; 0 = what is known
	Defaults  map[string]string // values for a request that does not give them, by the keys of model strings
	Bounds    map[string]string // least..most, or only the most, by the same keys
	Hidden    bool              // not listed; requests may name it
	TextOnly  bool              // it takes no images
}

// rule is a Rule that was read.
type rule struct {
	Rule
	defaults Spec
	bounds   []bound
}

// bound is what a request may ask for.
type bound struct {
	key         string
	least, most float64
	value       func(*Params) *float64
}

// readRules checks the rules against the providers, and one against another.
func (c *Catalog) readRules(rules []Rule) error {
	for i, r := range rules {
		read, err := readRule(r)
		if err == nil {
			err = c.checkRule(read)
		}
		if err != nil {
			return convo.Errorf(convo.Invalid, "models[%d] (%s): %s", i, r.Name, convo.PublicError(err).Message)
		}
		c.rules = append(c.rules, read)
	}
	return nil
}

func readRule(r Rule) (*rule, error) {
	read := &rule{Rule: r}
	if prefix := strings.TrimSuffix(r.Name, "*"); r.Name == "" || strings.ContainsAny(prefix, "*=") {
		return nil, convo.Errorf(convo.Invalid, "name a model, or the beginning of names with one * at its end")
	}
	if min(r.Window, r.MaxOutput) < 0 || max(r.Window, r.MaxOutput) > math.MaxInt32 {
		return nil, convo.Errorf(convo.Invalid, "window and maxOutput are numbers of tokens, 0 for what is known")
	}
	for _, key := range slices.Sorted(maps.Keys(r.Defaults)) {
		if key == "region" || !knownKey(key) {
			return nil, convo.Errorf(convo.Invalid, "defaults: there is no parameter %s", key)
		}
		if err := read.defaults.set(key, r.Defaults[key]); err != nil {
			return nil, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Bounds)) {
		b, err := readBound(key, r.Bounds[key])
		if err != nil {
			return nil, err
		}
		read.bounds = append(read.bounds, b)
	}
	if err := read.check(r.Name, &read.defaults.Params); err != nil {
		return nil, convo.Errorf(convo.Invalid, "its defaults are out of its bounds: %s", convo.PublicError(err).Message)
	}
	return read, nil
}

// knownKey reports whether a model string may have a parameter of that name.
func knownKey(key string) bool {
	return slices.Contains([]string{"maxTokens", "seed", "interactionMaxMessages", "temperature", "frequencyPenalty", "presencePenalty", "region"}, key)
}

// readBound reads least..most, or the most alone.
func readBound(key, text string) (bound, error) {
	values := map[string]func(*Params) *float64{
		"temperature":      func(p *Params) *float64 { return p.Temperature },
		"frequencyPenalty": func(p *Params) *float64 { return p.FrequencyPenalty },
		"presencePenalty":  func(p *Params) *float64 { return p.PresencePenalty },
	}
	b := bound{key: key, value: values[key]}
	if b.value == nil {
		return b, convo.Errorf(convo.Invalid, "bounds: %s has none; those of maxTokens are maxOutput, and temperature, frequencyPenalty and presencePenalty may have some", key)
	}
	low, high, both := strings.Cut(text, "..")
	if !both {
		low, high = "-2", text
	}
	var errLow, errHigh error
	b.least, errLow = strconv.ParseFloat(strings.TrimSpace(low), 64)
	b.most, errHigh = strconv.ParseFloat(strings.TrimSpace(high), 64)
	if errLow != nil || errHigh != nil || !(b.least <= b.most) || b.most > 2 || b.least < -2 {
		return b, convo.Errorf(convo.Invalid, "bounds: %s must be two numbers like 0..1, the smaller one first, from -2 to 2", key)
	}
	return b, nil
}

// checkRule refuses a rule that can never count.
func (c *Catalog) checkRule(r *rule) error {
	if r.Provider != "" {
		p := c.named(r.Provider)
		if p == nil {
			return convo.Errorf(convo.Invalid, "no provider is called %s", r.Provider)
		}
		if len(p.Models) > 0 && !slices.ContainsFunc(p.Models, r.names) {
			return convo.Errorf(convo.Invalid, "provider %s has no such model; it has %s", p.Name, strings.Join(p.Models, ", "))
		}
	}
	if name, renamed := c.renamed(r); renamed {
		return convo.Errorf(convo.Invalid, "its provider calls that %s; use the names of the provider", name)
	}
	for _, before := range c.rules {
		if (before.Provider == "" || before.Provider == r.Provider) && before.covers(r) {
			return convo.Errorf(convo.Invalid, "the entry for %s before it speaks of the same models, and the first one counts", before.Name)
		}
	}
	return nil
}

// renamed reports whether the rule has a name that every provider of the model
// turns into its own before it asks for rules, and gives that.
func (c *Catalog) renamed(r *rule) (own string, renamed bool) {
	for _, p := range c.providers {
		if r.Provider != "" && r.Provider != p.Name || r.Provider == "" && p.lists() {
			continue
		}
		if slices.ContainsFunc(p.Models, r.names) {
			return "", false
		}
		at, err := p.take(r.Name)
		if err != nil {
			continue
		}
		if r.speaksOf(p, at.name) {
			return "", false
		}
		own, renamed = at.name, true
	}
	return own, renamed
}

// speaksOf reports whether the rule names a model of the provider. The tag
// latest may be said or not.
func (r *rule) speaksOf(p *provider, name string) bool {
	bare := strings.TrimSuffix(name, ":latest")
	return r.names(name) || p.Loads && (r.names(bare) || r.names(bare+":latest"))
}

// names reports whether the rule speaks of a name.
func (r *rule) names(name string) bool {
	if prefix, open := strings.CutSuffix(r.Name, "*"); open {
		return strings.HasPrefix(name, prefix)
	}
	return name == r.Name
}

// covers reports whether the rule speaks of all that another one speaks of.
func (r *rule) covers(other *rule) bool {
	prefix, open := strings.CutSuffix(other.Name, "*")
	return r.names(prefix) && (!open || strings.HasSuffix(r.Name, "*"))
}

// rule finds the rule for a model of a provider; one that says nothing if there
// is none.
func (c *Catalog) rule(p *provider, name string) *rule {
	for _, r := range c.rules {
		if (r.Provider == "" || r.Provider == p.Name) && r.speaksOf(p, name) {
			return r
		}
	}
	return &rule{}
}

// apply completes a request's parameters for a model, and refuses those out of
// bounds.
func (r *rule) apply(name string, s Spec) (Spec, error) {
	if r.MaxOutput > 0 && r.defaults.Params.MaxTokens == nil && s.Params.MaxTokens == nil {
		s.Params.MaxTokens = &r.MaxOutput
	}
	if err := r.check(name, &s.Params); err != nil {
		return s, err
	}
	return s.over(r.defaults), nil
}

// check refuses parameters that are out of bounds.
func (r *rule) check(name string, p *Params) error {
	if most := p.MaxTokens; most != nil && r.MaxOutput > 0 && *most > r.MaxOutput {
		return convo.Errorf(convo.Invalid, "model: maxTokens must be at most %d for %s on this server", r.MaxOutput, name)
	}
	for _, b := range r.bounds {
		if v := b.value(p); v != nil && (*v < b.least || *v > b.most) {
			return convo.Errorf(convo.Invalid, "model: %s must be from %g to %g for %s on this server", b.key, b.least, b.most, name)
		}
	}
	return nil
}
