package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// InlineDataset is a dataset that comes with a turn, and is gone with it.
type InlineDataset struct {
	Name        string
	Description string
	Records     []InlineRecord
}

// InlineRecord is a record of it.
type InlineRecord struct {
	Text string
	Meta convo.JSON
}

const (
	// sourceBytes bounds what the meta of one message says of sources, below what
	// the meta of a message may have.
	sourceBytes = 40 << 10
	// The memories that a turn is told of at most, and their tokens.
	toldMemories = 5
	memoryTokens = 512
)

// lookedUp is what was found, the best first.
type lookedUp struct {
	passages            []passage
	memories            []string
	matched, mismatched []string // instructions of the datasets, where something was found and where nothing was
}

// lookEverywhere searches all that a turn looks in. What cannot be searched is passed
// over, and told to the operator. What is found is masked before a title is made of it,
// if the turn is private.
func (e *Engine) lookEverywhere(ctx context.Context, l *lookup, q finding, secrets *secrecy) lookedUp {
	var out lookedUp
	var seen []string
	files := map[string]*convo.Object{}
	for _, name := range l.datasets {
		dataset, err := e.dataset(ctx, l.tenant, name)
		if err != nil || slices.Contains(seen, dataset.ID) {
			e.notLookedUp(ctx, l, name, err)
			continue
		}
		seen = append(seen, dataset.ID)
		found, err := e.find(ctx, l.tenant, dataset, q)
		if err == nil {
			found, err = secrets.records(ctx, found)
		}
		e.notLookedUp(ctx, l, name, err)
		settings, _ := dataset.Body.(convo.Dataset)
		if len(found) > 0 {
			out.matched = appendSome(out.matched, text(settings.MatchInstruction))
		} else if err == nil {
			out.mismatched = appendSome(out.mismatched, text(settings.MismatchInstruction))
		}
		for _, f := range found {
			out.passages = append(out.passages, e.passage(ctx, l.tenant, f, files))
		}
	}
	for i, d := range l.inline {
		found, err := secrets.records(ctx, e.findInline(d, q.Text))
		e.notLookedUp(ctx, l, d.Name, err)
		for _, f := range found {
			f.Record.ID = strconv.Itoa(i+1) + "." + f.Record.ID
			out.passages = append(out.passages, e.passage(ctx, l.tenant, f, files))
		}
	}
	out.memories = e.recallMemories(ctx, l, q)
	slices.SortStableFunc(out.passages, func(a, b passage) int { return cmp.Compare(b.Score, a.Score) })
	out.passages = bounded(out.passages)
	return out
}

// notLookedUp tells the operator of a dataset that could not be searched.
func (e *Engine) notLookedUp(ctx context.Context, l *lookup, dataset string, err error) {
	if err != nil && ctx.Err() != context.Canceled {
		e.log.Warn("a turn answers without a dataset: it could not be searched", "tenant", l.tenant, "dataset", dataset, "error", err)
	}
}

func appendSome(list []string, text string) []string {
	if text == "" {
		return list
	}
	return append(list, text)
}

// bounded leaves out what has no place in a message: the worst of what was found.
func bounded(list []passage) []passage {
	room := sourceBytes
	for i, p := range list {
		room -= len(p.Title) + len(p.URL) + len(p.Origin) + 300
		if i == maxSources || room < 0 {
			return list[:i]
		}
	}
	return list
}

// findInline searches a dataset that came with the turn.
func (e *Engine) findInline(d InlineDataset, query string) []Found {
	records := make([]convo.Record, len(d.Records))
	for i, r := range d.Records {
		records[i] = convo.Record{ID: strconv.Itoa(i + 1), RecordFields: convo.RecordFields{Text: r.Text, Meta: r.Meta}}
		if d.Name != "" {
			records[i].Name = &d.Name
		}
	}
	var list []Found
	left := int64(foundTokens)
	for _, hit := range e.inline(records)(retrieve.Query{Text: query, Limit: foundRecords}) {
		i, err := strconv.Atoi(hit.Record)
		if err != nil || i < 1 || i > len(records) {
			continue
		}
		r := records[i-1]
		if n := estimate(len(r.Text)); n <= left || len(list) == 0 {
			list, left = append(list, Found{Record: r, Score: hit.Score}), left-n
		}
	}
	return list
}

// recallMemories finds what is remembered of the contact and the bot: of what
// belongs to both, both have to be those of the turn.
func (e *Engine) recallMemories(ctx context.Context, l *lookup, q finding) []string {
	if !l.memory {
		return nil
	}
	var all []Found
	for name, id := range map[string]string{"contact": l.contact, "bot": l.bot} {
		if id == "" {
			continue
		}
		found, err := e.findMemories(ctx, l.tenant, finding{
			Text: q.Text, Outside: q.Outside, Must: []string{convo.Tag(name, id)}, Records: 4 * toldMemories, Tokens: memoryTokens,
		})
		e.notLookedUp(ctx, l, convo.MemoryDataset, err)
		all = append(all, found...)
	}
	all = slices.DeleteFunc(all, func(f Found) bool {
		return f.Record.ContactID != "" && f.Record.ContactID != l.contact || f.Record.BotID != "" && f.Record.BotID != l.bot
	})
	slices.SortFunc(all, func(a, b Found) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Record.ID, b.Record.ID))
	})
	all = onceEach(all)
	var texts []string
	for _, f := range all[:min(len(all), toldMemories)] {
		texts = append(texts, f.Record.Text)
	}
	return texts
}

// onceEach keeps the best of what was found more than once: two searches may give one
// record different scores.
func onceEach(sorted []Found) []Found {
	seen := map[string]bool{}
	return slices.DeleteFunc(sorted, func(f Found) bool {
		again := seen[f.Record.ID]
		seen[f.Record.ID] = true
		return again
	})
}

// passage says where a record is from. files are those that were read for it.
func (e *Engine) passage(ctx context.Context, tenant string, f Found, files map[string]*convo.Object) passage {
	r := f.Record
	p := passage{text: strings.TrimSpace(r.Text)}
	p.Record, p.Dataset, p.File, p.Page, p.Score = r.ID, r.Dataset, r.File, r.Page, f.Score
	name := ""
	if file := e.fileOf(ctx, tenant, r.File, files); file != nil {
		stored, _ := file.Body.(convo.Stored)
		name, p.MediaType = cmp.Or(text(file.Name), stored.Name), stored.MediaType
	}
	p.URL = cmp.Or(webAddress(text(r.Source)), addressIn(r.Meta))
	p.Origin = clipLine(cmp.Or(text(r.Source), name))
	p.Title = clipLine(cmp.Or(text(r.Name), titleOf(name, r.Title), p.Origin, p.text))
	return p
}

// titleOf names a piece of a file.
func titleOf(file, piece string) string {
	if file == "" || piece == "" {
		return file + piece
	}
	return file + ": " + piece
}

// fileOf finds the file of a record; nil if it has none.
func (e *Engine) fileOf(ctx context.Context, tenant, id string, files map[string]*convo.Object) *convo.Object {
	if id == "" {
		return nil
	}
	file, known := files[id]
	if !known {
		if o, err := e.store.Object(ctx, tenant, convo.ObjectFile, id); err == nil {
			file = &o
		}
		files[id] = file
	}
	return file
}

// addressIn gives the address that the meta of a record names, or "".
func addressIn(meta convo.JSON) string {
	var said struct {
		URL string `json:"url"`
	}
	if len(meta) == 0 || json.Unmarshal(meta, &said) != nil {
		return ""
	}
	return webAddress(said.URL)
}
