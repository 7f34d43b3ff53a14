package chatbotkit_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

func TestAPageOfAListIsBounded(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	item, most, given := strings.Repeat("x", mib), 0, 0
	// The list has 60 items, and its cursors are how many came before.
	read := func(_ context.Context, list engine.List) (page engine.Page[string], err error) {
		most = max(most, list.Take)
		before, _ := strconv.Atoi(list.Cursor)
		for range min(list.Take, 60-before) {
			page.Items = append(page.Items, item)
		}
		page.Cursor = strconv.Itoa(before + len(page.Items))
		return page, nil
	}
	shell := &httpio.Shell{Log: slog.New(slog.DiscardHandler)}
	for _, want := range []int{50, 10, 0} {
		w := httptest.NewRecorder()
		shell.Wrap(func(w *httpio.Response, r *http.Request) error {
			return chatbotkit.ListPage(w, r, engine.List{Cursor: strconv.Itoa(given), Take: engine.MaxTake}, read)
		}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		var page struct {
			Items  []string
			Cursor string
		}
		unmarshal(t, w.Body.String(), &page)
		given += len(page.Items)
		if len(page.Items) != want || page.Cursor != map[bool]string{true: strconv.Itoa(given), false: ""}[want > 0] {
			t.Errorf("a page has %d items and the cursor %q, want %d", len(page.Items), page.Cursor, want)
		}
	}
	if most > 25 {
		t.Errorf("%d items were read at once", most)
	}
}

func TestNoBlankFollowsTheLastLineOfAList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count, slow int // how many items there are, and behind how many the search takes long
		before      int // how many are given before it
	}{
		{0, 9, 0}, {1, 9, 0}, {7, 7, 0}, {8, 8, 7}, {9, 8, 7}, {33, 33, 32}, {34, 33, 32}, {34, 8, 7},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newPipes()
			shell := &httpio.Shell{Log: slog.New(slog.DiscardHandler)}
			server := httpio.NewServer(shell.Wrap(func(w *httpio.Response, r *http.Request) error {
				return chatbotkit.StreamList(w, r, engine.List{}, func(_ context.Context, list engine.List) (page engine.Page[string], err error) {
					before, _ := strconv.Atoi(list.Cursor)
					if before == c.slow && before > 0 {
						time.Sleep(40 * time.Second)
					}
					for range min(list.Take, c.count-before) {
						page.Items = append(page.Items, "a")
					}
					page.Cursor = strconv.Itoa(before + len(page.Items))
					return page, nil
				})
			}), httpio.ServerOptions{})
			served := make(chan error)
			go func() { served <- server.Serve(l) }()
			client := &http.Client{Transport: &http.Transport{DialContext: l.dial}}
			res, err := client.Get("http://server/")
			must(t, err)
			body, err := io.ReadAll(res.Body)
			must(t, err)
			got := strings.ReplaceAll(string(body), `{"type":"item","data":"a"}`+"\n", "a")
			want := strings.Repeat("a", c.count)
			if c.before > 0 {
				want = want[:c.before] + "  " + want[c.before:]
			}
			if got != want {
				t.Errorf("%d items: got %q, want %q", c.count, got, want)
			}
			client.CloseIdleConnections()
			must(t, server.Close())
			must(t, <-served)
		})
	}
}

func TestAStreamReadsFewOfWhatIsLarge(t *testing.T) {
	t.Parallel()
	const count = 200
	for size, most := range map[int]int{10: 25, 100 << 10: 10, 1 << 20: 1, 8 << 20: 1} {
		reads := []int{}
		shell := &httpio.Shell{Log: slog.New(slog.DiscardHandler)}
		shell.Wrap(func(w *httpio.Response, r *http.Request) error {
			return chatbotkit.StreamList(w, r, engine.List{}, func(_ context.Context, list engine.List) (page engine.Page[string], err error) {
				before, _ := strconv.Atoi(list.Cursor)
				reads = append(reads, list.Take)
				for range min(list.Take, count*10/size+20-before) {
					page.Items = append(page.Items, strings.Repeat("x", size))
				}
				page.Cursor = strconv.Itoa(before + len(page.Items))
				return page, nil
			})
		}).ServeHTTP(&discarded{header: http.Header{}}, httptest.NewRequest("GET", "/", nil))
		if reads[0] != 8 || len(reads) < 3 || slices.Max(reads[1:]) != most {
			t.Errorf("items of %d bytes are read by %v", size, reads)
		}
	}
}

// discarded is an answer that nobody looks at.
type discarded struct{ header http.Header }

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d *discarded) WriteHeader(int)             {}
func (d *discarded) FlushError() error           { return nil }

func TestAListOfManyPagesIsWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var messages []string
	for i := range 130 {
		messages = append(messages, fmt.Sprintf(`{"type":"user","text":"%d"}`, i))
	}
	var created struct{ ID string }
	decode(t, b.post("/v1/conversation/create", `{"messages":[`+strings.Join(messages, ",")+`]}`), &created)
	path := "/v1/conversation/" + created.ID + "/message/list"
	for take, want := range map[int]int{1: 1, 24: 24, 25: 25, 26: 26, 50: 50, 129: 129, 130: 130, 131: 130, 1000: 130} {
		var page struct {
			Items  []struct{ ID, Text string }
			Cursor string
		}
		decode(t, b.do(request{path: fmt.Sprintf("%s?take=%d", path, take)}), &page)
		if len(page.Items) != want || page.Items[want-1].Text != fmt.Sprint(want-1) {
			t.Errorf("take %d: %d items", take, len(page.Items))
			continue
		}
		lines := b.do(request{path: fmt.Sprintf("%s?take=%d", path, take), accept: jsonl})
		if n := strings.Count(lines.body, "\n"); n != want {
			t.Errorf("take %d: %d lines", take, n)
		}
		var rest struct{ Items []struct{ Text string } }
		decode(t, b.do(request{path: path + "?take=1000&cursor=" + page.Cursor}), &rest)
		if len(rest.Items) != 130-want {
			t.Errorf("behind the cursor after %d: %d items", take, len(rest.Items))
		}
	}
}

func TestNoCellOfASpreadsheetIsAFormula(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := map[string]bool{}
	for _, first := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		name := first + `cmd|' /C calc'!A0`
		body, err := json.Marshal(map[string]string{"name": name})
		must(t, err)
		b.post("/v1/conversation/create", string(body))
		want["'"+name] = true
	}
	b.post("/v1/conversation/create", `{"name":"3 = 4"}`)
	want["3 = 4"] = true
	a := b.do(request{path: "/v1/conversation/export", accept: "text/csv"})
	// The reader makes \n of \r\n, but there is none inside a cell.
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	must(t, err)
	for _, row := range rows[1:] {
		if !want[row[3]] {
			t.Errorf("a cell is %q", row[3])
		}
		delete(want, row[3])
	}
	if len(want) > 0 {
		t.Errorf("there is no cell %v", want)
	}
}

func TestATurnIsSummedUpHoweverMuchFollowsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Reasoning("Hm."), scripted.Text("One.")}, scripted.Script{scripted.Text("Two.")})
	id := b.conversation()
	var first struct{ ID string }
	decode(t, b.post("/v1/conversation/"+id+"/complete", `{"text":"1"}`), &first)
	end := b.stored(id)
	for range 40 {
		b.post("/v1/conversation/"+id+"/send", `{"text":"between"}`)
	}
	b.post("/v1/conversation/"+id+"/complete", `{"text":"2"}`)
	a := b.do(request{path: fmt.Sprintf("/v1/conversation/%s/events?after=%d&take=1", id, end-1), accept: jsonl})
	if !strings.Contains(a.body, `"type":"result","data":{"id":"`+first.ID+`","text":"One."`) {
		t.Errorf("got %s", a.body)
	}
}
