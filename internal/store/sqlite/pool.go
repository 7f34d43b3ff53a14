package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
)

// pool lends connections that read, each for one read.
type pool struct {
	conns  *sqlitex.Pool
	closed atomic.Bool
}

func openPool(path string) (*pool, error) {
	conns, err := sqlitex.NewPool(path, sqlitex.PoolOptions{
		Flags:       sqlite.OpenReadWrite,
		PoolSize:    max(4, 2*runtime.GOMAXPROCS(0)),
		PrepareConn: prepareReader,
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: open the data for reading: %w", err)
	}
	return &pool{conns: conns}, nil
}

// prepareReader makes a connection one that reads only.
func prepareReader(conn *sqlite.Conn) error {
	conn.SetBusyTimeout(busyTimeout)
	return ask(conn, `PRAGMA query_only = ON`).exec()
}

// lend implements lender: what fn sees is as it is at its first statement.
func (p *pool) lend(ctx context.Context, fn func(*sqlite.Conn) error) error {
	if p.closed.Load() {
		return errClosed()
	}
	conn, err := p.conns.Take(ctx)
	if err != nil {
		return p.error(ctx, err)
	}
	defer p.conns.Put(conn)
	err = ask(conn, `BEGIN`).exec()
	if err == nil {
		err = fn(conn)
	}
	conn.SetInterrupt(nil) // the end of the transaction is never refused
	if !conn.AutocommitEnabled() {
		err = errorsFirst(err, ask(conn, `ROLLBACK`).exec())
	}
	return p.error(ctx, err)
}

// error says why a read was broken off, if it was.
func (p *pool) error(ctx context.Context, err error) error {
	if _, public := errors.AsType[*convo.Error](err); err == nil || public {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("sqlite: read: %w", context.Cause(ctx))
	}
	if p.closed.Load() {
		return errClosed()
	}
	return err
}

func (p *pool) close() error {
	p.closed.Store(true)
	return p.conns.Close()
}
