package config_test

import (
	"strings"
	"testing"
)

func TestQuotasSayHowManyTokensForHowLong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"quotas: [{tokens: 1, per: day}, {tokens: 5, per: month, bot: guide}]": "",
		"quotas: [{tokens: 1, per: day, tenant: default/default}]":             "",
		"quotas: [{tokens: 1, per: day, tenant: other}]":                       "quotas[0].tenant",
		"quotas: [{tokens: 1, per: day}, {tokens: 0, per: day}]":               "quotas[1].tokens",
		"quotas: [{tokens: 1, per: week}]":                                     "quotas[0].per",
		"quotas: [{tokens: 1}]":                                                "quotas[0].per",
		"quotas: [{tokens: 1, per: day, bot: 'a b'}]":                          "quotas[0].bot",
		"quotas: [{tokens: 1, per: day, of: x}]":                               "quotas[0].of",
	} {
		loaded, err := loadFile(t, text)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want a problem of %s", text, err, want)
			}
		} else if err != nil || len(loaded.Config.Quotas) == 0 || loaded.Config.Quotas[0].Tokens != 1 {
			t.Errorf("%q: %v", text, err)
		}
	}
}
