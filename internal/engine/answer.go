package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/privacy"
)

// How often and how long a model is asked again that failed before its first
// token.
const (
	retries    = 2
	retryFirst = 500 * time.Millisecond
	retryTotal = 10 * time.Second
)

// sink takes the steps of an answer. A stateful turn writes them to the log, a
// stateless one hands them to its reader.
type sink interface {
	// write adds an event. Deltas may be gathered with their neighbours; with
	// more, another event follows without waiting, and they may leave together.
	write(body convo.Body, more bool) error
	// flush says that nothing follows for now, whatever write was told.
	flush() error
	// place is where the next message of the turn stands.
	place() int64
	// messageID names the next message.
	messageID() string
	// part says that what follows is another answer of the model: it leaves a
	// place free, so that prompts can tell what belongs to one answer.
	part()
}

// turnSink is what a turn needs of its sink beside that.
type turnSink interface {
	sink
	// commit writes events after all that came before them, and gives those of
	// them that were written, when they are safe and shown. The end of a call gets
	// its place only then, and is left out if the call has ended already.
	commit(bodies []convo.Body) ([]convo.Event, error)
	// wait says that the turn waits, unless ctx has ended, or no call is open any
	// more that somebody outside answers; waits says which.
	wait(ctx context.Context, waiting convo.TurnWaiting) (waits bool, err error)
	// lost reports whether, after that error, nobody is there any more to take what
	// the turn writes.
	lost(err error) bool
}

// answer is one model call: it asks, passes on what comes, and knows in the
// end what to write about it.
type answer struct {
	choice model.Choice
	limit  int   // bytes of text
	from   int64 // the place from which the history went into the prompt
	quiet  bool  // it need not say anything: the turn has its answer already
	sink   sink
	watch  CallObservation

	asked    time.Time
	took     time.Duration
	first    time.Duration // to the first token
	prompted int64         // estimated tokens of the prompt
	bytes    int           // of all text that came
	thought  int           // of it, reasoning
	grown    int           // bytes that it has more for those who see the values behind placeholders
	report   model.Report

	open    string // id of the message that is being written, valid with opened
	opened  bool
	at      int64
	kind    convo.MessageType
	text    strings.Builder
	held    string // the end of what came, which may be the beginning of a placeholder
	cites   citer
	secrets *secrecy
	before  string // the end of the text before that, as it came
	shift   int    // how much longer the open message's text is when it is restored
	spoken  bool   // a bot message was ended
	calls   []model.Call
	stopped model.StopReason
	full    bool // our own limit cut it
	more    bool // the model's next event is at hand
}

// observe tells the observer of the call. It comes before run, which works under
// the context that it gives.
func (a *answer) observe(ctx context.Context, o Observer, conversation string, messages []model.Message) context.Context {
	ctx, a.watch = o.ModelAsked(ctx, CallStart{Conversation: conversation, Choice: a.choice, Messages: messages})
	return ctx
}

// run asks the model and passes its answer on until it ends. What it returns
// is why: nil for a whole answer, even one that a limit cut.
func (a *answer) run(ctx context.Context, request *model.Request) error {
	a.asked = time.Now()
	defer func() { a.took = time.Since(a.asked) }()
	if err := a.sink.write(convo.ModelAsked{Model: a.choice.ID, From: a.from, Prompt: a.prompted, Force: request.Force}, false); err != nil {
		return err
	}
	for try := 0; ; try++ {
		a.calls = nil
		err := a.stream(ctx, request)
		if err == nil || a.bytes > 0 || a.opened || try == retries {
			return err
		}
		if !a.wait(ctx, err, try) {
			return err
		}
	}
}

// wait sleeps before the model is asked again. It reports false when it should
// not be, or when the turn ends meanwhile.
func (a *answer) wait(ctx context.Context, err error, try int) bool {
	failed, ok := errors.AsType[*model.Error](err)
	if !ok || !failed.Temporary() {
		return false
	}
	pause := max(retryFirst<<try, failed.RetryAfter)
	if time.Since(a.asked)+pause > retryTotal {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// stream asks once. A panic of the provider is an error like others, so that
// what came before it is kept.
func (a *answer) stream(ctx context.Context, request *model.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = a.failed(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	for event, err := range a.choice.Provider.Stream(ctx, request) {
		if err != nil {
			return a.failed(err)
		}
		if err := a.take(event); err != nil || a.stopped != 0 {
			return err
		}
	}
	return a.failed(&model.Error{Kind: model.Incomplete, Provider: a.choice.ProviderName, Message: "the model's answer ended without a reason"})
}

// failed tells the observer of a failure that is the provider's, not the sink's.
func (a *answer) failed(err error) error {
	a.watch.Failed(err)
	return err
}

func (a *answer) take(event model.Event) error {
	a.more = event.More
	switch event.Type {
	case model.Text:
		return a.addAll(convo.Bot, event.Text)
	case model.Reasoning:
		return a.addAll(convo.Reasoning, event.Text)
	case model.ToolCall:
		a.calls = append(a.calls, *event.Call)
	case model.Usage:
		a.report = *event.Usage
	case model.Finish:
		a.stopped = event.Stop
		return nil // the end of the answer follows
	}
	if event.More {
		return nil
	}
	return a.sink.flush()
}

// restoredAtOnce is how many bytes of text are restored before it is seen how long
// they have become.
const restoredAtOnce = 1 << 10

// addAll is add for text of any length.
func (a *answer) addAll(kind convo.MessageType, text string) error {
	for a.secrets != nil && len(text) > restoredAtOnce && !a.full {
		n := runeAt(text, restoredAtOnce)
		if err := a.add(kind, text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	if a.full {
		return nil
	}
	return a.add(kind, text)
}

// add passes on a piece of text, and opens and ends messages where the model
// changes between thinking and speaking.
func (a *answer) add(kind convo.MessageType, text string) error {
	if text == "" {
		return nil
	}
	if (a.opened || a.held != "") && a.kind != kind {
		if err := a.end(false); err != nil {
			return err
		}
	}
	if a.first == 0 {
		a.first = time.Since(a.asked)
	}
	if left := a.limit - a.bytes - a.grown; len(text) > left {
		text, a.stopped, a.full = strings.ToValidUTF8(text[:max(left, 0)], ""), model.StopLength, true
	}
	a.bytes += len(text)
	if kind == convo.Reasoning {
		a.thought += len(text)
	}
	if a.secrets != nil {
		held, err := a.hold(kind, text)
		if err != nil || held == "" {
			return err
		}
		text = held
	}
	return a.say(kind, text)
}

// hold gives what may be said now of a piece of text and of what was held back: no
// placeholder is said in pieces, so that each can be restored where it stands.
func (a *answer) hold(kind convo.MessageType, text string) (string, error) {
	text = a.held + text
	n := a.secrets.settled(text)
	a.kind, a.held = kind, text[n:]
	return a.veil(text[:n])
}

// veil masks a piece of text that is said now: a model makes up values, too.
func (a *answer) veil(text string) (string, error) {
	masked, err := a.secrets.after(a.before, text)
	if privacy.MayHold(masked) {
		a.grown += max(0, a.secrets.vault.Longer(masked))
	}
	if a.before += text; len(a.before) > veiledAfter {
		a.before = strings.ToValidUTF8(a.before[len(a.before)-veiledAfter:], "")
	}
	return masked, err
}

// veiledAfter is how many bytes are looked at before a piece of text, to see what is
// in it.
const veiledAfter = 64

// letGo says what was held back, at the end of a message.
func (a *answer) letGo() error {
	held := a.held
	if a.held = ""; held == "" {
		return nil
	}
	masked, err := a.veil(held)
	if err != nil {
		return err
	}
	a.before = ""
	return a.say(a.kind, masked)
}

func (a *answer) say(kind convo.MessageType, text string) error {
	if !a.opened {
		a.open, a.at, a.kind, a.opened = a.sink.messageID(), a.sink.place(), kind, true
		a.shift = 0
		a.cites.begin()
		if err := a.sink.write(convo.MessageStarted{ID: a.open, Place: a.at, Type: kind}, true); err != nil {
			return err
		}
	}
	if a.citing() && text != "" {
		return a.cites.take(text, a.cite)
	}
	a.text.WriteString(text)
	return a.sink.write(convo.Delta{Message: a.open, Type: kind, Text: text}, a.more)
}

// citing reports whether the open message may cite something.
func (a *answer) citing() bool { return a.opened && a.kind == convo.Bot && len(a.cites.sources) > 0 }

// cite passes on a piece of text, behind the citation of it; what follows comes in
// any case, or a flush.
func (a *answer) cite(text string, cited *convo.Citation) error {
	if cited != nil {
		if err := a.sink.write(convo.Cited{Message: a.open, Citation: *cited, Shift: a.shift}, true); err != nil {
			return err
		}
	}
	a.shift += a.secrets.shift(text)
	a.text.WriteString(text)
	return a.sink.write(convo.Delta{Message: a.open, Type: a.kind, Text: text}, true)
}

// end closes the open message, if there is one.
func (a *answer) end(incomplete bool) error {
	if err := a.letGo(); err != nil {
		return err
	}
	if !a.opened {
		return nil
	}
	if a.citing() {
		if err := a.cites.rest(a.cite); err != nil {
			return err
		}
	}
	ended := convo.MessageEnded{
		ID: a.open, Place: a.at, Type: a.kind, Text: a.text.String(), Incomplete: incomplete, Citations: a.cites.made,
	}
	a.opened = false
	a.spoken = a.spoken || a.kind == convo.Bot
	a.text = strings.Builder{}
	a.watch.Said(ended.Type, ended.Text)
	return a.sink.write(ended, true)
}

// finish ends the open message and gives what is to be written behind the calls
// of the answer. An answer that is whole has calls or at least one bot message, be
// it empty.
func (a *answer) finish(failed error) (convo.ModelAnswered, error) {
	if failed != nil {
		a.calls = nil
	}
	answered := a.answered()
	err := a.close(failed)
	a.watch.Ended(CallEnd{Answered: answered, Stop: a.stopped, Err: errors.Join(failed, err)})
	return answered, err
}

func (a *answer) close(failed error) error {
	if err := a.letGo(); err != nil {
		return err
	}
	silent := !a.spoken && !(a.opened && a.kind == convo.Bot) && len(a.calls) == 0
	if failed == nil && silent && !a.quiet {
		if err := a.end(false); err != nil {
			return err
		}
		if err := a.say(convo.Bot, ""); err != nil {
			return err
		}
	}
	return a.end(failed != nil)
}

// abandon ends the call of an answer that nobody reads any more.
func (a *answer) abandon(failed error) {
	if a.opened {
		a.watch.Said(a.kind, a.text.String())
	}
	a.watch.Ended(CallEnd{Answered: a.answered(), Err: failed, Left: true})
}

func (a *answer) answered() convo.ModelAnswered {
	return convo.ModelAnswered{
		Model: a.choice.ID, Usage: a.usage(),
		FirstToken: a.first.Round(time.Microsecond), Took: a.took.Round(time.Microsecond),
	}
}

// usage is what the provider reported, and our estimate for the rest.
func (a *answer) usage() convo.Usage {
	pick := func(reported *int64, guess int64) convo.Tokens {
		if reported != nil {
			return convo.Tokens{N: *reported}
		}
		return convo.Tokens{N: guess, Estimated: true}
	}
	return convo.Usage{
		Input:     pick(a.report.Input, a.prompted),
		Cached:    pick(a.report.Cached, 0),
		Reasoning: pick(a.report.Reasoning, estimate(a.thought)),
		Output:    pick(a.report.Output, estimate(a.bytes+a.called())),
	}
}

// called is how many bytes the answer's calls have.
func (a *answer) called() int {
	n := 0
	for _, c := range a.calls {
		n += len(c.Name) + len(c.Arguments)
	}
	return n
}

// ending says how a turn ends: for that reason, or because of err. It logs what
// callers are not told.
func (e *Engine) ending(ctx context.Context, reason convo.EndReason, err error) convo.TurnEnded {
	switch cause := context.Cause(ctx); {
	case err == nil:
		return convo.TurnEnded{Reason: reason}
	case errors.Is(cause, errShutdown):
		return convo.TurnEnded{Reason: convo.EndStopped, Failure: &convo.Failure{Kind: convo.Unavailable, Message: "the server shut down before the answer was complete"}}
	case cause != nil:
		return convo.TurnEnded{Reason: convo.EndStopped}
	}
	end := convo.TurnEnded{Reason: convo.EndFailed, Failure: failure(err)}
	if end.Failure.Kind == convo.Internal {
		e.log.Error("turn failed", "error", err)
	} else {
		e.log.Warn("turn failed", "error", err)
	}
	return end
}

// failure is what callers may know of an error that ended a turn.
func failure(err error) *convo.Failure {
	if f, ok := errors.AsType[*model.Error](err); ok {
		return &convo.Failure{Kind: providerKind(f.Kind), Message: f.Message, RetryAfter: f.RetryAfter}
	}
	public := convo.PublicError(err)
	f := &convo.Failure{Kind: public.Kind, Message: public.Message, RetryAfter: public.RetryAfter}
	if f.Kind == convo.QuotaReached {
		f.Code = string(LimitsReached)
	}
	return f
}

// providerKind is what a provider's failure means to the caller. A refused key
// is for the operator to mend, and trying again does not help, so it is not
// among the kinds that clients repeat.
func providerKind(k model.ErrorKind) convo.Kind {
	switch k {
	case model.Rejected, model.Unauthorized:
		return convo.Invalid
	case model.Limited:
		return convo.RateLimited
	case model.Silent:
		return convo.UpstreamTimeout
	}
	return convo.UpstreamFailed
}
