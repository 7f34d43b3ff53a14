// A page as an application would make it: it signs its user in, holds a
// conversation in a session, and shows what is said. The browser test bundles
// it.

import { ConversationalAgent } from '@uipath/uipath-typescript/conversational-agent'
import { UiPath } from '@uipath/uipath-typescript/core'

const { baseUrl, clientId, agentId, folderId } = window.settings
const state = document.getElementById('state')
const messages = document.getElementById('messages')

function show(element, className, text) {
  const node = document.createElement(element)
  node.className = className
  node.textContent = text
  messages.append(node)
  return node
}

function showMessage(message) {
  message.onContentPartStart((part) => {
    const node = show('p', message.role, '')
    part.onChunk((chunk) => {
      node.textContent += chunk.data ?? ''
    })
  })
  message.onToolCallStart((call) => {
    const { toolName, input, requireConfirmation } = call.startEvent
    const node = show('div', 'call', `${toolName} ${JSON.stringify(input)} `)
    if (requireConfirmation) {
      const button = document.createElement('button')
      button.textContent = 'Approve'
      button.onclick = () => call.sendToolCallConfirm({ approved: true, input })
      node.append(button)
    }
    call.onToolCallEnd((end) => {
      node.textContent = `${toolName} ended: ${JSON.stringify(end.output)}`
    })
  })
}

async function main() {
  const sdk = new UiPath({ baseUrl, orgName: 'default', tenantName: 'default', clientId, redirectUri: `${location.origin}/`, scope: 'ConversationalAgents' })
  await sdk.initialize() // leaves the page to sign in, and comes back to it
  const agent = new ConversationalAgent(sdk)
  const kept = new URLSearchParams(location.hash.slice(1)).get('conversation')
  const conversation = kept ? await agent.conversations.getById(kept) : await agent.conversations.create(agentId, folderId)
  window.conversation = conversation
  const session = conversation.startSession({ echo: true })
  let exchange
  session.onErrorStart((e) => {
    window.lost = e.errorId
  })
  session.onExchangeStart((x) => {
    exchange = x
    state.textContent = 'busy'
    x.onErrorStart((e) => show('p', 'error', e.message))
    x.onMessageStart(showMessage)
    x.onExchangeEnd(() => {
      state.textContent = 'ready'
    })
  })
  session.onSessionStarted(() => {
    state.textContent = 'ready'
  })
  document.getElementById('form').onsubmit = (event) => {
    event.preventDefault()
    session.startExchange().sendMessageWithContentPart({ data: document.getElementById('text').value })
  }
  document.getElementById('stop').onclick = () => exchange.sendExchangeEnd()
}

main().catch((error) => {
  state.textContent = `failed: ${error.message}`
})
