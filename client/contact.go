package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
)

// ContactService holds the operations on contacts: people whom conversations are
// with, known by their fingerprints as well as by their ids.
type ContactService struct {
	objects[Contact, ContactCreateRequest, ContactUpdateRequest]

	Conversation *ContactConversationService
	Memory       *ContactMemoryService
	Rating       *ContactRatingService
	Secret       *ContactSecretService
}

func newContactService(c *Client) *ContactService {
	id := func(c *Contact) string { return c.ID }
	return &ContactService{
		objects:      objects[Contact, ContactCreateRequest, ContactUpdateRequest]{client: c, kind: "contact", id: id},
		Conversation: newContactConversationService(c),
		Memory:       newContactMemoryService(c),
		Rating:       newContactRatingService(c),
		Secret:       newContactSecretService(c),
	}
}

// ContactOptions are what a caller sets on a contact.
type ContactOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Fingerprint Optional[string] `json:"fingerprint,omitzero"` // the caller's id of it, unique among contacts; absent = made up
	Email       Optional[string] `json:"email,omitzero"`
	Phone       Optional[string] `json:"phone,omitzero"`
	Nick        Optional[string] `json:"nick,omitzero"`
	Preferences Optional[string] `json:"preferences,omitzero"`
	VerifiedAt  Optional[Time]   `json:"verifiedAt,omitzero"` // when it was found to be who it says
}

// ContactCreateRequest makes a contact.
type ContactCreateRequest ContactOptions

// ContactUpdateRequest changes a contact: what is absent stays as it is, and what
// is [Null] is cleared, but for the fingerprint, which stays.
type ContactUpdateRequest ContactOptions

// ContactEnsureRequest describes the contact that there is to be. Its fingerprint
// must be given.
type ContactEnsureRequest ContactOptions

// ContactRef says whom a turn without a conversation is for. The zero value is nobody
// in particular.
type ContactRef struct {
	ID     string                // or its fingerprint; "" = the one that is ensured
	Ensure *ContactEnsureRequest // the contact with this fingerprint, made where there is none
}

// IsZero reports whether nobody is meant: encoding/json asks it for the option omitzero.
func (r ContactRef) IsZero() bool { return r == ContactRef{} }

// MarshalJSON implements [json.Marshaler]: an id, or else the contact that there is to be.
func (r ContactRef) MarshalJSON() ([]byte, error) {
	switch {
	case r.ID != "" && r.Ensure != nil:
		return nil, errors.New("a contact is named by its id, or ensured, not both")
	case r.Ensure != nil:
		return json.Marshal(r.Ensure)
	}
	return json.Marshal(r.ID)
}

// Contact is a contact as lists show it.
type Contact struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	ContactOptions
}

// Ensure gives the contact that has a fingerprint, and makes it where there is
// none. What it lacks is filled in; the rest stays as it is.
func (s *ContactService) Ensure(ctx context.Context, in ContactEnsureRequest, options ...Option) (*Reference, error) {
	r, err := post("/contact/ensure", in)
	return call[Reference](ctx, s.client, r, err, options)
}

func (s *ContactService) exporting() listing[Contact] {
	list := s.listing()
	list.path = "/contact/export"
	return list
}

// Export is the method ListStream by the operation that is meant for backups.
func (s *ContactService) Export(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Contact, error] {
	return s.exporting().stream(ctx, in, options)
}

// ExportCSV gives the contacts as a table with a row of headings. The caller
// closes it.
func (s *ContactService) ExportCSV(ctx context.Context, in ListRequest, options ...Option) (io.ReadCloser, error) {
	return s.exporting().csv(ctx, in, options)
}

// ContactConversationService lists the conversations with a contact, newest first.
type ContactConversationService struct{ parts[Conversation] }

func newContactConversationService(c *Client) *ContactConversationService {
	id := func(c *Conversation) string { return c.ID }
	return &ContactConversationService{parts[Conversation]{client: c, kind: "contact", part: "conversation", id: id}}
}

// ConversationContactService says with whom a conversation is.
type ConversationContactService struct{ client *Client }

// ContactUpsertRequest describes the contact of a conversation. It is the one that
// has the fingerprint, or else the e-mail address, or else the phone number.
type ContactUpsertRequest struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Fingerprint Optional[string] `json:"fingerprint,omitzero"`
	Email       Optional[string] `json:"email,omitzero"`
	Phone       Optional[string] `json:"phone,omitzero"`
	Nick        Optional[string] `json:"nick,omitzero"`
}

// Upsert changes a contact or makes it, and the conversation is with it from now
// on. Where the request says nothing by which to know it, it is the contact that
// the conversation has.
func (s *ConversationContactService) Upsert(ctx context.Context, conversation string, in ContactUpsertRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(conversation, in, "contact", "upsert")
	return call[Reference](ctx, s.client, r, err, options)
}
