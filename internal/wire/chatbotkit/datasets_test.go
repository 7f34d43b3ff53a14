package chatbotkit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// found is what a search answers with.
type found struct {
	ID      string
	Records []struct {
		ID, Text, Source string
		Meta             map[string]any
		Score            float64
	}
}

func (b *bundle) search(dataset, body string) (f found) {
	b.t.Helper()
	decode(b.t, b.post("/v1/dataset/"+dataset+"/search", body), &f)
	return f
}

func TestADatasetKeepsItsSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.create("/v1/dataset/create", `{"name":"a","alias":"handbook","store":"s","reranker":"r","recordMaxTokens":100,"searchMinScore":0.5,
		"searchMaxRecords":7,"searchMaxTokens":900,"matchInstruction":"m","mismatchInstruction":"n","separators":"---","visibility":"public"}`)
	want := fmt.Sprintf(`"id":%q,"name":"a","alias":"handbook","visibility":"public"`, id)
	rest := `"store":"s","reranker":"r","recordMaxTokens":100,"searchMinScore":0.5,"searchMaxRecords":7,"searchMaxTokens":900,"matchInstruction":"m","mismatchInstruction":"n","separators":"---"`
	if a := b.do(request{path: "/v1/dataset/handbook/fetch"}); !strings.Contains(a.body, want) || !strings.Contains(a.body, rest) {
		t.Errorf("%s", a.body)
	}
	b.post("/v1/dataset/"+id+"/update", `{"store":"other","searchMinScore":null,"searchMaxRecords":2}`)
	if a := b.do(request{path: "/v1/dataset/" + id + "/fetch"}); !strings.Contains(a.body, `"store":"s"`) || strings.Contains(a.body, "searchMinScore") || !strings.Contains(a.body, `"searchMaxRecords":2`) {
		t.Errorf("%s", a.body)
	}
	if a := b.do(request{path: "/v1/dataset/" + b.create("/v1/dataset/create", `{}`) + "/fetch"}); !strings.Contains(a.body, `"store":"default"`) {
		t.Errorf("%s", a.body)
	}
}

func TestASearchFindsWhatWasStoredBeforeIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.create("/v1/dataset/create", `{"alias":"d"}`)
	one := b.create("/v1/dataset/d/record/create", `{"text":"Tea needs water of 80 degrees.","source":"https://example.com/tea","meta":{"lang":"en","year":2020}}`)
	b.create("/v1/dataset/d/record/create", `{"text":"Tee braucht Wasser mit 80 Grad.","meta":{"lang":"de","year":2024}}`)
	f := b.search("d", `{"search":"tea water"}`)
	if f.ID != d || len(f.Records) != 1 || f.Records[0].ID != one || f.Records[0].Source != "https://example.com/tea" || f.Records[0].Score <= 0 || f.Records[0].Score > 1 {
		t.Errorf("%+v", f)
	}
	for filter, want := range map[string]int{
		`{}`: 2, `null`: 2, `{"lang":"en"}`: 1, `{"lang":{"$ne":"en"}}`: 1, `{"year":{"$gte":2020,"$lt":2024}}`: 1, `{"lang":"fr"}`: 0, `{"year":"2020"}`: 0,
	} {
		if f := b.search("d", `{"search":"80","filter":`+filter+`}`); len(f.Records) != want {
			t.Errorf("%s finds %d, want %d", filter, len(f.Records), want)
		}
	}
	if a := b.post("/v1/dataset/d/search", `{"search":"xylophone"}`); a.body != `{"id":"`+d+`","records":[]}` {
		t.Errorf("%s", a.body)
	}
	b.post("/v1/dataset/d/record/"+one+"/update", `{"text":"Coffee"}`)
	if f := b.search("d", `{"search":"tea"}`); len(f.Records) != 0 {
		t.Errorf("%+v", f)
	}
	if f := b.search("d", `{"search":"coffee"}`); len(f.Records) != 1 || f.Records[0].Meta["lang"] != "en" {
		t.Errorf("%+v", f)
	}
	b.post("/v1/dataset/d/record/"+one+"/delete", `{}`)
	if f := b.search("d", `{"search":"coffee"}`); len(f.Records) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestFiltersThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.create("/v1/dataset/create", `{}`)
	many := `"k0":1`
	for i := range 32 {
		many += fmt.Sprintf(`,"x%d":1`, i)
	}
	for _, filter := range []string{`[]`, `1`, `{"a":null}`, `{"a":[1]}`, `{"a":{"$in":[1]}}`, `{"a":{"$gt":"1"}}`, `{"a":{"$eq":{}}}`, "{" + many + "}"} {
		if a := b.post("/v1/dataset/"+d+"/search", `{"search":"x","filter":`+filter+`}`); a.status != 400 {
			t.Errorf("%s: %d %s", filter, a.status, a.body)
		}
	}
}

func TestARecordOf10MBIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.create("/v1/dataset/create", `{}`)
	for _, size := range []int{256<<10 + 1, 7 << 20, 10 << 20} {
		if a := b.post("/v1/dataset/"+d+"/record/create", `{"text":"`+strings.Repeat("x", size)+`"}`); a.status != 413 || !strings.Contains(a.body, "CONTENT_TOO_LARGE") {
			t.Errorf("%d bytes: %d %.200s", size, a.status, a.body)
		}
	}
	if a := b.do(request{path: "/v1/dataset/" + d + "/record/list"}); a.body != `{"items":[],"cursor":""}` {
		t.Errorf("%s", a.body)
	}
}

func TestRecordsAreExportedInThreeForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.create("/v1/dataset/create", `{}`)
	for i := range 3 {
		b.create("/v1/dataset/"+d+"/record/create", fmt.Sprintf(`{"text":"=text %d","meta":{"n":%d}}`, i, i))
	}
	path := "/v1/dataset/" + d + "/record/export"
	if a := b.do(request{path: path}); strings.Count(a.body, `"text":"=text`) != 3 {
		t.Errorf("%s", a.body)
	}
	if a := b.do(request{path: path, accept: jsonl}); strings.Count(a.body, `{"type":"item","data":{"id"`) != 3 {
		t.Errorf("%s", a.body)
	}
	if a := b.do(request{path: path, accept: "text/csv"}); !strings.HasPrefix(a.body, "id,createdAt,updatedAt,text,source,meta,fileId\r\n") || strings.Count(a.body, "'=text") != 3 {
		t.Errorf("%s", a.body)
	}
}

func TestTheTextOfAFileIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.create("/v1/dataset/create", `{}`)
	file := b.create("/v1/file/create", `{"name":"guide","meta":{"lang":"en"}}`)
	entry := "/v1/dataset/" + d + "/file/" + file
	if a := b.post(entry+"/attach", `{"type":"source"}`); a.body != `{"id":"`+file+`"}` {
		t.Errorf("%s", a.body)
	}
	list := func() string { return b.do(request{path: "/v1/dataset/" + d + "/file/list"}).body }
	if body := list(); !strings.Contains(body, `"status":"waiting","progress":{"done":0,"total":0}`) {
		t.Errorf("before there is content: %s", body)
	}
	if a := b.do(request{path: "/v1/file/" + file + "/upload", body: "# Tea\n\nWater of 80 degrees.", header: map[string]string{"Content-Type": "text/markdown"}}); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	begin := time.Now()
	for !strings.Contains(list(), `"status":"indexed"`) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("after 10 s: %s", list())
		}
	}
	if body := list(); !strings.Contains(body, `"name":"guide"`) || !strings.Contains(body, `"progress":{"done":1,"total":1}`) {
		t.Errorf("%s", body)
	}
	if f := b.search(d, `{"search":"degrees","filter":{"lang":"en"}}`); len(f.Records) != 1 || !strings.Contains(f.Records[0].Text, "80 degrees") {
		t.Errorf("%+v", f)
	}
	b.post(entry+"/detach", `{"deleteRecords":true}`)
	if f := b.search(d, `{"search":"degrees"}`); len(f.Records) != 0 {
		t.Errorf("%+v", f)
	}
	if body := list(); body != `{"items":[],"cursor":""}` {
		t.Errorf("%s", body)
	}
}
