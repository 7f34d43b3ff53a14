package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// roomKey makes a secret and gives its id. The meta tells it from others.
func roomKey(c *client.Client, example string) string {
	secret, err := c.Secret.Create(context.Background(), client.SecretCreateRequest{
		Name: client.Set("Innkeeper"), Value: client.Set("example-value"), Meta: client.Set(client.Meta{"example": example}),
	})
	if err != nil {
		log.Fatal(err)
	}
	return secret.ID
}

// An instruction names this secret as ${SHOP_KEY}.
func ExampleSecretService_Create() {
	ctx, c := context.Background(), dial()
	secret, err := c.Secret.Create(ctx, client.SecretCreateRequest{
		Name: client.Set("SHOP_KEY"), Type: client.SecretBearer, Value: client.Set("example-value"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secret.ID != "")
	// Output: true
}

func ExampleSecretService_List() {
	ctx, c := context.Background(), dial()
	roomKey(c, "SecretService List")
	page, err := c.Secret.List(ctx, client.ListRequest{Meta: map[string]string{"example": "SecretService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleSecretService_All() {
	ctx, c := context.Background(), dial()
	roomKey(c, "SecretService All")
	for item, err := range c.Secret.All(ctx, client.ListRequest{Meta: map[string]string{"example": "SecretService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleSecretService_ListStream() {
	ctx, c := context.Background(), dial()
	roomKey(c, "SecretService ListStream")
	for item, err := range c.Secret.ListStream(ctx, client.ListRequest{Meta: map[string]string{"example": "SecretService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

// Everything of a secret is shown but its value.
func ExampleSecretService_Fetch() {
	ctx, c := context.Background(), dial()
	secret, err := c.Secret.Fetch(ctx, roomKey(c, "fetch"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secret.Kind, secret.Type)
	// Output: shared plain
}

func ExampleSecretService_Update() {
	ctx, c := context.Background(), dial()
	id := roomKey(c, "update")
	updated, err := c.Secret.Update(ctx, id, client.SecretUpdateRequest{Value: client.Set("another-value")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.ID == id)
	// Output: true
}

func ExampleSecretService_Delete() {
	ctx, c := context.Background(), dial()
	id := roomKey(c, "delete")
	gone, err := c.Secret.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

func ExampleSecretService_Verify() {
	ctx, c := context.Background(), dial()
	verified, err := c.Secret.Verify(ctx, roomKey(c, "verify"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Status)
	// Output: authenticated
}

// The secret stays, without its value.
func ExampleSecretService_Revoke() {
	ctx, c := context.Background(), dial()
	id := roomKey(c, "revoke")
	if _, err := c.Secret.Revoke(ctx, id); err != nil {
		log.Fatal(err)
	}
	verified, err := c.Secret.Verify(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Status)
	// Output: unauthenticated
}

// A secret with a value needs nobody's authentication, so there is no page.
func ExampleSecretService_Authenticate() {
	ctx, c := context.Background(), dial()
	page, err := c.Secret.Authenticate(ctx, roomKey(c, "authenticate"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", page.URL)
	// Output: ""
}
