// Bots, and the sessions of bots.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, history, request } from './lib.mjs'
import { assertAnswer, assertTurn } from './turn.mjs'

const client = connect()
const { bot, conversation } = client

const fields = {
  name: 'Guide',
  description: 'shows the way',
  meta: { app: 'algo', n: 3, deep: { a: 1 } },
  alias: 'guide',
  model: 'gpt-4o',
  backstory: 'You are kind. Ünïcödé 🌍',
  visibility: 'public',
  blueprintId: 'blue_1',
  privacy: false,
  moderation: false,
}

test('a bot is created, fetched, updated, listed, cloned and deleted', async () => {
  assert.deepEqual(await bot.list(), { items: [], cursor: '' })
  assert.deepEqual(await collect(bot.list().stream()), [])
  const created = await bot.create(fields)
  assertShape(created, { id: 'id' })
  const { id } = created
  const fetched = await bot.fetch(id)
  assertShape(fetched, { ...fields, id, createdAt: 'ms', updatedAt: 'ms' })
  assert.deepEqual(await bot.fetch('guide'), fetched, 'an alias is taken for an id')

  assert.deepEqual(await bot.update('guide', { name: null, meta: { only: 'this' } }), { id })
  const { name, ...rest } = fields
  assertShape(await bot.fetch(id), { ...rest, meta: { only: 'this' }, id, createdAt: fetched.createdAt, updatedAt: 'ms' })
  assert.deepEqual((await bot.list({ meta: { only: 'this' } })).items, [await bot.fetch(id)])
  assert.deepEqual((await bot.list({ meta: { only: 'that' } })).items, [])
  assert.deepEqual((await collect(bot.list({ take: 1 }).stream())).map((l) => [l.type, l.data.id]), [['item', id]])

  const clone = await client.clientFetch(`/api/v1/bot/${id}/clone`, { record: {} })
  assert.notEqual(clone.id, id)
  const { alias, ...same } = rest
  assertShape(await bot.fetch(clone.id), { ...same, meta: { only: 'this' }, id: clone.id, createdAt: 'ms', updatedAt: 'ms' })
  const first = await bot.list({ take: 1, order: 'asc' })
  const second = await bot.list({ take: 1, order: 'asc', cursor: first.cursor })
  assert.deepEqual([first, second].map((page) => page.items[0].id), [id, clone.id])

  for (const each of [id, clone.id]) {
    assert.deepEqual(await bot.delete(each), { id: each })
    await assert.rejects(bot.fetch(each), failure('NOT_FOUND'))
    await assert.rejects(bot.delete(each), failure('NOT_FOUND'))
  }
})

test('what cannot be a bot is refused', async () => {
  const { id } = await bot.create({ alias: 'taken' })
  await assert.rejects(bot.create({ alias: 'taken' }), failure('CONFLICT', /alias/))
  await assert.rejects(bot.create({ skillsetId: 'nowhere' }), failure('NOT_FOUND', /skillsetId/))
  await assert.rejects(bot.create({ datasetId: 'nowhere' }), failure('NOT_FOUND', /datasetId/))
  await assert.rejects(bot.create({ visibility: 'hidden' }), failure('BAD_REQUEST', /visibility/))
  await assert.rejects(conversation.create({ botId: 'nowhere' }), failure('NOT_FOUND', /botId/))
  await bot.delete(id)
})

test('a turn takes the values of its bot, and its own before them', async () => {
  const { id } = await bot.create({ backstory: 'You are a guide.' })
  const { id: plain } = await conversation.create({ botId: id })
  assert.equal((await conversation.fetch(plain)).botId, id)
  assertAnswer(await conversation.complete(plain, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
  assertTurn(await collect(conversation.complete(plain, { text: 'Ho' }).stream()), { stateful: true, text: fake.echo('Ho') })
  assertAnswer(await conversation.complete(null, { botId: id, text: 'Alone' }), { stateful: false, text: fake.echo('Alone') })
  assertTurn(await collect(conversation.complete(null, { botId: id, text: 'Alone' }).stream()), { stateful: false, text: fake.echo('Alone') })
  await assert.rejects(conversation.complete(null, { botId: 'nowhere', text: 'x' }), failure('NOT_FOUND', /botId/))

  const usage = await request(`/api/v1/bot/${id}/usage/fetch`)
  assertShape(usage.json, { tokens: 'int', conversations: 1, messages: 4 })
  assert.ok(usage.json.tokens > 0)
  assert.deepEqual(await bot.upvote(id, { value: 50, reason: 'good' }), { id })
  assert.deepEqual(await bot.downvote(id, {}), { id })
  await assert.rejects(bot.upvote(id, { value: 101 }), failure('BAD_REQUEST', /value/))

  await bot.delete(id)
  await assert.rejects(conversation.complete(plain, { text: 'x' }), failure('NOT_FOUND', /botId/))
  await conversation.update(plain, { botId: null })
  assertAnswer(await conversation.complete(plain, { text: 'Again' }), { stateful: true, text: fake.echo('Again') })
})

test('a session of a bot is a conversation and a token for it', async () => {
  const { id } = await bot.create({ backstory: 'You are a guide.' })
  const messages = [{ type: 'backstory', text: 'hidden' }, { type: 'bot', text: 'Hello!' }]
  const session = await bot.session.create(id, { durationInSeconds: 1800, messages })
  assertShape(session, { id, conversationId: 'id', token: 'string', expiresAt: 'ms', messages: 'array' })
  assert.deepEqual(session.messages.map(({ type, text }) => ({ type, text })), messages)
  assert.equal((await conversation.fetch(session.conversationId)).botId, id)
  const browser = connect({ secret: session.token })
  assertAnswer(await browser.conversation.complete(session.conversationId, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
  assert.deepEqual(await history(browser, session.conversationId), [['bot', 'Hello!'], ['user', 'Hi'], ['bot', fake.echo('Hi')]])
  await assert.rejects(browser.bot.fetch(id), failure('NOT_AUTHORIZED'))
  assertShape(await bot.session.create(id, {}), { id, conversationId: 'id', token: 'string', expiresAt: 'ms' })
  await assert.rejects(bot.session.create('nowhere', {}), failure('NOT_FOUND'))
})
