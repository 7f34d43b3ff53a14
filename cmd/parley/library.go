package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/parleyhq/parley/client"
)

// library is the datasets and files of a tenant.
type library struct{ client *client.Client }

// datasetItem is a dataset as a list shows it.
type datasetItem struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Alias     string      `json:"alias"`
	CreatedAt client.Time `json:"createdAt"`
}

// fileItem is a file of a dataset as a list shows it.
type fileItem struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Meta     client.Meta `json:"meta"`
	Size     int64       `json:"size"`
	Status   string      `json:"status"`
	Error    string      `json:"error"`
	Progress struct {
		Done, Total int64
	} `json:"progress"`
}

// What a server says of a file of a dataset when it is done with it.
const (
	statusIndexed = "indexed"
	statusFailed  = "failed"
)

// The members of a file's meta by which a command knows what it added.
const (
	metaPath    = "path"    // where the file was, below the folder that was named
	metaSum     = "sha256"  // of its content
	metaDataset = "dataset" // whose it is alone
)

func (f *fileItem) meta(name string) string {
	text, _ := f.Meta[name].(string)
	return text
}

// said is how far a file is read, or why it cannot be.
func (f *fileItem) said() string {
	if f.Error != "" {
		return plain(f.Status + ": " + f.Error)
	}
	return f.Status
}

func (f *fileItem) records() string {
	if f.Progress.Total == 0 || f.Progress.Done == f.Progress.Total {
		return strconv.FormatInt(f.Progress.Done, 10)
	}
	return strconv.FormatInt(f.Progress.Done, 10) + " of " + strconv.FormatInt(f.Progress.Total, 10)
}

// ask makes a request whose answer is one object.
func ask[T any](ctx context.Context, l *library, in client.FetchOptions, path ...string) (out T, err error) {
	address := "/api/v1"
	for _, part := range path {
		address += "/" + url.PathEscape(part)
	}
	answer, err := l.client.Fetch(ctx, address, in)
	if err != nil {
		return out, err
	}
	return out, answer.Decode(&out)
}

// all reads a list page by page.
func all[T any](ctx context.Context, l *library, path ...string) (items []T, err error) {
	query := url.Values{"take": {"200"}, "order": {"asc"}}
	for {
		page, err := ask[client.Page[T]](ctx, l, client.FetchOptions{Query: query}, path...)
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if len(page.Items) == 0 || page.Cursor == "" {
			return items, nil
		}
		query.Set("cursor", page.Cursor)
	}
}

// change makes a request that is answered with an id.
func (l *library) change(ctx context.Context, data any, path ...string) (id string, err error) {
	made, err := ask[client.Reference](ctx, l, client.FetchOptions{Method: http.MethodPost, Data: data}, path...)
	return made.ID, err
}

func (l *library) datasets(ctx context.Context) ([]datasetItem, error) {
	return all[datasetItem](ctx, l, "dataset", "list")
}

func (l *library) create(ctx context.Context, name, description string) (id string, err error) {
	fields := map[string]any{"name": name, "alias": name}
	if description != "" {
		fields["description"] = description
	}
	return l.change(ctx, fields, "dataset", "create")
}

func (l *library) files(ctx context.Context, dataset string) ([]fileItem, error) {
	return all[fileItem](ctx, l, "dataset", dataset, "file", "list")
}

// remove deletes a dataset, and the files that are its alone.
func (l *library) remove(ctx context.Context, dataset string) (files int, err error) {
	found, err := ask[datasetItem](ctx, l, client.FetchOptions{}, "dataset", dataset, "fetch")
	if err != nil {
		return 0, err
	}
	list, err := l.files(ctx, found.ID)
	if err != nil {
		return 0, err
	}
	if _, err := l.change(ctx, struct{}{}, "dataset", found.ID, "delete"); err != nil {
		return 0, err
	}
	for _, f := range list {
		if f.meta(metaDataset) != found.ID {
			continue
		}
		if _, err := l.change(ctx, struct{}{}, "file", f.ID, "delete"); err != nil {
			return files, err
		}
		files++
	}
	return files, nil
}

// hit is a record that was found.
type hit struct {
	ID     string      `json:"id"`
	Text   string      `json:"text"`
	Source string      `json:"source,omitzero"`
	Meta   client.Meta `json:"meta,omitzero"`
	Score  float64     `json:"score"`
}

func (l *library) search(ctx context.Context, dataset, text string) ([]hit, error) {
	type found struct {
		Records []hit `json:"records"`
	}
	in := client.FetchOptions{Method: http.MethodPost, Data: map[string]any{"search": text}}
	answer, err := ask[found](ctx, l, in, "dataset", dataset, "search")
	return answer.Records, err
}
