// Package ollama is the driver for Ollama's own API (/api/chat).
//
// It keeps the promises of package model. Its own API is used, and not the one
// that imitates OpenAI's, because only there a request can say how much context
// it needs: without that, Ollama cuts long prompts at their beginning without a
// word.
//
// The API has no way to force a call. So a tool that has to be called is the
// only one that is offered, and a last message asks for it.
//
// # Context
//
// Ollama makes room for a context when it loads a model, and loads it again
// when a request wants another size. So every request asks for the same:
// Request.Context where it is known, else [DefaultContext]. Models that run in
// Ollama's cloud, by way of a server or asked there, have their whole context
// anyway, and are not told.
package ollama

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// DefaultWindow is how many tokens a prompt may have unless it is said, and
// DefaultContext what prompt and answer share then: enough for a conversation,
// and little enough for a machine without much memory.
const (
	DefaultWindow  = 6144
	DefaultContext = DefaultWindow + DefaultWindow/3
)

// defaultSilence is how long Ollama may send nothing: loading a large model may
// take minutes, and it gives up by itself after five.
const defaultSilence = 6 * time.Minute

// Options say how the provider is reached.
type Options struct {
	Name      string            // in errors; "" = ollama
	BaseURL   string            // as BaseURL takes it
	Key       string            // "" = none is sent; Ollama itself wants none
	Window    int64             // tokens of prompt that models have which have as many; 0 = DefaultWindow, and all in the cloud
	Silence   time.Duration     // 0 = long enough to load a model
	Transport http.RoundTripper // nil = one that suits many streams
}

// Driver is a model.Provider.
type Driver struct {
	client *remote.Client
	window int64 // as in Options
	cloud  bool  // it is Ollama's cloud itself

	mu    sync.Mutex // guards known
	known map[string]details
}

// New makes a driver. It does no I/O.
func New(o Options) *Driver {
	key := strings.TrimSpace(o.Key)
	header := http.Header{}
	if key != "" {
		header.Set("Authorization", "Bearer "+key)
	}
	base := BaseURL(o.BaseURL)
	return &Driver{window: o.Window, cloud: isCloud(base), client: remote.New(remote.Options{
		Provider: cmp.Or(o.Name, "ollama"), BaseURL: base, Key: key,
		Header: header, Silence: cmp.Or(o.Silence, defaultSilence), Transport: o.Transport,
	})}
}

// isCloud knows Ollama's cloud by its host.
func isCloud(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Hostname() == "ollama.com" || u.Hostname() == "www.ollama.com")
}

// BaseURL reads an address as Ollama's own programs read OLLAMA_HOST: a host, a
// host with a port, or a URL; "" is the machine itself. An address that only
// says where a server listens (0.0.0.0) is the machine itself as well.
func BaseURL(s string) string {
	scheme, rest, isURL := strings.Cut(strings.TrimSpace(s), "://")
	port := map[string]string{"http": "80", "https": "443"}[scheme]
	if isURL && scheme == "" {
		scheme, port = "http", "80"
	}
	if !isURL {
		scheme, rest, port = "http", scheme, "11434"
		if rest == "ollama.com" {
			scheme, port = "https", "443"
		}
	}
	hostPort, path, _ := strings.Cut(rest, "/")
	host, given, err := net.SplitHostPort(hostPort)
	if err != nil {
		host, given = strings.Trim(hostPort, "[]"), port
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.Equal(net.IPv4zero):
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	path = strings.TrimRight(path, "/")
	for _, tail := range []string{"api", "v1"} { // of URLs that were pasted from elsewhere
		path = strings.TrimRight(strings.TrimSuffix(path, tail), "/")
	}
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(host, cmp.Or(given, port)), Path: path}
	return u.String()
}

// Close lets idle connections go.
func (d *Driver) Close() { d.client.Close() }

// tag is a model as Ollama lists it.
type tag struct {
	Name       string `json:"name"`
	Model      string `json:"model"`
	Digest     string `json:"digest"`
	RemoteHost string `json:"remote_host"` // of a model that runs in the cloud
}

// away is 1 for a model that runs elsewhere, else 0.
func (t tag) away() int {
	if t.RemoteHost != "" || inCloud(cmp.Or(t.Model, t.Name)) {
		return 1
	}
	return 0
}

// details are what Ollama tells of one model only when it is asked.
type details struct {
	context int64 // 0 = not known
	chats   bool
}

// At most so many models are asked for their details, so many at a time.
const (
	maxDetails = 256
	atOnce     = 4
)

// Models implements model.Provider. Models that do not chat are left out. Those
// that run on the server itself come first, so that none of the cloud answers by
// default while there is another one; among each, the latest. The tag latest,
// which means nothing, is not shown.
func (d *Driver) Models(ctx context.Context) ([]model.Info, error) {
	var list struct {
		Models []tag `json:"models"`
	}
	if err := d.client.Get(ctx, "api/tags", nil, &list); err != nil {
		return nil, err
	}
	tags := list.Models[:min(len(list.Models), maxDetails)]
	slices.SortStableFunc(tags, func(a, b tag) int { return cmp.Compare(a.away(), b.away()) })
	all := d.allDetails(ctx, tags)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	infos := make([]model.Info, 0, len(tags))
	for i, t := range tags {
		name := strings.TrimSuffix(cmp.Or(t.Model, t.Name), ":latest")
		if name == "" || !all[i].chats {
			continue
		}
		infos = append(infos, model.Info{Name: name, MaxInput: d.prompt(all[i].context, t.away() == 1)})
	}
	return infos, nil
}

// prompt is how many tokens of a model's context a prompt may have; 0 = not known.
func (d *Driver) prompt(context int64, away bool) int64 {
	window, most := context-context/4, d.window
	if !away && !d.cloud {
		most = cmp.Or(most, DefaultWindow)
	}
	if most == 0 {
		return window
	}
	return min(cmp.Or(window, most), most)
}

// allDetails gives the details of models, in their order. What was asked before
// is known by its digest, which changes with the model.
func (d *Driver) allDetails(ctx context.Context, tags []tag) []details {
	all := make([]details, len(tags))
	slots := make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	for i, t := range tags {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			all[i] = d.detailsOf(ctx, t)
		})
	}
	asking.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known = make(map[string]details, len(tags)) // those that are gone are forgotten
	for i, t := range tags {
		if t.Digest != "" && all[i].context > 0 {
			d.known[t.Digest] = all[i]
		}
	}
	return all
}

// detailsOf asks for one model. One that cannot be asked counts as one that
// chats, since most do.
func (d *Driver) detailsOf(ctx context.Context, t tag) details {
	d.mu.Lock()
	known, ok := d.known[t.Digest]
	d.mu.Unlock()
	if ok {
		return known
	}
	var shown struct {
		Capabilities []string                   `json:"capabilities"`
		ModelInfo    map[string]json.RawMessage `json:"model_info"` // its keys begin with the architecture
	}
	question, err := json.Marshal(map[string]string{"model": cmp.Or(t.Model, t.Name)})
	if err != nil {
		return details{chats: true} // cannot be: any string has a JSON form
	}
	if d.client.Post(ctx, "api/show", question, &shown) != nil {
		return details{chats: true}
	}
	found := details{chats: len(shown.Capabilities) == 0 || slices.Contains(shown.Capabilities, "completion")}
	found.context = contextOf(shown.ModelInfo)
	return found
}

// contextOf finds the context among what is known of a model, whose parts for
// pictures may have one of their own. It is 0 if it is not there.
func contextOf(info map[string]json.RawMessage) (context int64) {
	var architecture string
	_ = json.Unmarshal(info["general.architecture"], &architecture) // then there is only one
	for key, value := range info {
		if key == architecture+".context_length" || architecture == "" && strings.HasSuffix(key, ".context_length") {
			_ = json.Unmarshal(value, &context) // stays unknown
		}
	}
	return max(context, 0)
}

// inCloud knows by their names the models that do not run here.
func inCloud(name string) bool {
	return strings.HasSuffix(name, "-cloud") || strings.HasSuffix(name, ":cloud")
}
