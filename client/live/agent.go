package live

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/parleyhq/parley/client"
)

// AgentService reads what agents there are, and chooses their connections.
type AgentService struct{ client *Client }

// Agent is what conversations are held with: a bot, in the words of the other
// protocol.
type Agent struct {
	ID             int64            `json:"id"`
	Name           string           `json:"name"`
	Description    string           `json:"description"`
	ProcessVersion string           `json:"processVersion"`
	ProcessKey     string           `json:"processKey"`
	FolderID       int64            `json:"folderId"`
	FeedID         string           `json:"feedId"`
	ReleaseKey     string           `json:"releaseKey"`
	CreatedTime    *time.Time       `json:"createdAt"`
	Appearance     *AgentAppearance `json:"appearance"`  // of Get only
	InputSchema    json.RawMessage  `json:"inputSchema"` // of Get only; may be nil
}

// AgentAppearance is how an agent welcomes its users.
type AgentAppearance struct {
	WelcomeTitle       string                `json:"welcomeTitle"`
	WelcomeDescription string                `json:"welcomeDescription"`
	StartingPrompts    []AgentStartingPrompt `json:"startingPrompts"`
}

// AgentStartingPrompt is a proposal for a first message.
type AgentStartingPrompt struct {
	ID            string `json:"id"`
	DisplayPrompt string `json:"displayPrompt"`
	ActualPrompt  string `json:"actualPrompt"`
}

// List reads the agents of a folder; 0 = of all.
func (s *AgentService) List(ctx context.Context, folder int64) ([]Agent, error) {
	query := url.Values{}
	if folder != 0 {
		query.Set("folderId", strconv.FormatInt(folder, 10))
	}
	return values[Agent](ctx, s.client, request{method: http.MethodGet, path: "/agent", query: query})
}

// Get reads an agent with its appearance.
func (s *AgentService) Get(ctx context.Context, id, folder int64) (*Agent, error) {
	return call[Agent](ctx, s.client, request{method: http.MethodGet, path: agentPath(id, folder)})
}

func agentPath(id, folder int64) string {
	return "/agent/" + strconv.FormatInt(folder, 10) + "/" + strconv.FormatInt(id, 10)
}

// AgentConnection is a connection of an agent to another service that users
// choose for themselves.
type AgentConnection struct {
	ConnectorKey          string             `json:"connectorKey"`
	ConnectorName         string             `json:"connectorName"`
	CurrentConnectionID   *string            `json:"currentConnectionId"`
	CurrentConnectionName *string            `json:"currentConnectionName"`
	Connections           []ConnectionChoice `json:"connections"`
}

// ConnectionChoice is a connection that a user may choose.
type ConnectionChoice struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	State     string `json:"state"` // Enabled, Disabled, Expired or Failed
	IsDefault bool   `json:"isDefault"`
}

// ConnectionSelection chooses a connection; null for none.
type ConnectionSelection struct {
	ConnectorKey string                  `json:"connectorKey"`
	ConnectionID client.Optional[string] `json:"connectionId"`
}

// Connections reads what connections of an agent the user may choose.
func (s *AgentService) Connections(ctx context.Context, id, folder int64) ([]AgentConnection, error) {
	return values[AgentConnection](ctx, s.client, request{method: http.MethodGet, path: agentPath(id, folder) + "/connections"})
}

// SelectConnections chooses connections, and gives the new state.
func (s *AgentService) SelectConnections(ctx context.Context, id, folder int64, selections ...ConnectionSelection) ([]AgentConnection, error) {
	in := struct {
		Selections []ConnectionSelection `json:"selections"`
	}{selections}
	return values[AgentConnection](ctx, s.client, request{method: http.MethodPut, path: agentPath(id, folder) + "/connections", in: in})
}

// values makes a request whose answer is a bare list.
func values[T any](ctx context.Context, c *Client, r request) ([]T, error) {
	list, err := call[[]T](ctx, c, r)
	if err != nil {
		return nil, err
	}
	return *list, nil
}

// FeatureFlags reads what the server can do, by names of its own.
func (c *Client) FeatureFlags(ctx context.Context) (map[string]any, error) {
	flags, err := call[map[string]any](ctx, c, request{method: http.MethodGet, root: "utility", path: "/feature-flags"})
	if err != nil {
		return nil, err
	}
	return *flags, nil
}

// UserService reads and changes what agents are told of the user.
type UserService struct{ client *Client }

// UserSettings are what agents are told of the user; null where the user has
// not said it.
type UserSettings struct {
	UserID      string    `json:"userId"`
	Name        *string   `json:"name"`
	Email       *string   `json:"email"`
	Role        *string   `json:"role"`
	Department  *string   `json:"department"`
	Company     *string   `json:"company"`
	Country     *string   `json:"country"`
	Timezone    *string   `json:"timezone"` // by its IANA name
	CreatedTime time.Time `json:"createdAt"`
	UpdatedTime time.Time `json:"updatedAt"`
}

// UserSettingsUpdate changes the fields that are given; [client.Null] clears
// one. At most 100 characters each, email 255, timezone 50.
type UserSettingsUpdate struct {
	Name       client.Optional[string] `json:"name,omitzero"`
	Email      client.Optional[string] `json:"email,omitzero"`
	Role       client.Optional[string] `json:"role,omitzero"`
	Department client.Optional[string] `json:"department,omitzero"`
	Company    client.Optional[string] `json:"company,omitzero"`
	Country    client.Optional[string] `json:"country,omitzero"`
	Timezone   client.Optional[string] `json:"timezone,omitzero"`
}

// Settings reads the settings of the user whose token is used.
func (s *UserService) Settings(ctx context.Context) (*UserSettings, error) {
	return call[UserSettings](ctx, s.client, request{method: http.MethodGet, path: "/user/settings"})
}

// UpdateSettings changes the settings that are given.
func (s *UserService) UpdateSettings(ctx context.Context, in UserSettingsUpdate) (*UserSettings, error) {
	return call[UserSettings](ctx, s.client, request{method: http.MethodPatch, path: "/user/settings", in: in})
}
