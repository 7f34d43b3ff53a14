package app

import (
	"context"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/transfer"
)

// tenantArchive is what commands may do with all conversations of a tenant.
type tenantArchive struct {
	store   store.Store
	tenants tenants
	sealer  func() (engine.Sealer, error) // with which the store's secrets are sealed
}

var _ console.Archive = tenantArchive{}

// Export implements console.Archive.
func (a tenantArchive) Export(ctx context.Context, tenant string, w io.Writer, total func(int), v console.Values) error {
	id, err := a.tenants.find(tenant)
	if err != nil {
		return err
	}
	values, err := a.values(v)
	if err != nil {
		return err
	}
	return transfer.Export(ctx, a.store, id, w, total, values)
}

// MinPassphrase is how many characters a passphrase of an archive has at least.
const MinPassphrase = 12

// values lets the values of secrets travel, if that is asked for.
func (a tenantArchive) values(v console.Values) (*transfer.Values, error) {
	switch n := utf8.RuneCountInString(v.Passphrase); {
	case n == 0 && v.Must:
		return nil, convo.Errorf(convo.Invalid, "the values of secrets need the passphrase that they were exported with")
	case n == 0:
		return nil, nil
	case n < MinPassphrase:
		return nil, convo.Errorf(convo.Invalid, "the passphrase has %d characters, and needs at least %d", n, MinPassphrase)
	}
	sealer, err := a.sealer()
	if err != nil {
		return nil, err
	}
	return &transfer.Values{Sealer: sealer, Passphrase: v.Passphrase, Salt: v.Salt, Must: v.Must}, nil
}

// ArchiveSalt gives the salt of an archive with the values of secrets, from its
// first line.
func ArchiveSalt(r io.Reader) ([]byte, error) { return transfer.Salt(r) }

// Import implements console.Archive.
func (a tenantArchive) Import(
	ctx context.Context, tenant string, r io.Reader, dryRun bool, v console.Values,
) (console.Imported, error) {
	id, err := a.tenants.find(tenant)
	if err != nil {
		return console.Imported{}, err
	}
	values, err := a.values(v)
	if err != nil {
		return console.Imported{}, err
	}
	result, err := transfer.Import(ctx, a.store, id, r, dryRun, values)
	done := console.Imported{
		Imported: result.Imported, Skipped: result.Skipped, Refused: result.Refused, Events: result.Events,
		Objects: result.Objects, Records: result.Records, Values: result.Values, Withheld: result.Withheld,
		Covered: result.Covered,
	}
	for _, p := range result.Problems {
		done.Problems = append(done.Problems, console.Problem(p))
	}
	return done, err
}

// Updated implements console.Archive.
func (a tenantArchive) Updated(ctx context.Context, tenant string, ids []string) (map[string]time.Time, error) {
	id, err := a.tenants.find(tenant)
	if err != nil {
		return nil, err
	}
	return transfer.Updated(ctx, a.store, id, ids)
}

// OpenArchive opens the data folder to export from it, or to import into it,
// while no server holds it. The caller calls what it returns when it is done.
// Only an import makes data where there is none: an export of the wrong folder
// would be empty, and look like one that went well.
func OpenArchive(ctx context.Context, cfg config.Config, write bool) (console.Archive, func() error, error) {
	if !write {
		if err := mustHaveData(ctx, cfg); err != nil {
			return nil, nil, err
		}
	}
	data, err := openFolder(ctx, cfg.Data, sqlite.Options{})
	if err != nil {
		return nil, nil, err
	}
	// Only values of secrets need the key; what openKey warns of is a server's business.
	sealer := func() (engine.Sealer, error) { return openKey(cfg, slog.New(slog.DiscardHandler)) }
	return tenantArchive{data, cfg.AllTenants(), sealer}, data.Close, nil
}

// mustHaveData looks into the data folder without a change to it.
func mustHaveData(ctx context.Context, cfg config.Config) error {
	data, err := sqlite.Inspect(ctx, cfg.Data)
	switch {
	case err == nil:
		return data.Close()
	case convo.ErrorKind(err) == convo.NotFound:
		return noData(cfg, err)
	}
	return nil // opening the data mends that, or says what it is
}

// noData says that a command finds nothing to work on.
func noData(cfg config.Config, cause error) error {
	return convo.WrapError(convo.NotFound, cause, "there is no data in %s: start parley serve once, or name another folder with --data", cfg.Data)
}
