// What an account used, what happened in it, and summaries of conversations.

import assert from 'node:assert/strict'
import test from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'
import { DatasetClient } from '@chatbotkit/sdk/dataset/index.js'
import { EventLogClient } from '@chatbotkit/sdk/event/log/index.js'
import { UsageClient } from '@chatbotkit/sdk/usage/index.js'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, history, request, secret, url } from './lib.mjs'
import { assertAnswer } from './turn.mjs'

const { conversation } = connect()
const usage = new UsageClient({ secret, baseUrl: url })
const log = new EventLogClient({ secret, baseUrl: url })
const dataset = new DatasetClient({ secret, baseUrl: url })
const bots = new BotClient({ secret, baseUrl: url })

const counts = { tokens: 'int', conversations: 'int', messages: 'int' }
const databaseCounts = { datasets: 'int', records: 'int', skillsets: 'int', abilities: 'int', files: 'int', users: 'int' }

test('usage counts what was used, by day, bot and model', async () => {
  const before = await usage.fetch()
  assertShape(before, { ...counts, database: 'object' })
  assertShape(before.database, databaseCounts)
  const bot = await bots.create({})
  const { id } = await conversation.create({ botId: bot.id })
  const answer = await conversation.complete(id, { text: 'Hi' })
  const { id: datasetId } = await dataset.create({})
  await dataset.record.create(datasetId, { text: 'x' })

  const now = await usage.fetch()
  assert.equal(now.tokens - before.tokens, answer.usage.token)
  assert.equal(now.conversations - before.conversations, 1)
  assert.equal(now.messages - before.messages, 2)
  assert.equal(now.database.datasets - before.database.datasets, 1)
  assert.equal(now.database.records - before.database.records, 1)

  const series = await usage.series.fetch()
  for (const name of Object.keys(counts)) {
    series[name].forEach((day) => assertShape(day, { date: 'ms', total: 'int' }))
    assert.ok(series[name].reduce((sum, day) => sum + day.total, 0) >= now[name] - before[name], name)
  }
  const { items } = (await request('/v1/usage/list?take=1000')).json
  items.forEach((i) => assertShape(i, { id: 'id', type: 'string', count: 'int', createdAt: 'ms', updatedAt: 'ms', 'botId?': 'id', 'model?': 'string' }))
  const own = items.filter((i) => i.botId === bot.id)
  // The day may have changed in between.
  const sum = (type) => own.filter((i) => i.type === type).reduce((n, i) => n + i.count, 0)
  assert.deepEqual(['tokens', 'conversations', 'messages'].map(sum), [answer.usage.token, 1, 2])
  assert.ok(own.some((i) => i.type === 'tokens' && typeof i.model === 'string'))
  assert.equal((await request('/v1/usage/fetch?from=never')).status, 400)
})

test('the event log tells what happened, and nothing that was said', async () => {
  const { id } = await conversation.create({ name: 'of the log' })
  const { id: datasetId } = await dataset.create({})
  const { id: recordId } = await dataset.record.create(datasetId, { text: 'A secret of the log' })
  await conversation.delete(id)
  const { items } = await log.list({ take: 100 })
  for (const entry of items) {
    const { id: entryId, type, createdAt, updatedAt, ...ids } = entry
    assertShape({ id: entryId, type, createdAt, updatedAt }, { id: 'id', type: 'string', createdAt: 'ms', updatedAt: 'ms' })
    assert.match(type, /^[a-zA-Z.]+\.[a-z]+$/i)
    Object.entries(ids).forEach(([name, value]) => assert.ok(name.endsWith('Id') && typeof value === 'string', JSON.stringify(entry)))
  }
  const kinds = (about) => items.filter(about).map((e) => e.type)
  assert.deepEqual(kinds((e) => e.conversationId === id), ['conversation.delete', 'conversation.create'])
  assert.deepEqual(kinds((e) => e.recordId === recordId).length, 1)
  assert.ok(items.find((e) => e.recordId === recordId).datasetId === datasetId)
  assert.ok(!JSON.stringify(items).includes('of the log'))
  assert.deepEqual((await log.export({ take: 2 })).items, items.slice(0, 2))
  assert.deepEqual((await collect(log.list({ take: 3 }).stream())).map((l) => [l.type, l.data.id]), items.slice(0, 3).map((e) => ['item', e.id]))
  const csv = await request('/v1/event/log/export', { headers: { accept: 'text/csv' } })
  assert.ok(csv.text.startsWith('id,createdAt,type,') && csv.text.includes('conversation.delete'))
})

test('a subscription to the event log goes on', async () => {
  const { id: first } = await conversation.create({})
  const leave = new AbortController()
  const seen = []
  let second
  try {
    for await (const { type, data } of log.subscribe({ historyLength: 1 }).stream({ abortSignal: leave.signal })) {
      assert.equal(type, 'item')
      seen.push([data.type, data.conversationId])
      if (seen.length === 1) {
        second = (await conversation.create({})).id
        await conversation.delete(second)
      } else if (seen.length === 3) {
        break
      }
    }
  } finally {
    leave.abort()
  }
  assert.deepEqual(seen, [['conversation.create', first], ['conversation.create', second], ['conversation.delete', second]])
  await assert.rejects(async () => log.subscribe({ historyLength: -1 }), failure('BAD_REQUEST', /historyLength/))
})

test('a conversation is summed up, and goes on from the summary', async () => {
  const compact = async (id) => (await request(`/v1/conversation/${id}/compact`, { method: 'POST', body: {} })).json
  const { id } = await conversation.create({ backstory: 'You are kind.' })
  assert.deepEqual((await compact(id)).text, '', 'there is nothing yet')
  const early = `An early word ${crypto.randomUUID()}`
  await conversation.complete(id, { text: early })
  await conversation.complete(id, { text: 'Another one' })
  await fake.next({ text: 'They talked of words.' })
  const made = await compact(id)
  assertShape(made, { id: 'id', text: 'They talked of words.', usage: 'object' })
  assert.ok(made.usage.token > 0)
  const { type, text } = await conversation.message.fetch(id, made.id)
  assert.deepEqual([type, text], ['checkpoint', 'They talked of words.'])
  const all = await history({ conversation }, id)
  assert.ok(all.some(([, said]) => said === early), 'what was said is kept')

  const next = `Later ${crypto.randomUUID()}`
  assertAnswer(await conversation.complete(id, { text: next }), { stateful: true, text: fake.echo(next) })
  const prompt = JSON.stringify((await fake.asked(next)).messages)
  assert.ok(prompt.includes('They talked of words.') && prompt.includes('You are kind.'), prompt)
  assert.ok(!prompt.includes(early), prompt)

  await fake.next({ text: 'In short.' })
  const { status, json } = await request('/v1/conversation/compact', {
    method: 'POST', body: { messages: [{ type: 'user', text: 'A' }, { type: 'bot', text: 'B' }, { type: 'user', text: 'C' }, { type: 'bot', text: 'D' }] },
  })
  assert.equal(status, 200)
  assertShape(json, { text: 'In short.', usage: 'object' })
  assert.equal((await request('/v1/conversation/nowhere/compact', { method: 'POST', body: {} })).status, 404)
})

test('moderation that nobody provides is refused, not left out', async () => {
  await assert.rejects(conversation.complete(null, { text: 'x', moderation: true }), failure('BAD_REQUEST', /moderation/))
})
