package chatbotkit

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// laterPaths are the operations of the published API that this server knows
// and does not have yet, by the path before their last segment. A caller of one
// gets a clear 501; of a path that nobody knows, 404. An operation that is
// built moves from here to the table of operations.
const laterPaths = `
/blueprint: GET list POST create
/blueprint/{blueprintId}: GET fetch POST clone delete update
/blueprint/{blueprintId}/resource: GET export list POST import
/: POST graphql
/integration/discord: GET list POST create
/integration/discord/{discordIntegrationId}: GET fetch POST delete setup update
/integration/email: GET list POST create
/integration/email/{emailIntegrationId}: GET fetch POST delete initiate setup update
/integration/extract: GET list POST create
/integration/extract/{extractIntegrationId}: GET fetch POST delete trigger update
/integration/extract/{extractIntegrationId}/item: GET export list
/integration/googlechat: GET list POST create
/integration/googlechat/{googlechatIntegrationId}: GET fetch POST delete setup update
/integration/instagram: GET list POST create
/integration/instagram/{instagramIntegrationId}: GET fetch POST delete setup update
/integration/mcpserver: GET list POST create
/integration/mcpserver/{mcpserverIntegrationId}: GET fetch POST delete update
/integration/messenger: GET list POST create
/integration/messenger/{messengerIntegrationId}: GET fetch POST delete setup update
/integration/notion: GET list POST create
/integration/notion/{notionIntegrationId}: GET fetch POST delete sync update
/integration/sitemap: GET list POST create
/integration/sitemap/{sitemapIntegrationId}: GET fetch POST delete sync update
/integration/slack: GET list POST create
/integration/slack/{slackIntegrationId}: GET fetch POST delete initiate setup update
/integration/support: GET list POST create
/integration/support/{supportIntegrationId}: GET fetch POST delete trigger update
/integration/teams: GET list POST create
/integration/teams/{teamsIntegrationId}: GET fetch POST delete setup update
/integration/telegram: GET list POST create
/integration/telegram/{telegramIntegrationId}: GET fetch POST delete setup update
/integration/trigger: GET list POST create
/integration/trigger/{triggerIntegrationId}: GET fetch POST delete invoke setup update
/integration/twilio: GET list POST create
/integration/twilio/{twilioIntegrationId}: GET fetch POST delete initiate setup update
/integration/whatsapp: GET list POST create
/integration/whatsapp/{whatsappIntegrationId}: GET fetch POST delete setup update
/integration/widget: GET list POST create
/integration/widget/{widgetIntegrationId}: GET fetch POST clone delete setup update
/integration/widget/{widgetIntegrationId}/file/{fileId}: POST attach detach
/magic: GET list
/magic/{promptId}: POST generate
/openai/chat: POST completions
/partner/user: GET list POST create
/partner/user/{userId}/context: GET list POST create
/partner/user/{userId}/context/{contextId}: GET fetch POST delete update
/partner/user/{userId}: GET fetch POST delete update
/partner/user/{userId}/session: POST create
/partner/user/{userId}/token: GET list POST create
/partner/user/{userId}/token/{tokenId}: POST delete update
/platform/ability: GET list POST search
/platform/action: GET list
/platform/doc: GET list POST search
/platform/doc/{docId}: GET fetch
/platform/example: GET list POST search
/platform/example/{exampleId}: GET fetch POST clone
/platform/guide: GET list POST search
/platform/guide/{guideId}: GET fetch
/platform/manual: GET list POST search
/platform/manual/{manualId}: GET fetch
/platform/report: GET list POST generate
/platform/report/{reportId}: POST generate
/platform/secret: GET list POST search
/platform/tutorial: GET list POST search
/platform/tutorial/{tutorialId}: GET fetch
/policy: GET list POST create
/policy/{policyId}: GET fetch POST delete update
/portal: GET list POST create
/portal/{portalId}: GET fetch POST delete update
/space: GET export list POST create
/space/{spaceId}: GET fetch POST delete update
/space/{spaceId}/storage: GET download/{path...} list/{path...} POST copy/{path...} delete/{path...} move/{path...} upload/{path...}
/task: GET export list POST create
/task/{taskId}: GET fetch POST cancel delete subscribe trigger update
/task/{taskId}/execution: GET list
/task/{taskId}/execution/{taskExecutionId}: POST cancel
/team: GET list
`

// laterName is the name that they all share in metrics: there are hundreds.
const laterName = "later"

// laterOperations makes operations of laterPaths.
func laterOperations() []operation {
	var later []operation
	for row := range strings.Lines(strings.TrimSpace(laterPaths)) {
		base, rest, _ := strings.Cut(strings.TrimSpace(row), ": ")
		method := ""
		for word := range strings.FieldsSeq(rest) {
			if word == "GET" || word == "POST" {
				method = word
				continue
			}
			path := strings.TrimSuffix(base, "/") + "/" + word
			later = append(later, operation{name: laterName, method: method, path: path, session: account, handle: notYet})
		}
	}
	return later
}

func notYet(*call) error {
	return convo.Errorf(convo.NotImplemented, "this server does not have this operation yet")
}
