// The group conversation/message.

import assert from 'node:assert/strict'
import test from 'node:test'

import { assertShape, collect, connect, failure, ofType, parseLines, request } from './lib.mjs'

const client = connect()
const { conversation } = client
const { message } = conversation

test('a message is created, fetched, updated, listed and deleted', async () => {
  const { id } = await conversation.create({})
  assert.deepEqual(await message.list(id), { items: [], cursor: '' })

  const created = await message.create(id, { type: 'user', text: 'Hello 🌍 \u2028', meta: { n: 1.50, list: [1, { a: null }] }, name: 'n', description: 'd' })
  assertShape(created, { id: 'id', entities: [] })
  const fetched = await message.fetch(id, created.id)
  const shape = { id: created.id, createdAt: 'ms', updatedAt: 'ms', type: 'user', text: 'Hello 🌍 \u2028', meta: { n: 1.5, list: [1, { a: null }] }, name: 'n', description: 'd' }
  assertShape(fetched, shape)
  assert.deepEqual((await message.list(id)).items, [fetched])

  assert.deepEqual(await message.update(id, created.id, { text: 'Bye', meta: {} }), { id: created.id })
  assertShape(await message.fetch(id, created.id), { ...shape, text: 'Bye', meta: {}, createdAt: fetched.createdAt })
  assert.deepEqual(await message.update(id, created.id, { type: 'context' }), { id: created.id })
  assert.equal((await message.fetch(id, created.id)).type, 'context')

  assert.deepEqual(await message.delete(id, created.id), { id: created.id })
  await assert.rejects(message.fetch(id, created.id), failure('NOT_FOUND'))
  await assert.rejects(message.delete(id, created.id), failure('NOT_FOUND'))
  await assert.rejects(message.update(id, created.id, { text: 'x' }), failure('NOT_FOUND'))
  assert.deepEqual(await message.list(id), { items: [], cursor: '' })
})

test('every type of message is kept, and no other', async () => {
  const { id } = await conversation.create({})
  const types = ['user', 'bot', 'context', 'instruction', 'backstory', 'reasoning', 'activity', 'checkpoint']
  for (const type of types) {
    await message.create(id, { type, text: `of type ${type}` })
  }
  const { items } = await message.list(id)
  items.forEach((item, i) => assertShape(item, { id: 'id', createdAt: 'ms', updatedAt: 'ms', type: types[i], text: `of type ${types[i]}` }))
  await assert.rejects(message.create(id, { type: 'system', text: 'x' }), failure('BAD_REQUEST', /type/))
  await assert.rejects(message.create(id, { text: 'x' }), failure('BAD_REQUEST', /type/))
  await assert.rejects(message.create(id, { type: 'user' }), failure('BAD_REQUEST', /text/))
  await assert.rejects(message.create(id, { type: 'user', text: 7 }), failure('BAD_REQUEST', /text/))
  await assert.rejects(message.create(id, { type: 'user', text: 'x', meta: [] }), failure('BAD_REQUEST', /meta/))
  assert.equal((await message.list(id)).items.length, types.length, 'what was refused was not stored')
})

test('lists go from the oldest on, by cursor, order, take and meta', async () => {
  const { id } = await conversation.create({})
  const ids = []
  for (let n = 0; n < 30; n++) {
    ids.push((await message.create(id, { type: 'user', text: `n${n}`, meta: { third: n % 3 } })).id)
  }
  const idsOf = ({ items }) => items.map((i) => i.id)
  assert.deepEqual(idsOf(await message.list(id)), ids.slice(0, 25))
  const first = await message.list(id, { take: 4 })
  assert.deepEqual(idsOf(first), ids.slice(0, 4))
  assert.deepEqual(idsOf(await message.list(id, { take: 4, cursor: first.cursor })), ids.slice(4, 8))
  assert.deepEqual(idsOf(await message.list(id, { take: 2, cursor: ids[20] })), ids.slice(21, 23))
  assert.deepEqual(idsOf(await message.list(id, { take: 2, order: 'desc' })), ids.slice(-2).reverse())
  assert.deepEqual(idsOf(await message.list(id, { meta: { third: 2 }, take: 2 })), [ids[2], ids[5]])

  const lines = await collect(message.list(id).stream())
  lines.forEach((line) => assertShape(line, { type: 'item', data: 'object' }))
  assert.deepEqual(lines.map((l) => l.data.id), ids)
  assert.deepEqual((await collect(message.list(id, { take: 3, order: 'desc' }).stream())).map((l) => l.data.id), ids.slice(-3).reverse())

  const other = await conversation.create({ messages: [{ type: 'user', text: 'elsewhere' }] })
  const [foreign] = (await message.list(other.id)).items
  await assert.rejects(message.list(id, { cursor: foreign.id }), failure('BAD_REQUEST'))
  await assert.rejects(message.fetch(id, foreign.id), failure('NOT_FOUND'))
  await assert.rejects(message.list('nowhere'), failure('NOT_FOUND'))
  await assert.rejects(collect(message.list('nowhere').stream()), failure('NOT_FOUND'))
})

test('a message is voted on', async () => {
  const { id } = await conversation.create({ messages: [{ type: 'user', text: 'x' }] })
  const [{ id: mid }] = (await message.list(id)).items
  assert.deepEqual(await message.upvote(id, mid, {}), { id: mid })
  assert.deepEqual(await message.downvote(id, mid, { value: -50, reason: 'wrong' }), { id: mid })
  await assert.rejects(message.upvote(id, mid, { value: -1 }), failure('BAD_REQUEST'))
  await assert.rejects(message.upvote(id, 'nothing', {}), failure('NOT_FOUND'))
  const { text } = await request(`/v1/conversation/${id}/events`, { headers: { accept: 'application/jsonl' } })
  assert.equal(ofType(parseLines(text), 'rating').length, 2)
})

test('single objects and changes come on one line when a stream is asked for', async () => {
  const { id } = await conversation.create({ messages: [{ type: 'user', text: 'x' }] })
  const [item] = (await message.list(id)).items
  assert.deepEqual(await collect(message.fetch(id, item.id).stream()), [item])
  assert.deepEqual(await collect(conversation.fetch(id).stream()), [await conversation.fetch(id)])
  const stream = (path, record) => collect(client.clientFetch(`/api/v1/conversation/${id}/message/${path}`, { record }).stream())
  const [created] = await stream('create', { type: 'user', text: 'y' })
  assertShape(created, { id: 'id', entities: [] })
  for (const [path, record] of [['update', { text: 'z' }], ['upvote', {}], ['downvote', {}], ['delete', {}]]) {
    assert.deepEqual(await stream(`${created.id}/${path}`, record), [{ id: created.id }])
  }
})
