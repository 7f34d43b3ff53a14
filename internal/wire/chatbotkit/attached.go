package chatbotkit

import (
	"encoding/json"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// attachment is a file that comes with a message.
type attachment struct {
	URL attachedURL `json:"url" required:"true"`
}

// attached gives them to the engine.
func attached(list []attachment) []engine.Content {
	var contents []engine.Content
	for _, a := range list {
		contents = append(contents, a.URL.content)
	}
	return contents
}

// attachmentFields are those of a turn that has a message of the user.
type attachmentFields struct {
	Attachments []attachment `json:"attachments" most:"10" doc:"Files of the user's message, which the model gets with it: the text of text files, HTML, PDF and DOCX, and images. Together they may be as large as one that is uploaded; without a conversation, 8 MiB."`
}

// attachedURL is where a file is, or, as a data: URL, the file.
type attachedURL struct{ content engine.Content }

// DecodeField implements [httpio.Field].
func (u *attachedURL) DecodeField(path string, value []byte) error {
	var address string
	if value[0] != '"' || json.Unmarshal(value, &address) != nil || !knownScheme(address) {
		return convo.Errorf(convo.Invalid, "%s must be a data: or an http(s): URL", path)
	}
	if !strings.EqualFold(address[:5], "data:") {
		u.content = engine.Content{Address: address}
		return nil
	}
	mediaType, data, err := parseDataURL(path, address[5:])
	u.content = engine.Content{MediaType: mediaType, Reader: strings.NewReader(data)}
	return err
}

// Describe implements [openapi.Describer].
func (*attachedURL) Describe(*openapi.Schemas) *openapi.Schema {
	address := openapi.Text().With("Where the file is, or, as a data: URL, the file.")
	address.Pattern = addressPattern
	return address
}

// noAttachments refuses files where no message is that could have them.
type noAttachments struct{}

// DecodeField implements [httpio.Field].
func (*noAttachments) DecodeField(path string, value []byte) error {
	var shape httpio.Optional[[]object]
	if err := shape.DecodeField(path, value); err != nil {
		return err
	}
	if len(shape.Value) > 0 {
		return convo.Errorf(convo.Invalid, "%s come with a message of the user, and this has none; ask for complete", path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*noAttachments) Describe(*openapi.Schemas) *openapi.Schema {
	return emptyList().With("There is no message that could have them: leave it out, or empty.")
}

func emptyList() *openapi.Schema {
	list := openapi.List(&openapi.Schema{})
	list.MaxItems = new(int)
	return list
}
