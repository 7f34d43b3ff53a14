package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// door is a server that opens to one token only.
func door(t *testing.T, token string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+token {
			fmt.Fprint(w, "The door is open.")
			return
		}
		fmt.Fprint(w, "The door is shut.")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// offline works on a folder that no server holds.
func offline(t *testing.T, cfg config.Config, write bool, do func(console.Archive) error) error {
	t.Helper()
	a, closeData, err := app.OpenArchive(t.Context(), cfg, write)
	if err != nil {
		t.Fatal(err)
	}
	failed := do(a)
	if err := closeData(); err != nil {
		t.Fatal(err)
	}
	return failed
}

// online talks to a server through its socket.
func online(t *testing.T, cfg config.Config) *console.Client {
	t.Helper()
	c, err := console.Dial(t.Context(), cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestAnAbilityUsesASecretThatCameWithAnImport moves a secret from server to
// server to server, through sockets and without, and calls what needs its value.
func TestAnAbilityUsesASecretThatCameWithAnImport(t *testing.T) {
	t.Parallel()
	const token, call = "token-of-the-door-quokkas", `Please call look {}`
	u := door(t, token)
	allow := "PARLEY_OUTBOUND_ALLOW=" + strings.TrimPrefix(u, "http://")
	cfg := configured(t, allow)
	from := start(t, cfg)
	key := from.made("/v1/secret/create", `{"name":"KEY","type":"bearer","value":"`+token+`"}`)
	set := from.made("/v1/skillset/create", "{}")
	from.made("/v1/skillset/"+set+"/ability/create", `{"name":"Look","secretId":"`+key+`","instruction":"`+"```fetch\\nGET "+u+"/\\n```"+`"}`)
	v := console.Values{Passphrase: "correct horse battery"}
	var file bytes.Buffer
	if err := online(t, cfg).Export(t.Context(), "", &file, nil, v); err != nil {
		t.Fatal(err)
	}
	var err error
	if v.Salt, err = app.ArchiveSalt(bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}

	first, second := configured(t, allow), configured(t, allow)
	bring := func(a console.Archive) error {
		done, err := a.Import(t.Context(), "", bytes.NewReader(file.Bytes()), false, v)
		if done.Objects != 3 || done.Values != 1 || done.Withheld != 0 {
			t.Errorf("imported %+v", done)
		}
		return err
	}
	if err := offline(t, first, true, bring); err != nil {
		t.Fatal(err)
	}
	to := start(t, second)
	if err := bring(online(t, second)); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	take := func(a console.Archive) error { return a.Export(context.WithoutCancel(t.Context()), "", &again, nil, v) }
	if err := offline(t, first, false, take); err != nil || !bytes.Equal(again.Bytes(), file.Bytes()) {
		t.Errorf("the second export differs: %v\n%s\n%s", err, &again, &file)
	}
	var logs string
	for name, s := range map[string]*server{"imported without a server": start(t, first), "imported through the socket": to} {
		if got := s.said(call, `,"skillsetId":"`+set+`"`); !strings.Contains(got, "The door is open.") {
			t.Errorf("%s: %q", name, got)
		}
		s.end()
		logs += s.log.String()
	}
	from.end()
	logs += from.log.String()
	for what, text := range map[string]string{"the file": file.String(), "a log": logs} {
		if strings.Contains(text, "quokkas") || strings.Contains(text, v.Passphrase) {
			t.Errorf("the value or the passphrase is in %s: %s", what, text)
		}
	}
}

func TestValuesNeedAPassphraseThatIsLongEnough(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	start(t, cfg)
	c := online(t, cfg)
	for name, v := range map[string]console.Values{"11 characters": {Passphrase: strings.Repeat("é", 11)}, "none": {Must: true}} {
		_, err := c.Import(t.Context(), "", strings.NewReader(""), false, v)
		if err == nil || !strings.Contains(err.Error(), "passphrase") {
			t.Errorf("an import with %s: %v", name, err)
		}
	}
	if err := c.Export(t.Context(), "", io.Discard, nil, console.Values{Passphrase: "short"}); err == nil || !strings.Contains(err.Error(), "at least 12") {
		t.Errorf("an export: %v", err)
	}
}
