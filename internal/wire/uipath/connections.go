package uipath

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// Connector is something that an agent works with through one of several
// connections, among which each user chooses.
type Connector struct {
	Key         string
	Connections []Connection
}

// Connection is one of them. Default is for users who chose nothing.
type Connection struct {
	ID, Title string
	Default   bool
}

// connectorObject is a connector with what the user chose.
type connectorObject struct {
	Key         string             `json:"connectorKey"`
	Name        string             `json:"connectorName"`
	Resources   []string           `json:"resourceKeys"`
	Current     *string            `json:"currentConnectionId"`
	CurrentName *string            `json:"currentConnectionName"`
	Connections []connectionObject `json:"connections"`
}

// connectionObject is a connection. Those of the configuration are always enabled,
// and in no folder.
type connectionObject struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	State      string  `json:"state"`
	Default    bool    `json:"isDefault"`
	Personal   bool    `json:"personalWorkspace"`
	FolderKey  *string `json:"folderKey"`
	FolderName *string `json:"folderName"`
}

// showConnectors gives an agent's connectors as they are for a user.
func (c *call) showConnectors(bot convo.Object, s convo.Settings) []connectorObject {
	list := []connectorObject{}
	for _, connector := range c.front.choices(bot.Tenant, bot.ID) {
		shown := connectorObject{Key: connector.Key, Name: connector.Key, Resources: []string{}, Connections: []connectionObject{}}
		chosen, said := choiceOf(s, bot.ID, connector.Key)
		for _, o := range connector.Connections {
			shown.Connections = append(shown.Connections, connectionObject{ID: o.ID, Name: o.Title, State: "Enabled", Default: o.Default})
			if said && chosen == o.ID || !said && o.Default {
				shown.Current, shown.CurrentName = &o.ID, &o.Title
			}
		}
		list = append(list, shown)
	}
	return list
}

// choiceOf gives the connection that a user chose; said is false if he chose nothing.
func choiceOf(s convo.Settings, bot, connector string) (connection string, said bool) {
	n := slices.IndexFunc(s.Choices, func(c convo.Choice) bool { return c.Bot == bot && c.Connector == connector })
	if n < 0 {
		return "", false
	}
	return s.Choices[n].Connection, true
}

func getConnections(c *call) error {
	bot, err := c.agent(c.match.Param("folderId"), c.match.Param("agentId"))
	if err != nil {
		return err
	}
	found, err := c.engine().Settings(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	return c.answer(c.showConnectors(bot, found))
}

// selectionsRequest says what a user chooses.
type selectionsRequest struct {
	Selections []selection `json:"selections" most:"100"`
}

// selection is the connection of one connector; null for none.
type selection struct {
	Connector  string                  `json:"connectorKey" required:"true"`
	Connection httpio.Optional[string] `json:"connectionId"`
}

// setConnections answers with the new state.
func setConnections(c *call, in selectionsRequest) error {
	bot, err := c.agent(c.match.Param("folderId"), c.match.Param("agentId"))
	if err != nil {
		return err
	}
	for _, chosen := range in.Selections {
		if err := c.checkSelection(bot, chosen); err != nil {
			return err
		}
	}
	changed, err := c.engine().UpdateSettings(c.r.Context(), c.actor, func(s *convo.Settings) error {
		for _, chosen := range in.Selections {
			s.Choices = slices.DeleteFunc(slices.Clone(s.Choices), func(o convo.Choice) bool {
				return o.Bot == bot.ID && o.Connector == chosen.Connector
			})
			s.Choices = append(s.Choices, convo.Choice{Bot: bot.ID, Connector: chosen.Connector, Connection: chosen.Connection.Value})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(c.showConnectors(bot, changed))
}

// checkSelection refuses a choice that the agent does not offer.
func (c *call) checkSelection(bot convo.Object, chosen selection) error {
	for _, connector := range c.front.choices(bot.Tenant, bot.ID) {
		if connector.Key != chosen.Connector {
			continue
		}
		id := chosen.Connection.Value
		if id == "" || slices.ContainsFunc(connector.Connections, func(o Connection) bool { return o.ID == id }) {
			return nil
		}
		return refuseField(codeChoice, "selections", "the connector %q has no such connection", chosen.Connector)
	}
	return refuseField(codeChoice, "selections", "the agent has no such connector")
}

// authorizeRequest asks for a sign-in at a connector.
type authorizeRequest struct {
	Connector string `json:"connectorKey"`
}

// authorizeConnection refuses: what connections need is in the configuration.
func authorizeConnection(c *call, _ authorizeRequest) error {
	return refuseField(codeChoice, "connectorKey",
		"this server signs nobody in elsewhere: its operator adds connections, with their secrets, by the setting agents.mcp.connector")
}
