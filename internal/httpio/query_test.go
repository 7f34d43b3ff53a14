package httpio_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

func query(t *testing.T, raw string) httpio.Query {
	t.Helper()
	q, err := httpio.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestParametersGiveTypedValues(t *testing.T) {
	t.Parallel()
	q := query(t, "take=2&take=9&live=true&meta.a=1&meta.b.c=x%20y&from=2026-01-02&to=1767312000000&cursor=&order=asc")
	if n, err := httpio.IntParam("take", 1, 10, 5, "").Read(q); n != 2 || err != nil {
		t.Errorf("take: %d, %v", n, err)
	}
	if n, err := httpio.IntParam("absent", 1, 10, 5, "").Read(q); n != 5 || err != nil {
		t.Errorf("absent: %d, %v", n, err)
	}
	if live, err := httpio.BoolParam("live", "").Read(q); !live || err != nil {
		t.Errorf("live: %v, %v", live, err)
	}
	if meta, err := httpio.GroupParam("meta", 2, 2, "").Read(q); err != nil || len(meta) != 2 || meta["a"] != "1" || meta["b.c"] != "x y" {
		t.Errorf("meta: %v, %v", meta, err)
	}
	both := query(t, "meta[a]=1&meta%5Bb%5D%5Bc%5D=x&meta.d=2&meta[e=3&metaf]=4&meta[]=5")
	if meta, err := httpio.GroupParam("meta", 9, 2, "").Read(both); err != nil || !maps.Equal(meta, map[string]string{"a": "1", "b.c": "x", "d": "2", "": "5"}) {
		t.Errorf("meta: %v, %v", meta, err)
	}
	if order, err := httpio.ChoiceParam("order", "", "desc", "asc").Read(q); order != "asc" || err != nil {
		t.Errorf("order: %q, %v", order, err)
	}
	if order, err := httpio.ChoiceParam("absent", "", "desc", "asc").Read(q); order != "desc" || err != nil {
		t.Errorf("absent: %q, %v", order, err)
	}
	if value, err := httpio.StringParam("cursor", "").Read(q); value != "" || err != nil {
		t.Errorf("cursor: %q, %v", value, err)
	}
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	from, err1 := httpio.TimeParam("from", "").Read(q)
	to, err2 := httpio.TimeParam("to", "").Read(q)
	none, err3 := httpio.TimeParam("absent", "").Read(q)
	if err1 != nil || err2 != nil || err3 != nil || !from.Equal(day) || !to.Equal(day) || !none.IsZero() {
		t.Errorf("times: %v %v %v", from, to, none)
	}
}

func TestParametersRefuseWhatTheyCannotRead(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"a=%zz", "a=%ff", "%ff=a", "a;b=1"} {
		if _, err := httpio.ParseQuery(raw); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	}
	number, flag, order := httpio.IntParam("n", 1, 10, 5, ""), httpio.BoolParam("b", ""), httpio.ChoiceParam("o", "", "desc", "asc")
	moment, group := httpio.TimeParam("t", ""), httpio.GroupParam("g", 2, 2, "")
	for _, raw := range []string{
		"n=", "n=0", "n=11", "n=x", "n=1.5", "n=99999999999999999999", "b=1", "b=", "o=", "o=up",
		"t=yesterday", "t=-5", "t=99999999999999999", "g.a.b.c=1", "g[a][b][c]=1", "g.a=1&g[b]=1&g[c]=1", "g.a=1&g.b=1&g.c=1",
	} {
		q := query(t, raw)
		_, err1 := number.Read(q)
		_, err2 := flag.Read(q)
		_, err3 := order.Read(q)
		_, err4 := moment.Read(q)
		_, err5 := group.Read(q)
		if err := errors.Join(err1, err2, err3, err4, err5); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestParametersDescribeThemselves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		param httpio.Declared
		want  string
	}{
		{httpio.StringParam("s", "Any."), `{"name":"s","in":"query","description":"Any.","schema":{"type":"string"}}`},
		{httpio.ChoiceParam("o", "", "desc", "asc"), `{"name":"o","in":"query","schema":{"type":"string","enum":["desc","asc"],"default":"desc"}}`},
		{httpio.IntParam("n", 0, 9, 0, ""), `{"name":"n","in":"query","schema":{"type":"integer","format":"int64","default":0,"minimum":0,"maximum":9}}`},
		{httpio.IntParam("n", 1, 9, 0, ""), `{"name":"n","in":"query","schema":{"type":"integer","format":"int64","minimum":1,"maximum":9}}`},
		{httpio.BoolParam("b", ""), `{"name":"b","in":"query","schema":{"type":"boolean","default":false}}`},
		{httpio.GroupParam("g", 2, 3, ""), `{"name":"g","in":"query","style":"deepObject","explode":true,"schema":{"type":"object","propertyNames":{"pattern":"^[^.]*(\\.[^.]*){0,2}$"},"maxProperties":2,"additionalProperties":{"type":"string"}}}`},
	} {
		if got, err := json.Marshal(c.param.Parameter()); string(got) != c.want || err != nil {
			t.Errorf("%s\n%s\n%v", got, c.want, err)
		}
	}
}

func TestAcceptsWhatIsNamed(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"application/jsonl": true, "application/jsonl, */*": true, "text/html, Application/JSONL;q=0.5": true,
		"*/*": false, "application/*": false, "application/json": false, "application/jsonl;q=0": false, "": false, ";;": false,
	} {
		r := &http.Request{Header: http.Header{"Accept": {header}}}
		if got := httpio.Accepts(r, "application/jsonl"); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("take=2&cursor=abc&meta.a=1&from=2026-01-02T03:04:05Z")
	f.Add("%zz&=&&a;b")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := httpio.ParseQuery(raw)
		if err != nil {
			return
		}
		if n, err := httpio.IntParam("take", 1, 10, 5, "").Read(q); err == nil && (n < 1 || n > 10) {
			t.Fatalf("%q: take %d", raw, n)
		}
		if at, err := httpio.TimeParam("from", "").Read(q); err == nil && (at.Year() < 0 || at.Year() > 9999) {
			t.Fatalf("%q: %v", raw, at)
		}
		meta, err := httpio.GroupParam("meta", 16, 16, "").Read(q)
		if err != nil && convo.ErrorKind(err) != convo.Invalid {
			t.Fatalf("%q: %v", raw, err)
		}
		for k, v := range meta {
			if !utf8.ValidString(k + v) {
				t.Fatalf("%q: %q=%q", raw, k, v)
			}
		}
	})
}
