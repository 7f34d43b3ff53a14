package uipath_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// withQuota is a server on which a tenant's turns may use so many tokens a day.
func withQuota(t *testing.T, tokens int64, scripts ...scripted.Script) *bundle {
	t.Helper()
	quota := func(o *engine.Options) { o.Quotas = []engine.Quota{{Tokens: tokens, Per: engine.Daily}} }
	return setupEngine(t, quota, func(*uipath.Options) {}, scripts...)
}

// wantQuota checks how an exchange ends that a quota refused.
func (p *peer) wantQuota(exchange string) {
	p.t.Helper()
	told := p.until(`"exchangeError"`)
	for _, part := range []string{
		`"exchangeId":"` + exchange + `"`, `"errorId":"EXCHANGE_COULD_NOT_BE_CREATED"`, `"details":{"code":"limits_reached"}`,
		"is used up; it begins again at", `"endExchange"`,
	} {
		if !strings.Contains(told, part) {
			p.t.Errorf("%s is not in %s", part, told)
		}
	}
}

func TestAnExchangeBeyondAQuotaIsRefused(t *testing.T) {
	t.Parallel()
	b := withQuota(t, 100, scripted.Script{scripted.Text("ok"), scripted.Usage(100, 10), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`"endExchange"`)
	ann.ask(id, "Y", "And now?")
	ann.wantQuota("Y")
	ann.quiet()
	refused := b.want(http.StatusOK, request{path: "/conversation/" + id + "/exchange/Y"}).object(t)
	if messages, _ := refused["messages"].([]any); len(messages) != 0 || refused["status"] != "failed" {
		t.Errorf("the exchange is %v", refused)
	}
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestAnExchangeThatWaitedFailsWhenItsQuotaIsUsedUp(t *testing.T) {
	t.Parallel()
	second := make(chan struct{})
	b := withQuota(t, 10_000, scripted.Script{
		scripted.Text("first half, "), scripted.Wait(second), scripted.Text("second half"), scripted.Usage(9_000, 1_000), scripted.Finish(model.StopEnd),
	})
	id, ann := b.midway(nil)
	ben := b.connect("ben", nil, options{})
	ben.start(id)
	ann.ask(id, "Y", "And now?")
	ben.until(`"data":"And now?"`) // it waits
	close(second)
	ann.until(`"endExchange"`)
	ann.wantQuota("Y")
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times", n)
	}
}
