package model_test

import (
	"net/http"
	"testing"

	"github.com/parleyhq/parley/internal/model"
)

func TestAContextCarriesTheHeadersOfItsCalls(t *testing.T) {
	t.Parallel()
	if got := model.Header(t.Context()); got != nil {
		t.Errorf("a bare context has %v", got)
	}
	header := http.Header{"Traceparent": {"x"}}
	if got := model.Header(model.WithHeader(t.Context(), header)); got.Get("Traceparent") != "x" {
		t.Errorf("got %v", got)
	}
}
