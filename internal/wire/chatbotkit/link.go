package chatbotkit

import (
	"cmp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// linker makes the address of a tenant's file, where whoever reads a citation of it
// can open it; nil = there are none.
type linker func(file string) string

// link is that of the caller, who sees the server where he asked for it.
func (c *call) link() linker {
	if c.front.links == nil {
		return nil
	}
	return func(file string) string {
		base := c.front.publicURL
		if base == "" {
			base = httpio.BaseURL(c.r, c.front.proxies)
		}
		return base + c.front.links.Path(c.actor.Tenant, file)
	}
}

// of is where a source can be opened, "" for one that is nowhere.
func (l linker) of(s convo.Source) string {
	address := cmp.Or(s.URL, s.DownloadURL)
	if address == "" && s.File != "" && l != nil {
		return l(s.File)
	}
	return address
}
