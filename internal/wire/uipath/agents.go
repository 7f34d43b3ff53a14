package uipath

import (
	"strconv"

	"github.com/parleyhq/parley/internal/convo"
)

// Welcome is what an agent greets its users with.
type Welcome struct {
	Title, Description string
	Prompts            []StartingPrompt
}

// StartingPrompt is something that a user may begin with: what he sees, and what
// the agent is told.
type StartingPrompt struct{ Display, Prompt string }

// agentObject is an agent: a bot.
type agentObject struct {
	ID             int64             `json:"id"`
	Name           string            `json:"name"`
	Description    string            `json:"description"`
	ProcessVersion string            `json:"processVersion"`
	ProcessKey     string            `json:"processKey"`
	Feed           string            `json:"feedId"`
	Folder         int64             `json:"folderId"`
	ReleaseKey     string            `json:"releaseKey"`
	Created        stamp             `json:"createdAt"`
	Appearance     *appearanceObject `json:"appearance,omitempty"`
}

// appearanceObject is how an agent shows itself.
type appearanceObject struct {
	Title       string         `json:"welcomeTitle,omitempty"`
	Description string         `json:"welcomeDescription,omitempty"`
	Prompts     []promptObject `json:"startingPrompts,omitempty"`
}

// promptObject is a starting prompt.
type promptObject struct {
	ID      string `json:"id"`
	Display string `json:"displayPrompt"`
	Prompt  string `json:"actualPrompt"`
}

// agentKey is the GUID of an agent, which stays while its bot does.
func agentKey(o convo.Object) string { return convo.StableID("agent", o.Tenant, o.ID) }

func showAgent(o convo.Object) agentObject {
	bot, _ := o.Body.(convo.BotConfig)
	return agentObject{
		ID: o.Number, Name: text(o.Name), Description: text(o.Description),
		ProcessVersion: "1.0.0", ProcessKey: o.ID, Feed: convo.StableID("feed", o.Tenant),
		Folder: bot.Folder, ReleaseKey: agentKey(o), Created: stamp(o.Created),
	}
}

func showAppearance(w *Welcome) *appearanceObject {
	shown := &appearanceObject{}
	if w == nil {
		return shown
	}
	shown.Title, shown.Description = w.Title, w.Description
	for i, p := range w.Prompts {
		shown.Prompts = append(shown.Prompts, promptObject{strconv.Itoa(i + 1), p.Display, p.Prompt})
	}
	return shown
}

// listAgents answers with a bare array, as no other list does.
func listAgents(c *call) error {
	folder, filtered, err := c.number("folderId")
	if err != nil {
		return err
	}
	found, err := c.engine().Agents(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	list := []agentObject{}
	for _, o := range found {
		if shown := showAgent(o); !filtered || shown.Folder == folder {
			list = append(list, shown)
		}
	}
	return c.answer(list)
}

func getAgent(c *call) error {
	o, err := c.agent(c.match.Param("folderId"), c.match.Param("agentId"))
	if err != nil {
		return err
	}
	shown := showAgent(o)
	shown.Appearance = showAppearance(c.front.welcome(o.Tenant, o.ID))
	return c.answer(shown)
}

// agent finds the agent of a path. What is no number names none.
func (c *call) agent(folder, id string) (convo.Object, error) {
	inFolder, folderErr := strconv.ParseInt(folder, 10, 64)
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || folderErr != nil {
		return convo.Object{}, refuse(convo.NotFound, codeAgent, "agents and folders have numbers, and there is none with this one")
	}
	return c.agentIn(inFolder, number)
}

// agentIn finds an agent by its number, if it is in that folder.
func (c *call) agentIn(folder, number int64) (convo.Object, error) {
	o, err := c.engine().Agent(c.r.Context(), c.actor, number)
	if err != nil {
		return o, unknown(err, codeAgent)
	}
	if bot, _ := o.Body.(convo.BotConfig); bot.Folder != folder {
		return o, refuse(convo.NotFound, codeAgent, "the agent %d is not in the folder %d", number, folder)
	}
	return o, nil
}

// number reads a parameter that is a number of an agent or a folder.
func (c *call) number(name string) (n int64, given bool, err error) {
	value, given := c.query.Lookup(name)
	if !given {
		return 0, false, nil
	}
	if n, err = strconv.ParseInt(value, 10, 64); err != nil {
		return 0, true, refuseField(codeNumber, name, "%s must be a number", name)
	}
	return n, true, nil
}

// text is a text that may be missing.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
