package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// referenceScript is a server of Node's own socket.io.
//
//go:embed reference.mjs
var referenceScript []byte

// referenceManifest names the version of it.
const referenceManifest = `{"private": true, "type": "module", "dependencies": {"socket.io": "4.8.4"}}`

// installTime is how long the package may take to come.
const installTime = 2 * time.Minute

// referenceFolder is where the reference is ready to run. It is made once in a run.
func (b *bench) referenceFolder(ctx context.Context) (string, error) {
	if b.reference != "" {
		return b.reference, nil
	}
	folder := filepath.Join(b.folder, kept, "reference")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	if err := installReference(ctx, folder); err != nil {
		return "", err
	}
	b.reference = folder
	return folder, nil
}

// installReference makes the reference ready in a folder.
func installReference(ctx context.Context, folder string) error {
	for name, text := range map[string][]byte{"package.json": []byte(referenceManifest), "reference.mjs": referenceScript} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("the reference, Node's socket.io, cannot be installed; it needs node 20 and npm: %w\n%s", err, out)
	}
	return nil
}

// newReference starts Node's server.
func (b *bench) newReference(ctx context.Context) (*endpoint, error) {
	folder, err := b.referenceFolder(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", "--expose-gc", "reference.mjs")
	cmd.Dir = folder
	e := &endpoint{}
	if e.process, err = b.startCommand(cmd, "reference", nil, &e.address); err != nil {
		return nil, errors.Join(err, errors.New("the rows about sessions need node 20"))
	}
	return e, nil
}

// emitSpec has the reference emit an answer in each conversation.
type emitSpec struct {
	Conversations []string
	Tokens        int
	Pause         time.Duration
	Stamp         bool
	Exchange      string
}
