package client_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/parleyhq/parley/client"
)

// rule makes a record in a dataset of its own, and gives both ids.
func rule(c *client.Client, example string) (dataset, id string) {
	dataset = handbook(c, example)
	record, err := c.Dataset.Record.Create(context.Background(), dataset, client.RecordCreateRequest{
		Text: "The inn closes at ten.", Source: client.Set("https://inn.example/rules"),
	})
	if err != nil {
		log.Fatal(err)
	}
	return dataset, record.ID
}

func ExampleDatasetRecordService_Create() {
	ctx, c := context.Background(), dial()
	record, err := c.Dataset.Record.Create(ctx, handbook(c, "record"), client.RecordCreateRequest{
		Text: "Dogs are welcome.", Meta: client.Set(client.Meta{"lang": "en"}),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(record.ID != "")
	// Output: true
}

func ExampleDatasetRecordService_List() {
	ctx, c := context.Background(), dial()
	dataset, _ := rule(c, "list")
	page, err := c.Dataset.Record.List(ctx, dataset, client.ListRequest{Take: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Text)
	}
	// Output: The inn closes at ten.
}

func ExampleDatasetRecordService_All() {
	ctx, c := context.Background(), dial()
	dataset, _ := rule(c, "all")
	for item, err := range c.Dataset.Record.All(ctx, dataset, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Text)
	}
	// Output: The inn closes at ten.
}

func ExampleDatasetRecordService_ListStream() {
	ctx, c := context.Background(), dial()
	dataset, _ := rule(c, "stream")
	for item, err := range c.Dataset.Record.ListStream(ctx, dataset, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Text)
	}
	// Output: The inn closes at ten.
}

func ExampleDatasetRecordService_Export() {
	ctx, c := context.Background(), dial()
	dataset, _ := rule(c, "export")
	for item, err := range c.Dataset.Record.Export(ctx, dataset, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Source.Or(""))
	}
	// Output: https://inn.example/rules
}

func ExampleDatasetRecordService_ExportCSV() {
	ctx, c := context.Background(), dial()
	dataset, _ := rule(c, "csv")
	table, err := c.Dataset.Record.ExportCSV(ctx, dataset, client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(heading(table))
	// Output: id,createdAt,updatedAt,text,source,meta,fileId
}

func ExampleDatasetRecordService_Fetch() {
	ctx, c := context.Background(), dial()
	dataset, id := rule(c, "fetch")
	record, err := c.Dataset.Record.Fetch(ctx, dataset, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(record.Text)
	// Output: The inn closes at ten.
}

// The next search finds the new text, and the old one no more.
func ExampleDatasetRecordService_Update() {
	ctx, c := context.Background(), dial()
	dataset, id := rule(c, "update")
	_, err := c.Dataset.Record.Update(ctx, dataset, id, client.RecordUpdateRequest{Text: client.Set("The inn closes at midnight.")})
	if err != nil {
		log.Fatal(err)
	}
	found, err := c.Dataset.Search(ctx, dataset, client.DatasetSearchRequest{Search: "midnight"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Records[0].Text)
	// Output: The inn closes at midnight.
}

func ExampleDatasetRecordService_Delete() {
	ctx, c := context.Background(), dial()
	dataset, id := rule(c, "delete")
	gone, err := c.Dataset.Record.Delete(ctx, dataset, id)
	if err != nil {
		log.Fatal(err)
	}
	found, err := c.Dataset.Search(ctx, dataset, client.DatasetSearchRequest{Search: "inn"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id, len(found.Records))
	// Output: true 0
}

// heading reads a table and gives its first row.
func heading(table io.ReadCloser) string {
	defer func() { _ = table.Close() }()
	text, err := io.ReadAll(table)
	if err != nil {
		log.Fatal(err)
	}
	row, _, _ := strings.Cut(string(text), "\r\n")
	return row
}
