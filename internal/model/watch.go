package model

import (
	"context"
	"strings"
	"sync"
	"time"
)

// watchEvery is how often a provider that loads its models is looked at.
const watchEvery = 30 * time.Second

// Watch keeps up with the providers that load their models, until ctx ends: an
// optional one is there from the time when it answers with a model to the time
// when it answers no more. found is told of each such change, one at a time for
// a provider.
func (c *Catalog) Watch(ctx context.Context, found func(provider string, here bool)) {
	var all sync.WaitGroup
	for _, p := range c.providers {
		if p.Loads {
			all.Go(func() { p.watch(ctx, found) })
		}
	}
	all.Wait()
}

func (p *provider) watch(ctx context.Context, found func(string, bool)) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if before := p.here(); p.seek(ctx) != before && ctx.Err() == nil {
			found(p.Name, !before)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// seek asks the provider whether it is there.
func (p *provider) seek(ctx context.Context) bool {
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	infos, err := p.Provider.Models(asking)
	if ctx.Err() != nil {
		return p.here() // it was not its fault
	}
	if err == nil {
		p.says(infos)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = err == nil && len(infos) > 0
	return !p.Optional || p.found
}

// seek looks for the optional providers that are not there, all at once.
func (c *Catalog) seek(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range c.providers {
		if !p.here() {
			all.Go(func() { p.seek(ctx) })
		}
	}
	all.Wait()
}

// here reports whether the provider is there.
func (p *provider) here() bool {
	if !p.Optional {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.found
}

// lists reports whether the provider takes the names that it lists.
func (p *provider) lists() bool { return p.Loads && len(p.Models) == 0 }

// offered gives the name under which the provider lists a model. The tag latest
// may be said or not.
func (p *provider) offered(name string) (string, bool) {
	if !p.lists() {
		return "", false
	}
	infos, _, _ := p.said()
	for _, info := range infos {
		if strings.TrimSuffix(info.Name, ":latest") == strings.TrimSuffix(name, ":latest") {
			return info.Name, true
		}
	}
	return "", false
}
