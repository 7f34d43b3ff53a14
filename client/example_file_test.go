package client_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/parleyhq/parley/client"
)

// scroll makes a file with content and gives its id. The meta tells it from others.
func scroll(c *client.Client, example string) string {
	ctx := context.Background()
	file, err := c.File.Create(ctx, client.FileCreateRequest{Name: client.Set("Rules"), Meta: client.Set(client.Meta{"example": example})})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.File.Upload(ctx, file.ID, client.FileUploadRequest{
		File: &client.File{Name: "rules.md", Type: "text/markdown", Data: []byte("# Rules\n\nThe inn closes at ten.\n")},
	})
	if err != nil {
		log.Fatal(err)
	}
	return file.ID
}

// indexed waits until a file of a dataset is indexed.
func indexed(c *client.Client, dataset string) client.DatasetFile {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		page, err := c.Dataset.File.List(ctx, dataset, client.ListRequest{Take: 1})
		if err != nil {
			log.Fatal(err)
		}
		for _, file := range page.Items {
			if file.Status == client.IndexDone || file.Status == client.IndexFailed {
				return file
			}
		}
	}
}

// attached makes a dataset with a file that is indexed, and gives both ids.
func attached(c *client.Client, example string) (dataset, file string) {
	dataset, file = handbook(c, example), scroll(c, example)
	if _, err := c.Dataset.File.Attach(context.Background(), dataset, file, client.DatasetFileAttachRequest{}); err != nil {
		log.Fatal(err)
	}
	indexed(c, dataset)
	return dataset, file
}

func ExampleFileService_Create() {
	file, err := dial().File.Create(context.Background(), client.FileCreateRequest{Name: client.Set("Menu")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.ID != "")
	// Output: true
}

func ExampleFileService_List() {
	ctx, c := context.Background(), dial()
	scroll(c, "FileService List")
	page, err := c.File.List(ctx, client.ListRequest{Meta: map[string]string{"example": "FileService List"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""), item.Size.Or(0), "bytes")
	}
	// Output: Rules 32 bytes
}

func ExampleFileService_All() {
	ctx, c := context.Background(), dial()
	scroll(c, "FileService All")
	for item, err := range c.File.All(ctx, client.ListRequest{Meta: map[string]string{"example": "FileService All"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Rules
}

func ExampleFileService_ListStream() {
	ctx, c := context.Background(), dial()
	scroll(c, "FileService ListStream")
	for item, err := range c.File.ListStream(ctx, client.ListRequest{Meta: map[string]string{"example": "FileService ListStream"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Rules
}

func ExampleFileService_Fetch() {
	ctx, c := context.Background(), dial()
	file, err := c.File.Fetch(ctx, scroll(c, "fetch"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Type, file.Visibility)
	// Output: text/markdown private
}

// A public file can be downloaded without a token.
func ExampleFileService_Update() {
	ctx, c := context.Background(), dial()
	id := scroll(c, "update")
	if _, err := c.File.Update(ctx, id, client.FileUpdateRequest{Visibility: client.Public}); err != nil {
		log.Fatal(err)
	}
	content, err := c.File.Download(ctx, id, client.WithSecret(""))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	fmt.Println(content.Name)
	// Output: rules.md
}

func ExampleFileService_Delete() {
	ctx, c := context.Background(), dial()
	id := scroll(c, "delete")
	gone, err := c.File.Delete(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gone.ID == id)
	// Output: true
}

func ExampleFileService_Upload() {
	ctx, c := context.Background(), dial()
	file, err := c.File.Create(ctx, client.FileCreateRequest{})
	if err != nil {
		log.Fatal(err)
	}
	uploaded, err := c.File.Upload(ctx, file.ID, client.FileUploadRequest{
		File: &client.File{Name: "prices.csv", Type: "text/csv", Data: []byte("room,price\n1,60\n")},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(uploaded.ID == file.ID)
	// Output: true
}

// Whoever is given the request brings the content, without a token.
func ExampleFileService_Announce() {
	ctx, c := context.Background(), dial()
	const text = "The inn closes at midnight.\n"
	id := scroll(c, "announce")
	announced, err := c.File.Announce(ctx, id, client.FileAnnounceRequest{Name: "rules.txt", Type: "text/plain", Size: int64(len(text))})
	if err != nil {
		log.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, announced.Method, announced.URL, strings.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range announced.Header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	file, err := c.File.Fetch(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.StatusCode, file.Type, file.Size.Or(0))
	// Output: 204 text/plain 28
}

func ExampleFileService_Download() {
	ctx, c := context.Background(), dial()
	content, err := c.File.Download(ctx, scroll(c, "download"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	text, err := io.ReadAll(content)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %s: %q\n", content.Name, content.Type, text)
	// Output: rules.md, text/markdown: "# Rules\n\nThe inn closes at ten.\n"
}

// A file that was uploaded stays as it is; one of an address is read again.
func ExampleFileService_Sync() {
	ctx, c := context.Background(), dial()
	id := scroll(c, "sync")
	synced, err := c.File.Sync(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(synced.ID == id)
	// Output: true
}

// The text of a file becomes records in the background.
func ExampleDatasetFileService_Attach() {
	ctx, c := context.Background(), dial()
	dataset, file := handbook(c, "attach"), scroll(c, "attach")
	if _, err := c.Dataset.File.Attach(ctx, dataset, file, client.DatasetFileAttachRequest{Type: client.DatasetFileSource}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(indexed(c, dataset).Progress)
	found, err := c.Dataset.Search(ctx, dataset, client.DatasetSearchRequest{Search: "When does the inn close?"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(found.Records))
	// Output:
	// {1 1}
	// 1
}

func ExampleDatasetFileService_List() {
	ctx, c := context.Background(), dial()
	dataset, _ := attached(c, "list")
	page, err := c.Dataset.File.List(ctx, dataset, client.ListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range page.Items {
		fmt.Println(item.Name.Or(""), item.Status)
	}
	// Output: Rules indexed
}

func ExampleDatasetFileService_All() {
	ctx, c := context.Background(), dial()
	dataset, _ := attached(c, "all")
	for item, err := range c.Dataset.File.All(ctx, dataset, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Rules
}

func ExampleDatasetFileService_ListStream() {
	ctx, c := context.Background(), dial()
	dataset, _ := attached(c, "stream")
	for item, err := range c.Dataset.File.ListStream(ctx, dataset, client.ListRequest{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name.Or(""))
	}
	// Output: Rules
}

func ExampleDatasetFileService_Detach() {
	ctx, c := context.Background(), dial()
	dataset, file := attached(c, "detach")
	detached, err := c.Dataset.File.Detach(ctx, dataset, file, client.DatasetFileDetachRequest{DeleteRecords: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(detached.ID == file)
	// Output: true
}

func ExampleDatasetFileService_Sync() {
	ctx, c := context.Background(), dial()
	dataset, file := attached(c, "sync")
	if _, err := c.Dataset.File.Sync(ctx, dataset, file); err != nil {
		log.Fatal(err)
	}
	fmt.Println(indexed(c, dataset).Status)
	// Output: indexed
}
