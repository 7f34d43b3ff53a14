package engine

import (
	"context"
	"encoding/json"

	"github.com/parleyhq/parley/internal/convo"
)

// toolRecord is a record as a tool's result shows it to the model.
type toolRecord struct {
	Title string  `json:"title"`
	Text  string  `json:"text"`
	Page  int64   `json:"page,omitempty"`
	Score float64 `json:"score"`
}

// toolSource makes a record that has an address one of the result's sources.
type toolSource struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// SearchForTool searches a dataset, by its id or alias, for a tool, and gives the
// result of its call: the records, the best first, and as sources those of them that
// have an address.
func (e *Engine) SearchForTool(ctx context.Context, tenant, dataset, text string) (convo.JSON, error) {
	found, err := e.SearchDataset(ctx, tenant, dataset, text)
	if err != nil {
		return nil, err
	}
	result := struct {
		Records []toolRecord `json:"records"`
		Sources []toolSource `json:"sources,omitempty"`
	}{Records: []toolRecord{}}
	files := map[string]*convo.Object{}
	for _, f := range found {
		p := e.passage(ctx, tenant, f, files)
		result.Records = append(result.Records, toolRecord{p.Title, p.text, p.Page, p.Score})
		if p.URL != "" {
			result.Sources = append(result.Sources, toolSource{p.Title, p.URL})
		}
	}
	return json.Marshal(result)
}
