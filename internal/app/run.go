package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/httpio"
)

// How long answers may take to leave once no turn runs any more: at first the
// ones that end by themselves, then those that were told to end.
const (
	leaveTime = time.Second
	cutTime   = 5 * time.Second
)

// closeTime is how long what serves, and later the data, may take to come to an
// end. Only a disk that does not answer takes that long.
const closeTime = 10 * time.Second

// errShutdown ends the requests that would otherwise never end.
var errShutdown = errors.New("the server is shutting down")

// Run brings the turns of the process before this one to life again, serves
// until ctx ends, and shuts down in order. It returns nil after that. An error
// says that something did not end in time, because the disk does not answer: the
// process must end all the same, and its next start closes what is left.
func (a *App) Run(ctx context.Context) error {
	err := a.prepare(ctx)
	if err != nil {
		// What was brought to life already must not lose its store.
		drained := a.drain(context.WithoutCancel(ctx))
		if ctx.Err() != nil {
			return drained // told to stop before it began
		}
		return errors.Join(err, drained)
	}
	// What serves outlives ctx: its end is where the shutdown begins.
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	servers := []*httpio.Server{a.server(work, a.handler)}
	listeners := []net.Listener{a.public}
	if a.local != nil {
		servers, listeners = append(servers, a.server(work, a.commands)), append(listeners, a.local)
	}
	for _, b := range a.beside {
		servers, listeners = append(servers, a.server(work, b.handler)), append(listeners, b.listener)
	}
	var group sync.WaitGroup
	failed := make(chan error, len(servers))
	for i, s := range servers {
		group.Go(func() {
			if err := s.Serve(listeners[i]); err != nil {
				failed <- err
			}
		})
	}
	group.Go(func() { a.engine.Sweep(work) })
	group.Go(func() { a.watchModels(work) })
	if a.logins != nil {
		group.Go(func() { a.logins.Sweep(work) })
	}
	a.state.set(running)
	close(a.ready)
	a.log.Info("ready", "url", a.URL(), "data", a.cfg.Data)
	debug.FreeOSMemory() // a tenth of what an idle server holds was left behind by its start

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	err = errors.Join(err, a.shutdown(servers, work, cut))
	return errors.Join(err, within(closeTime, "what serves", func() error { group.Wait(); return nil }))
}

// within does work, but waits for its end only so long.
func within(limit time.Duration, what string, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%s did not end in %s: does the disk of the data folder answer?", what, limit)
	}
}

// prepare makes the bots and datasets of the configuration, brings turns to life, and
// makes the secrets. They come last, when nothing can keep the server from showing
// them, not even a signal that comes meanwhile: one that was made and not shown
// would be good for nobody.
func (a *App) prepare(ctx context.Context) error {
	// Before turns go on that take their bots' values.
	if err := a.declareAgents(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := a.engine.Start(ctx); err != nil {
		return err
	}
	if err := a.declareDatasets(ctx); err != nil {
		return err
	}
	secrets, err := prepareTokens(context.WithoutCancel(ctx), a.auth, a.cfg)
	a.secrets = secrets
	return err
}

// Hurry ends the drain of a server that is shutting down: what still runs is
// stopped now.
func (a *App) Hurry() {
	select {
	case a.hurry <- struct{}{}:
	default: // it has been told already
	}
}

// shutdown lets turns finish, then answers, and cuts what is left. The
// listeners stay open while turns finish: clients may read meanwhile, and the
// engine refuses new turns with a status that says to come back.
func (a *App) shutdown(servers []*httpio.Server, work context.Context, cut context.CancelCauseFunc) error {
	a.state.set(draining)
	a.log.Info("shutting down: running turns may finish", "for", a.cfg.Turns.Drain)
	quiet, over := context.WithCancel(work)
	var sockets sync.WaitGroup
	sockets.Go(func() { a.agents.Drain(quiet) })
	err := a.drain(work)
	over()
	sockets.Wait()

	closed := make(chan struct{})
	leave, stop := context.WithTimeout(work, leaveTime+cutTime)
	defer stop()
	go func() {
		defer close(closed)
		if err := a.agents.Close(leave); err != nil {
			a.log.Warn("sockets had to be cut", "error", err)
		}
		for _, s := range servers {
			if err := s.Shutdown(leave); err != nil {
				a.log.Warn("connections had to be cut", "error", err)
			}
		}
	}()
	timer := time.NewTimer(leaveTime)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
	cut(errShutdown) // readers of logs and of queued turns, who would wait for ever
	<-closed
	if err == nil {
		a.log.Info("stopped")
	}
	return err
}

// drain lets running turns finish for turns.drain, or until somebody is in a
// hurry, and stops the rest.
func (a *App) drain(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, a.cfg.Turns.Drain)
	stopWaiting := make(chan struct{})
	go func() {
		defer close(stopWaiting)
		select {
		case <-a.hurry:
			done()
		case <-ctx.Done():
		}
	}()
	err := a.engine.Drain(ctx)
	done()
	<-stopWaiting
	return err
}

// server makes one whose requests end with work at the latest.
func (a *App) server(work context.Context, h http.Handler) *httpio.Server {
	return httpio.NewServer(h, httpio.ServerOptions{Log: a.log, Base: work})
}
