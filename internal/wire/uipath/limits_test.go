package uipath_test

import (
	"net/http"
	"testing"

	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

func TestRequestsOverALimitAreRefusedButForRepeats(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) { o.Limiter = ratelimit.New(ratelimit.Limits{TokenRate: 2}) })
	create := request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7}`, header: map[string]string{"Idempotency-Key": "k"}}
	first := b.want(http.StatusCreated, create)
	b.want(http.StatusOK, request{path: "/agent"})
	b.refused(4290, request{path: "/agent"})
	if wait := b.do(request{path: "/agent"}).header.Get("Retry-After"); wait == "" {
		t.Error("the refusal does not say for how long")
	}
	if again := b.want(http.StatusCreated, create); again.body != first.body {
		t.Errorf("the repeat was answered with %s", again.body)
	}
	create.header = nil
	b.refused(4290, create)
	b.refused(4010, request{path: "/agent", token: "-"})
}
