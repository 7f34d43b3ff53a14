package ability

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// modifier writes a value for the place where it is filled in.
type modifier func(value string) string

// parseModifier reads a word behind the name of a placeholder. Words that say
// something of the parameter give no modifier.
func parseModifier(word string, p *Parameter) (modifier, error) {
	switch word {
	case "euc":
		return request.EncodeComponent, nil
	case "js":
		return request.InsideJSON, nil
	case "ys":
		return request.QuotedJSON, nil
	case "string", "number", "integer", "boolean":
		p.Type = word
		return nil, nil
	}
	name, rest, _ := strings.Cut(word, "<")
	inside, closed := strings.CutSuffix(rest, ">")
	switch {
	case closed && name == "default":
		p.Default = strings.TrimSpace(inside)
		return nil, nil
	case closed && name == "enum":
		for value := range strings.SplitSeq(inside, ",") {
			p.Enum = append(p.Enum, strings.TrimSpace(value))
		}
		return nil, nil
	}
	return nil, convo.Errorf(convo.Invalid, "%q in the placeholder of %s is none of euc, js, ys, string, number, integer, boolean, enum<…> and default<…>", request.Short(word), request.Short(p.Name))
}
