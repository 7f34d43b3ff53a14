package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/parleyhq/parley/client"
)

func ExampleEventLogService_List() {
	ctx, c := context.Background(), dial()
	id := handbook(c, "event log")
	page, err := c.Event.Log.List(ctx, client.ListRequest{Take: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range page.Items {
		fmt.Println(entry.Type, entry.DatasetID == id)
	}
	// Output: dataset.create true
}

func ExampleEventLogService_All() {
	ctx, c := context.Background(), dial()
	handbook(c, "all events")
	for entry, err := range c.Event.Log.All(ctx, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Type)
		break // the rest is not read
	}
	// Output: dataset.create
}

func ExampleEventLogService_ListStream() {
	ctx, c := context.Background(), dial()
	handbook(c, "stream of events")
	for entry, err := range c.Event.Log.ListStream(ctx, client.ListRequest{Take: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Type)
	}
	// Output: dataset.create
}

func ExampleEventLogService_Export() {
	ctx, c := context.Background(), dial()
	handbook(c, "exported events")
	for entry, err := range c.Event.Log.Export(ctx, client.ListRequest{Take: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Type)
	}
	// Output: dataset.create
}

func ExampleEventLogService_ExportCSV() {
	table, err := dial().Event.Log.ExportCSV(context.Background(), client.ListRequest{Take: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(heading(table))
	// Output: id,createdAt,type,conversationId,messageId,contactId,memoryId,botId,datasetId,recordId,skillsetId,abilityId,fileId,secretId
}

// Without the break it would go on with what happens next.
func ExampleEventLogService_Subscribe() {
	ctx, c := context.Background(), dial()
	id := handbook(c, "subscribed events")
	for entry, err := range c.Event.Log.Subscribe(ctx, client.EventLogSubscribeRequest{HistoryLength: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Type, entry.DatasetID == id)
		break
	}
	// Output: dataset.create true
}

func ExampleUsageService_Fetch() {
	ctx, c := context.Background(), dial()
	create(c, client.ConversationCreateRequest{})
	usage, err := c.Usage.Fetch(ctx, client.UsageRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(usage.Conversations > 0)
	// Output: true
}

func ExampleUsageService_List() {
	ctx, c := context.Background(), dial()
	create(c, client.ConversationCreateRequest{})
	page, err := c.Usage.List(ctx, client.UsageListRequest{ListRequest: client.ListRequest{Take: 3}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items) > 0)
	// Output: true
}

func ExampleUsageService_All() {
	ctx, c := context.Background(), dial()
	create(c, client.ConversationCreateRequest{})
	conversations := int64(0)
	for item, err := range c.Usage.All(ctx, client.UsageListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		if item.Type == client.UsageConversations {
			conversations += item.Count
		}
	}
	fmt.Println(conversations > 0)
	// Output: true
}

func ExampleUsageService_ListStream() {
	ctx, c := context.Background(), dial()
	create(c, client.ConversationCreateRequest{})
	yesterday := client.UsageRequest{From: time.Now().AddDate(0, 0, -1)}
	items := 0
	for _, err := range c.Usage.ListStream(ctx, client.UsageListRequest{UsageRequest: yesterday}) {
		if err != nil {
			log.Fatal(err)
		}
		items++
	}
	fmt.Println(items > 0)
	// Output: true
}

func ExampleUsageSeriesService_Fetch() {
	now := time.Now()
	series, err := dial().Usage.Series.Fetch(context.Background(), client.UsageRequest{From: now.AddDate(0, 0, -6), To: now})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(series.Tokens), len(series.Messages))
	// Output: 7 7
}
