package uipath_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/wire/uipath"
)

func TestAUserChoosesConnections(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) {
		o.Connectors = func(tenant, bot string) []uipath.Connector {
			if tenant != tenantOne || bot != "support" {
				return nil
			}
			return []uipath.Connector{
				{Key: "wiki", Connections: []uipath.Connection{{ID: "prod", Title: "Production", Default: true}, {ID: "test", Title: "Test"}}},
				{Key: "mail", Connections: []uipath.Connection{{ID: "own", Title: "Own"}}},
			}
		}
	})
	x := b.exchanged()
	const at = "/agent/7/1/connections"
	x.do(request{path: at})
	x.do(request{method: http.MethodPut, path: at, body: `{"selections":[{"connectorKey":"wiki","connectionId":"test"},{"connectorKey":"mail","connectionId":"own"}]}`})
	x.do(request{method: http.MethodPut, path: at, body: `{"selections":[{"connectorKey":"wiki","connectionId":null}]}`})
	x.do(request{path: "/agent/connections/auth", body: `{"connectorKey":"wiki"}`})
	x.golden("connections")
	for code, bodies := range map[int][]string{
		4005: {
			`{"selections":[{"connectorKey":"mail","connectionId":null},{"connectorKey":"chat","connectionId":"own"}]}`,
			`{"selections":[{"connectorKey":"wiki","connectionId":"own"}]}`,
		},
		4001: {`{"selections":[{"connectionId":"own"}]}`, `{"selections":{}}`, `{"selections":[{"connectorKey":"wiki","connectionId":5}]}`},
	} {
		for _, body := range bodies {
			b.refused(code, request{method: http.MethodPut, path: at, body: body})
		}
	}
	if after := b.want(http.StatusOK, request{path: at}).body; !strings.Contains(after, `"currentConnectionId":"own"`) || strings.Contains(after, `"currentConnectionId":"prod"`) {
		t.Errorf("a refused choice left %s", after)
	}
	other := request{path: at, header: map[string]string{"X-UiPath-External-User-Id": "bob"}}
	if theirs := b.want(http.StatusOK, other).body; !strings.Contains(theirs, `"currentConnectionId":"prod"`) {
		t.Errorf("another user has %s", theirs)
	}
	b.refused(4042, request{path: "/agent/7/2/connections"})
	foreign := request{path: "//other/dev/autopilotforeveryone_/api/v1" + at, token: b.foreign}
	if none := b.want(http.StatusOK, foreign).body; none != "[]" {
		t.Errorf("another tenant has %s", none)
	}
}
