// Package console is how commands on the same machine talk to a running
// server: HTTP over a unix socket in the data folder.
//
// Whoever may open the socket owns the data folder, so there is no other check:
// the socket has mode 0600, in a folder of mode 0700. The console serves its
// own operations under /console/ and passes everything else to the API, so that
// a command needs neither the server's address nor a proxy's leave.
package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// socketName is the socket's name in the data folder.
const socketName = "parley.sock"

// Tokens is what commands do with tokens. The tenant "" is the first one.
type Tokens interface {
	// Create makes a token that lasts that long, for ever with 0, for an
	// application, "" being the default one. Its secret is never to be had again.
	Create(ctx context.Context, tenant, name, app string, lasts time.Duration) (secret string, t convo.Token, err error)
	// List gives the tokens by creation, those of sessions left out.
	List(ctx context.Context, tenant string) ([]convo.Token, error)
	// Revoke ends a token at once.
	Revoke(ctx context.Context, tenant, id string) error
}

// maxPath is the longest path of a unix socket, its final zero left out.
func maxPath() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

// Listen opens the socket in a data folder. The caller holds the folder's lock,
// so a socket that is there already was left by a server that died.
func Listen(folder string) (net.Listener, error) {
	path := filepath.Join(folder, socketName)
	if len(path) > maxPath() {
		return nil, fmt.Errorf("the path %s is longer than the %d bytes that a socket may have: use a data folder with a shorter path", path, maxPath())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the old socket cannot be removed: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
