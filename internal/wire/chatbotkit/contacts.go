package chatbotkit

import (
	"context"
	"reflect"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

func contacts() objectKind {
	return objectKind{func(*call) engine.Place { return engine.Contacts() }, "contactId"}
}

func emptyContact() convo.ObjectBody { return convo.Contact{} }

// personFields say how somebody is reached.
type personFields struct {
	commonFields
	Email httpio.Optional[string] `json:"email" limit:"text"`
	Phone httpio.Optional[string] `json:"phone" limit:"text"`
	Nick  httpio.Optional[string] `json:"nick" limit:"text" doc:"What the contact wants to be called."`
}

func (f *personFields) apply(d *engine.Draft) {
	f.Name.Apply(&d.Name)
	f.Description.Apply(&d.Description)
	applyMeta(f.Meta, &d.Meta)
	b, _ := d.Body.(convo.Contact)
	f.Email.Apply(&b.Email)
	f.Phone.Apply(&b.Phone)
	f.Nick.Apply(&b.Nick)
	d.Body = b
}

// contactRequest creates or updates a contact.
type contactRequest struct {
	personFields
	Fingerprint httpio.Optional[string] `json:"fingerprint" doc:"The text by which the caller knows the contact, at most 256 bytes; one is made up unless given. It is taken wherever the id is, and no other contact may have it."`
	verifiedFields
}

// verifiedFields are those that upsert does not take.
type verifiedFields struct {
	Preferences httpio.Optional[string] `json:"preferences" limit:"text" doc:"Kept for the caller, without effect."`
	VerifiedAt  verifiedTime            `json:"verifiedAt" doc:"When the contact was found to be who it says, in milliseconds since 1970. Kept for the caller."`
}

type verifiedTime = bounded[numberSpan]

func (f *verifiedFields) apply(d *engine.Draft) {
	b, _ := d.Body.(convo.Contact)
	f.Preferences.Apply(&b.Preferences)
	switch at := f.VerifiedAt; {
	case at.Given && at.Null:
		b.Verified = time.Time{}
	case at.Given:
		b.Verified = time.UnixMilli(at.Value).UTC()
	}
	d.Body = b
}

func (r contactRequest) draft(d *engine.Draft) {
	r.personFields.apply(d)
	r.verifiedFields.apply(d)
	r.Fingerprint.Apply(&d.Alias)
}

// fingerprint is one that has to be given.
type fingerprint string

// Describe implements [openapi.Describer].
func (*fingerprint) Describe(*openapi.Schemas) *openapi.Schema {
	schema, least := openapi.Text(), 1
	schema.MinLength = &least
	return schema
}

// ensureContactRequest names the contact that there is to be.
type ensureContactRequest struct {
	personFields
	Fingerprint fingerprint `json:"fingerprint" required:"true" doc:"The text by which the caller knows the contact, at most 256 bytes."`
	verifiedFields
}

func (r *ensureContactRequest) contact() engine.Draft {
	d := engine.Draft{Body: emptyContact()}
	r.personFields.apply(&d)
	r.verifiedFields.apply(&d)
	d.Alias = new(string(r.Fingerprint))
	return d
}

// ensureContact answers with the id of the contact that has the fingerprint.
func ensureContact(c *call, in ensureContactRequest) error {
	c.rendersObject()
	contact, err := c.engine().EnsureContact(c.r.Context(), c.actor, in.contact(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(contact, false)
}

// upsertContactRequest says with whom a conversation is.
type upsertContactRequest struct {
	personFields
	Fingerprint httpio.Optional[string] `json:"fingerprint" doc:"The text by which the caller knows the contact, at most 256 bytes. Without a contact that has it, the one with the e-mail address is meant, or else the one with the telephone number."`
}

func (r upsertContactRequest) draft(d *engine.Draft) {
	r.personFields.apply(d)
	r.Fingerprint.Apply(&d.Alias)
}

// upsertContact answers with the id of the contact, which the conversation has from
// now on.
func upsertContact(c *call, in upsertContactRequest) error {
	c.rendersObject()
	contact, err := c.engine().UpsertContact(c.r.Context(), c.actor, c.conversation(), in.draft, c.ask)
	if err != nil {
		return err
	}
	return c.reply(contact, false)
}

// contactRef is the id of a contact, or what makes one.
type contactRef struct {
	id   *string
	made *engine.Draft
}

// DecodeField implements [httpio.Field].
func (r *contactRef) DecodeField(path string, value []byte) error {
	*r = contactRef{}
	if value[0] == '{' {
		var in httpio.Optional[ensureContactRequest]
		if err := in.DecodeField(path, value); err != nil {
			return err
		}
		r.made = new(in.Value.contact())
		return nil
	}
	var id httpio.Optional[string]
	if value[0] != '"' && string(value) != "null" {
		return convo.Errorf(convo.Invalid, "%s must be a string or an object", path)
	}
	if err := id.DecodeField(path, value); err != nil {
		return err
	}
	r.id = id.Pointer()
	return nil
}

// Describe implements [openapi.Describer].
func (*contactRef) Describe(s *openapi.Schemas) *openapi.Schema {
	return &openapi.Schema{AnyOf: []*openapi.Schema{
		openapi.Text(), httpio.RequestSchema(s, reflect.TypeFor[ensureContactRequest]()),
	}, Description: "Whom the turn is for: the id or the fingerprint of a contact, or what makes sure that there is one."}
}

// contactObject is a contact as list and fetch show it.
type contactObject struct {
	ID          string  `json:"id"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Meta        object  `json:"meta,omitempty"`
	Fingerprint string  `json:"fingerprint"`
	Email       *string `json:"email,omitempty"`
	Phone       *string `json:"phone,omitempty"`
	Nick        *string `json:"nick,omitempty"`
	Preferences *string `json:"preferences,omitempty"`
	VerifiedAt  *int64  `json:"verifiedAt,omitempty"`
	CreatedAt   int64   `json:"createdAt"`
	UpdatedAt   int64   `json:"updatedAt"`
}

func showContact(o convo.Object) contactObject {
	b, _ := o.Body.(convo.Contact)
	shown := contactObject{
		ID: o.ID, Name: o.Name, Description: o.Description, Meta: object(o.Meta), Email: b.Email, Phone: b.Phone, Nick: b.Nick,
		Preferences: b.Preferences, CreatedAt: millis(o.Created), UpdatedAt: millis(o.Updated),
	}
	if o.Alias != nil {
		shown.Fingerprint = *o.Alias
	}
	if !b.Verified.IsZero() {
		shown.VerifiedAt = new(millis(b.Verified))
	}
	return shown
}

// contactTable is how contacts stand in a spreadsheet.
func contactTable() table[contactObject] {
	return table[contactObject]{
		file: "contacts.csv",
		columns: []string{
			"id", "createdAt", "updatedAt", "name", "description", "meta", "fingerprint", "email", "phone", "nick",
			"preferences", "verifiedAt",
		},
		cells: func(o contactObject) []string {
			return []string{
				o.ID, number(&o.CreatedAt), number(&o.UpdatedAt), plain(o.Name), plain(o.Description), string(o.Meta), o.Fingerprint,
				plain(o.Email), plain(o.Phone), plain(o.Nick), plain(o.Preferences), number(o.VerifiedAt),
			}
		},
	}
}

func exportContacts(c *call) error {
	return answerExport(c, newestFirst, shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Object], error) {
		return c.engine().ListObjects(ctx, c.actor, engine.Contacts(), list)
	}, showContact), contactTable())
}

// contactConversations lists the conversations with a contact.
func contactConversations(c *call) error {
	return answerList(c, newestFirst, shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Conversation], error) {
		return c.engine().ContactConversations(ctx, c.actor, contacts().named(c), list)
	}, showConversation))
}

// contactNothing lists what no contact of this version has.
func contactNothing(c *call) error {
	return answerList(c, newestFirst, func(ctx context.Context, _ engine.List) (engine.Page[nothing], error) {
		_, err := c.engine().Object(ctx, c.actor, engine.Contacts(), contacts().named(c))
		return engine.Page[nothing]{}, err
	})
}

// contactOperations are the rows of the table for contacts.
func contactOperations() []operation {
	const contact = "/contact/{contactId}"
	newest := newestFirst.declared()
	return []operation{
		get("listContacts", "/contact/list", account, listsObjects(contacts(), newestFirst, showContact), newest...),
		get("exportContacts", "/contact/export", account, exportContacts, newest...),
		post("createContact", "/contact/create", account, creates[contactRequest](contacts(), emptyContact)),
		post("ensureContact", "/contact/ensure", account, ensureContact),
		get("fetchContact", contact+"/fetch", account, fetches(contacts(), showContact)),
		post("updateContact", contact+"/update", account, updates[contactRequest](contacts())),
		post("deleteContact", contact+"/delete", account, deletes(contacts())),
		get("listContactConversations", contact+"/conversation/list", account, contactConversations, newest...),
		get("listContactRatings", contact+"/rating/list", account, contactRatings, newest...),
		get("listContactSecrets", contact+"/secret/list", account, contactNothing, newest...),
		post("verifyContactSecret", contact+"/secret/{secretId}/verify", account, ofContact(verifySecret)),
		post("revokeContactSecret", contact+"/secret/{secretId}/revoke", account, ofContact(revokeContactSecret)),
		post("authenticateContactSecret", contact+"/secret/{secretId}/authenticate", account, ofContact(authenticateSecret)),
		get("listContactSpaces", contact+"/space/list", account, contactNothing, newest...),
		get("listContactTasks", contact+"/task/list", account, contactNothing, newest...),
		post("upsertConversationContact", "/conversation/{conversationId}/contact/upsert", account, upsertContact),
	}
}
