package config

import (
	"errors"
	"fmt"
	"slices"
)

// Quota bounds what turns use. A turn that comes when it is used up is refused.
type Quota struct {
	Tenant string `key:"tenant" doc:"The tenant, as org/name. Empty: each tenant, by itself."`
	Bot    string `key:"bot" doc:"The id or alias of the bot whose turns count. Empty: all turns of the tenant."`
	Tokens int64  `key:"tokens" doc:"How many tokens, of prompts and answers together."`
	Per    string `key:"per" doc:"For how long: day or month. They begin at midnight UTC."`
}

// quotas checks each by itself: several may hold for one turn.
func (v *validator) quotas(cfg *Config) {
	for i, q := range cfg.Quotas {
		at := fmt.Sprintf("quotas[%d].", i)
		known := slices.ContainsFunc(cfg.AllTenants(), func(t Tenant) bool { return t.ID() == q.Tenant })
		if q.Tenant != "" && !known {
			v.check(at+"tenant", fmt.Errorf("there is no tenant %q", q.Tenant))
		}
		if q.Bot != "" && !isName(q.Bot) {
			v.check(at+"bot", errors.New("name a bot by its id or alias"))
		}
		if q.Tokens < 1 {
			v.check(at+"tokens", errors.New("give it at least 1 token"))
		}
		if q.Per != "day" && q.Per != "month" {
			v.check(at+"per", errors.New("say day or month"))
		}
	}
}
