package chatbotkit

import (
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// extension adds to what a bot knows and can, for one turn.
type extension struct {
	Backstory string             `json:"backstory" limit:"text" doc:"Appended to the one of the conversation."`
	Datasets  []dataset          `json:"datasets" most:"20" doc:"Searched for this turn only, as a stored dataset is."`
	Skillsets []extensionSkills  `json:"skillsets" most:"100" doc:"Abilities for this turn only."`
	Features  []extensionFeature `json:"features" most:"100" doc:"skills: files that the caller's own functions read, listed to the model. memory: what is remembered of the contact and the bot is searched, and the model may remember more of the contact, unless the options have write false; with write true, of the bot where there is no contact. Other names are passed over."`
}

// dataset is one that comes with a turn.
type dataset struct {
	Name        string          `json:"name" limit:"text"`
	Description string          `json:"description" limit:"text" doc:"For people; not given to the model."`
	Records     []datasetRecord `json:"records"`
}

type datasetRecord struct {
	Text string                  `json:"text" limit:"text"`
	Meta httpio.Optional[object] `json:"meta" doc:"An address in url is what citations of the record link to."`
}

type extensionSkills struct {
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Abilities   []extensionAbility `json:"abilities" most:"500"`
}

type extensionAbility struct {
	Name        string                  `json:"name"`
	Description string                  `json:"description"`
	Instruction string                  `json:"instruction" doc:"What it does, in the instruction language of abilities."`
	SecretID    string                  `json:"secretId" doc:"A secret of the same account."`
	Meta        httpio.Optional[object] `json:"meta"`
}

type extensionFeature struct {
	Name    string                  `json:"name"`
	Options httpio.Optional[object] `json:"options"`
}

// empty reports whether an extension says nothing, which counts as none.
func (x *extension) empty() bool {
	return x.Backstory == "" && len(x.Datasets)+len(x.Skillsets)+len(x.Features) == 0
}

// apply adds an extension to what a turn is given.
func (x *extension) apply(given *engine.Given, maxText int) error {
	given.Datasets = newDatasets(x.Datasets)
	parts := []string{x.Backstory}
	for i, f := range x.Features {
		switch f.Name {
		case "skills":
			listed, err := listSkills("extensions.features["+strconv.Itoa(i)+"].options", f.Options.Value)
			if err != nil {
				return err
			}
			parts = append(parts, listed)
		case "memory":
			var options httpio.Optional[memoryOptions]
			if f.Options.Value != nil {
				if err := options.DecodeField("extensions.features["+strconv.Itoa(i)+"].options", f.Options.Value); err != nil {
					return err
				}
			}
			given.Memory, given.Remember = true, options.Value.remember()
		}
	}
	given.Backstory = joinTexts(parts)
	if n := len(given.Backstory); n > maxText {
		return convo.Errorf(convo.TooLarge, "extensions.backstory has %d bytes, with the list of skills; the limit is %d", n, maxText)
	}
	var err error
	given.Want.Skillsets, err = newSkillsets(x.Skillsets, maxText)
	return err
}

func newDatasets(sets []dataset) []engine.InlineDataset {
	var all []engine.InlineDataset
	for _, d := range sets {
		set := engine.InlineDataset{Name: d.Name, Description: d.Description}
		for _, r := range d.Records {
			if r.Text != "" {
				set.Records = append(set.Records, engine.InlineRecord{Text: r.Text, Meta: convo.JSON(r.Meta.Value)})
			}
		}
		if len(set.Records) > 0 {
			all = append(all, set)
		}
	}
	return all
}

func newSkillsets(sets []extensionSkills, maxText int) ([]engine.InlineSkillset, error) {
	var all []engine.InlineSkillset
	for i, s := range sets {
		set := engine.InlineSkillset{Name: s.Name, Description: s.Description}
		for j, a := range s.Abilities {
			if n := len(a.Name) + len(a.Description) + len(a.Instruction); n > maxText {
				return nil, convo.Errorf(convo.TooLarge, "extensions.skillsets[%d].abilities[%d] has %d bytes; the limit is %d", i, j, n, maxText)
			}
			set.Abilities = append(set.Abilities, engine.InlineAbility{
				Name: a.Name, Description: a.Description, Instruction: a.Instruction, SecretID: a.SecretID, Meta: convo.JSON(a.Meta.Value),
			})
		}
		all = append(all, set)
	}
	return all, nil
}

// memoryOptions is the options of the feature memory.
type memoryOptions struct {
	Write httpio.Optional[bool] `json:"write"`
}

// remember says what the model may remember: true lets it also tell everybody who
// talks to the bot, which nobody gets who did not ask for it.
func (o memoryOptions) remember() engine.Remember {
	switch {
	case o.Write.Pointer() == nil:
		return engine.RememberContact
	case o.Write.Value:
		return engine.RememberAnyone
	}
	return engine.RememberNothing
}

// skillList is the options of the feature skills.
type skillList struct {
	Skills []skill `json:"skills" most:"1000"`
}

type skill struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Path        string `json:"path"`
}

// listSkills tells the model which skills there are. It reads them by the
// functions that the caller gave it, so nothing is said of how.
func listSkills(path string, options object) (string, error) {
	var list httpio.Optional[skillList]
	if options != nil {
		if err := list.DecodeField(path, options); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, s := range list.Value.Skills {
		if b.Len() == 0 {
			b.WriteString("Skills are files with instructions for certain tasks. When a task fits one, read its file before you begin.")
		}
		b.WriteString("\n- " + oneLine(s.Name) + ": " + oneLine(s.Description) + " (" + oneLine(s.Path) + ")")
	}
	return b.String(), nil
}

// oneLine keeps a text from looking like several entries of a list.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// joinTexts puts texts into paragraphs of their own, and leaves empty ones out.
func joinTexts(parts []string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, "\n\n")
}
