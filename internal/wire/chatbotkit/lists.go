package chatbotkit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// The bounds of what a list holds in memory. An item may be large: all of its
// texts at their limits make 800 KiB.
const (
	readItems = 25       // are read at once, of a stream fewer at first
	readFirst = 8        // of a stream
	readBytes = 1 << 20  // of a stream are read at once, as far as those before suggest; of a log, too
	listBytes = 32 << 20 // of items in one object; the cursor says where it ended
)

// pager reads a page of a list and gives it as it is shown.
type pager[T any] func(context.Context, engine.List) (engine.Page[T], error)

// listObject is a page. Clients count on both fields: an empty page is [] and
// "", never absent.
type listObject[T any] struct {
	Items  []T    `json:"items"`
	Cursor string `json:"cursor"`
}

// listParams are the parameters that all lists take.
type listParams struct {
	order, cursor httpio.Param[string]
	take          httpio.Param[int64]
	meta          httpio.Param[map[string]string]
}

// The bounds of a filter on meta. Each level of a key decodes what lies below
// it once more, for each object of the list.
const (
	maxFilters = 16
	maxLevels  = 16
)

// Lists differ in the order that they have unless another one is asked for.
var (
	newestFirst = newListParams("desc", "asc")
	oldestFirst = newListParams("asc", "desc")
)

func newListParams(orders ...string) listParams {
	return listParams{
		order:  httpio.ChoiceParam("order", "By creation, messages by their place in the conversation.", orders...),
		cursor: httpio.StringParam("cursor", "Where the page before ended: its cursor, or the id of its last item. The list goes on behind it."),
		take: httpio.IntParam("take", 1, engine.MaxTake, 0,
			fmt.Sprintf("How many items. Unless given, %d as JSON, and all there are as JSON Lines or CSV. A page of JSON ends early where it would be larger than %d MiB; its cursor goes on.",
				engine.DefaultTake, listBytes>>20)),
		meta: httpio.GroupParam("meta", maxFilters, maxLevels,
			"Only objects whose meta has these values, as in meta[lang]=en or meta.lang=en; all of them must hold. Dots lead into nested objects."),
	}
}

// declared are the parameters for the table of operations.
func (p listParams) declared() []httpio.Declared {
	return []httpio.Declared{p.order, p.take, p.cursor, p.meta}
}

// listQuery decodes the query of a list. take is 0 where it was not given.
func (c *call) listQuery(params listParams) (list engine.List, err error) {
	order, err := param(c, params.order)
	if err != nil {
		return list, err
	}
	take, err := param(c, params.take)
	if err != nil {
		return list, err
	}
	cursor, err := param(c, params.cursor)
	if err != nil {
		return list, err
	}
	meta, err := param(c, params.meta)
	if err != nil {
		return list, err
	}
	list = engine.List{Desc: order == "desc", Take: int(take), Cursor: cursor}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		list.Meta = append(list.Meta, convo.MetaFilter{Key: key, Value: meta[key]})
	}
	return list, nil
}

// answerList answers with a page as JSON, or with all items as lines.
func answerList[T any](c *call, params listParams, page pager[T]) error {
	list, err := c.listQuery(params)
	if err != nil {
		return err
	}
	if c.lines {
		return streamList(c, newPages(list, readFirst, page))
	}
	list.Take = cmp.Or(list.Take, engine.DefaultTake)
	return listPage(c, newPages(list, readItems, page))
}

// listPage answers with a page as one object. It ends early where it would become
// too large.
func listPage[T any](c *call, p *pages[T]) error {
	object := []byte(`{"items":[`)
	for len(object) < listBytes {
		items, err := p.next(c.r.Context())
		if err != nil {
			return err
		}
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			if object[len(object)-1] != '[' {
				object = append(object, ',')
			}
			object = append(object, encode(item)...)
		}
	}
	object = append(append(object, `],"cursor":`...), encode(p.cursor)...)
	return c.answer(append(object, '}'), false)
}

// streamList sends one line for each item: all there are, or as many as take
// says. Errors before the first line keep their status. The last line of what was
// read waits for more, or for the end: looking for more may take long, and the
// blanks of a silence must not follow the last line of all.
func streamList[T any](c *call, p *pages[T]) error {
	items, err := p.next(c.r.Context())
	if err != nil {
		return err
	}
	out := httpio.StreamLines(c.w)
	defer out.Close()
	var buf []byte
	for len(items) > 0 {
		read := 0
		for i, item := range items {
			if len(buf) >= keptBuffer || i == len(items)-1 && len(buf) > 0 {
				if err := out.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
			object := encode(item)
			read += len(object)
			buf = append(buf, `{"type":"item","data":`...)
			buf = httpio.AppendASCII(buf, object)
			buf = append(buf, "}\n"...)
		}
		p.size.weigh(read, readItems)
		if items, err = p.next(c.r.Context()); err != nil {
			return err
		}
	}
	return out.End(buf)
}

// pages reads a list piece by piece.
type pages[T any] struct {
	read   pager[T]
	list   engine.List
	left   int // 0 = no bound
	size   pace
	ended  bool
	cursor string // of what was given so far, "" = of nothing
}

// newPages reads as many items as list takes, or all with 0; so many at first.
func newPages[T any](list engine.List, first int, read pager[T]) *pages[T] {
	return &pages[T]{read: read, list: list, left: list.Take, size: pace(first)}
}

// next gives some items; none are the end of the list.
func (p *pages[T]) next(ctx context.Context) ([]T, error) {
	if p.ended {
		return nil, nil
	}
	p.list.Take = int(p.size)
	if p.left > 0 {
		p.list.Take = min(p.left, int(p.size))
	}
	found, err := p.read(ctx, p.list)
	if err != nil {
		return nil, err
	}
	n := len(found.Items)
	if n > 0 {
		p.cursor = found.Cursor
	}
	p.list.Cursor = found.Cursor
	p.ended = n < p.list.Take || n == p.left
	p.left -= min(p.left, n)
	return found.Items, nil
}

// pace is how many things are read next. A reader who stops reading holds them for
// as long as he is waited for.
type pace int

// weigh says how many bytes those were that were read last; no more than most are
// read next.
func (p *pace) weigh(bytes, most int) {
	n := int(*p)
	*p = pace(max(1, min(4*n, n*readBytes/max(bytes, 1), most)))
}

// shown makes a pager of the engine's objects one of the front's.
func shown[T, U any](read func(context.Context, engine.List) (engine.Page[T], error), show func(T) U) pager[U] {
	return func(ctx context.Context, list engine.List) (engine.Page[U], error) {
		found, err := read(ctx, list)
		page := engine.Page[U]{Cursor: found.Cursor}
		for _, item := range found.Items {
			page.Items = append(page.Items, show(item))
		}
		return page, err
	}
}

// conversations pages through what the caller's tenant has.
func (c *call) conversations() pager[conversationObject] {
	return shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Conversation], error) {
		return c.engine().Conversations(ctx, c.actor, list)
	}, showConversation)
}

// listConversations shows the newest first.
func listConversations(c *call) error { return answerList(c, newestFirst, c.conversations()) }

// listMessages shows a conversation as it was held, from its beginning.
func listMessages(c *call) error {
	return answerList(c, oldestFirst, shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Message], error) {
		return c.engine().Messages(ctx, c.actor, c.conversation(), list)
	}, c.showMessage))
}
