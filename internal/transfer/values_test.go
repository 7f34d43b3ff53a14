package transfer_test

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/transfer"
)

// values lets values travel from or to a store whose key is all that byte.
func values(t testing.TB, key byte) *transfer.Values {
	t.Helper()
	box, err := seal.New(bytes.Repeat([]byte{key}, seal.KeySize))
	must(t, err)
	return &transfer.Values{Sealer: box, Passphrase: "correct horse battery"}
}

// plainValue is what no archive may have anywhere.
const plainValue = "the-value-of-a-secret-0815"

// withValues makes secrets, the last one without a value, and other objects.
func withValues(t testing.TB, s store.Store, v *transfer.Values) {
	t.Helper()
	for i, value := range []string{plainValue, plainValue, "\x00 \xff", ""} {
		o := convo.Object{Tenant: tenant, ID: "secret-" + string(rune('a'+i)), Body: convo.Secret{Scope: convo.SharedSecret, Type: convo.PlainSecret}}
		o.Sealed = engine.SealSecret(v.Sealer, o, []byte(value))
		putObjects(t, s, o)
	}
	putObjects(t, s, convo.Object{ID: "set", Body: convo.Skillset{}})
}

func valueOf(t testing.TB, s store.Store, v *transfer.Values, id string) string {
	t.Helper()
	o, err := s.Object(t.Context(), tenant, convo.ObjectSecret, id)
	must(t, err)
	plain, err := engine.OpenSecret(v.Sealer, o)
	must(t, err)
	return string(plain)
}

func exportValues(t testing.TB, s store.Store, v *transfer.Values) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, transfer.Export(t.Context(), s, tenant, &out, nil, v))
	return out.Bytes()
}

func TestValuesMoveToAServerWithAnotherKeyAndBackAsTheSameBytes(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		from, to, one, two := open(), open(), values(t, 1), values(t, 2)
		withValues(t, from, one)
		fill(t, from)
		text := exportValues(t, from, one)
		for _, form := range []string{plainValue, base64.StdEncoding.EncodeToString([]byte(plainValue)), one.Passphrase} {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("the archive has %q: %s", form, text)
			}
		}
		sealed := regexp.MustCompile(`"sealed":"[^"]*"`).FindAllString(string(text), -1)
		if len(sealed) != 3 || sealed[0] == sealed[1] {
			t.Errorf("sealed values: %q", sealed)
		}
		plan, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), true, two)
		must(t, err)
		if _, err := to.Object(t.Context(), tenant, convo.ObjectSecret, "secret-a"); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("a plan was carried out: %v", err)
		}
		done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, two)
		must(t, err)
		if done.Objects != 5 || done.Values != 3 || done.Withheld != 0 || done.Refused != 0 || plan.Objects != 5 || plan.Values != 3 {
			t.Errorf("imported %+v, planned %+v", done, plan)
		}
		for id, want := range map[string]string{"secret-a": plainValue, "secret-b": plainValue, "secret-c": "\x00 \xff", "secret-d": ""} {
			if got := valueOf(t, to, two, id); got != want {
				t.Errorf("%s is %q", id, got)
			}
		}
		salt, err := transfer.Salt(bytes.NewReader(text))
		must(t, err)
		two.Salt = salt
		if again := exportValues(t, to, two); !bytes.Equal(again, text) {
			t.Errorf("the second export differs:\n%s\n%s", again, text)
		}
		two.Salt = nil
		if again := exportValues(t, to, two); bytes.Equal(again, text) {
			t.Error("the salt of an export is that of another one, without being asked for")
		}
		for s, v := range map[store.Store]*transfer.Values{from: one, to: two} {
			again, err := transfer.Import(t.Context(), s, tenant, bytes.NewReader(text), false, v)
			must(t, err)
			if again.Objects != 0 || again.Values != 0 || again.Refused != 0 {
				t.Errorf("once more: %+v", again)
			}
		}
	})
}

func TestWithoutThePassphraseValuesStayInTheArchiveAndComeLater(t *testing.T) {
	both(t, func(t *testing.T, open func() store.Store) {
		from, to, one, two := open(), open(), values(t, 1), values(t, 2)
		withValues(t, from, one)
		text := exportValues(t, from, one)
		bare := export(t, from)
		if bytes.Contains(bare, []byte("sealed")) {
			t.Errorf("an export that was not asked for values has some: %s", bare)
		}
		done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, nil)
		must(t, err)
		if done.Objects != 5 || done.Values != 0 || done.Withheld != 3 {
			t.Errorf("without the passphrase: %+v", done)
		}
		if again := export(t, to); !bytes.Equal(again, bare) || valueOf(t, to, two, "secret-a") != "" {
			t.Errorf("the objects are %s", again)
		}
		done, err = transfer.Import(t.Context(), to, tenant, bytes.NewReader(text), false, two)
		must(t, err)
		if done.Objects != 0 || done.Values != 3 || valueOf(t, to, two, "secret-c") != "\x00 \xff" {
			t.Errorf("with it: %+v", done)
		}
		two.Must = true
		if _, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(bare), false, two); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "no values of secrets") {
			t.Errorf("an archive that must have values, and has none: %v", err)
		}
		two.Must = false
		if _, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(bare), false, two); err != nil || valueOf(t, to, two, "secret-a") != plainValue {
			t.Errorf("an archive without values takes those that are there: %v", err)
		}
	})
}

func TestAnotherValueThatIsThereIsLeftAlone(t *testing.T) {
	t.Parallel()
	from, to, one, two := memory.New(), memory.New(), values(t, 1), values(t, 2)
	withValues(t, from, one)
	withValues(t, to, two)
	o := convo.Object{Tenant: tenant, ID: "secret-a", Body: convo.Secret{Scope: convo.SharedSecret, Type: convo.PlainSecret}}
	o.Sealed = engine.SealSecret(two.Sealer, o, []byte("mine"))
	putObjects(t, to, o)
	done, err := transfer.Import(t.Context(), to, tenant, bytes.NewReader(exportValues(t, from, one)), false, two)
	must(t, err)
	if done.Refused != 1 || done.Problems[0].Object != "secret secret-a" || !strings.Contains(done.Problems[0].Text, "another value") {
		t.Errorf("imported %+v", done)
	}
	if valueOf(t, to, two, "secret-a") != "mine" {
		t.Error("the value was overwritten")
	}
}

func TestAWrongPassphraseOrADamagedLockImportsNothing(t *testing.T) {
	t.Parallel()
	from, to, one := memory.New(), memory.New(), values(t, 1)
	withValues(t, from, one)
	text := string(exportValues(t, from, one))
	other := values(t, 2)
	other.Passphrase = "correct horse staple"
	salt := regexp.MustCompile(`"salt":"[^"]*"`).FindString(text)
	for name, c := range map[string]struct {
		values *transfer.Values
		text   string
		want   string
	}{
		"another passphrase": {other, text, "the passphrase is not the one"},
		"another salt":       {one, strings.Replace(text, salt, `"salt":"MDEyMzQ1Njc4OWFiY2RlZg=="`, 1), "the passphrase is not the one"},
		"a short salt":       {one, strings.Replace(text, salt, `"salt":"MDE="`, 1), "line 1: how the values"},
		"all the memory":     {one, strings.Replace(text, `"memory":65536`, `"memory":4294967295`, 1), "line 1: how the values"},
	} {
		done, err := transfer.Import(t.Context(), to, tenant, strings.NewReader(c.text), false, c.values)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), c.want) || done.Objects+done.Values != 0 {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	if list, err := to.Objects(t.Context(), tenant, store.ObjectQuery{Kind: convo.ObjectSecret, Limit: 1}); err != nil || len(list) != 0 {
		t.Errorf("there is %+v, %v", list, err)
	}
}

func TestADamagedValueIsAnErrorThatNamesTheLine(t *testing.T) {
	t.Parallel()
	from, one := memory.New(), values(t, 1)
	withValues(t, from, one)
	text := string(exportValues(t, from, one))
	sealed := regexp.MustCompile(`"sealed":"[^"]*"`).FindAllString(text, -1)
	for name, bad := range map[string]string{
		"changed":    strings.Replace(text, sealed[1], `"sealed":"AAAA`+strings.TrimPrefix(sealed[1], `"sealed":"`)[4:], 1),
		"another's":  strings.Replace(text, sealed[1], sealed[0], 1),
		"too little": strings.Replace(text, sealed[1], `"sealed":"AAAA"`, 1),
	} {
		_, err := transfer.Import(t.Context(), memory.New(), tenant, strings.NewReader(bad), false, one)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), `line 3: the value of the secret "secret-b" is damaged`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAValueThatTheServersKeyDoesNotOpenIsNamed(t *testing.T) {
	t.Parallel()
	s := memory.New()
	withValues(t, s, values(t, 1))
	var out bytes.Buffer
	err := transfer.Export(t.Context(), s, tenant, &out, nil, values(t, 2))
	if err == nil || !strings.Contains(err.Error(), "secret-a") || !strings.Contains(err.Error(), "revoke it") {
		t.Errorf("got %v", err)
	}
}
