// Package config is the operator's interface: one documented struct, filled
// from its defaults, a YAML file, the environment and flags, in that order.
//
// It promises that every problem is reported, not only the first one, that each
// report names the setting and where its value came from, and that a secret is
// printed by nothing in it. A setting that this version does not have is an
// error, never ignored: a key of the file that nobody reads is most often a
// typing mistake that its author would like to know of. Unknown variables of
// the environment are only warned about, because other programs may own them.
//
// The tags of a field say all about it: key (its name in the file), default,
// env and flag (where its names differ from the usual ones), values (all that it
// takes, where these are few), doc.
// docs/configuration.md is made from them.
package config

import (
	"slices"
	"time"
)

// Config holds every setting of the server.
type Config struct {
	File      string `key:"config" file:"-" flag:"config" doc:"The configuration file (YAML). Its keys are the names of the settings."`
	Listen    string `key:"listen" flag:"listen" default:"127.0.0.1:8787" doc:"The address that the HTTP server listens on. Port 0 takes a free one."`
	PublicURL string `key:"publicURL" flag:"public-url" doc:"The address that clients see, without a path: what the server prints, what addresses of attachments begin with, and the issuer of its users' tokens. Empty: the address that a request came to, or it listens on."`
	Data      string `key:"data" flag:"data" default:"./parley-data" doc:"The data folder: the database, the key and the socket for commands. One server at a time uses it."`

	DataWait time.Duration `key:"dataWait" flag:"data-wait" doc:"How long a start waits for another server to let go of the data folder, as where a new version is started before the old one has ended. 0: not at all."`

	Secret  Secret `key:"secret" doc:"An API secret of the first tenant. Empty: one is made at the first start and printed once."`
	Key     Secret `key:"key" doc:"The key for what is encrypted at rest: 32 bytes in base64 or hexadecimal. Empty: see keyFile."`
	KeyFile string `key:"keyFile" flag:"key-file" doc:"A file with the key for what is encrypted at rest. Empty: the file key in the data folder, which is made with mode 0600 if it is missing."`

	Model      string            `key:"model" flag:"model" doc:"The model that answers when a request names none, or one whose provider is not configured. Empty: the first configured provider's, or quote without any."`
	OpenAI     Vendor            `key:"openai" envPrefix:"OPENAI" doc:"OpenAI, or a server that speaks its API."`
	Anthropic  Vendor            `key:"anthropic" envPrefix:"ANTHROPIC" doc:"Anthropic."`
	Gemini     Vendor            `key:"gemini" envPrefix:"GEMINI" doc:"Google's Gemini API."`
	Ollama     Ollama            `key:"ollama" envPrefix:"OLLAMA" doc:"Ollama."`
	FindOllama bool              `key:"findOllama" default:"true" doc:"Whether an Ollama that runs on this machine at its usual port is used without being configured, also one that is started later: its models by their names, and as the default where nothing else is configured."`
	Providers  []Provider        `key:"providers" doc:"Further model providers, in the order in which they are asked for a name."`
	Aliases    map[string]string `key:"aliases" doc:"Names for models: from the name that a request may use to the model string that answers, with parameters if wanted. What it answers with is not looked up as an alias again."`
	Models     []Model           `key:"models" doc:"What holds for some models: limits, default parameters, and whether they are listed. The first entry that fits a model counts."`

	Tenants []Tenant `key:"tenants" doc:"The tenants. Empty: one, with the org default and the name default. The first one is that of secret."`

	Agents []Agent `key:"agents" doc:"Bots that are there from the start. What is said of one here wins over changes made over the API, at each start; what leaves this list is kept, and in no list of bots."`

	Datasets []Dataset `key:"datasets" doc:"Datasets that are there from the start, filled from files of this machine. What leaves this list is kept, and in no list of datasets."`

	Quotas []Quota `key:"quotas" doc:"How many tokens turns may use. A turn that comes when a quota is used up is refused with 402 before it costs anything. Each is one that holds, so several may hold for one turn."`

	Origins []string `key:"origins" doc:"The web pages that may use the conversational agent API and its sockets, as https://app.example.com; * for all. Empty: all. Tokens come from scripts, never from the browser itself, so that a page without one gains nothing."`

	OIDC OIDC `key:"oidc"`

	TrustedProxies []string `key:"trustedProxies" doc:"Addresses or networks (10.0.0.0/8) of reverse proxies. What they write into X-Forwarded-For is believed, and nobody else's: it says whose address limits.rate.address means."`

	Limits    Limits    `key:"limits"`
	Turns     Turns     `key:"turns"`
	Outbound  Outbound  `key:"outbound"`
	Approvals Approvals `key:"approvals"`
	Sockets   Sockets   `key:"sockets"`
	Channels  Channels  `key:"channels"`
	Retrieval Retrieval `key:"retrieval"`

	Transcription Transcription `key:"transcription"`
	Speech        Speech        `key:"speech"`
	Moderation    Moderation    `key:"moderation"`
	Embedding     Embedding     `key:"embedding"`

	Log       Log       `key:"log"`
	Telemetry Telemetry `key:"telemetry"`
}

// Vendor is a model provider that the environment alone can configure.
type Vendor struct {
	APIKey  Secret `key:"apiKey" env:"API_KEY" doc:"The key. A server of your own may need none."`
	BaseURL string `key:"baseURL" env:"BASE_URL" doc:"Where its API is. Empty: the vendor's own address."`
}

// Configured reports whether there is enough to ask the vendor.
func (v Vendor) Configured() bool { return v.APIKey != "" || v.BaseURL != "" }

// Ollama is an Ollama that the environment alone can configure.
type Ollama struct {
	Host   string `key:"host" env:"HOST" doc:"Where it runs, as Ollama's own programs read it: a host, host:port or a URL."`
	APIKey Secret `key:"apiKey" env:"API_KEY" doc:"The key, for ollama.com or a proxy that wants one."`
}

// Provider is a model provider of the file.
type Provider struct {
	Name    string        `key:"name" doc:"Its name, as in name/model."`
	Kind    string        `key:"kind" doc:"Which API it speaks: openai (also compatible servers), anthropic, gemini or ollama."`
	BaseURL string        `key:"baseURL" doc:"Where its API is. Empty: the vendor's own address, or this machine for ollama."`
	APIKey  Secret        `key:"apiKey" doc:"Its key; env:NAME takes it from the environment, file:PATH from a file."`
	Models  []string      `key:"models" doc:"The models that it has, its default first. Empty, with a base URL: any name; with ollama: those that it lists."`
	Window  int64         `key:"window" doc:"How many tokens a prompt may have. 0: what is known of the model, else 32768, and 6144 with ollama, which is asked for a context of a third more."`
	Silence time.Duration `key:"silence" doc:"How long it may send nothing before the answer has failed. 0: 2m, and 6m with ollama, which may have to load a large model first."`
}

// Model is what holds for some models of the providers.
type Model struct {
	Name      string            `key:"name" doc:"The model's name at its provider; * at its end stands for any ending, * alone for all models."`
	Provider  string            `key:"provider" doc:"The provider whose models are meant. Empty: any."`
	Window    int64             `key:"window" doc:"How many tokens a prompt may have. 0: as for the provider."`
	MaxOutput int64             `key:"maxOutput" doc:"How many tokens an answer may have: a request may ask for fewer by maxTokens, and is refused if it asks for more. 0: what is known of the model."`
	Defaults  map[string]string `key:"defaults" doc:"Parameters for requests that do not give them: temperature, maxTokens, seed, frequencyPenalty, presencePenalty, interactionMaxMessages."`
	Bounds    map[string]string `key:"bounds" doc:"What requests may ask for, as least..most, or only the most: temperature, frequencyPenalty, presencePenalty. Anything else is refused with 400."`
	Hidden    bool              `key:"hidden" doc:"true: it is not in the list of models. Requests and aliases may name it."`
	TextOnly  bool              `key:"textOnly" doc:"true: it takes no images, and is told only what those that users send are called."`
}

// Tenant is an org's tenant with the secrets that the configuration manages.
type Tenant struct {
	Org     string   `key:"org" doc:"The org."`
	Name    string   `key:"name" doc:"The tenant's name, unique in its org."`
	Secrets []Secret `key:"secrets" doc:"API secrets of at least 20 characters; env:NAME takes one from the environment, file:PATH from a file. One that leaves this list stops working at the next start."`
}

// ID is the id that the store knows the tenant by.
func (t Tenant) ID() string { return t.Org + "/" + t.Name }

// Limits bound what one request may bring.
type Limits struct {
	Body Size `key:"body" default:"8MiB" doc:"The largest JSON body."`
	Text Size `key:"text" default:"256KiB" doc:"The longest text of one message or record."`
	File Size `key:"file" default:"25MiB" doc:"The largest file. Files are kept in the database."`

	Rate    Rates   `key:"rate"`
	Streams Streams `key:"streams"`
}

// Rates bound how often something may be asked for. What is beyond them is
// answered with 429 before anything is done. 0 is no limit.
type Rates struct {
	Token   int `key:"token" default:"0" doc:"Requests a minute with one token, those of browser sessions included; all of a minute's may come at once. 0: no limit."`
	Tenant  int `key:"tenant" default:"0" doc:"Requests a minute with all tokens of a tenant together. 0: no limit."`
	Address int `key:"address" default:"300" doc:"Wrong tokens a minute from one address (IPv6: from one /64 network); beyond that, only API secrets that were used a moment ago work from there. Loopback addresses are not limited. Behind a reverse proxy, set trustedProxies. 0: no limit."`
}

// Streams bound how many answers may be open at once: turns that are waited for
// or streamed, and everything else that was asked for as JSON Lines.
type Streams struct {
	Token  int `key:"token" default:"0" doc:"Streams that are open at once with one token: turns that are waited for or streamed, and all else that is answered as JSON Lines. 0: no limit."`
	Tenant int `key:"tenant" default:"0" doc:"Streams that are open at once with all tokens of a tenant together. 0: no limit."`
}

// Turns bound the runs of models.
type Turns struct {
	Queue int           `key:"queue" default:"16" doc:"How many turns may wait in one conversation; one more is refused with 409."`
	Drain time.Duration `key:"drain" default:"30s" doc:"How long running turns may go on when the server is told to stop; then they are stopped."`

	Background    int           `key:"background" default:"256" doc:"How many dispatched turns of a tenant may run when one more is dispatched; beyond that it is refused with 429. Those that wait do not count."`
	Iterations    int           `key:"iterations" default:"100" doc:"The most answers of the model that one turn may ask for with limits.iterations; a turn that asks for none gets 20 at most."`
	Continuations int           `key:"continuations" default:"10" doc:"The most times that one turn may ask the model to go on after a token limit with limits.continuations; a turn that asks for none gets none."`
	Calls         int           `key:"calls" default:"500" doc:"The most tool calls that one turn may ask for with limits.calls; a turn that asks for none gets 50 at most."`
	Compact       bool          `key:"compact" default:"true" doc:"Sum up a conversation whose prompts fill three quarters of the model's window, so that what they leave out is not lost: one more call of its model, in the background, with the prompt of the last turn. Without it the oldest exchanges are left out."`
	ToolTimeout   time.Duration `key:"toolTimeout" default:"1m" doc:"How long one call of a tool of the server may take; then the model is told that it failed."`
}

// Outbound bounds the requests that tools make to addresses which others chose.
// Addresses that are not on the public internet are refused.
type Outbound struct {
	Allow       []string      `key:"allow" doc:"What tools may reach although it is not on the public internet: hosts (wiki.internal, wiki.internal:8443), addresses (10.0.0.5, 10.0.0.5:8080) and networks (10.0.0.0/8). A host is allowed with all that its name resolves to."`
	Timeout     time.Duration `key:"timeout" default:"30s" doc:"How long a request may take, until its answer has been read."`
	Size        Size          `key:"size" default:"2MiB" doc:"How much of an answer is read, decompressed. The model is told the first 256KiB."`
	Redirects   int           `key:"redirects" default:"5" doc:"How many redirections are followed. Each is checked as the first address is; another server gets no credentials."`
	Concurrency int           `key:"concurrency" default:"64" doc:"How many requests run at once; more wait for their turn. Of several tenants, each has at most half of them."`
}

// Approvals say how long calls wait for people.
type Approvals struct {
	ExpireAfter time.Duration `key:"expireAfter" default:"24h" doc:"How long a call waits for the user who is to approve it, or for the client that is to carry it out; then the model is told that it expired."`
}

// Sockets say how connections of the conversational agent API end.
type Sockets struct {
	AnnounceEnd bool `key:"announceEnd" default:"false" doc:"Tell clients with sessionEnding that the server is about to shut down. Clients of the published kind open another connection then, and may lose parts of the next message that they send; without it their connection is closed when nothing runs, and they go on with the next process as if nothing had happened. Only for clients that want to be told, or where the next process has other data."`
}

// Channels say how long channels remember and are waited for.
type Channels struct {
	WaitFor time.Duration `key:"waitFor" default:"10m" doc:"How long a function waits for the message on its channel; then the model is told that it timed out."`
	Keep    time.Duration `key:"keep" default:"24h" doc:"How long what was published on a channel is kept, and the events of a turn that was dispatched without a conversation."`
}

// Retrieval says what searching in datasets may cost.
type Retrieval struct {
	Memory Size `key:"memory" default:"256MiB" doc:"How much of the indexes of datasets is kept in memory. What has no room is read from the database when it is searched."`
}

// Transcription names the service that writes down what users say to the
// conversational agent API. Without it there is none, and voice is refused.
type Transcription struct {
	Provider string `key:"provider" doc:"A configured model provider that speaks OpenAI's API: its address and its key are used. Empty: see url."`
	URL      string `key:"url" doc:"Where another service's API is that is like OpenAI's, as http://127.0.0.1:8000/v1; /audio/transcriptions is added."`
	APIKey   Secret `key:"apiKey" doc:"The key of the service at url; one of your own may need none."`
	Model    string `key:"model" default:"whisper-1" doc:"The model that writes down what was said."`
}

// Configured reports whether there is a service.
func (t Transcription) Configured() bool { return t.Provider != "" || t.URL != "" }

// Speech names the service that says messages, where a caller asks for it. Without one,
// who asks is refused.
type Speech struct {
	Provider string `key:"provider" doc:"A configured model provider that speaks OpenAI's API: its address and its key are used. Empty: see url."`
	URL      string `key:"url" doc:"Where another service's API is that is like OpenAI's, as http://127.0.0.1:8000/v1; /audio/speech is added."`
	APIKey   Secret `key:"apiKey" doc:"The key of the service at url; one of your own may need none."`
	Model    string `key:"model" default:"gpt-4o-mini-tts" doc:"The model that speaks."`
	Voice    string `key:"voice" default:"alloy" doc:"The voice, as the service calls it."`
	Format   string `key:"format" default:"mp3" doc:"What the audio is: mp3, opus, aac, flac, wav or pcm."`
}

// Configured reports whether there is a service.
func (s Speech) Configured() bool { return s.Provider != "" || s.URL != "" }

// Moderation names the service that judges what users say, where a bot or a
// conversation asks for it. Without one, what asks for it is refused.
type Moderation struct {
	Provider string `key:"provider" doc:"A configured model provider that speaks OpenAI's API: its address and its key are used. Empty: see url."`
	URL      string `key:"url" doc:"Where another service's API is that is like OpenAI's, as http://127.0.0.1:8000/v1; /moderations is added."`
	APIKey   Secret `key:"apiKey" doc:"The key of the service at url; one of your own may need none."`
	Model    string `key:"model" default:"omni-moderation-latest" doc:"The model that judges."`
}

// Configured reports whether there is a service.
func (m Moderation) Configured() bool { return m.Provider != "" || m.URL != "" }

// Embedding names the service that turns texts into vectors, by which records are
// found that mean what is looked for in other words. Without one, records are found
// by their words.
type Embedding struct {
	Provider   string `key:"provider" doc:"A configured model provider of the kind openai, gemini or ollama: its address and its key are used. Empty: see url."`
	URL        string `key:"url" doc:"Where another service's API is that is like OpenAI's, as http://127.0.0.1:8000/v1; /embeddings is added."`
	APIKey     Secret `key:"apiKey" doc:"The key of the service at url; one of your own may need none."`
	Model      string `key:"model" doc:"The model that embeds, as text-embedding-3-small. Another one makes the vectors of all records anew, in the background."`
	Dimensions int    `key:"dimensions" default:"0" doc:"How long the vectors are to be, of models that can shorten them. 0: the model's own length."`
	Mask       bool   `key:"mask" default:"true" doc:"Whether the service is sent words such as (email) and (name) in the place of what says something of a person, when records and memories are indexed too. Such values are found by their words alone then. false: for a service that may see them, on your own machine, say. A change makes the vectors of all records anew, in the background."`
}

// Configured reports whether there is a service.
func (e Embedding) Configured() bool { return e.Provider != "" || e.URL != "" }

// Log says what is logged, and how. Logs go to the standard error.
type Log struct {
	Level  string `key:"level" flag:"log-level" default:"info" values:"debug,info,warn,error" doc:"The least level that is logged: debug, info, warn or error."`
	Format string `key:"format" flag:"log-format" default:"auto" values:"auto,text,json" doc:"text, json, or auto: text on a terminal, otherwise JSON."`
}

// Telemetry is what operators and their tools see of the server. Nothing of it
// is shown to strangers unless a setting says so: a peer on this machine may be
// a proxy that strangers come through, so it is not trusted for its address.
type Telemetry struct {
	Metrics      string `key:"metrics" doc:"An address of its own for the metrics: GET /metrics answers there without a token. Without a host it is 127.0.0.1. Empty: none."`
	MetricsToken Secret `key:"metricsToken" doc:"The bearer token with which GET /metrics answers at listen too, at least 20 characters. Empty: it does not."`
	Pprof        string `key:"pprof" doc:"An address of its own for Go's profiles, under /debug/pprof/. Without a host it is 127.0.0.1. Empty: none. Profiles show what is in memory; keep strangers away."`
	Propagate    bool   `key:"propagate" default:"false" doc:"Whether model providers get the trace context (traceparent) with their calls."`
	Content      bool   `key:"content" default:"false" doc:"Whether traces hold what was said: prompts, answers and the texts of errors."`
	OTLP         OTLP   `key:"otlp" envPrefix:"OTEL_EXPORTER_OTLP"`
}

// OTLP says where traces go. The environment has the names that OpenTelemetry
// gives it; what else it defines there (certificates, timeouts, the sampler, the
// service's name) is read by its SDK.
type OTLP struct {
	Endpoint       string `key:"endpoint" env:"ENDPOINT" doc:"The OTLP receiver that gets traces, as http://127.0.0.1:4318; /v1/traces is added. Empty: no traces."`
	TracesEndpoint string `key:"tracesEndpoint" env:"TRACES_ENDPOINT" doc:"The same as the whole address, with its path. It goes before endpoint."`
	Headers        Secret `key:"headers" env:"HEADERS" doc:"Headers that the receiver wants, as name=value,name=value with values percent-encoded."`
	Protocol       string `key:"protocol" env:"PROTOCOL" default:"http/protobuf" doc:"How traces are sent; only http/protobuf."`
}

// Speaks gives the configured provider of that name, if it speaks one of those APIs.
func (c *Config) Speaks(name string, kinds ...string) (p Provider, ok bool) {
	for _, p := range append(c.Vendors(), c.Providers...) {
		if p.Name == name {
			return p, slices.Contains(kinds, p.Kind)
		}
	}
	return p, false
}

// Vendors are the providers that the environment alone can configure.
func (c *Config) Vendors() []Provider {
	var list []Provider
	for _, v := range []struct {
		name string
		Vendor
	}{{"openai", c.OpenAI}, {"anthropic", c.Anthropic}, {"gemini", c.Gemini}} {
		if v.Configured() {
			list = append(list, Provider{Name: v.name, Kind: v.name, BaseURL: v.BaseURL, APIKey: v.APIKey})
		}
	}
	if c.Ollama.Host != "" {
		list = append(list, Provider{Name: "ollama", Kind: "ollama", BaseURL: c.Ollama.Host, APIKey: c.Ollama.APIKey})
	}
	return list
}

// AllTenants gives the tenants, the default one if none is configured.
func (c *Config) AllTenants() []Tenant {
	if len(c.Tenants) > 0 {
		return c.Tenants
	}
	return []Tenant{{Org: "default", Name: "default"}}
}
