package chatbotkit

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// exportConversations is the list in one more form, for spreadsheets. Whoever
// names both forms of lines gets JSON Lines.
func exportConversations(c *call) error {
	if !c.lines && httpio.Accepts(c.r, "text/csv") {
		list, err := c.listQuery(newestFirst)
		if err != nil {
			return err
		}
		return c.exportCSV(list)
	}
	return listConversations(c)
}

// csvColumns are the fields of a conversation, in the order of the header row.
var csvColumns = [...]string{
	"id", "createdAt", "updatedAt", "name", "description", "meta", "botId", "contactId", "taskId", "spaceId",
	"model", "backstory", "datasetId", "skillsetId", "privacy", "moderation",
}

// exportCSV sends all conversations, or as many as take says.
func (c *call) exportCSV(list engine.List) error {
	rows := newPages(list, readFirst, c.conversations())
	items, err := rows.next(c.r.Context())
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="conversations.csv"`)
	h.Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusOK)
	buf := appendRow(nil, csvColumns[:])
	for {
		for _, item := range items {
			buf = appendRow(buf, csvCells(item))
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

// csvCells are the fields in the order of csvColumns. Absent and empty look
// alike here; JSON keeps them apart.
func csvCells(o conversationObject) []string {
	cells := []string{o.ID, strconv.FormatInt(o.CreatedAt, 10), strconv.FormatInt(o.UpdatedAt, 10)}
	add := func(s *string) {
		if s == nil {
			s = new(string)
		}
		cells = append(cells, *s)
	}
	add(o.Name)
	add(o.Description)
	cells = append(cells, string(o.Meta))
	for _, s := range []*string{o.BotID, o.ContactID, o.TaskID, o.SpaceID, o.Model, o.Backstory, o.DatasetID, o.SkillsetID} {
		add(s)
	}
	for _, b := range []*bool{o.Privacy, o.Moderation} {
		cell := ""
		if b != nil {
			cell = strconv.FormatBool(*b)
		}
		cells = append(cells, cell)
	}
	return cells
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
