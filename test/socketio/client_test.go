package socketio_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
	"github.com/parleyhq/parley/test/npm"
)

func TestThePackagesAreNamedWithoutTheirHost(t *testing.T) {
	t.Parallel()
	npm.CheckLock(t)
}

func TestThePublishedClientWorks(t *testing.T) {
	t.Parallel()
	npm.Require(t, needs())
	var asked atomic.Int32
	url := serve(t, &scripted{t: t}, socketio.Options{Options: engineio.Options{
		PingInterval: 200 * time.Millisecond, PingTimeout: 10 * time.Second,
		Admit: func(r *http.Request) error {
			if r.URL.Query().Get("who") == "late" && asked.Add(1) == 1 {
				return errors.New("the server starts")
			}
			return nil
		},
	}})
	t.Logf("%s", node(t, []string{"SOCKETIO_URL=" + url}, "--test", "--test-reporter=spec", "client.test.mjs"))
}
