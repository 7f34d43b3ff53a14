package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// No contact has secrets of its own so far.
func ExampleContactSecretService_List() {
	ctx, c := context.Background(), dial()
	page, err := c.Contact.Secret.List(ctx, guest(c, "secrets"), client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items))
	// Output: 0
}

func ExampleContactSecretService_All() {
	ctx, c := context.Background(), dial()
	n := 0
	for _, err := range c.Contact.Secret.All(ctx, guest(c, "all secrets"), client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n)
	// Output: 0
}

func ExampleContactSecretService_ListStream() {
	ctx, c := context.Background(), dial()
	n := 0
	for _, err := range c.Contact.Secret.ListStream(ctx, guest(c, "secret stream"), client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n)
	// Output: 0
}

func ExampleContactSecretService_Verify() {
	ctx, c := context.Background(), dial()
	verified, err := c.Contact.Secret.Verify(ctx, guest(c, "verify secret"), roomKey(c, "verify for a contact"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Status)
	// Output: authenticated
}

// The value counts for other contacts, too, and stays.
func ExampleContactSecretService_Revoke() {
	ctx, c := context.Background(), dial()
	contact, secret := guest(c, "revoke secret"), roomKey(c, "revoke for a contact")
	if _, err := c.Contact.Secret.Revoke(ctx, contact, secret); err != nil {
		log.Fatal(err)
	}
	verified, err := c.Secret.Verify(ctx, secret)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Status)
	// Output: authenticated
}

func ExampleContactSecretService_Authenticate() {
	ctx, c := context.Background(), dial()
	page, err := c.Contact.Secret.Authenticate(ctx, guest(c, "authenticate secret"), roomKey(c, "authenticate for a contact"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", page.URL)
	// Output: ""
}

// A turn without a conversation can be for a contact that is not there yet.
func ExampleContactRef() {
	ctx, c := context.Background(), dial()
	_, err := c.Conversation.CompleteStateless(ctx, client.CompleteStatelessRequest{
		Text:      client.Set("Hello"),
		ContactID: client.ContactRef{Ensure: &client.ContactEnsureRequest{Fingerprint: client.Set("guest-9"), Name: client.Set("Dora")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	contact, err := c.Contact.Fetch(ctx, "guest-9")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Name.Or(""))
	// Output: Dora
}
