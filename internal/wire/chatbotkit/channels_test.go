package chatbotkit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/ratelimit"
)

const weather = "/v1/channel/weather-0123456789"

// subscriber reads a channel line by line.
type subscriber struct {
	t     *testing.T
	lines *bufio.Reader
	body  io.Closer
}

func (b *bundle) subscribe(path, body string) *subscriber {
	b.t.Helper()
	res := b.start(request{path: path + "/subscribe", body: body})
	b.t.Cleanup(func() { _ = res.Body.Close() })
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "application/jsonl" {
		text, _ := io.ReadAll(res.Body)
		b.t.Fatalf("subscribing gives %d %s %s", res.StatusCode, got, text)
	}
	s := &subscriber{b.t, bufio.NewReader(res.Body), res.Body}
	id := path[strings.LastIndexByte(path, '/')+1:]
	if got, want := s.next(), `{"type":"subscribe","data":{"id":"`+id+`"}}`; got != want {
		b.t.Fatalf("the first line is %s, want %s", got, want)
	}
	return s
}

// next gives the next line.
func (s *subscriber) next() string {
	s.t.Helper()
	line, err := s.lines.ReadString('\n')
	must(s.t, err)
	checkLines(s.t, line)
	return strings.TrimSpace(line)
}

func (s *subscriber) want(lines ...string) {
	s.t.Helper()
	for _, want := range lines {
		if got := s.next(); got != want {
			s.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func (b *bundle) publish(path, message string) {
	b.t.Helper()
	a := b.post(path+"/publish", `{"message":`+message+`}`)
	if want := `{"id":"` + strings.TrimPrefix(path, "/v1/channel/") + `"}`; a.status != 200 || a.body != want {
		b.t.Fatalf("publishing gives %d %s", a.status, a.body)
	}
}

func TestASubscriberGetsWhatIsPublishedInItsOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(weather, `{"n":1}`)
	b.publish(weather, `{"n":2}`)
	fresh, both, all := b.subscribe(weather, `{}`), b.subscribe(weather, `{"historyLength":1}`), b.subscribe("/api"+weather, `{"after":0}`)
	b.publish(weather, "{\"n\":3,\n\"text\":\"Zürich 🙂\"}")
	const (
		one   = `{"type":"message","data":{"n":1},"seq":1}`
		two   = `{"type":"message","data":{"n":2},"seq":2}`
		three = `{"type":"message","data":{"n":3,"text":"Z\u00fcrich \ud83d\ude42"},"seq":3}`
	)
	fresh.want(three)
	both.want(two, three)
	all.want(one, two, three)
	b.subscribe(weather, `{"after":2}`).want(three)
	b.subscribe(weather, `{"historyLength":1000000}`).want(one, two, three)
}

func TestManyPublishersGiveEverySubscriberTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const publishers, each = 6, 30
	early := b.subscribe(weather, `{}`)
	var group sync.WaitGroup
	for p := range publishers {
		group.Go(func() {
			for i := range each {
				b.publish(weather, fmt.Sprintf(`{"p":%d,"i":%d}`, p, i))
			}
		})
	}
	late := b.subscribe(weather, `{"after":0}`)
	next := map[int]int{}
	for seq := int64(1); seq <= publishers*each; seq++ {
		line := early.next()
		late.want(line)
		var m struct {
			Data struct{ P, I int }
			Seq  int64
		}
		must(t, json.Unmarshal([]byte(line), &m))
		if m.Seq != seq || m.Data.I != next[m.Data.P] {
			t.Fatalf("message %d is %s", seq, line)
		}
		next[m.Data.P]++
	}
	group.Wait()
}

func TestAMessageThatIsNoObjectTravelsInOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.subscribe(weather, `{}`)
	for message, data := range map[string]string{
		`"ü"`: `{"data":"\u00fc"}`, `[1,2]`: `{"data":[1,2]}`, `false`: `{"data":false}`, `1.50`: `{"data":1.50}`, `{}`: `{}`,
	} {
		b.publish(weather, message)
		if got := s.next(); !strings.HasPrefix(got, `{"type":"message","data":`+data+`,"seq":`) {
			t.Errorf("%s comes as %s", message, got)
		}
	}
}

func TestAChannelIsTheTenantsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.subscribe(weather, `{}`)
	if a := b.do(request{path: weather + "/publish", body: `{"message":{"mine":false}}`, token: b.foreign}); a.status != 200 {
		t.Errorf("another tenant's channel: %d %s", a.status, a.body)
	}
	b.publish(weather, `{"mine":true}`)
	s.want(`{"type":"message","data":{"mine":true},"seq":1}`)
}

func TestChannelsRefuseWhatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(weather, `{}`)
	for _, bad := range []struct{ path, body, says string }{
		{"/v1/channel/short/publish", `{"message":{}}`, "16 to 256"},
		{"/v1/channel/short/subscribe", `{}`, "16 to 256"},
		{"/v1/channel/blank%20in-0123456789/publish", `{"message":{}}`, "without blanks"},
		{"/v1/channel/slash%2Fin-0123456789/subscribe", `{}`, "without"},
		{"/v1/channel/" + strings.Repeat("x", 257) + "/publish", `{"message":{}}`, "16 to 256"},
		{weather + "/publish", `{}`, "message"},
		{weather + "/publish", `{"message":null}`, "message"},
		{weather + "/subscribe", `{"historyLength":-1}`, "historyLength"},
		{weather + "/subscribe", `{"historyLength":"1"}`, "historyLength"},
		{weather + "/subscribe", `{"after":-1}`, "after"},
		{weather + "/subscribe", `{"after":2}`, "from 0 to 1"},
	} {
		if a := b.post(bad.path, bad.body); a.status != 400 || !strings.Contains(a.body, bad.says) {
			t.Errorf("%s %s: %d %s", bad.path, bad.body, a.status, a.body)
		}
	}
	b.publish(weather, `{"n":2}`)
	b.subscribe(weather, `{"after":0}`).want(`{"type":"message","data":{},"seq":1}`, `{"type":"message","data":{"n":2},"seq":2}`)
}

func TestAPublicationWithAKeyHappensOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := request{path: weather + "/publish", body: `{"message":{"n":1}}`, header: map[string]string{"Idempotency-Key": "k"}}
	first, again := b.do(q), b.do(q)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the repeat gets %s %v", again.body, again.header)
	}
	b.publish(weather, `{"n":2}`)
	b.subscribe(weather, `{"after":0}`).want(`{"type":"message","data":{"n":1},"seq":1}`, `{"type":"message","data":{"n":2},"seq":2}`)
}

func TestASessionPublishesOnlyWhereItsTurnWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.make()
	s := b.subscribe(weather, `{}`)
	for path, body := range map[string]string{weather + "/publish": `{"message":{}}`, weather + "/subscribe": `{}`} {
		if a := b.do(request{path: path, body: body, token: m.session}); a.status != 403 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	b.publish(weather, `{"n":1}`)
	s.want(`{"type":"message","data":{"n":1},"seq":1}`)
}

func TestASubscriptionCountsAsAStream(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.limited(ratelimit.Limits{TokenStreams: 1})
	b.subscribe(weather, `{}`)
	if a := b.post(weather+"/subscribe", `{}`); a.status != 429 {
		t.Errorf("a second one gets %d %s", a.status, a.body)
	}
	if a := b.post(weather+"/publish", `{"message":{}}`); a.status != 200 {
		t.Errorf("publishing gets %d %s", a.status, a.body)
	}
}

func TestASubscriberThatLeavesLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, leave := context.WithCancel(t.Context())
	res := b.start(request{path: weather + "/subscribe", body: `{}`, method: http.MethodPost, ctx: ctx})
	_, err := bufio.NewReader(res.Body).ReadString('\n')
	must(t, err)
	leave()
	_ = res.Body.Close()
	b.log.await(t, "/subscribe", 1) // the line of a request that has ended
	b.publish(weather, `{}`)
}
