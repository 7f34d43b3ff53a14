package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Dataset is one that the file declares.
type Dataset struct {
	ID          string   `key:"id" doc:"Its id: letters, digits, - and _. Agents and requests name the dataset by it."`
	Tenant      string   `key:"tenant" doc:"Whose it is, as org/name. Empty: the first tenant's."`
	Name        string   `key:"name" doc:"What people call it."`
	Description string   `key:"description" doc:"What is in it."`
	Files       []string `key:"files" doc:"The files whose texts it has: paths, patterns (docs/*.md) and folders, which stand for all below them that can be read and does not begin with a dot; relative to the folder of this file, or from the environment to the working folder. They are looked at at each start: what is new or changed is indexed, in the background, and what is gone from all of them leaves the dataset, unless they have no file at all any more. Files that were attached over the API stay."`
	Folder      string   `file:"-"` // that relative paths are below; "" = the working folder
	Where       string   `file:"-"` // file:line
}

// datasets checks what needs no look at the disk.
func (v *validator) datasets(cfg *Config) {
	ids := map[string]bool{}
	for i, d := range cfg.Datasets {
		at := fmt.Sprintf("datasets[%d].", i)
		tenant := cfg.TenantOrFirst(d.Tenant)
		known := slices.ContainsFunc(cfg.AllTenants(), func(t Tenant) bool { return t.ID() == tenant })
		id := tenant + "\x00" + d.ID
		switch {
		case !isName(d.ID):
			v.where(at+"id", d.Where, errors.New("give it an id of letters, digits, - and _, at most 256"))
		case !known:
			v.where(at+"tenant", d.Where, fmt.Errorf("there is no tenant %q", tenant))
		case ids[id]:
			v.where(at+"id", d.Where, fmt.Errorf("two datasets have the id %q", d.ID))
		}
		ids[id] = true
		for j, pattern := range d.Files {
			v.where(fmt.Sprintf("%sfiles[%d]", at, j), d.Where, checkPattern(pattern))
		}
	}
}

func checkPattern(pattern string) error {
	_, err := filepath.Match(pattern, "")
	switch {
	case pattern == "":
		return errors.New("name a file, a pattern or a folder")
	case err != nil:
		return fmt.Errorf("%q is no pattern: a [ has no ]", pattern)
	case strings.Contains(pattern, "**"):
		return fmt.Errorf("%q: ** means nothing here; name the folder itself for all that is below it", pattern)
	}
	return nil
}
