package client_test

import (
	"encoding/json"
	"testing"

	"github.com/parleyhq/parley/client"
)

func TestATurnsContactIsAnIDOrWhatIsEnsured(t *testing.T) {
	t.Parallel()
	ann := &client.ContactEnsureRequest{Fingerprint: client.Set("ann")}
	for want, ref := range map[string]client.ContactRef{
		`{}`:                                  {},
		`{"contactId":"ann"}`:                 {ID: "ann"},
		`{"contactId":{"fingerprint":"ann"}}`: {Ensure: ann},
	} {
		got, err := json.Marshal(client.CompleteStatelessRequest{ContactID: ref})
		if err != nil || string(got) != want {
			t.Errorf("%v: %+v is sent as %s, not %s", err, ref, got, want)
		}
	}
	if got, err := json.Marshal(client.ContactRef{ID: "ann", Ensure: ann}); err == nil {
		t.Errorf("both at once are sent as %s", got)
	}
}
