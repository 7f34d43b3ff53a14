package config_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/config"
)

func TestASecretIsPrintedByNothing(t *testing.T) {
	t.Parallel()
	const text = "very-secret-and-long-enough"
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_SECRET=" + text, "OPENAI_API_KEY=" + text,
		"PARLEY_TENANTS=[{org: a, name: b, secrets: [x" + text + "]}]",
	}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "config", l.Config, "secret", l.Config.Secret)
	asJSON, err := json.Marshal(l.Config)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%v %+v %#v %s %s %v", l.Config, l.Config, l.Config, l.Config.Secret, asJSON, l.Effective())
	if strings.Contains(b.String(), text) {
		t.Errorf("the secret is in %s", b.String())
	}
	if l.Config.Secret.Reveal() != text {
		t.Error("the secret cannot be had any more")
	}
}

func TestWhatIsInEffectIsListedWithItsSource(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_ALIASES={b: c, a: x}", "PARLEY_LIMITS_BODY=1MiB",
		"PARLEY_PROVIDERS=[{name: p, kind: openai, baseURL: 'http://h', models: [m, n]}]",
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]config.Value{}
	for _, v := range l.Effective() {
		got[v.Setting] = v
	}
	for setting, want := range map[string]string{
		"aliases": "{a: x, b: c}", "limits.body": "1MiB", "turns.drain": "30s", "model": `""`,
		"providers": "[{name: p, kind: openai, baseURL: http://h, models: [m, n]}]",
	} {
		if got[setting].Text != want {
			t.Errorf("%s reads %s, want %s", setting, got[setting].Text, want)
		}
	}
	if got["limits.body"].Source != "environment PARLEY_LIMITS_BODY" || got["turns.drain"].Source != "default" {
		t.Errorf("sources are %+v", got)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Size{"0": 0, "512": 512, "1KiB": 1024, "8 MiB": 8 << 20, "2GiB": 2 << 30, "7B": 7} {
		got, err := config.ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%s reads %d, %v", text, got, err)
		}
		again, err := config.ParseSize(got.String())
		if err != nil || again != got {
			t.Errorf("%s does not come back: %d, %v", got, again, err)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5MiB", "1TB", fmt.Sprint(uint64(math.MaxUint64)), "9999999999GiB"} {
		if got, err := config.ParseSize(text); err == nil {
			t.Errorf("%q reads %d", text, got)
		}
	}
}

func TestKeysAreReadInEveryCommonForm(t *testing.T) {
	t.Parallel()
	key := []byte("\xff\xfe0123456789abcdef0123456789abcd")
	for _, text := range []string{
		hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), base64.RawStdEncoding.EncodeToString(key),
		base64.URLEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key) + "\n",
	} {
		if got, err := config.DecodeKey(text); err != nil || string(got) != string(key) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "short", base64.StdEncoding.EncodeToString(key[:31])} {
		if _, err := config.DecodeKey(text); err == nil {
			t.Errorf("%q is taken as a key", text)
		}
	}
}

// The page is made with: go run ./cmd/parley config doc > docs/configuration.md
func TestThePageAboutTheConfigurationIsFresh(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != config.Markdown() {
		t.Error("docs/configuration.md is stale: make docs")
	}
}

func TestThePageSaysWhatEachListHolds(t *testing.T) {
	t.Parallel()
	page := config.Markdown()
	for _, list := range []string{"providers", "models", "tenants", "agents", "datasets", "quotas", "oidc.issuers", "oidc.builtin.users"} {
		if !strings.Contains(page, "\n## Each of `"+list+"`\n") {
			t.Errorf("the page does not say what stands in %s", list)
		}
	}
}

func TestTheExampleOnThePageLoads(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(config.Markdown(), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the page has no example")
	}
	if _, err := loadFile(t, text, "ACME_SECRET=0123456789abcdef0123", "ANN_PASSWORD=correct horse"); err != nil {
		t.Error(err)
	}
}

func TestNetworksAreReadAndMistakesNamed(t *testing.T) {
	t.Parallel()
	got, err := config.ParseNetworks([]string{"10.1.2.3/8", "192.0.2.1", "2001:db8::/32", "::ffff:192.0.2.2"})
	if err != nil || fmt.Sprint(got) != "[10.0.0.0/8 192.0.2.1/32 2001:db8::/32 192.0.2.2/32]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []string{"", "proxy", "10.0.0.0/33", "10.0.0", "::ffff:10.0.0.0/104", "fe80::1%eth0"} {
		if _, err := config.ParseNetworks([]string{wrong}); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestLimitsHaveNamesInTheFileAndTheEnvironment(t *testing.T) {
	t.Parallel()
	l, err := loadFile(t, "limits: {rate: {token: 600, address: 0}, streams: {tenant: 7}}\ntrustedProxies: [10.0.0.0/8]\n",
		"PARLEY_LIMITS_RATE_TENANT=900", "PARLEY_LIMITS_STREAMS_TOKEN=5")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Limits{
		Body: 8 << 20, Text: 256 << 10, File: 25 << 20, Rate: config.Rates{Token: 600, Tenant: 900}, Streams: config.Streams{Token: 5, Tenant: 7},
	}
	if l.Config.Limits != want || len(l.Config.TrustedProxies) != 1 {
		t.Errorf("%+v, %v", l.Config.Limits, l.Config.TrustedProxies)
	}
	_, err = loadFile(t, "limits: {rate: {token: -1}}\ntrustedProxies: [proxy]\n")
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Errorf("mistakes gave %v", err)
	}
}

func TestASettingTakesTheValuesThatItNamesAndNoOthers(t *testing.T) {
	t.Parallel()
	listed := 0
	for _, f := range config.Flags() {
		for _, value := range f.Values {
			listed++
			if _, err := config.Load(config.Sources{Flags: map[string]string{f.Name: value}}); err != nil {
				t.Errorf("--%s %s: %v", f.Name, value, err)
			}
		}
		if f.Values == nil {
			continue
		}
		if _, err := config.Load(config.Sources{Flags: map[string]string{f.Name: "nonsense"}}); err == nil || !strings.Contains(err.Error(), f.Values[0]) {
			t.Errorf("--%s nonsense: %v", f.Name, err)
		}
	}
	if listed < 7 {
		t.Errorf("%d values are named", listed)
	}
}
