package live

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"sync"
)

// Client calls a server. Make it with [New]; it may be used by many goroutines
// and needs no closing: a session has connections only while it runs.
type Client struct {
	Conversation *ConversationService
	Exchange     *ExchangeService
	Message      *MessageService
	Agent        *AgentService
	User         *UserService

	settings *settings // behind a pointer, which %+v and %#v do not follow to the token

	mu       sync.Mutex // guards sessions
	sessions map[string]*SessionStream
}

// New makes a client. It asks nothing yet: without [WithSecret] or
// [WithTokenSource] the first call is an error.
func New(options ...Option) (*Client, error) {
	base, err := url.Parse(DefaultBaseURL)
	if err != nil {
		return nil, err
	}
	s := &settings{
		base: base, org: DefaultOrganization, tenant: DefaultTenant, token: noToken, header: http.Header{},
		http: &http.Client{CheckRedirect: stay}, retries: DefaultRetries, reconnects: math.MaxInt,
		logger: slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		if err := option(s); err != nil {
			return nil, err
		}
	}
	c := &Client{settings: s, sessions: map[string]*SessionStream{}}
	c.Conversation = &ConversationService{client: c}
	c.Exchange = &ExchangeService{client: c}
	c.Message = &MessageService{client: c}
	c.Agent = &AgentService{client: c}
	c.User = &UserService{client: c}
	return c, nil
}

func noToken(context.Context) (string, error) {
	return "", errors.New("there is no token: give live.New WithSecret or WithTokenSource")
}

// URL is the address of the server.
func (c *Client) URL() *url.URL {
	u := *c.settings.base
	return &u
}

// String is the address of the server. Whoever prints a client, or logs it,
// sees that, and not its token.
func (c *Client) String() string { return c.settings.base.String() }
