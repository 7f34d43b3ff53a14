package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parleyhq/parley/client"
)

// handbook makes a dataset and gives its id. The meta tells it from others.
func handbook(c *client.Client, example string) string {
	dataset, err := c.Dataset.Create(context.Background(), client.DatasetCreateRequest{
		Name: client.Set("Handbook"), Meta: client.Set(client.Meta{"example": example}),
	})
	if err != nil {
		log.Fatal(err)
	}
	return dataset.ID
}

func ExampleDatasetService_Create() {
	ctx, c := context.Background(), dial()
	dataset, err := c.Dataset.Create(ctx, client.DatasetCreateRequest{
		Name: client.Set("House rules"), SearchMaxRecords: client.Set(3), SearchMinScore: client.Set(0.1),
	})
	if err != nil {
		log.Fatal(err)
	}
	bot, err := c.Bot.Create(ctx, client.BotCreateRequest{DatasetID: client.Set(dataset.ID)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dataset.ID != "", bot.ID != "")
	// Output: true true
}

func ExampleDatasetService_List() {
	ctx, c := context.Background(), dial()
	handbook(c, "DatasetService List")
	page, err := c.Dataset.List(ctx, client.ListRequest{Meta: map[string]string{"example": "DatasetService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""))
	}
	// Output: Handbook
}

func ExampleDatasetService_All() {
	ctx, c := context.Background(), dial()
	handbook(c, "DatasetService All")
	for item, err := range c.Dataset.All(ctx, client.ListRequest{Meta: map[string]string{"example": "DatasetService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Handbook
}

func ExampleDatasetService_ListStream() {
	ctx, c := context.Background(), dial()
	handbook(c, "DatasetService ListStream")
	for item, err := range c.Dataset.ListStream(ctx, client.ListRequest{Meta: map[string]string{"example": "DatasetService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Handbook
}

func ExampleDatasetService_Fetch() {
	ctx, c := context.Background(), dial()
	dataset, err := c.Dataset.Fetch(ctx, handbook(c, "fetch"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dataset.Name.Or(""), dataset.Visibility)
	// Output: Handbook private
}

func ExampleDatasetService_Update() {
	ctx, c := context.Background(), dial()
	id := handbook(c, "update")
	_, err := c.Dataset.Update(ctx, id, client.DatasetUpdateRequest{MismatchInstruction: client.Set("Say that you do not know.")})
	if err != nil {
		log.Fatal(err)
	}
	dataset, err := c.Dataset.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dataset.MismatchInstruction.Or(""))
	// Output: Say that you do not know.
}

// The records go with their dataset.
func ExampleDatasetService_Delete() {
	ctx, c := context.Background(), dial()
	id := handbook(c, "delete")
	gone, err := c.Dataset.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

// What was stored a moment ago is found.
func ExampleDatasetService_Search() {
	ctx, c := context.Background(), dial()
	id := handbook(c, "search")
	for season, text := range map[string]string{"summer": "In summer breakfast is at seven.", "winter": "In winter breakfast is at eight."} {
		_, err := c.Dataset.Record.Create(ctx, id, client.RecordCreateRequest{
			Text: text, Source: client.Set("rules.md"), Meta: client.Set(client.Meta{"season": season}),
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	found, err := c.Dataset.Search(ctx, id, client.DatasetSearchRequest{
		Search: "When is breakfast?", Filter: map[string]any{"season": map[string]any{"$ne": "summer"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, record := range found.Records {
		fmt.Println(record.Text, record.Source.Or(""), record.Score > 0)
	}
	// Output: In winter breakfast is at eight. rules.md true
}
