package uipath

import (
	"cmp"

	"github.com/parleyhq/parley/internal/convo"
)

// linker says where a client can read a source that is no page: at an address of its
// own, or, for a passage of a file, at one that is made when it is shown. A room is
// shown to all its clients as the first one sees the server.
type linker func(file string) string

func (f *Front) linker(base, tenant string) linker {
	return func(file string) string { return base + f.links.Path(tenant, file) }
}

func (l linker) of(s convo.Source) string {
	if s.URL != "" || s.File == "" || l == nil {
		return s.DownloadURL
	}
	return cmp.Or(s.DownloadURL, l(s.File))
}
