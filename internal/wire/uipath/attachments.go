package uipath

import (
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// maxFileName is how many characters the name of a file may have.
const maxFileName = 255

// fileName is what a file is called.
type fileName string

// DecodeField implements [httpio.Field].
func (n *fileName) DecodeField(path string, value []byte) error {
	var s string
	if value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return refuseField(codeFileName, path, "%s must be a string", path)
	}
	*n = fileName(s)
	return nil
}

// attachmentRequest announces a file.
type attachmentRequest struct {
	Name fileName `json:"name"`
}

// attachmentObject says what a file is called in messages, and where its content goes.
type attachmentObject struct {
	URI    string       `json:"uri"`
	Name   string       `json:"name"`
	Access uploadObject `json:"fileUploadAccess"`
}

// uploadObject is a request to be made. RequiresAuth would make clients send their
// token to an address that needs none.
type uploadObject struct {
	URL          string       `json:"url"`
	Verb         string       `json:"verb"`
	RequiresAuth bool         `json:"requiresAuth"`
	Headers      headerObject `json:"headers"`
}

// headerObject is the headers of a request, names and values apart.
type headerObject struct {
	Keys   []string `json:"keys"`
	Values []string `json:"values"`
}

// createAttachment makes a file whose content comes later. A repeat makes another
// one: what nobody uses goes by itself.
func createAttachment(c *call, in attachmentRequest) error {
	name := string(in.Name)
	if n := utf8.RuneCountInString(name); n < 1 || n > maxFileName {
		return refuseField(codeFileName, "name", "name must have 1 to %d characters", maxFileName)
	}
	f, err := c.engine().CreateFile(c.r.Context(), c.actor, c.conversation(), name)
	if err != nil {
		return unknown(err, codeConversation)
	}
	return c.send(http.StatusCreated, encode(attachmentObject{
		URI: f.URI(), Name: name, Access: uploadObject{
			URL:  c.front.base(c.r) + c.front.signer.address(c.signed(forUpload, f.ID), uploadFor),
			Verb: http.MethodPut, Headers: headerObject{Keys: []string{}, Values: []string{}},
		},
	}))
}

// downloadURL is where a file can be read without a token, for a while. name and
// mediaType are what it is called and is there.
func (c *call) downloadURL(id, name, mediaType string) string {
	a := c.signed(forDownload, id)
	a.name, a.mediaType = name, mediaType
	return c.front.base(c.r) + c.front.signer.address(a, downloadFor)
}

// signed is an address of a file that is shown in the conversation of the path.
func (c *call) signed(use, id string) signed {
	return signed{use: use, id: id, tenant: c.actor.Tenant, conversation: c.conversation()}
}

func errSignature() error {
	return refuse(convo.Forbidden, codeSignature, "this address of a file is wrong, or does not work any more; ask for a new one")
}

// putFile takes the content of a file from whoever has its address.
func putFile(c *call) error {
	f, err := c.engine().File(c.r.Context(), c.match.Param("fileId"))
	if err != nil {
		return unknown(err, codeFile)
	}
	if _, ok := c.front.signer.check(forUpload, f, c.query); !ok {
		return errSignature()
	}
	if most := c.engine().Limits().File; c.r.ContentLength > most {
		return convo.Errorf(convo.TooLarge, "the file is too large; send at most %d bytes", most)
	}
	err = c.engine().FillFile(c.r.Context(), f.ID, mediaTypeOf(c.r.Header.Get("Content-Type")), httpio.BodyReader(c.w, c.r))
	if err != nil {
		return unknown(err, codeFile)
	}
	c.w.Header().Set("Content-Length", "0")
	c.w.WriteHeader(http.StatusCreated)
	return nil
}
