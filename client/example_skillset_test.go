package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// manners makes a skillset and gives its id. The meta tells it from others.
func manners(c *client.Client, example string) string {
	set, err := c.Skillset.Create(context.Background(), client.SkillsetCreateRequest{
		Name: client.Set("Innkeeper"), Meta: client.Set(client.Meta{"example": example}),
	})
	if err != nil {
		log.Fatal(err)
	}
	return set.ID
}

// greeting makes an ability in a skillset of its own, and gives both ids.
func greeting(c *client.Client, example string) (skillset, id string) {
	skillset = manners(c, example)
	ability, err := c.Skillset.Ability.Create(context.Background(), skillset, client.AbilityCreateRequest{
		Name: client.Set("Innkeeper"), Description: client.Set("How to greet"), Meta: client.Set(client.Meta{"example": example}),
		Instruction: client.Set("Greet $[name!|whom to greet] by name."),
	})
	if err != nil {
		log.Fatal(err)
	}
	return skillset, ability.ID
}

func ExampleSkillsetService_Create() {
	ctx, c := context.Background(), dial()
	set, err := c.Skillset.Create(ctx, client.SkillsetCreateRequest{Name: client.Set("Shop")})
	if err != nil {
		log.Fatal(err)
	}
	bot, err := c.Bot.Create(ctx, client.BotCreateRequest{SkillsetID: client.Set(set.ID)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.ID != "", bot.ID != "")
	// Output: true true
}

func ExampleSkillsetService_List() {
	ctx, c := context.Background(), dial()
	manners(c, "SkillsetService List")
	page, err := c.Skillset.List(ctx, client.ListRequest{Meta: map[string]string{"example": "SkillsetService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleSkillsetService_All() {
	ctx, c := context.Background(), dial()
	manners(c, "SkillsetService All")
	for item, err := range c.Skillset.All(ctx, client.ListRequest{Meta: map[string]string{"example": "SkillsetService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleSkillsetService_ListStream() {
	ctx, c := context.Background(), dial()
	manners(c, "SkillsetService ListStream")
	for item, err := range c.Skillset.ListStream(ctx, client.ListRequest{Meta: map[string]string{"example": "SkillsetService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleSkillsetService_Fetch() {
	ctx, c := context.Background(), dial()
	set, err := c.Skillset.Fetch(ctx, manners(c, "fetch"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Name.Or(""))
	// Output: Innkeeper
}

func ExampleSkillsetService_Update() {
	ctx, c := context.Background(), dial()
	id := manners(c, "update")
	updated, err := c.Skillset.Update(ctx, id, client.SkillsetUpdateRequest{Description: client.Set("What an innkeeper can do")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.ID == id)
	// Output: true
}

func ExampleSkillsetService_Delete() {
	ctx, c := context.Background(), dial()
	id := manners(c, "delete")
	gone, err := c.Skillset.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

// The instruction says what happens; its placeholders are filled in by the model.
func ExampleAbilityService_Create() {
	ctx, c := context.Background(), dial()
	secret, err := c.Secret.Create(ctx, client.SecretCreateRequest{Type: client.SecretBearer, Value: client.Set("example-value")})
	if err != nil {
		log.Fatal(err)
	}
	ability, err := c.Skillset.Ability.Create(ctx, manners(c, "create"), client.AbilityCreateRequest{
		Name: client.Set("Find order"), Description: client.Set("Finds an order by its number"), SecretID: client.Set(secret.ID),
		Instruction: client.Set("```fetch\nGET https://shop.example/orders/$[order! euc|the order number]\n```"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ability.ID != "")
	// Output: true
}

func ExampleAbilityService_List() {
	ctx, c := context.Background(), dial()
	skillset, _ := greeting(c, "AbilityService List")
	page, err := c.Skillset.Ability.List(ctx, skillset, client.ListRequest{Meta: map[string]string{"example": "AbilityService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleAbilityService_All() {
	ctx, c := context.Background(), dial()
	skillset, _ := greeting(c, "AbilityService All")
	for item, err := range c.Skillset.Ability.All(ctx, skillset, client.ListRequest{Meta: map[string]string{"example": "AbilityService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleAbilityService_ListStream() {
	ctx, c := context.Background(), dial()
	skillset, _ := greeting(c, "AbilityService ListStream")
	for item, err := range c.Skillset.Ability.ListStream(ctx, skillset, client.ListRequest{Meta: map[string]string{"example": "AbilityService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleAbilityService_Export() {
	ctx, c := context.Background(), dial()
	skillset, _ := greeting(c, "AbilityService Export")
	for item, err := range c.Skillset.Ability.Export(ctx, skillset, client.ListRequest{Meta: map[string]string{"example": "AbilityService Export"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Innkeeper
}

func ExampleAbilityService_Fetch() {
	ctx, c := context.Background(), dial()
	skillset, id := greeting(c, "fetch")
	ability, err := c.Skillset.Ability.Fetch(ctx, skillset, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ability.Instruction.Or(""))
	// Output: Greet $[name!|whom to greet] by name.
}

func ExampleAbilityService_Update() {
	ctx, c := context.Background(), dial()
	skillset, id := greeting(c, "update")
	updated, err := c.Skillset.Ability.Update(ctx, skillset, id, client.AbilityUpdateRequest{Name: client.Set("Welcome")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.ID == id)
	// Output: true
}

func ExampleAbilityService_Delete() {
	ctx, c := context.Background(), dial()
	skillset, id := greeting(c, "delete")
	gone, err := c.Skillset.Ability.Delete(ctx, skillset, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

func ExampleAbilityService_Execute() {
	ctx, c := context.Background(), dial()
	skillset, id := greeting(c, "execute")
	for _, input := range []string{"Ann", `{"name":"Bob"}`, ""} {
		done, err := c.Skillset.Ability.Execute(ctx, skillset, id, client.AbilityExecuteRequest{Input: input})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s%s\n", done.Result, done.Error)
	}
	// Output:
	// "Greet Ann by name."
	// "Greet Bob by name."
	// the parameter name is missing
}
