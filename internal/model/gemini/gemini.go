// Package gemini is the driver for Google's Gemini API (generateContent of
// v1beta), and for servers that speak it.
//
// It keeps the promises of package model. What the API has no place for, it
// says in another way: a system message behind the first others becomes a
// marked text of the user, as do facts; a dialogue that begins with an answer
// gets a short user text before it. A seed of more than 32 bits is folded.
//
// # Signatures
//
// The newer models sign a call with what they thought before it, and refuse a
// prompt in which the first call of an answer comes without. So the signature
// travels with the call, in model.Call.Signature, and a call that has none,
// because another model made it or because it was lost, goes out with the word
// by which the API skips the check. Of calls that were made together only the
// first has one.
package gemini

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// DefaultBaseURL is the vendor's own address.
const DefaultBaseURL = "https://generativelanguage.googleapis.com"

// version is the API's version that this driver speaks. The stable v1 has
// neither thoughts nor JSON schemas.
const version = "v1beta"

// driver is whose signatures are taken back.
const driver = "gemini"

// Options say how the provider is reached.
type Options struct {
	Name      string // in errors; "" = gemini
	BaseURL   string // without /v1beta; "" = DefaultBaseURL
	Key       string
	Silence   time.Duration
	Transport http.RoundTripper // nil = one that suits many streams
}

// Driver is a model.Provider.
type Driver struct {
	client *remote.Client
	vendor bool // it is Google itself, not a compatible server
}

// New makes a driver. It does no I/O.
func New(o Options) *Driver {
	key, base := strings.TrimSpace(o.Key), baseURL(o.BaseURL)
	header := http.Header{}
	if key != "" {
		header.Set("X-Goog-Api-Key", key)
	}
	return &Driver{
		vendor: base == DefaultBaseURL,
		client: remote.New(remote.Options{
			Provider: cmp.Or(o.Name, "gemini"), BaseURL: base, Key: key,
			Header: header, Silence: o.Silence, Transport: o.Transport,
		}),
	}
}

// baseURL mends what is often left out of an address or pasted with it.
func baseURL(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	for _, tail := range []string{"/models", "/" + version, "/v1"} {
		s = strings.TrimRight(strings.TrimSuffix(s, tail), "/")
	}
	if s == "" {
		return DefaultBaseURL
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	return s
}

// Vendor implements model.Vendor.
func (d *Driver) Vendor() bool { return d.vendor }

// Close lets idle connections go.
func (d *Driver) Close() { d.client.Close() }

// listed is a model as the API lists it.
type listed struct {
	Name        string   `json:"name"` // with models/ before it
	InputLimit  int64    `json:"inputTokenLimit"`
	OutputLimit int64    `json:"outputTokenLimit"`
	Methods     []string `json:"supportedGenerationMethods"`
}

// Models implements model.Provider. Of the vendor's list only the models that
// chat are given.
func (d *Driver) Models(ctx context.Context) ([]model.Info, error) {
	var infos []model.Info
	token := ""
	// The list comes in pages; a server that gives the same page again must not
	// keep us here.
	for range 10 {
		var page struct {
			Models []listed `json:"models"`
			Next   string   `json:"nextPageToken"`
		}
		query := url.Values{"pageSize": {"1000"}}
		if token != "" {
			query.Set("pageToken", token)
		}
		if err := d.client.Get(ctx, version+"/models", query, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Models {
			if name := strings.TrimPrefix(m.Name, "models/"); name != "" && (!d.vendor || m.chats()) {
				infos = append(infos, model.Info{Name: name, MaxInput: m.InputLimit, MaxOutput: m.OutputLimit})
			}
		}
		if page.Next == "" || page.Next == token {
			break
		}
		token = page.Next
	}
	return infos, nil
}

// chats tells the models that chat from those that embed, draw or speak, which
// share the method with them.
func (m listed) chats() bool {
	generates := len(m.Methods) == 0
	for _, method := range m.Methods {
		generates = generates || method == "generateContent"
	}
	return generates && !special(m.Name)
}

// special knows by their names the models that are made for something else than
// texts.
func special(name string) bool {
	for _, word := range []string{"embedding", "image", "imagen", "tts", "audio", "live", "veo", "lyria", "robotics", "computer-use", "aqa"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// generation is the number in a model's name: 2.5 of gemini-2.5-flash. The
// names that always mean the latest have none, and count as new; other
// families, such as gemma, count as 0.
func generation(name string) float64 {
	rest, ok := strings.CutPrefix(name[strings.LastIndexByte(name, '/')+1:], "gemini-")
	if !ok {
		return 0
	}
	word, _, _ := strings.Cut(rest, "-")
	n, err := strconv.ParseFloat(word, 64)
	if err != nil && strings.HasSuffix(rest, "-latest") {
		return 3
	}
	return n
}

// thinks reports whether a model thinks. The API refuses to be asked for the
// thoughts of others.
func thinks(name string) bool { return generation(name) >= 2.5 && !special(name) }

// signs reports whether a model wants its calls signed.
func signs(name string) bool { return generation(name) >= 3 }
