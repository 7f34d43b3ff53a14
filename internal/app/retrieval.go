package app

import (
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

// texts opens what finds records by their words.
func (a *App) texts() retrieve.Texts {
	index := fulltext.New(a.store, fulltext.Options{Memory: int64(a.cfg.Retrieval.Memory), Log: a.log})
	a.onClose(index.Close)
	return index
}
