package archive_test

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
)

var lock = archive.Lock{
	KDF: archive.Argon2id, Time: 3, Memory: 65536, Threads: 4, Salt: []byte("0123456789abcdef"), Check: []byte("fedcba9876543210"),
}

// lockedObjects writes an archive with the values of secrets.
func lockedObjects(t testing.TB, objects ...convo.Object) []byte {
	t.Helper()
	var out bytes.Buffer
	w := archive.NewWriter(&out)
	if err := w.Lock(lock); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if err := w.AddObject(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readObjects reads the objects of an archive.
func readObjects(text []byte) (list []convo.Object, got *archive.Lock, err error) {
	r := archive.NewReader(bytes.NewReader(text))
	r.Object = func(o convo.Object) error { list = append(list, o); return nil }
	if got, err = r.Lock(); err != nil {
		return nil, nil, err
	}
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		err = nil
	}
	return list, got, err
}

func TestSealedValuesComeBackWithTheLock(t *testing.T) {
	t.Parallel()
	want := everyObject()
	want[0].Sealed = []byte{0, 1, 255}
	text := lockedObjects(t, want...)
	const head = `{"type":"header","format":"parley-archive","version":3,"secrets":{"kdf":"argon2id","time":3,"memory":65536,"threads":4,` +
		`"salt":"MDEyMzQ1Njc4OWFiY2RlZg==","check":"ZmVkY2JhOTg3NjU0MzIxMA=="}}` + "\n"
	if !strings.HasPrefix(string(text), head) || strings.Count(string(text), `"sealed":"AAH/"`) != 1 {
		t.Errorf("the archive is %s", text)
	}
	got, key, err := readObjects(text)
	if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(*key, lock) {
		t.Errorf("got %+v, %+v, %v", got, key, err)
	}
	if only, err := archive.ReadLock(strings.NewReader(head + "anything")); err != nil || !reflect.DeepEqual(*only, lock) {
		t.Errorf("the header alone: %+v, %v", only, err)
	}
	if none, err := archive.ReadLock(strings.NewReader(`{"type":"header","format":"parley-archive","version":2}` + "\n")); err != nil || none != nil {
		t.Errorf("an archive without values: %+v, %v", none, err)
	}
}

func TestWrongLocksAndValuesAreErrorsThatNameTheLine(t *testing.T) {
	t.Parallel()
	good := string(lockedObjects(t, convo.Object{ID: "x", Body: convo.Secret{}, Sealed: []byte{0, 1, 255}}, convo.Object{ID: "x", Body: convo.Skillset{}}))
	head, _, _ := strings.Cut(good, "\n")
	for name, c := range map[string]struct{ from, to, want string }{
		"no lock":              {head, `{"type":"header","format":"parley-archive","version":3}`, "line 1: the header does not say"},
		"another function":     {`"argon2id"`, `"md5"`, "line 1: the header does not say"},
		"a number of passes":   {`"time":3`, `"time":-3`, "line 1: this is not an export"},
		"a lock in version 2":  {`"version":3`, `"version":2`, "line 2: a secret has a value"},
		"no base64":            {`"AAH/"`, `"AAH?"`, "line 2: illegal base64"},
		"an empty value":       {`"AAH/"`, `""`, "line 2: only a secret"},
		"a skillset's":         {`"body":{}}`, `"body":{},"sealed":"AAH/"}`, "line 3: only a secret"},
		"a value in the clear": {`"sealed"`, `"value"`, `line 2: json: unknown field "value"`},
	} {
		_, _, err := readObjects([]byte(strings.Replace(good, c.from, c.to, 1)))
		if convo.ErrorKind(err) != convo.Invalid || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzObjects(f *testing.F) {
	objects := everyObject()
	f.Add(lockedObjects(f, objects...))
	objects[0].Sealed = []byte("sealed")
	f.Add(lockedObjects(f, objects[0]))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, _, err := readObjects(data)
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Fatal(err)
			}
			return
		}
		// What can be read can be written, and is read as the same again.
		if back, _, err := readObjects(lockedObjects(t, list...)); err != nil || !reflect.DeepEqual(back, list) {
			t.Fatalf("%+v became %+v, %v", list, back, err)
		}
	})
}
