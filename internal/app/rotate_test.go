package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// withSecrets makes a data folder with secrets, and gives their ids.
func withSecrets(t *testing.T, n int, env ...string) (config.Config, []string) {
	t.Helper()
	a := opened(t, env...)
	var ids []string
	for range n {
		made, err := a.engine.CreateObject(t.Context(), convo.Actor{Tenant: "default/default", Token: "t"}, engine.Secrets(), engine.Draft{
			Body: convo.Secret{Scope: convo.SharedSecret, Type: convo.PlainSecret}, Value: new("the value"),
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.ID)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return a.cfg, ids
}

// values reads secrets as a server would that starts now.
func values(t *testing.T, cfg config.Config, ids []string) {
	t.Helper()
	box, err := openKey(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	data, err := sqlite.Open(t.Context(), cfg.Data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	}()
	objects := engine.NewObjects(data, box)
	for _, id := range ids {
		if _, value, err := objects.SecretByID(t.Context(), "default/default", id); err != nil || value != "the value" {
			t.Fatalf("the secret %s is %q: %v", id, value, err)
		}
	}
}

func keyOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheKeyIsChangedInItsPlace(t *testing.T) {
	t.Parallel()
	cfg, ids := withSecrets(t, 40)
	path := filepath.Join(cfg.Data, keyName)
	before := keyOf(t, path)
	done, err := RotateKey(t.Context(), cfg, "")
	if err != nil || done.Resealed < 40 || done.Lost != 0 || done.Moved || done.Place != path {
		t.Fatalf("%+v: %v", done, err)
	}
	if keyOf(t, path) == before {
		t.Error("the key is the old one")
	}
	if _, err := os.Stat(path + ".next"); err == nil {
		t.Error("the file of the new key is still there")
	}
	values(t, cfg, ids)
	if again, err := RotateKey(t.Context(), cfg, ""); err != nil || again.Resealed < 40 {
		t.Errorf("once more: %+v: %v", again, err)
	}
	values(t, cfg, ids)
}

func TestAKeyThatLiesElsewhereIsChanged(t *testing.T) {
	t.Parallel()
	cfg, ids := withSecrets(t, 3, "PARLEY_KEY="+strings.Repeat("ab", seal.KeySize))
	if _, err := RotateKey(t.Context(), cfg, ""); err == nil || !strings.Contains(err.Error(), "--to") {
		t.Errorf("without a file for the new one: %v", err)
	}
	to := filepath.Join(t.TempDir(), "new")
	done, err := RotateKey(t.Context(), cfg, to)
	if err != nil || !done.Moved || done.Place != to {
		t.Fatalf("%+v: %v", done, err)
	}
	if _, err := openKey(cfg, slog.New(slog.DiscardHandler)); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("the old key is taken: %v", err)
	}
	cfg.Key, cfg.KeyFile = "", to
	values(t, cfg, ids)
	if _, err := RotateKey(t.Context(), cfg, to); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("the same key again: %v", err)
	}
}

// cutting breaks off after some pieces, as a process that dies does.
type cutting struct {
	store.Reseals
	after int
}

func (c *cutting) Reseal(ctx context.Context, again func(store.SealedPlace, []byte) []byte) error {
	n := 0
	err := c.Reseals.Reseal(ctx, func(at store.SealedPlace, sealed []byte) []byte {
		if n++; n > c.after {
			return nil
		}
		return again(at, sealed)
	})
	return errors.Join(err, errors.New("it broke off"))
}

func TestAChangeOfTheKeyThatBrokeOffGoesOn(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(t *testing.T, cfg config.Config, r rotation){
		"before anything was encrypted": func(*testing.T, config.Config, rotation) {},
		"half-way": func(t *testing.T, cfg config.Config, r rotation) {
			box, err := r.keys(cfg)
			if err != nil {
				t.Fatal(err)
			}
			data, err := sqlite.Open(t.Context(), cfg.Data, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := engine.Reseal(t.Context(), &cutting{data, 7}, box); err == nil {
				t.Error("it did not break off")
			}
			if err := data.Close(); err != nil {
				t.Fatal(err)
			}
		},
		"when the new key had its place": func(t *testing.T, cfg config.Config, r rotation) {
			ids := keyOf(t, r.ids)
			if _, err := RotateKey(t.Context(), cfg, ""); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(r.ids, []byte(ids), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, ids := withSecrets(t, 20)
			r := rotation{ids: filepath.Join(cfg.Data, keyID), from: KeyPlace(cfg), to: KeyPlace(cfg) + ".next"}
			if _, err := r.keys(cfg); err != nil { // both are there and named
				t.Fatal(err)
			}
			cut(t, cfg, r)
			if _, err := openKey(cfg, slog.New(slog.DiscardHandler)); convo.ErrorKind(err) != convo.Conflict || !strings.Contains(err.Error(), "rotate again") {
				t.Errorf("a server would start: %v", err)
			}
			if _, err := RotateKey(t.Context(), cfg, ""); err != nil {
				t.Fatal(err)
			}
			values(t, cfg, ids)
		})
	}
}

func TestNoKeyIsChangedWhereAServerRunsOrNothingIs(t *testing.T) {
	t.Parallel()
	a := opened(t)
	if _, err := RotateKey(t.Context(), a.cfg, ""); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("beside a server: %v", err)
	}
	cfg := a.cfg
	cfg.Data = filepath.Join(t.TempDir(), "none")
	if _, err := RotateKey(t.Context(), cfg, ""); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("without data: %v", err)
	}
	if _, err := os.Stat(cfg.Data); err == nil {
		t.Error("a folder was made")
	}
}

// A backup would hold one of the two keys at most.
func TestNoBackupIsMadeWhileTheKeyIsChanged(t *testing.T) {
	t.Parallel()
	cfg, _ := withSecrets(t, 3)
	r := rotation{ids: filepath.Join(cfg.Data, keyID), from: KeyPlace(cfg), to: KeyPlace(cfg) + ".next"}
	if _, err := r.keys(cfg); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "backup")
	for _, withKey := range []bool{false, true} {
		if _, err := Backup(t.Context(), cfg, to, withKey, nil); convo.ErrorKind(err) != convo.Conflict || !strings.Contains(err.Error(), "rotate again") {
			t.Errorf("a backup with key %v: %v", withKey, err)
		}
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("there is a backup")
	}
	if _, err := RotateKey(t.Context(), cfg, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), cfg, to, true, nil); err != nil {
		t.Error(err)
	}
}

// sealedAll makes a data folder with something of each kind that is encrypted, and
// counts the pieces.
func sealedAll(t *testing.T) (config.Config, int) {
	t.Helper()
	const each = 6
	cfg, _ := withSecrets(t, each)
	box, err := openKey(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	data, err := sqlite.Open(t.Context(), cfg.Data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const tenant = "default/default"
	_, err = data.Update(t.Context(), tenant, "talk", store.Durable, func(tx store.Tx) error {
		if err := tx.Append(convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{}}); err != nil {
			return err
		}
		for n := range each {
			id, turn := convo.RequestID{byte(n)}, string(rune('a'+n))
			answer := convo.Request{ID: id, Tenant: tenant, Answer: box.Seal([]byte("answer"), id[:]), Created: time.UnixMilli(1)}
			opened := convo.Event{At: time.UnixMilli(1), Turn: turn, Body: convo.TurnOpened{}}
			if err := errors.Join(tx.PutRequest(answer), tx.Append(opened), tx.PutInput(turn, box.Seal([]byte("{}"), []byte("input/"+turn)))); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, data.Close()); err != nil {
		t.Fatal(err)
	}
	return cfg, 3 * each
}

// TestAChangeOfTheKeyMayBeCutAnywhere goes through the steps of RotateKey, cuts it
// behind each, and runs it again; then everything is opened with the new key.
func TestAChangeOfTheKeyMayBeCutAnywhere(t *testing.T) {
	t.Parallel()
	whole, pieces := sealedAll(t)
	for cut := range pieces + 4 {
		t.Run(fmt.Sprint("step ", cut), func(t *testing.T) {
			t.Parallel()
			cfg := whole
			cfg.Data = filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(cfg.Data, os.DirFS(whole.Data)); err != nil {
				t.Fatal(err)
			}
			r := rotation{ids: filepath.Join(cfg.Data, keyID), from: KeyPlace(cfg), to: KeyPlace(cfg) + ".next"}
			if cut == 0 { // the key is made, and named by nobody
				if _, err := seal.LoadOrMakeKey(r.to); err != nil {
					t.Fatal(err)
				}
			} else {
				cutAfter(t, cfg, r, cut-1, pieces)
			}
			if _, err := RotateKey(t.Context(), cfg, ""); err != nil {
				t.Fatal(err)
			}
			again, err := RotateKey(t.Context(), cfg, "")
			if err != nil || again.Resealed != pieces || again.Lost != 0 {
				t.Errorf("with the new key, %d of %d pieces were opened, %d were not: %v", again.Resealed, pieces, again.Lost, err)
			}
		})
	}
}

// cutAfter encrypts some pieces anew, and with all of them moves the key too if n
// is above their number.
func cutAfter(t *testing.T, cfg config.Config, r rotation, n, pieces int) {
	t.Helper()
	box, err := r.keys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	data, err := sqlite.Open(t.Context(), cfg.Data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done, err := engine.Reseal(t.Context(), &cutting{data, n}, box)
	if err == nil || done.Resealed != min(n, pieces) {
		t.Errorf("%d pieces were encrypted: %v", done.Resealed, err)
	}
	if err := data.Close(); err != nil {
		t.Fatal(err)
	}
	if n > pieces {
		if err := seal.Move(r.to, r.from); err != nil {
			t.Fatal(err)
		}
	}
}
