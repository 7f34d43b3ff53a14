package config_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/config"
)

func TestTheFileDeclaresDatasets(t *testing.T) {
	t.Parallel()
	path := write(t, "agents: [{id: a, datasets: [handbook]}]\ndatasets:\n  - {id: handbook, name: Handbook, files: [docs, a/*.md]}\n")
	l, err := config.Load(config.Sources{Flags: map[string]string{"config": path}})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Dataset{{ID: "handbook", Name: "Handbook", Files: []string{"docs", "a/*.md"}, Folder: filepath.Dir(path), Where: path + ":3"}}
	if !reflect.DeepEqual(l.Config.Datasets, want) {
		t.Errorf("the datasets are %+v, want %+v", l.Config.Datasets, want)
	}
	l, err = config.Load(config.Sources{Env: []string{"PARLEY_DATASETS=[{id: handbook, files: docs}]"}})
	if err != nil || l.Config.Datasets[0].Folder != "" {
		t.Errorf("those of the environment are below the working folder: %+v, %v", l.Config.Datasets, err)
	}
}

func TestADatasetThatCannotBeIsAProblem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{name: x}":                     "datasets[0].id (FILE:1): give it an id",
		"{id: $memory}":                 "datasets[0].id (FILE:1): give it an id",
		"{id: a}, {id: a}":              `datasets[1].id (FILE:1): two datasets have the id "a"`,
		"{id: a, tenant: x/y}":          `datasets[0].tenant (FILE:1): there is no tenant "x/y"`,
		`{id: a, files: ["[a"]}`:        `datasets[0].files[0] (FILE:1): "[a" is no pattern`,
		`{id: a, files: ["a/**/*.md"]}`: "name the folder itself",
		`{id: a, files: [""]}`:          "name a file, a pattern or a folder",
		"{id: a, file: x}":              "did you mean",
	} {
		path := write(t, "datasets: ["+text+"]\n")
		_, err := config.Load(config.Sources{Flags: map[string]string{"config": path}})
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), path, "FILE"), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
