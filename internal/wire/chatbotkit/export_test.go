package chatbotkit

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// Row is an operation as tests see it.
type Row struct {
	Method, Path   string
	Session, Later bool
	Request        reflect.Type
}

// Rows gives the table of operations, and those that are for later versions.
func Rows() []Row {
	var rows []Row
	for _, op := range operations() {
		rows = append(rows, Row{op.method, op.path, op.session, false, op.request})
	}
	for _, op := range laterOperations() {
		rows = append(rows, Row{op.method, op.path, op.session, true, nil})
	}
	return rows
}

// Decoders decodes a body as each request type.
func Decoders() map[reflect.Type]func([]byte) error {
	all := map[reflect.Type]func([]byte) error{}
	decoder[conversationRequest](all)
	decoder[createConversationRequest](all)
	decoder[createMessageRequest](all)
	decoder[updateMessageRequest](all)
	decoder[sendRequest](all)
	decoder[upvoteRequest](all)
	decoder[downvoteRequest](all)
	decoder[createSessionRequest](all)
	decoder[completeRequest](all)
	decoder[receiveRequest](all)
	decoder[completeStatelessRequest](all)
	decoder[stopRequest](all)
	decoder[publishRequest](all)
	decoder[subscribeRequest](all)
	decoder[dispatchRequest](all)
	decoder[dispatchStatelessRequest](all)
	decoder[emptyRequest](all)
	decoder[botRequest](all)
	decoder[botSessionRequest](all)
	decoder[skillsetRequest](all)
	decoder[abilityRequest](all)
	decoder[executeRequest](all)
	decoder[secretRequest](all)
	decoder[createDatasetRequest](all)
	decoder[datasetRequest](all)
	decoder[searchRequest](all)
	decoder[createRecordRequest](all)
	decoder[updateRecordRequest](all)
	decoder[attachRequest](all)
	decoder[detachRequest](all)
	decoder[fileRequest](all)
	decoder[uploadRequest](all)
	decoder[contactRequest](all)
	decoder[ensureContactRequest](all)
	decoder[upsertContactRequest](all)
	decoder[subscribeEntriesRequest](all)
	decoder[createMemoryRequest](all)
	decoder[updateMemoryRequest](all)
	decoder[searchMemoriesRequest](all)
	decoder[searchAllMemoriesRequest](all)
	decoder[compactStatelessRequest](all)
	return all
}

func decoder[T any](all map[reflect.Type]func([]byte) error) {
	all[reflect.TypeFor[T]()] = func(body []byte) error {
		_, err := httpio.Decode[T](body)
		return err
	}
}

// TokenLines renders the same event again and again, for the benchmark.
func TokenLines(n func() bool) int {
	var l lines
	e := convo.Event{Seq: 12345, Body: convo.Delta{Message: "m", Type: convo.Bot, Text: " quite ordinary"}}
	total := 0
	for n() {
		l.turnEvent(&e, nil)
		total += len(l.take())
	}
	return total
}

// RenderTurn gives the lines of a turn of a conversation.
func RenderTurn(events ...convo.Event) string {
	var l lines
	view := turnView{conversation: "c"}
	for i := range events {
		view.see(&events[i])
		l.turnEvent(&events[i], &view)
	}
	return string(l.take())
}

// ExtendMeta is what reads add to a message's meta.
func ExtendMeta(meta string, incomplete bool, turn string, citations ...convo.Citation) string {
	return string(extendMeta(convo.JSON(meta), incomplete, turn, citations, nil))
}

// Document is the description of the operations, as it is served.
func Document() ([]byte, error) {
	d, err := newDocument(engine.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return d.JSON()
}

// Strings reads a list of strings.
type Strings = func(context.Context, engine.List) (engine.Page[string], error)

// ListPage answers with a page of a list, as JSON.
func ListPage(w *httpio.Response, r *http.Request, list engine.List, read Strings) error {
	return listPage(&call{w: w, r: r}, newPages(list, readItems, read))
}

// StreamList answers with a list, as lines.
func StreamList(w *httpio.Response, r *http.Request, list engine.List, read Strings) error {
	return streamList(&call{w: w, r: r}, newPages(list, readFirst, read))
}

// ListTypes are the types of lists that requests hold without naming them.
func ListTypes() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[[]entity](), reflect.TypeFor[skillList]()}
}

// BlobKey makes a key for an upload, by a clock, and says whether keys are good.
func BlobKey(at *time.Time) (key string, good func(string) bool) {
	k := blobKeys{secret: []byte("k"), now: func() time.Time { return *at }}
	return k.key(blob{Tenant: "t", File: "f", Size: 1}), func(key string) bool { _, ok := k.open(key); return ok }
}
