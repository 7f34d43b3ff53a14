// Callers of older versions of the package: the shapes that it had in 2023.

import assert from 'node:assert/strict'
import test from 'node:test'

import {
  completeConversation,
  completeConversationMessage,
  createConversation,
  deleteConversation,
  fetchConversation,
  listConversations,
  receiveConversationMessage,
  sendConversationMessage,
  updateConversation,
} from '@chatbotkit/sdk/conversation/v1.js'
import { createConversationSession } from '@chatbotkit/sdk/conversation/session/v1.js'

import * as fake from './fake.mjs'
import { assertShape, connect, request } from './lib.mjs'

const client = connect()

// A consumer of that time knew two types of lines, and nothing else of a stream.
async function read(stream) {
  let text = ''
  let result
  for await (const { type, data } of stream) {
    if (type === 'token') {
      text += data.token
    } else if (type === 'result') {
      result = data
    }
  }
  assert.equal(text, result.text)
  assert.ok(Number.isInteger(result.usage.token))
  return result
}

test('the functions of that time map to the operations of today', async () => {
  const options = { backstory: 'You are kind.', model: 'gpt-4o', meta: { app: 'old' } }
  const { id } = await createConversation(client, options)
  const fetched = await fetchConversation(client, id)
  assertShape(fetched, { id, createdAt: 'ms', updatedAt: 'ms', ...options })
  assert.deepEqual(await updateConversation(client, id, { model: 'gpt-4o', meta: { app: 'older' } }), { id })

  const { id: answer, text, usage } = await completeConversationMessage(client, id, { text: 'One?', entities: [] })
  assert.equal(text, fake.echo('One?'))
  assert.ok(Number.isInteger(usage.token))
  assert.equal((await client.conversation.message.fetch(id, answer)).text, text)
  const streamed = await read(completeConversationMessage(client, id, { text: 'Two?' }).stream())
  assert.equal(streamed.text, fake.echo('Two?'))

  const sent = await sendConversationMessage(client, id, { text: 'Three?' })
  assert.deepEqual(sent.entities, [])
  const received = await receiveConversationMessage(client, id, {})
  assert.equal(received.text, fake.echo('Three?'))
  await sendConversationMessage(client, id, { text: 'Four?', entities: [{ type: 'name', begin: 0, end: 4, text: 'Four' }] })
  assert.equal((await read(receiveConversationMessage(client, id, {}).stream())).text, fake.echo('Four?'))

  const session = await createConversationSession(client, id, { durationInSeconds: 1800 })
  assert.ok(session.token && session.expiresAt > Date.now())
  assert.deepEqual(await deleteConversation(client, id), { id })
})

test('a turn without a conversation takes a text alone, and a text after messages', async () => {
  const { text } = await completeConversation(client, { text: 'One?' })
  assert.equal(text, fake.echo('One?'))
  const both = { model: 'gpt-4o', messages: [{ type: 'user', text: 'a' }, { type: 'bot', text: 'b' }], text: 'Two?', parse: true }
  assert.equal((await completeConversation(client, both)).text, fake.echo('Two?'))
  assert.equal((await read(completeConversation(client, both).stream())).text, fake.echo('Two?'))
})

test('lists are walked with the id of the last item, without a cursor in the answer', async () => {
  const ids = []
  for (let n = 0; n < 5; n++) {
    ids.unshift((await createConversation(client, { meta: { app: 'walk' } })).id)
  }
  const seen = []
  for (let cursor; ; cursor = seen.at(-1)) {
    const { items } = await listConversations(client, { cursor, take: 2, meta: { app: 'walk' } })
    if (items.length === 0) {
      break
    }
    seen.push(...items.map((item) => item.id))
  }
  assert.deepEqual(seen, ids)
  const streamed = []
  for await (const { type, data } of listConversations(client, { meta: { app: 'walk' } }).stream()) {
    assert.equal(type, 'item')
    streamed.push(data.id)
  }
  assert.deepEqual(streamed, ids)
})

test('a send without text keeps an empty message', async () => {
  const { id } = await createConversation(client, {})
  const sent = await sendConversationMessage(client, id, {})
  assertShape(sent, { id: 'id', entities: [] })
  assert.equal((await client.conversation.message.fetch(id, sent.id)).text, '')
})

test('the documented plain request works', async () => {
  const { id } = await createConversation(client, {})
  const { status, json } = await request(`/v1/conversation/${id}/complete`, {
    method: 'POST',
    body: { text: 'Hi', entities: [], functions: [], extensions: {} },
  })
  assert.equal(status, 200)
  for (const key of ['id', 'text', 'usage']) {
    assert.ok(key in json)
  }
})
