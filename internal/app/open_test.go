package app_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
)

// refuse wants New to fail with a text, and everything to be closed again.
func refuse(t *testing.T, cfg config.Config, want string) {
	t.Helper()
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Error("it was made")
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestASecondServerOnTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	s := start(t, cfg)
	refuse(t, cfg, cfg.Data)
	if _, _, err := app.OpenTokens(t.Context(), cfg); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a command opens the folder beside the server: %v", err)
	}
	if status, _ := s.text("/readyz"); status != 200 {
		t.Errorf("the first server suffers: %d", status)
	}
}

func TestAnAddressThatIsTakenIsNamedAndTheFolderIsLetGo(t *testing.T) {
	t.Parallel()
	taken := start(t, configured(t))
	cfg := configured(t)
	free := cfg.Listen
	cfg.Listen = strings.TrimPrefix(taken.app.URL(), "http://")
	refuse(t, cfg, "set --listen to another one")
	cfg.Listen = free
	if s := start(t, cfg); s.secret == "" {
		t.Error("the first secret was made by the start that failed, and shown to nobody")
	}
}

func TestAFolderThatCannotBeUsedIsNamed(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.Data = filepath.Join(cfg.Data, "file")
	if err := os.MkdirAll(filepath.Dir(cfg.Data), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, cfg, "the data folder "+cfg.Data+" cannot be used")
	if _, _, err := app.OpenTokens(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a command says %v", err)
	}
}

func TestDataIsNotOpenedWithAnotherKey(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	start(t, cfg).end()
	path := filepath.Join(cfg.Data, "key")
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refuse(t, cfg, "is not in "+path)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a new key was made: %v", err)
	}
	other := cfg
	other.Key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	refuse(t, other, "not the key that the data was encrypted with")
	elsewhere := cfg
	elsewhere.Key = config.Secret(key)
	start(t, elsewhere).end()
	if err := os.Remove(filepath.Join(cfg.Data, "key.id")); err != nil {
		t.Fatal(err)
	}
	start(t, other)
}

func TestAnIDOfAKeyThatWasNeverWrittenIsNoOtherKey(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	start(t, cfg).end()
	path := filepath.Join(cfg.Data, "key.id")
	id, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // what a crash at the first start may leave
		t.Fatal(err)
	}
	start(t, cfg).end()
	if again, err := os.ReadFile(path); err != nil || string(again) != string(id) {
		t.Errorf("the id is %q, %v, and not %q", again, err, id)
	}
}

func TestTheAddressThatClientsSeeEndsWithoutASlash(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.PublicURL = "https://parley.example.com/"
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := a.URL(); got != "https://parley.example.com" {
		t.Errorf("got %s", got)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestAWrongModelIsFoundAtTheStart(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.Model = "claude-4.5-sonnet"
	refuse(t, cfg, "ANTHROPIC_API_KEY")
}

func TestTheKeyComesFromWhereItIsConfigured(t *testing.T) {
	t.Parallel()
	const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	t.Run("from the data folder, with a warning", func(t *testing.T) {
		t.Parallel()
		cfg := configured(t)
		s := start(t, cfg)
		if info, err := os.Stat(filepath.Join(cfg.Data, "key")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key file is %v, %v", info, err)
		}
		s.end()
		if !strings.Contains(s.log.String(), "set PARLEY_KEY or --key-file") {
			t.Error("nothing warns of it")
		}
	})
	t.Run("from the setting", func(t *testing.T) {
		t.Parallel()
		cfg := configured(t)
		cfg.Key = key
		s := start(t, cfg)
		if _, err := os.Stat(filepath.Join(cfg.Data, "key")); !os.IsNotExist(err) {
			t.Errorf("a key file was made: %v", err)
		}
		s.end()
		if strings.Contains(s.log.String(), key) {
			t.Error("the key is in the log")
		}
	})
	t.Run("from a file", func(t *testing.T) {
		t.Parallel()
		cfg := configured(t)
		cfg.KeyFile = filepath.Join(t.TempDir(), "key")
		refuse(t, cfg, "key file cannot be read")
		if err := os.WriteFile(cfg.KeyFile, []byte("no key"), 0o644); err != nil {
			t.Fatal(err)
		}
		refuse(t, cfg, "is no key")
		if err := os.WriteFile(cfg.KeyFile, []byte(key), 0o644); err != nil {
			t.Fatal(err)
		}
		s := start(t, cfg)
		s.end()
		if !strings.Contains(s.log.String(), "chmod 600") {
			t.Error("nothing warns of its mode")
		}
	})
}

func TestALongPathCostsOnlyTheConsole(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.Data = filepath.Join(cfg.Data, strings.Repeat("x", 120))
	s := start(t, cfg)
	s.create(`{}`)
	s.end()
	if !strings.Contains(s.log.String(), "commands cannot reach this server") {
		t.Error("nothing warns of it")
	}
}

func TestCommandsReachARunningServer(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	s := start(t, cfg)
	c, err := console.Dial(t.Context(), cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	secret, token, err := c.Create(t.Context(), "", "website", "", time.Hour)
	if err != nil || token.Tenant != "default/default" {
		t.Fatalf("got %+v, %v", token, err)
	}
	first := s.secret
	s.secret = secret
	s.create(`{}`)
	if err := c.Revoke(t.Context(), "", token.ID); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.call("GET", "/v1/conversation/list", ""); status != 401 {
		t.Errorf("the revoked token gets %d", status)
	}
	chat, err := c.Chat(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.secret = chat
	s.create(`{}`)
	if _, err := c.Chat(t.Context(), "org/unknown"); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("a chat with an unknown tenant: %v", err)
	}
	list, err := c.List(t.Context(), "default/default")
	if err != nil || len(list) != 3 {
		t.Errorf("got %+v, %v", list, err)
	}
	s.secret = first
	s.create(`{}`)
}

func TestCommandsOpenTheFolderWhenNoServerRuns(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	if _, _, err := app.OpenTokens(t.Context(), cfg); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
	start(t, cfg).end()
	tokens, done, err := app.OpenTokens(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	secret, token, err := tokens.Create(t.Context(), "", "offline", "", 0)
	if err != nil || token.Name != "offline" {
		t.Fatalf("got %+v, %v", token, err)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	s := start(t, cfg)
	s.secret = secret
	s.create(`{}`)
}
