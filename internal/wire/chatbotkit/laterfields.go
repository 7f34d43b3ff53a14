package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// unsupported refuses a field whose feature this server does not have yet: to
// ignore it would be to answer another question than was asked.
func unsupported(path string) error {
	return convo.Errorf(convo.Invalid, "%s is not supported by this version yet; leave it out", path)
}

// notSupported describes a field that takes only what means nothing.
const notSupported = "Not supported yet: leave it out, or empty."

// laterText is the id of something that does not exist yet. "" names nothing
// and is stored.
type laterText struct{ httpio.Optional[string] }

// DecodeField implements [httpio.Field].
func (t *laterText) DecodeField(path string, value []byte) error {
	if err := t.Optional.DecodeField(path, value); err != nil {
		return err
	}
	if t.Value != "" {
		return unsupported(path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*laterText) Describe(*openapi.Schemas) *openapi.Schema {
	return &openapi.Schema{Type: openapi.Types{"string"}, MaxLength: new(int), Description: notSupported}
}

func emptyList() *openapi.Schema {
	list := openapi.List(&openapi.Schema{})
	list.MaxItems = new(int)
	return list
}
