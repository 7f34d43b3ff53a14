// Messages that are spoken. This server has a service that speaks: the model's fake,
// whose audio is, in clear, what it was asked to say.

import assert from 'node:assert/strict'
import test from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'

import * as fake from './fake.mjs'
import { assertShape, connect, request, secret, url } from './lib.mjs'
import { assertAnswer } from './turn.mjs'

const { conversation } = connect()
const bots = new BotClient({ secret, baseUrl: url })

const speak = (id, message, body = {}) => request(`/v1/conversation/${id}/message/${message}/synthesize`, { method: 'POST', body })
const shape = { id: 'id', attachmentId: 'id', type: 'audio/mpeg', size: 'int', url: 'string' }

test('a message is spoken, and its audio can be heard', async () => {
  const { id } = await conversation.create({})
  const answer = await conversation.complete(id, { text: 'Hi' })
  assertAnswer(answer, { stateful: true, text: fake.echo('Hi') })
  const spoken = await speak(id, answer.id)
  assert.equal(spoken.status, 200, spoken.text)
  assertShape(spoken.json, { ...shape, id: answer.id })
  const heard = await fetch(spoken.json.url)
  assert.equal(heard.headers.get('content-type'), 'audio/mpeg')
  assert.equal(await heard.text(), `alloy says in mp3: ${fake.echo('Hi')}`)
  assert.equal((await fetch(spoken.json.url.replace(/sig=(.)/, (_, c) => `sig=${c === 'A' ? 'B' : 'A'}`))).status, 403)

  const again = await speak(id, answer.id)
  assert.equal(again.json.attachmentId, spoken.json.attachmentId)
  const { items } = (await request(`/v1/conversation/${id}/attachment/list`)).json
  assert.deepEqual(items.map((a) => [a.id, a.messageId, a.type]), [[spoken.json.attachmentId, answer.id, 'audio/mpeg']])

  await conversation.message.update(id, answer.id, { text: 'Other words' })
  const other = await speak(id, answer.id)
  assert.equal(await (await fetch(other.json.url)).text(), 'alloy says in mp3: Other words')
  await conversation.message.delete(id, answer.id)
  assert.equal((await fetch(other.json.url)).status, 404)
  assert.equal((await speak(id, answer.id)).status, 404)
})

test('what is masked is spoken only where the bot lets it through', async () => {
  const text = 'Write to ben@mail.example.com'
  const strict = await conversation.create({ privacy: true })
  const open = await conversation.create({ botId: (await bots.create({ privacy: true, meta: { privacy: 'partly' } })).id })
  for (const [{ id }, status] of [[strict, 400], [open, 200]]) {
    const message = await conversation.message.create(id, { type: 'bot', text })
    const spoken = await speak(id, message.id)
    assert.equal(spoken.status, status, spoken.text)
  }
})

test('a text that cannot be spoken is refused', async () => {
  const { id } = await conversation.create({})
  for (const [text, status, code] of [['', 400, 'BAD_REQUEST'], ['x'.repeat(4097), 413, 'CONTENT_TOO_LARGE']]) {
    const message = await conversation.message.create(id, { type: 'bot', text })
    const refused = await speak(id, message.id)
    assert.equal(refused.status, status, refused.text)
    assert.equal(refused.json.code, code)
  }
})
