package app

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/engine"
)

// declareDatasets makes the datasets of all tenants what the configuration says, and
// has indexed what is new in their files.
func (a *App) declareDatasets(ctx context.Context) error {
	for _, tenant := range a.cfg.AllTenants() {
		var list []engine.DeclaredDataset
		for _, d := range a.cfg.Datasets {
			if a.cfg.TenantOrFirst(d.Tenant) != tenant.ID() {
				continue
			}
			list = append(list, engine.DeclaredDataset{
				ID: d.ID, Name: given(d.Name), Description: given(d.Description), Files: a.declaredFiles(d), Where: d.Where,
			})
		}
		if err := a.engine.DeclareDatasets(ctx, tenant.ID(), list); err != nil {
			return err
		}
	}
	return nil
}

// declaredFiles finds the files of a dataset. Where there are none, or not all can be
// found out, it is nil: a disk that does not answer is no reason to forget what the
// dataset had.
func (a *App) declaredFiles(d config.Dataset) []engine.DeclaredFile {
	files := []engine.DeclaredFile{}
	for _, pattern := range d.Files {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(literal(d.Folder), pattern)
		}
		found, err := matching(pattern)
		if err != nil || len(found) == 0 {
			a.log.Warn("a dataset of the configuration names files that are not there, or cannot be read",
				"dataset", d.ID, "files", pattern, "error", err)
		}
		if err != nil {
			return nil
		}
		for _, path := range found {
			files = append(files, declaredFile(d.Folder, path))
		}
	}
	if len(files) == 0 && len(d.Files) > 0 {
		return nil
	}
	slices.SortFunc(files, func(a, b engine.DeclaredFile) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b engine.DeclaredFile) bool { return a.Path == b.Path })
}

// literal is a path as a pattern that only it matches.
func literal(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(path)
}

func declaredFile(folder, path string) engine.DeclaredFile {
	name, err := filepath.Rel(cmp.Or(folder, "."), path)
	if err != nil { // one of them is absolute
		name = path
	}
	return engine.DeclaredFile{Path: filepath.ToSlash(name), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// matching gives the files that a pattern means and that can be read: those that it
// matches, and those in folders that it matches.
func matching(pattern string) (files []string, err error) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	for _, root := range found {
		info, err := os.Stat(root)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			below, err := readable(root)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
		} else if info.Mode().IsRegular() && MediaType(root) != "" {
			files = append(files, root)
		}
	}
	return files, nil
}

// readable gives the files in and below a folder that datasets can have. Names that
// begin with a dot are left out.
func readable(root string) (files []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != root && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && MediaType(d.Name()) != "":
			files = append(files, path)
		}
		return nil
	})
	return files, err
}
