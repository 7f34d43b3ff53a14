package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
)

// TestDataOfEarlierVersionsIsBroughtUpToDate makes the data of a version by its
// migrations, with the rows that today's has and the columns that it knew.
func TestDataOfEarlierVersionsIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	today := sound(t)
	execute(t, today, `
		DELETE FROM log WHERE id > 3 << 32;
		DELETE FROM turns WHERE conversation > 2; DELETE FROM messages WHERE conversation > 2; DELETE FROM inputs;
		DELETE FROM heads WHERE id > 2; DELETE FROM conversations WHERE id > 2; DELETE FROM agendas WHERE id > 2;
		DELETE FROM open_deltas WHERE conversation > 2; DELETE FROM aliases; DELETE FROM files; DELETE FROM file_pieces;
		DELETE FROM objects WHERE kind IN ('file', 'dataset', 'datasetfile', 'contact');
		DELETE FROM collections; DELETE FROM records; DELETE FROM spaces; DELETE FROM vectors; DELETE FROM segments;
		DELETE FROM segment_pieces; DELETE FROM vaults; DELETE FROM journals; DELETE FROM journal; DELETE FROM sqlite_sequence`) // it has what they did not know
	s := open(t, today, "")
	for i, bot := range []string{"a bot", talk1, strings.ToUpper(talk1), "", "01890000-0000-7000-8000-00000000000x"} {
		appendTo(t, s, fmt.Sprint("of a bot ", i), convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{Fields: convo.Fields{BotID: &bot, ContactID: &bot}}})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := dump(t, today)
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for version := 1; version < len(files); version++ {
		folder := t.TempDir()
		old := []string{fmt.Sprintf(`ATTACH '%s' AS today`, filepath.Join(today, "parley.db"))}
		for _, file := range files[:version] {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			old = append(old, string(text))
		}
		conn, err := sqlite.OpenConn(filepath.Join(folder, "parley.db"), sqlite.OpenReadWrite|sqlite.OpenCreate)
		if err != nil {
			t.Fatal(err)
		}
		run := func(sql string, row func(*sqlite.Stmt) error) {
			if err := sqlitex.ExecuteTransient(conn, sql, &sqlitex.ExecOptions{ResultFunc: row}); err != nil {
				t.Fatal(err)
			}
		}
		run(old[0], nil)
		if err := sqlitex.ExecuteScript(conn, strings.Join(old[1:], ";\n"), nil); err != nil {
			t.Fatal(err)
		}
		columns := map[string][]string{}
		run(`SELECT m.name, c.name FROM main.sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`, func(s *sqlite.Stmt) error {
			columns[s.ColumnText(0)] = append(columns[s.ColumnText(0)], s.ColumnText(1))
			return nil
		})
		for table, names := range columns {
			list := strings.Join(names, ", ")
			run(fmt.Sprintf(`INSERT INTO main.%s (%s) SELECT %s FROM today.%s`, table, list, list, table), nil)
		}
		run(fmt.Sprintf(`PRAGMA main.user_version = %d`, version), nil)
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if err := open(t, folder, "").Close(); err != nil {
			t.Fatal(err)
		}
		mustBeSound(t, folder)
		if got := dump(t, folder); got != want {
			t.Errorf("of version %d:\n%s\nwant\n%s", version, got, want)
		}
	}
}
