package chatbotkit

import (
	"cmp"
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// modelObject is a model as the list shows it. Models have no times of their
// own; they are as old as this process.
type modelObject struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	Provider        string `json:"provider"`
	Family          string `json:"family"`
	MaxTokens       int64  `json:"maxTokens"`
	MaxInputTokens  int64  `json:"maxInputTokens"`
	MaxOutputTokens int64  `json:"maxOutputTokens"`
	CreatedAt       int64  `json:"createdAt"`
	UpdatedAt       int64  `json:"updatedAt"`
}

// listModels tells which names a request may use for its model. They are looked
// up once, so that one that goes meanwhile does not break the list.
func listModels(c *call) error {
	models := slices.Clone(c.engine().Models(c.r.Context()))
	read := func(_ context.Context, list engine.List) (engine.Page[model.Listed], error) {
		return modelPage(models, list)
	}
	return answerList(c, newestFirst, shown(read, c.front.showModel))
}

func (f *front) showModel(m model.Listed) modelObject {
	at := millis(f.started)
	return modelObject{
		ID: m.ID, Name: m.ID, Provider: m.Provider, Family: m.Family,
		MaxTokens: m.MaxTokens, MaxInputTokens: m.MaxInput, MaxOutputTokens: m.MaxOutput,
		CreatedAt: at, UpdatedAt: at,
	}
}

// modelPage pages through the models by id, and sorts them. They have no meta, so
// a filter on it finds none.
func modelPage(models []model.Listed, list engine.List) (engine.Page[model.Listed], error) {
	var page engine.Page[model.Listed]
	slices.SortFunc(models, func(a, b model.Listed) int {
		if list.Desc {
			a, b = b, a
		}
		return cmp.Compare(a.ID, b.ID)
	})
	if list.Cursor != "" {
		i := slices.IndexFunc(models, func(m model.Listed) bool { return m.ID == list.Cursor })
		if i < 0 {
			return page, convo.Errorf(convo.Invalid, "unknown cursor; pass the cursor of the last page, or the id of its last item")
		}
		models = models[i+1:]
	}
	if len(list.Meta) > 0 {
		models = nil
	}
	page.Items = models[:min(list.Take, len(models))]
	if n := len(page.Items); n > 0 {
		page.Cursor = page.Items[n-1].ID
	}
	return page, nil
}
