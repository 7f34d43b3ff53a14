package chatbotkit

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/httpio"
)

// table says how items of a list stand in a spreadsheet.
type table[T any] struct {
	file    string
	columns []string         // the header row
	cells   func(T) []string // in the order of the columns
}

// answerExport is a list in one more form, for spreadsheets. Whoever names both
// forms of lines gets JSON Lines.
func answerExport[T any](c *call, params listParams, page pager[T], t table[T]) error {
	if c.lines || !httpio.Accepts(c.r, "text/csv") {
		return answerList(c, params, page)
	}
	list, err := c.listQuery(params)
	if err != nil {
		return err
	}
	return answerTable(c, newPages(list, readFirst, page), t)
}

// answerTable sends all items, or as many as take says.
func answerTable[T any](c *call, rows *pages[T], t table[T]) error {
	items, err := rows.next(c.r.Context())
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+t.file+`"`)
	h.Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusOK)
	buf := appendRow(nil, t.columns)
	for {
		for _, item := range items {
			buf = appendRow(buf, t.cells(item))
		}
		rows.size.weigh(len(buf), readItems)
		if _, err := c.w.Write(buf); err != nil {
			return err
		}
		if items, err = rows.next(c.r.Context()); err != nil || len(items) == 0 {
			return err
		}
		buf = buf[:0]
	}
}

// conversationTable is how conversations stand in a spreadsheet.
func conversationTable() table[conversationObject] {
	return table[conversationObject]{
		file: "conversations.csv",
		columns: []string{
			"id", "createdAt", "updatedAt", "name", "description", "meta", "botId", "contactId", "taskId", "spaceId",
			"model", "backstory", "datasetId", "skillsetId", "privacy", "moderation",
		},
		cells: func(o conversationObject) []string {
			return []string{
				o.ID, number(&o.CreatedAt), number(&o.UpdatedAt), plain(o.Name), plain(o.Description), string(o.Meta),
				plain(o.BotID), plain(o.ContactID), plain(o.TaskID), plain(o.SpaceID), plain(o.Model), plain(o.Backstory),
				plain(o.DatasetID), plain(o.SkillsetID), yesNo(o.Privacy), yesNo(o.Moderation),
			}
		},
	}
}

func exportConversations(c *call) error {
	return answerExport(c, newestFirst, c.conversations(), conversationTable())
}

// Cells of members that may be absent. Absent and empty look alike in a table;
// JSON keeps them apart.

func plain(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func yesNo(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// formulas are what a formula of a spreadsheet may begin with, the wide forms of
// East Asian keyboards included.
const formulas = "=+-@\t\r\n＝＋－＠"

// appendRow writes a row by RFC 4180. A cell that a spreadsheet would take for
// a formula gets an apostrophe in front.
func appendRow(dst []byte, cells []string) []byte {
	for i, cell := range cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune(formulas, first) {
			cell = "'" + cell
		}
		if strings.ContainsAny(cell, "\",\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		dst = append(dst, cell...)
	}
	return append(dst, '\r', '\n')
}
