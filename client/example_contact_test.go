package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// guest makes a contact and gives its id. The meta tells it from others.
func guest(c *client.Client, example string) string {
	contact, err := c.Contact.Create(context.Background(), client.ContactCreateRequest{
		Name: client.Set("Ann"), Meta: client.Set(client.Meta{"example": example}),
	})
	if err != nil {
		log.Fatal(err)
	}
	return contact.ID
}

// A contact is known by its fingerprint, too.
func ExampleContactService_Create() {
	ctx, c := context.Background(), dial()
	_, err := c.Contact.Create(ctx, client.ContactCreateRequest{Fingerprint: client.Set("guest-7"), Email: client.Set("ann@inn.example")})
	if err != nil {
		log.Fatal(err)
	}
	contact, err := c.Contact.Fetch(ctx, "guest-7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Email.Or(""))
	// Output: ann@inn.example
}

func ExampleContactService_List() {
	ctx, c := context.Background(), dial()
	guest(c, "ContactService List")
	page, err := c.Contact.List(ctx, client.ListRequest{Meta: map[string]string{"example": "ContactService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Ann
}

func ExampleContactService_All() {
	ctx, c := context.Background(), dial()
	guest(c, "ContactService All")
	for item, err := range c.Contact.All(ctx, client.ListRequest{Meta: map[string]string{"example": "ContactService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Ann
}

func ExampleContactService_ListStream() {
	ctx, c := context.Background(), dial()
	guest(c, "ContactService ListStream")
	for item, err := range c.Contact.ListStream(ctx, client.ListRequest{Meta: map[string]string{"example": "ContactService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Ann
}

func ExampleContactService_Export() {
	ctx, c := context.Background(), dial()
	guest(c, "ContactService Export")
	for item, err := range c.Contact.Export(ctx, client.ListRequest{Meta: map[string]string{"example": "ContactService Export"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Ann
}

func ExampleContactService_ExportCSV() {
	table, err := dial().Contact.ExportCSV(context.Background(), client.ListRequest{Take: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(heading(table))
	// Output: id,createdAt,updatedAt,name,description,meta,fingerprint,email,phone,nick,preferences,verifiedAt
}

func ExampleContactService_Fetch() {
	ctx, c := context.Background(), dial()
	contact, err := c.Contact.Fetch(ctx, guest(c, "fetch"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Name.Or(""), contact.Fingerprint.Or("") != "")
	// Output: Ann true
}

func ExampleContactService_Update() {
	ctx, c := context.Background(), dial()
	id := guest(c, "update")
	if _, err := c.Contact.Update(ctx, id, client.ContactUpdateRequest{Nick: client.Set("Annie")}); err != nil {
		log.Fatal(err)
	}
	contact, err := c.Contact.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Nick.Or(""))
	// Output: Annie
}

// The memories of a contact go with it.
func ExampleContactService_Delete() {
	ctx, c := context.Background(), dial()
	id := guest(c, "delete")
	gone, err := c.Contact.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

// The second call finds what the first one made.
func ExampleContactService_Ensure() {
	ctx, c := context.Background(), dial()
	in := client.ContactEnsureRequest{Fingerprint: client.Set("guest-8"), Name: client.Set("Ben")}
	first, err := c.Contact.Ensure(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	second, err := c.Contact.Ensure(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.ID == second.ID)
	// Output: true
}

// lunchWith makes a contact and a conversation with it, and gives both ids.
func lunchWith(c *client.Client, example string) (contact, conversation string) {
	contact = guest(c, example)
	return contact, create(c, client.ConversationCreateRequest{Name: client.Set("Lunch"), ContactID: client.Set(contact)})
}

func ExampleContactConversationService_List() {
	ctx, c := context.Background(), dial()
	contact, _ := lunchWith(c, "conversations")
	page, err := c.Contact.Conversation.List(ctx, contact, client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Lunch
}

func ExampleContactConversationService_All() {
	ctx, c := context.Background(), dial()
	contact, _ := lunchWith(c, "all conversations")
	for item, err := range c.Contact.Conversation.All(ctx, contact, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Lunch
}

func ExampleContactConversationService_ListStream() {
	ctx, c := context.Background(), dial()
	contact, _ := lunchWith(c, "conversation stream")
	for item, err := range c.Contact.Conversation.ListStream(ctx, contact, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Lunch
}

// The conversation is with the contact from then on.
func ExampleConversationContactService_Upsert() {
	ctx, c := context.Background(), dial()
	id := create(c, client.ConversationCreateRequest{})
	contact, err := c.Conversation.Contact.Upsert(ctx, id, client.ContactUpsertRequest{Email: client.Set("cleo@inn.example")})
	if err != nil {
		log.Fatal(err)
	}
	conversation, err := c.Conversation.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conversation.ContactID.Or("") == contact.ID)
	// Output: true
}
