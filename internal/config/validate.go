package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// minSecret is how many characters a configured secret must have. One that is
// made has 46.
const minSecret = 20

// validator collects problems of settings whose values could be read.
type validator struct {
	origins  map[string]string
	broken   map[string]bool
	problems Problems
}

// validate checks what a single value or several together must satisfy.
func (l *loader) validate(cfg *Config) Problems {
	v := &validator{origins: l.loaded.Origins, broken: map[string]bool{}}
	for _, p := range l.problems {
		v.broken[p.Setting] = true
	}
	v.server(cfg)
	v.secrets(cfg)
	v.providers(cfg)
	secrets := v.tenants(cfg)
	v.quotas(cfg)
	v.transcription(cfg)
	v.speech(cfg)
	v.moderation(cfg)
	v.embedding(cfg)
	v.bounds(cfg)
	v.agents(cfg)
	v.datasets(cfg)
	v.login(cfg)
	v.telemetry(cfg.Telemetry, secrets)
	return v.problems
}

// check reports err as a problem of the setting, unless its value could not
// even be read.
func (v *validator) check(setting string, err error) {
	if err == nil || v.broken[setting] {
		return
	}
	source := v.origins[setting]
	if root, _, ok := strings.Cut(setting, "["); ok && source == "" {
		source = v.origins[root]
	}
	v.problems = append(v.problems, Problem{setting, source, err.Error()})
}

func (v *validator) server(cfg *Config) {
	v.check("listen", checkAddress(cfg.Listen))
	v.check("publicURL", checkOrigin(cfg.PublicURL))
	for _, origin := range cfg.Origins {
		if origin != "*" {
			v.check("origins", checkOrigin(origin))
		}
	}
	if _, err := ParseNetworks(cfg.TrustedProxies); err != nil {
		v.check("trustedProxies", err)
	}
	if cfg.Data == "" {
		v.check("data", errors.New("name a folder"))
	}
	for _, s := range settings(cfg) {
		// A level may be written in capitals too.
		if s.values != nil && !slices.Contains(s.values, strings.ToLower(s.value.String())) {
			v.check(s.path, fmt.Errorf("%q is not one of %s", s.value.String(), strings.Join(s.values, ", ")))
		}
	}
}

func (v *validator) secrets(cfg *Config) {
	v.check("secret", checkSecret(cfg.Secret))
	if cfg.Key != "" {
		if _, err := DecodeKey(cfg.Key.Reveal()); err != nil {
			v.check("key", err)
		}
		if cfg.KeyFile != "" {
			v.check("keyFile", errors.New("key is set too; keep one of them"))
		}
	}
}

// kinds are the APIs that providers may speak.
func kinds() []string { return []string{"openai", "anthropic", "gemini", "ollama"} }

func (v *validator) providers(cfg *Config) {
	v.check("openai.baseURL", checkURL(cfg.OpenAI.BaseURL))
	v.check("anthropic.baseURL", checkURL(cfg.Anthropic.BaseURL))
	v.check("gemini.baseURL", checkURL(cfg.Gemini.BaseURL))
	v.check("ollama.host", checkHost(cfg.Ollama.Host))
	if cfg.Ollama.APIKey != "" && cfg.Ollama.Host == "" {
		v.check("ollama.host", errors.New("ollama.apiKey is set; say by OLLAMA_HOST for whom, like ollama.com"))
	}
	taken := map[string]bool{
		"quote": true, "openai": cfg.OpenAI.Configured(), "anthropic": cfg.Anthropic.Configured(),
		"gemini": cfg.Gemini.Configured(), "ollama": cfg.Ollama.Host != "",
	}
	for i, p := range cfg.Providers {
		v.provider(fmt.Sprintf("providers[%d].", i), p, taken)
		taken[p.Name] = true
	}
	for name, target := range cfg.Aliases {
		if name == "" || target == "" {
			v.check("aliases", fmt.Errorf("%q: %q names nothing", name, target))
		}
	}
	for i, m := range cfg.Models {
		if m.Name == "" {
			v.check(fmt.Sprintf("models[%d].name", i), errors.New("name a model, or * for all"))
		}
	}
}

// transcription checks what is said of the service that writes down speech.
func (v *validator) transcription(cfg *Config) {
	t := cfg.Transcription
	v.service(cfg, "transcription", t.Provider, t.URL, t.APIKey, t.Model, "openai")
}

// speech checks what is said of the service that says messages.
func (v *validator) speech(cfg *Config) {
	s := cfg.Speech
	v.service(cfg, "speech", s.Provider, s.URL, s.APIKey, s.Model, "openai")
	if s.Voice == "" {
		v.check("speech.voice", errors.New("name a voice"))
	}
	if formats := []string{"mp3", "opus", "aac", "flac", "wav", "pcm"}; !slices.Contains(formats, s.Format) {
		v.check("speech.format", fmt.Errorf("%q is not one of %s", s.Format, strings.Join(formats, ", ")))
	}
}

// moderation checks what is said of the service that judges texts.
func (v *validator) moderation(cfg *Config) {
	m := cfg.Moderation
	v.service(cfg, "moderation", m.Provider, m.URL, m.APIKey, m.Model, "openai")
}

// maxDimensions bounds the length of vectors.
const maxDimensions = 16384

// embedding checks what is said of the service that embeds texts.
func (v *validator) embedding(cfg *Config) {
	e := cfg.Embedding
	if e == (Embedding{Mask: e.Mask}) { // what is masked names no service
		return
	}
	v.service(cfg, "embedding", e.Provider, e.URL, e.APIKey, e.Model, "openai", "gemini", "ollama")
	switch {
	case !e.Configured():
		v.check("embedding.provider", errors.New("name a provider, or give embedding.url"))
	case e.Dimensions < 0 || e.Dimensions > maxDimensions:
		v.check("embedding.dimensions", fmt.Errorf("name a length up to %d, or 0", maxDimensions))
	}
}

// service checks that there is one service, of a provider that speaks one of these
// APIs, and all that it needs.
func (v *validator) service(cfg *Config, at, provider, address string, key Secret, model string, kinds ...string) {
	v.check(at+".url", checkURL(address))
	switch {
	case provider != "" && address != "":
		v.check(at+".provider", fmt.Errorf("%s.url is set too; keep one of them", at))
	case provider != "" && key != "":
		v.check(at+".apiKey", errors.New("the provider has a key of its own"))
	case provider != "":
		if _, ok := cfg.Speaks(provider, kinds...); !ok {
			v.check(at+".provider", fmt.Errorf("%q is no configured provider of the kind %s; give its key or address first, or set %s.url", provider, strings.Join(kinds, " or "), at))
		}
	case address == "" && key != "":
		v.check(at+".url", fmt.Errorf("%s.apiKey is set; say by %s.url for whom", at, at))
	}
	if model == "" {
		v.check(at+".model", errors.New("name a model"))
	}
}

func (v *validator) provider(at string, p Provider, taken map[string]bool) {
	switch {
	case p.Name == "" || strings.ContainsFunc(p.Name, func(r rune) bool { return strings.ContainsRune("/= ", r) || !unicode.IsPrint(r) }):
		v.check(at+"name", errors.New("give it a name without blanks, / and ="))
	case taken[p.Name]:
		v.check(at+"name", fmt.Errorf("there is another provider called %s", p.Name))
	}
	if !slices.Contains(kinds(), p.Kind) {
		v.check(at+"kind", fmt.Errorf("%q is not one of %s", p.Kind, strings.Join(kinds(), ", ")))
	}
	if p.Kind == "ollama" {
		v.check(at+"baseURL", checkHost(p.BaseURL))
	} else {
		v.check(at+"baseURL", checkURL(p.BaseURL))
		if p.BaseURL == "" && p.APIKey == "" {
			v.check(at+"apiKey", errors.New("without a baseURL of your own the vendor wants a key"))
		}
	}
	if p.Window < 0 {
		v.check(at+"window", errors.New("it cannot be negative"))
	}
	if p.Silence < 0 {
		v.check(at+"silence", errors.New("it cannot be negative"))
	}
}

// checkHost checks an address that may be a URL, a host, or a host and port.
func checkHost(text string) error {
	if text == "" {
		return nil
	}
	if strings.Contains(text, "://") {
		return checkURL(text)
	}
	host, _, _ := strings.Cut(text, "/")
	if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]" // an address of IPv6 alone
	}
	if u, err := url.Parse("http://" + host); err != nil || u.User != nil || u.RawQuery != "" {
		return fmt.Errorf("%q is not an address: write a host, host:port or a URL", text)
	}
	return nil
}

// tenants gives the API secrets of all of them.
func (v *validator) tenants(cfg *Config) map[Secret]bool {
	ids, owners := map[string]bool{}, map[Secret]bool{}
	if cfg.Secret != "" {
		owners[cfg.Secret] = true
	}
	for i, t := range cfg.Tenants {
		at := fmt.Sprintf("tenants[%d]", i)
		v.check(at+".org", checkName(t.Org))
		v.check(at+".name", checkName(t.Name))
		if ids[t.ID()] {
			v.check(at, fmt.Errorf("%s is there twice", t.ID()))
		}
		ids[t.ID()] = true
		for j, s := range t.Secrets {
			setting := fmt.Sprintf("%s.secrets[%d]", at, j)
			if s == "" {
				v.check(setting, errors.New("it is empty"))
			}
			v.check(setting, checkSecret(s))
			if owners[s] {
				v.check(setting, errors.New("this secret is in use already; every tenant needs its own"))
			}
			owners[s] = true
		}
	}
	return owners
}

func (v *validator) bounds(cfg *Config) {
	v.check("limits.body", between(int64(cfg.Limits.Body), 64<<10, 64<<20, "64KiB to 64MiB"))
	if !v.broken["limits.body"] {
		v.check("limits.text", between(int64(cfg.Limits.Text), 1<<10, int64(cfg.Limits.Body), "1KiB to limits.body"))
	}
	for _, limit := range []struct {
		setting string
		n       int
	}{
		{"rate.token", cfg.Limits.Rate.Token}, {"rate.tenant", cfg.Limits.Rate.Tenant}, {"rate.address", cfg.Limits.Rate.Address},
		{"streams.token", cfg.Limits.Streams.Token}, {"streams.tenant", cfg.Limits.Streams.Tenant},
	} {
		v.check("limits."+limit.setting, between(int64(limit.n), 0, 1_000_000, "0 (no limit) to 1000000"))
	}
	v.check("dataWait", between(int64(cfg.DataWait), 0, int64(time.Hour), "0s to 1h"))
	v.check("turns.queue", between(int64(cfg.Turns.Queue), 1, 1000, "1 to 1000"))
	v.check("turns.drain", between(int64(cfg.Turns.Drain), 0, int64(time.Hour), "0s to 1h"))
	v.check("turns.background", between(int64(cfg.Turns.Background), 1, 1_000_000, "1 to 1000000"))
	v.check("turns.iterations", between(int64(cfg.Turns.Iterations), 1, 10_000, "1 to 10000"))
	v.check("turns.continuations", between(int64(cfg.Turns.Continuations), 0, 1000, "0 to 1000"))
	v.check("turns.calls", between(int64(cfg.Turns.Calls), 1, 100_000, "1 to 100000"))
	v.check("turns.toolTimeout", between(int64(cfg.Turns.ToolTimeout), int64(time.Millisecond), int64(time.Hour), "1ms to 1h"))
	v.check("approvals.expireAfter", between(int64(cfg.Approvals.ExpireAfter), int64(time.Minute), int64(30*24*time.Hour), "1m to 720h"))
	v.check("channels.waitFor", between(int64(cfg.Channels.WaitFor), int64(time.Second), int64(24*time.Hour), "1s to 24h"))
	v.check("channels.keep", between(int64(cfg.Channels.Keep), int64(time.Minute), int64(365*24*time.Hour), "1m to 8760h"))
	v.check("outbound.timeout", between(int64(cfg.Outbound.Timeout), int64(time.Millisecond), int64(time.Hour), "1ms to 1h"))
	v.check("outbound.size", between(int64(cfg.Outbound.Size), 1<<10, 1<<30, "1KiB to 1GiB"))
	v.check("outbound.redirects", between(int64(cfg.Outbound.Redirects), 0, 20, "0 to 20"))
	v.check("outbound.concurrency", between(int64(cfg.Outbound.Concurrency), 1, 10_000, "1 to 10000"))
}

// telemetry is given the API secrets that are taken.
func (v *validator) telemetry(t Telemetry, taken map[Secret]bool) {
	if t.Metrics != "" {
		v.check("telemetry.metrics", checkAddress(t.Metrics))
	}
	if t.Pprof != "" {
		v.check("telemetry.pprof", checkAddress(t.Pprof))
	}
	v.check("telemetry.metricsToken", checkSecret(t.MetricsToken))
	if t.MetricsToken != "" && taken[t.MetricsToken] {
		v.check("telemetry.metricsToken", errors.New("this is an API secret; who reads metrics needs a token that opens nothing else"))
	}
	v.check("telemetry.otlp.endpoint", checkURL(t.OTLP.Endpoint))
	v.check("telemetry.otlp.tracesEndpoint", checkURL(t.OTLP.TracesEndpoint))
	if _, err := t.OTLP.Header(); err != nil {
		v.check("telemetry.otlp.headers", err)
	}
	if t.OTLP.Protocol != "http/protobuf" {
		v.check("telemetry.otlp.protocol", fmt.Errorf("%q is not supported; use http/protobuf, which receivers take at port 4318", t.OTLP.Protocol))
	}
}

func between(n, low, high int64, text string) error {
	if n < low || n > high {
		return fmt.Errorf("it must be from %s", text)
	}
	return nil
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not an address: write host:port or :port", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is not a port from 0 to 65535", port)
	}
	return nil
}

func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("it is not an address: write http:// or https:// and a host")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("leave out user, query and fragment")
	}
	return nil
}

// checkOrigin refuses a path, because clients throw it away.
func checkOrigin(text string) error {
	if err := checkURL(text); err != nil || text == "" {
		return err
	}
	if u, err := url.Parse(text); err != nil || strings.Trim(u.Path, "/") != "" {
		return errors.New("leave out the path: clients use the root of an address")
	}
	return nil
}

func checkName(name string) error {
	if name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return fmt.Errorf("%q is no name: use 1 to 64 of the characters a-z, 0-9, -, . and _", name)
	}
	return nil
}

func checkSecret(s Secret) error {
	switch {
	case s == "":
		return nil
	case len(s) < minSecret:
		return fmt.Errorf("it is too short: use at least %d characters that nobody can guess", minSecret)
	case strings.ContainsFunc(string(s), func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("use visible ASCII characters only: it is sent in a header")
	}
	return nil
}

// ParseNetworks reads networks, and addresses as networks of one.
func ParseNetworks(list []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range list {
		network, err := netip.ParsePrefix(text)
		if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
			networks = append(networks, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		if err != nil || network.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is neither an address (10.0.0.1) nor a network (10.0.0.0/8)", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// DecodeKey reads a 32-byte key from hexadecimal or any common base64.
func DecodeKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == 32 {
		return key, nil
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if key, err := base64.RawStdEncoding.DecodeString(text); err == nil && len(key) == 32 {
		return key, nil
	}
	return nil, errors.New("it must be 32 bytes in base64 or hexadecimal; openssl rand -base64 32 makes one")
}
