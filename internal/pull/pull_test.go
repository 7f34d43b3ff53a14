package pull_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/pull"
	"github.com/parleyhq/parley/internal/store/replay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a server of another make: it has lists with cursors, oldest first
// if asked so, and no logs.
type service struct {
	*httptest.Server

	mu            sync.Mutex
	conversations []string            // as JSON objects with an id
	messages      map[string][]string // by conversation
	events        map[string]string   // by conversation; nil: there are no logs

	asked   []string
	limited int            // how many requests are refused with 429 before one is answered
	broken  map[string]int // paths that are answered with that status
	now     int            // requests that are being answered
	most    int
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{messages: map[string][]string{}, broken: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *service) client(t *testing.T) *client.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := client.New(client.WithBaseURL(s.URL), client.WithSecret("the secret"),
		client.WithHTTPClient(&http.Client{Transport: transport}), client.WithRetries(2))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1/conversation/")
	s.mu.Lock()
	s.asked = append(s.asked, path)
	s.now++
	s.most = max(s.most, s.now)
	status := s.broken[path]
	if s.limited > 0 {
		s.limited--
		status = http.StatusTooManyRequests
	}
	id, rest, _ := strings.Cut(path, "/")
	conversations, messages, events, logs := s.conversations, s.messages[id], s.events[id], s.events != nil
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	switch {
	case r.Header.Get("Authorization") != "Bearer the secret":
		http.Error(w, `{"message":"who?","code":"NOT_AUTHENTICATED"}`, http.StatusUnauthorized)
	case status != 0:
		w.Header().Set("Retry-After", "0")
		http.Error(w, `{"message":"not now"}`, status)
	case path == "list":
		page(w, r, conversations)
	case rest == "message/list":
		page(w, r, messages)
	case rest == "events" && logs:
		w.Header().Set("Content-Type", "application/jsonl")
		_, _ = io.WriteString(w, events)
	default:
		http.Error(w, `{"message":"no such path","code":"NOT_FOUND"}`, http.StatusNotFound)
	}
}

// seen is what was asked of it.
func (s *service) seen() (paths string, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, " "), s.most
}

// page answers with the items behind a cursor, which is an index.
func page(w http.ResponseWriter, r *http.Request, items []string) {
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	take, _ := strconv.Atoi(r.URL.Query().Get("take"))
	if r.URL.Query().Get("order") != "asc" || take < 1 || take > 100 {
		http.Error(w, `{"message":"a strange query"}`, http.StatusBadRequest)
		return
	}
	to := min(from+take, len(items))
	cursor := strconv.Itoa(to)
	if from == to {
		cursor = ""
	}
	fmt.Fprintf(w, `{"items":[%s],"cursor":%q}`, strings.Join(items[from:to], ","), cursor)
}

// pulled is what an archive has, by conversation.
func pulled(t *testing.T, s *service, o pull.Options) (map[string][]convo.Event, []string, pull.Result, error) {
	t.Helper()
	var b bytes.Buffer
	result, failed := pull.Pull(t.Context(), s.client(t), &b, o)
	all, order := map[string][]convo.Event{}, []string(nil)
	for reader := archive.NewReader(&b); ; {
		c, err := reader.Next()
		if err == io.EOF {
			return all, order, result, failed
		}
		if err != nil {
			t.Fatal(err)
		}
		events, err := c.Events()
		if err == nil {
			_, _, err = replay.Whole("t", c.ID, events)
		}
		if err != nil {
			t.Fatalf("conversation %s cannot be imported: %v", c.ID, err)
		}
		all[c.ID], order = events, append(order, c.ID)
	}
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func TestAPullKeepsWhatTheServerShows(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.conversations = []string{
		`{"id":"clx1","createdAt":1000,"updatedAt":9000,"name":"Ünï 🦜","description":null,"meta":{"n":1.0,"<":"&"},"botId":"b","model":"gpt-4o",
		  "backstory":"","privacy":false,"visibility":"private"}`,
		`{"id":"clx2","createdAt":2000,"updatedAt":2000}`,
	}
	s.messages["clx1"] = []string{
		`{"id":"m1","type":"user","text":"hi","createdAt":1100,"updatedAt":1100,"name":"Ann"}`,
		`{"id":"m2","type":"activity","text":"","meta":{"activity":{"type":"request"}},"createdAt":1200,"updatedAt":5000}`,
		`{"id":"m2","type":"activity","text":"again","createdAt":1200,"updatedAt":1200}`,
		`{"id":"odd/id","type":"bot","text":"ho","createdAt":1300,"updatedAt":4000}`,
		`{"id":"m4","type":"checkpoint","text":"no times"}`,
	}
	got, order, result, err := pulled(t, s, pull.Options{})
	if err != nil || result.Read != 2 || result.Votes || len(order) != 2 || order[0] != "clx1" {
		t.Fatalf("%+v, %v, %v", order, result, err)
	}
	name, bot, model, empty, no, ann := "Ünï 🦜", "b", "gpt-4o", "", false, "Ann"
	fields := convo.Fields{
		Name: &name, Meta: convo.JSON(`{"<":"&","n":1.0}`), BotID: &bot,
		Config: convo.Config{Model: &model, Backstory: &empty, Privacy: &no},
	}
	odd := got["clx1"][3].Body.(convo.MessageGiven).ID
	if odd == "odd/id" || len(odd) != 36 {
		t.Errorf("an id that can stand in no address became %q", odd)
	}
	activity := convo.MessageFields{Type: convo.Activity, Meta: convo.JSON(`{"activity":{"type":"request"}}`)}
	want := []convo.Event{
		{At: at(1000), Body: convo.ConversationCreated{Fields: fields}},
		{At: at(1100), Body: convo.MessageGiven{ID: "m1", Place: convo.Place(1, 0), Fields: convo.MessageFields{Type: convo.User, Name: &ann}, Text: "hi"}},
		{At: at(1200), Body: convo.MessageGiven{ID: "m2", Place: convo.Place(2, 0), Fields: activity}},
		{At: at(1300), Body: convo.MessageGiven{ID: odd, Place: convo.Place(3, 0), Fields: convo.MessageFields{Type: convo.Bot}, Text: "ho"}},
		{At: at(1300), Body: convo.MessageGiven{ID: "m4", Place: convo.Place(4, 0), Fields: convo.MessageFields{Type: convo.Checkpoint}, Text: "no times"}},
		{At: at(4000), Body: convo.MessageChanged{ID: odd, Fields: convo.MessageFields{Type: convo.Bot}}},
		{At: at(5000), Body: convo.MessageChanged{ID: "m2", Fields: activity}},
		{At: at(9000), Body: convo.ConversationChanged{Fields: fields}},
	}
	for i := range want {
		want[i].Seq = int64(i + 1)
	}
	if !reflect.DeepEqual(got["clx1"], want) {
		t.Errorf("got  %+v\nwant %+v", got["clx1"], want)
	}
	if second := got["clx2"]; len(second) != 1 {
		t.Errorf("the other one: %+v", second)
	}
	asked, _ := s.seen()
	if n := strings.Count(asked, "/events"); n > 2 {
		t.Errorf("it asked %d times for votes", n)
	}
}

func TestVotesComeFromServersThatShowThem(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.conversations = []string{`{"id":"c","createdAt":1000,"updatedAt":1100}`}
	s.messages["c"] = []string{`{"id":"m","type":"user","text":"hi","createdAt":1100,"updatedAt":1100}`}
	s.events = map[string]string{"c": `{"type":"message","data":{"id":"m","type":"user","text":"hi"},"seq":2,"createdAt":1100}
{"type":"rating","data":{"id":"r1","messageId":"m","value":-5,"reason":"no"},"seq":3,"createdAt":1200}
{"type":"rating","data":{"id":"r2","value":100},"seq":4,"createdAt":1300}
`}
	got, _, result, err := pulled(t, s, pull.Options{})
	if err != nil || !result.Votes || len(got["c"]) != 4 {
		t.Fatalf("%+v, %+v, %v", got, result, err)
	}
	for i, want := range []convo.Event{
		{Seq: 3, At: at(1200), Body: convo.Rated{ID: "r1", Message: "m", Value: -5, Reason: "no"}},
		{Seq: 4, At: at(1300), Body: convo.Rated{ID: "r2", Value: 100}},
	} {
		if !reflect.DeepEqual(got["c"][2+i], want) {
			t.Errorf("got %+v, want %+v", got["c"][2+i], want)
		}
	}
}

func TestWhatIsHereIsNotReadAgain(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for n := range 250 {
		s.conversations = append(s.conversations, fmt.Sprintf(`{"id":"c%03d","createdAt":%d,"updatedAt":%d}`, n, n+1, n+1))
	}
	var asked, moved int
	o := pull.Options{
		Updated: func(_ context.Context, ids []string) (map[string]time.Time, error) {
			asked += len(ids)
			here := map[string]time.Time{}
			for _, id := range ids {
				if id < "c240" {
					n, _ := strconv.Atoi(id[1:])
					here[id] = at(int64(n + 1))
				}
				if id == "c007" {
					here[id] = at(5)
				}
			}
			return here, nil
		},
		Moved: func(pull.Result) { moved++ },
	}
	got, order, result, err := pulled(t, s, o)
	if err != nil || result.Read != 10 || result.Skipped != 239 || len(result.Changed) != 1 || result.Changed[0].Conversation != "c007" {
		t.Errorf("%+v, %v", result, err)
	}
	if asked != 250 || moved != 250 || len(got) != 10 || order[0] != "c240" || order[9] != "c249" {
		t.Errorf("asked for %d, told %d times, got %v", asked, moved, order)
	}
	if all, _ := s.seen(); strings.Contains(all, "c239") || !strings.Contains(all, "c240/message/list") {
		t.Errorf("it read %s", all)
	}
}

func TestAPullGoesEasyOnTheServer(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for n := range 40 {
		s.conversations = append(s.conversations, fmt.Sprintf(`{"id":"c%03d","createdAt":%d,"updatedAt":%d}`, n, n+1, n+1))
	}
	s.limited = 2 // as many times as the client tries again
	_, order, result, err := pulled(t, s, pull.Options{})
	if err != nil || result.Read != 40 || len(order) != 40 {
		t.Errorf("%+v, %v", result, err)
	}
	if _, most := s.seen(); most > 5 {
		t.Errorf("%d requests at once", most)
	}
}

func TestAPullThatFailsLeavesWhatItHasWhole(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for n := range 20 {
		s.conversations = append(s.conversations, fmt.Sprintf(`{"id":"c%03d","createdAt":%d,"updatedAt":%d}`, n, n+1, n+1))
	}
	s.broken["c010/message/list"] = http.StatusBadRequest
	_, order, result, err := pulled(t, s, pull.Options{})
	if answer, ok := errors.AsType[*client.Error](err); !ok || answer.Status != http.StatusBadRequest {
		t.Errorf("got %v", err)
	}
	if len(order) != 10 || result.Read != 10 {
		t.Errorf("%v, %+v", order, result)
	}
	s.mu.Lock() // it may still have requests of the pull that failed
	s.broken["c010/message/list"] = http.StatusNotFound
	s.messages["c011"] = []string{`{"id":"m","type":"hologram","text":""}`}
	s.mu.Unlock()
	_, order, result, err = pulled(t, s, pull.Options{})
	if err != nil || len(order) != 18 || len(result.Refused) != 2 || !strings.Contains(result.Refused[1].Text, `"hologram"`) {
		t.Errorf("%d read, %+v, %v", len(order), result.Refused, err)
	}
	wrong, err := client.New(client.WithBaseURL(s.URL), client.WithSecret("another"), client.WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	if _, err := pull.Pull(t.Context(), wrong, io.Discard, pull.Options{}); err == nil || strings.Contains(err.Error(), "another") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestAPullEndsWithItsContextAndWithItsReader(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for n := range 300 {
		s.conversations = append(s.conversations, fmt.Sprintf(`{"id":"c%03d","createdAt":%d,"updatedAt":%d}`, n, n+1, n+1))
		long, _ := json.Marshal(strings.Repeat("x", 10_000))
		s.messages[fmt.Sprintf("c%03d", n)] = []string{fmt.Sprintf(`{"id":"m","type":"user","text":%s,"createdAt":1,"updatedAt":1}`, long)}
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := pull.Pull(ctx, s.client(t), io.Discard, pull.Options{Moved: func(r pull.Result) {
		if r.Read == 20 {
			cancel(gone)
		}
	}})
	if !errors.Is(err, gone) {
		t.Errorf("cancelled: %v", err)
	}
	r, w := io.Pipe()
	_ = r.CloseWithError(gone)
	if _, err := pull.Pull(t.Context(), s.client(t), w, pull.Options{}); !errors.Is(err, gone) {
		t.Errorf("without a reader: %v", err)
	}
	_, err = pull.Pull(t.Context(), s.client(t), io.Discard, pull.Options{
		Updated: func(context.Context, []string) (map[string]time.Time, error) { return nil, gone },
	})
	if !errors.Is(err, gone) {
		t.Errorf("without knowing what is here: %v", err)
	}
}
