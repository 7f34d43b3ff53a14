// Package engine holds the use cases of a conversation server: what may be
// done to conversations and by whom, and how a turn runs.
//
// A turn belongs to the server, not to the connection that asked for it. A
// stateful turn is admitted in one durable transaction, together with the
// user's message; from then on it runs on its own goroutine, writes every step
// to the conversation's log before anybody sees it, and ends in one durable
// transaction. Whoever wants to see it reads the log. A stateless turn has no
// log: it runs on the goroutine that reads it and ends with it.
//
// A turn is a loop: the model is asked, what it calls is carried out, and it is
// asked again with the results. A call of a tool is in the log, safe from the loss
// of power, before it is begun, so that it is made at most once. A turn that waits
// for somebody outside is left by its goroutine; who answers it starts it again.
// What it does then, as after a crash, follows from its events and from what it was
// given, which is kept beside it, encrypted, as long as it is open.
//
// # Locking
//
// The state of conversations is decided in transactions of the store, and only
// there. The engine's own memory (which turns run in this process, which
// requests have a live connection) only serves to reach them, and what it
// remembers of their histories only spares it reading them.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/moderate"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/schema"
	"github.com/parleyhq/parley/internal/speak"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/transcribe"
)

// Models finds the model for a model string: *model.Catalog.
type Models interface {
	Resolve(ctx context.Context, spec string) (model.Choice, error)
	List(ctx context.Context) []model.Listed
}

// Sealer encrypts what is kept at rest. context binds a text to its place.
type Sealer interface {
	Seal(plain, context []byte) []byte
	Open(sealed, context []byte) ([]byte, error)
}

// Limits bounds what callers may send and what turns may use.
type Limits struct {
	Queue  int   // turns that may wait behind the active one of a conversation
	Text   int   // bytes of one message
	Meta   int   // bytes of one meta object; that of an activity has room for a result besides
	Answer int   // bytes of one answer; beyond that it ends with length
	File   int64 // bytes of one file that is brought to a conversation, and of all that come with a turn
	Images ImageLimits

	Approval    time.Duration // how long a call waits for its user, or for the client that carries it out
	ChannelWait time.Duration // how long a call waits for a message on its channel
	ChannelKeep time.Duration // how long what was published on a channel is kept
	Input       time.Duration // how long an exchange may wait for more of what its client says
	Turn        TurnLimits    // what one turn may ask for at most
	ToolTime    time.Duration // how long one call of a tool may take
	Compact     bool          // sum up a conversation whose window has filled
	Background  int           // turns of a tenant that may run in the background when one more is asked for
}

// DefaultLimits are the documented ones.
func DefaultLimits() Limits {
	return Limits{
		Queue: 16, Text: 256 << 10, Meta: 64 << 10, Answer: 4 << 20, File: 25 << 20,
		Approval: 24 * time.Hour, ChannelWait: 10 * time.Minute, ChannelKeep: 24 * time.Hour, Input: 10 * time.Minute,
		Turn: TurnLimits{Iterations: 100, Continuations: 10, Calls: 500}, ToolTime: time.Minute,
		Background: 256, Images: ImageLimits{Count: maxImages, Each: maxImageBytes, Total: maxImagesBytes},
	}
}

// Options is what an Engine needs. Store, Hub, Models, Sealer, Limits and NewSecret are
// required.
type Options struct {
	Store  store.Store
	Hub    *hub.Hub
	Models Models
	Sealer Sealer
	Limits Limits
	// Tools gives turns the tools of the server; nil = there are none.
	Tools tool.Set
	// Transcriber writes down recordings; nil = they are refused.
	Transcriber transcribe.Transcriber
	// Speaker says messages; nil = that is refused.
	Speaker speak.Speaker
	// Moderator judges what users say; nil = what asks for that is refused.
	Moderator moderate.Moderator
	// Abilities carries out abilities on their own; nil = they are refused.
	Abilities Abilities
	// Texts finds records by their words; nil = nothing is found.
	Texts retrieve.Texts
	// Vectors finds them by what they mean, with what Embedder makes of them; nil =
	// only words count.
	Vectors  retrieve.Vectors
	Embedder embed.Embedder
	// Documents reads files.
	Documents document.Reader
	// Fetcher reads files from addresses; nil = they are refused.
	Fetcher Fetcher
	// Inline makes the search of records that come with a turn; nil = they are
	// refused.
	Inline func(records []convo.Record) func(retrieve.Query) []retrieve.Hit
	// BotDatasets names the datasets that the configuration gives a bot; nil = none.
	BotDatasets func(tenant, bot string) []string
	Log         *slog.Logger
	// Quotas bound what turns use; nil = nothing does.
	Quotas []Quota
	// Observer is told what turns do; nil = nobody is.
	Observer Observer
	// NewSecret makes a token's secret and its hash.
	NewSecret func() (string, convo.TokenHash)
}

// Engine runs the use cases. Make one with New, call Start before anything
// else, and Drain before the store is closed.
type Engine struct {
	store     store.Store
	hub       *hub.Hub
	models    Models
	sealer    Sealer
	limits    Limits
	tools     tool.Set
	schemas   *schema.Cache
	toolSlots chan struct{} // one for each tool that runs
	log       *slog.Logger
	observer  Observer
	newSecret func() (string, convo.TokenHash)
	quotas    *quotas

	transcriber transcribe.Transcriber
	moderator   moderate.Moderator
	hearing     chan struct{} // one for each recording that is written down
	recordings  chan struct{} // with those that wait for it
	speaker     speak.Speaker
	speeches    *speeches

	abilities  Abilities
	executions *executions

	texts       retrieve.Texts
	vectors     retrieve.Vectors
	embedder    embed.Embedder
	documents   document.Reader
	fetcher     Fetcher
	indexing    *indexing
	embedding   *indexing
	inline      func(records []convo.Record) func(retrieve.Query) []retrieve.Hit
	botDatasets func(tenant, bot string) []string

	repeats  *repeats
	shared   *sharedRuns
	pasts    *pasts
	vaults   *vaults
	held     *heldTexts
	scribe   *scribe
	channels *channelHub
	waits    *callWaits
	idle     *idleInputs

	ctx    context.Context // ends when running turns must end; its cause says why
	cancel context.CancelCauseFunc
	calm   context.Context // ends when a drain begins
	hurry  context.CancelFunc
	over   context.Context // ends when nothing will be written any more
	finish context.CancelCauseFunc

	full atomic.Bool // the latest write found no room

	mu          sync.Mutex
	draining    bool
	damaged     map[hub.Key]bool // conversations that could not be recovered
	labels      map[hub.Key]bool // conversations whose label is being made
	compactions compactions      // under mu
	turns       map[string]*run  // turns that run in this process, by id
	background  map[string]int   // of them, those in the background, by tenant
	active      sync.WaitGroup   // admissions, runs, and stateless turns that may be kept
	read        sync.WaitGroup   // stateless turns that are being read
}

// errShutdown ends the turns that are still running when a drain is over.
var errShutdown = errors.New("the server shut down")

// New makes an engine that does nothing yet.
func New(o Options) *Engine {
	// The context is the engine's own life, which no caller's context spans.
	ctx, cancel := context.WithCancelCause(context.Background())
	calm, hurry := context.WithCancel(ctx)
	over, finish := context.WithCancelCause(context.Background())
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	observer := o.Observer
	if observer == nil {
		observer = unobserved{}
	}
	e := &Engine{
		store: o.Store, hub: o.Hub, models: o.Models, sealer: o.Sealer,
		limits: o.Limits, log: log, observer: observer, newSecret: o.NewSecret, quotas: newQuotas(o.Quotas, o.Store),
		tools: o.Tools, schemas: schema.NewCache(schemaBytes), toolSlots: make(chan struct{}, allTools),
		transcriber: o.Transcriber, moderator: o.Moderator, hearing: make(chan struct{}, transcriptions), recordings: make(chan struct{}, recordings), abilities: o.Abilities, executions: newExecutions(),
		speaker: o.Speaker, speeches: newSpeeches(),
		repeats: newRepeats(), shared: newSharedRuns(), pasts: newPasts(), vaults: newVaults(), held: newHeldTexts(), channels: newChannelHub(),
		ctx: ctx, cancel: cancel, calm: calm, hurry: hurry, over: over, finish: finish, turns: map[string]*run{}, background: map[string]int{}, damaged: map[hub.Key]bool{},
		labels: map[hub.Key]bool{}, compactions: newCompactions(),
		texts: o.Texts, vectors: o.Vectors, embedder: o.Embedder, documents: o.Documents, fetcher: o.Fetcher,
		inline: o.Inline, botDatasets: o.BotDatasets,
	}
	e.indexing = newIndexing(e.lookAt, e.mayWork, e.active.Done, e.couldNotIndex)
	e.embedding = newIndexing(e.embed, e.mayWork, e.active.Done, e.couldNotEmbed)
	e.scribe = newScribe(e)
	e.waits = newCallWaits(e.expire)
	e.idle = newIdleInputs(o.Limits.Input, e.closeInput)
	return e
}

// stopTime is how long turns that were stopped may take to write their ends: far
// longer than a disk needs that works.
const stopTime = 10 * time.Second

// Limits are those that the engine was made with.
func (e *Engine) Limits() Limits { return e.limits }

// Drain refuses new turns, lets running ones finish until ctx ends, stops the
// rest, and sends readers away when none runs. Turns in the background, queued and
// waiting ones are left: they go on at the next start, and those of the background
// that run are cut short for that. An error says that some turn did not end
// even then, because the store does not answer; they are closed at the next start.
// A stateless turn whose reader takes nothing is no error: it ends with its
// connection.
func (e *Engine) Drain(ctx context.Context) error {
	e.mu.Lock()
	e.draining = true
	e.hurry()
	for _, r := range e.turns {
		if r.background {
			r.cancel(errShutdown)
		}
	}
	e.mu.Unlock()
	e.indexing.close()
	e.embedding.close()
	stored, all := make(chan struct{}), make(chan struct{})
	go func() {
		e.active.Wait()
		close(stored)
		e.read.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-ctx.Done():
	}
	e.cancel(errShutdown)
	e.waits.disarm()
	e.idle.disarm()
	defer e.finish(errDraining())
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-all:
		return nil
	case <-timer.C:
	}
	select {
	case <-stored:
		return nil
	default:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return fmt.Errorf("%d turns could not be ended in %s: the store does not answer", len(e.turns), stopTime)
}

func errDraining() error {
	return &convo.Error{Kind: convo.Unavailable, Message: "the server is shutting down; try again", RetryAfter: time.Second}
}

// enter counts a turn as running, unless the engine drains.
func (e *Engine) enter(group *sync.WaitGroup) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return errDraining()
	}
	group.Add(1)
	return nil
}

// update writes to one conversation and publishes what was written. A caller
// that goes away does not take a transaction with it that may have been
// carried out.
func (e *Engine) update(ctx context.Context, key hub.Key, sync store.Sync, fn func(store.Tx) error) error {
	_, err := e.updated(ctx, key, sync, fn)
	return err
}

// updated is update for a caller who needs the events as they were written.
func (e *Engine) updated(ctx context.Context, key hub.Key, sync store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	return e.updatedThen(ctx, key, sync, fn, func() {})
}

// updatedThen is updated with something to do once it is written and before anybody
// knows of it.
func (e *Engine) updatedThen(ctx context.Context, key hub.Key, sync store.Sync, fn func(store.Tx) error, then func()) ([]convo.Event, error) {
	var last *maskingTx
	events, err := e.store.Update(context.WithoutCancel(ctx), key.Tenant, key.Conversation, sync, func(tx store.Tx) error {
		last.over(errRunsAgain)
		last = e.masking(key, tx)
		return fn(last)
	})
	last.over(err)
	e.noteRoom(err)
	if err != nil {
		return nil, err
	}
	then()
	e.quotas.settle(events)
	e.hub.Publish(key, events)
	return events, nil
}

// noteRoom logs that the disk is full when it becomes so, not with every write
// that fails.
func (e *Engine) noteRoom(err error) {
	switch full := errors.Is(err, store.ErrFull); {
	case full && e.full.CompareAndSwap(false, true):
		e.log.Error("the disk is full: nothing can be stored until it has room", "error", err)
	case err == nil && e.full.Load() && e.full.CompareAndSwap(true, false):
		e.log.Info("the disk has room again")
	}
}

// newID makes an id for anything but secrets: unique, ordered by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// now is the time as it is stored.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
