package sqlite

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store"
)

// TestNoQueryReadsAWholeTable looks at the plans of what is asked for while
// people wait: none may read rows that it does not answer with, or sort them, so
// that a page costs as much among a million conversations as among a thousand.
func TestNoQueryReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = s.read(t.Context(), func(conn *sqlite.Conn) error {
		asked := knowledgeQueries()
		maps.Copy(asked, map[string]string{
			"conversationByKey": conversationByKey, "messageByKey": messageByKey,
			"conversationsUp": conversationsUp, "conversationsUpFirst": conversationsUpFirst,
			"conversationsDown": conversationsDown, "conversationsDownFirst": conversationsDownFirst,
			"messagesUp": messagesUp, "messagesDown": messagesDown, "messagesPinned": messagesPinned, "logUp": logUp,
			"turnByKey": turnByKey, "turnsUp": turnsUp, "turnsDown": turnsDown, "activeUp": activeUp, "activeUpFirst": activeUpFirst,
			"activeDown": activeDown, "activeDownFirst": activeDownFirst, "turnsBySlot": turnsBySlot, "turnsOpen": turnsOpen,
			"turnsOpenEverywhere": turnsOpenEverywhere, "slotMessages": slotMessages,
			"tokenByHash": tokenByHash, "tokensOfTenant": tokensOfTenant, "sessionTokens": sessionTokens,
			"expiredTokens": expiredTokens, "oldRequests": oldRequests, "inputOfTurn": inputOfTurn, "eventsOf": eventsOf, "partsOf": partsOf, "comingRows": comingRows, "aliasByName": aliasByName,
			"waitsBefore": waitsBefore, "slotBefore": slotBefore, "fileByID": fileByID, "objectNumbered": objectNumbered,
			"channelByName": channelByName, "publishedAfter": publishedAfter, "firstMessages": firstMessages, "oldChannels": oldChannels,
			"dispatchByChannel": dispatchByChannel, "expiredDispatches": expiredDispatches, "deleteDispatches": deleteDispatches,
			"objectByKey": objectByKey, "objectByAlias": objectByAlias, "objectIDByNumber": objectIDByNumber,
			"objectsUp": objectsUp, "objectsDown": objectsDown, "objectsUpFirst": objectsUpFirst,
			"objectsDownFirst": objectsDownFirst, "objectsNamedUp": objectsNamedUp, "objectsNamedDown": objectsNamedDown,
			"objectsNamedUpFirst": objectsNamedUpFirst, "objectsNamedDownFirst": objectsNamedDownFirst,
			"objectIDsOf": objectIDsOf, "lastObjectNumber": lastObjectNumber,
			"botConversations": botConversations, "botTurns": botTurns, "botMessages": botMessages,
		})
		for name, sql := range asked {
			q := ask(conn, `EXPLAIN QUERY PLAN `+sql)
			for q.next() {
				detail := q.stmt.ColumnText(3)
				scan := strings.HasPrefix(detail, "SCAN") && !strings.Contains(detail, "turns_open")
				wrong := name == "messagesPinned" && strings.Contains(detail, " m ") && !strings.Contains(detail, "messages_pinned")
				sorts := strings.Contains(detail, "TEMP B-TREE") && !strings.HasPrefix(name, "votesOf") // one contact gives few
				if scan || wrong || sorts {
					t.Errorf("%s: %s", name, detail)
				}
			}
			if err := q.done(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// knowledgeQueries are those about records and what else is found by more than an id.
func knowledgeQueries() map[string]string {
	asked := map[string]string{
		"collectionOf": collectionOf, "recordByKey": recordByKey, "recordChanges": recordChanges, "recordSize": recordSize,
		"recordsOfFile": recordsOfFile, "recordsOfContact": recordsOfContact, "recordWithChange": recordWithChange,
		"spaceByName": spaceByName, "vectorsOf": vectorsOf, "unembedded": unembedded, "dropVectorsOf": dropVectorsOf,
		"segmentsOf": segmentsOf, "segmentByKey": segmentByKey, "someRecords": someRecords, "someVectors": someVectors,
		"somePieces": somePieces, "someGone": someGone, "lastForgotten": lastForgotten, "segmentsOfGone": segmentsOfGone,
		"spacesOfGone": spacesOfGone, "vaultOf": vaultOf, "spentBetween": spentBetween, "recordCount": recordCount,
		"objectCounts": objectCounts, "entriesUp": entriesUp, "entriesDown": entriesDown, "oldEntries": oldEntries,
		"memories of a contact": memoriesOf("contact"), "memories of a bot": memoriesOf("bot"),
		"records of a making": recordsOfMakings(store.Makings{Only: "x"}), "of the others": recordsOfMakings(store.Makings{But: "x"}),
		"publicFile": publicFile, "dropSome": dropSome, "votesOf": votesOf,
		"votesOf behind": votesOf + ` AND (l.at, ` + voteID + `) > (?, ?) ORDER BY l.at, ` + voteID + ` LIMIT ?`,
	}
	for _, first := range []bool{true, false} {
		for _, desc := range []bool{true, false} {
			for _, column := range []string{"", "file", "contact", "bot"} {
				asked[fmt.Sprintf("records by %q %t %t", column, first, desc)] = recordsOf(column, first, desc)
			}
			for _, column := range []string{"email", "phone"} {
				asked[fmt.Sprintf("contacts by %s %t %t", column, first, desc)] = contactsOf(column, first, desc)
			}
			asked[fmt.Sprintf("conversations with %t %t", first, desc)] = conversationsWith(first, desc)
		}
	}
	return asked
}
