package openai_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	modeltest.Run(t, func(_ *testing.T, s modeltest.Setup) model.Provider {
		return openai.New(openai.Options{Name: "fake", BaseURL: s.URL, Key: s.Key, Silence: s.Silence})
	})
}
