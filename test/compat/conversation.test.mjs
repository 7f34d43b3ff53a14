// The group conversation, without its turns: complete.test.mjs has those.

import assert from 'node:assert/strict'
import test from 'node:test'

import { assertShape, collect, connect, failure, ofType, parseLines, request } from './lib.mjs'

const client = connect()
const { conversation } = client

const fields = {
  name: 'First',
  description: 'a test',
  meta: { app: 'algo', n: 3, yes: true, zero: 0, deep: { a: 1, list: [null, 'x'] }, 'a.b': 'dot' },
  backstory: 'You are kind. Ünïcödé 🌍',
  model: 'gpt-4o',
  privacy: false,
  moderation: false,
}

test('a server without conversations lists none, with an empty cursor', async () => {
  assert.deepEqual(await conversation.list(), { items: [], cursor: '' })
  assert.deepEqual(await collect(conversation.list().stream()), [])
})

test('a conversation is created, fetched, updated, listed and deleted', async () => {
  const created = await conversation.create(fields)
  assertShape(created, { id: 'id' })
  const { id } = created

  const fetched = await conversation.fetch(id)
  assertShape(fetched, { ...fields, id, createdAt: 'ms', updatedAt: 'ms' })
  assert.equal(fetched.createdAt, fetched.updatedAt)

  assert.deepEqual(await conversation.update(id, { name: 'Second', meta: { only: 'this' } }), { id })
  const updated = await conversation.fetch(id)
  assertShape(updated, { ...fields, name: 'Second', meta: { only: 'this' }, id, createdAt: fetched.createdAt, updatedAt: 'ms' })
  assert.ok(updated.updatedAt >= fetched.updatedAt)

  assert.deepEqual(await conversation.update(id, { backstory: null }), { id })
  assert.ok(!('backstory' in (await conversation.fetch(id))), 'null clears a field')

  const { items } = await conversation.list()
  assert.deepEqual(items, [await conversation.fetch(id)], 'an item has the shape of fetch')

  assert.deepEqual(await conversation.delete(id), { id })
  await assert.rejects(conversation.fetch(id), failure('NOT_FOUND'))
  await assert.rejects(conversation.delete(id), failure('NOT_FOUND'))
  await assert.rejects(conversation.update(id, { name: 'x' }), failure('NOT_FOUND'))
  assert.deepEqual(await conversation.list(), { items: [], cursor: '' })
})

test('an empty create gives a conversation without optional fields', async () => {
  const { id } = await conversation.create({})
  assertShape(await conversation.fetch(id), { id, createdAt: 'ms', updatedAt: 'ms' })
  await conversation.delete(id)
})

test('fields that are only kept come back as they were', async () => {
  const { id } = await conversation.create({ taskId: 'task_1', spaceId: 'space_1', name: '' })
  assertShape(await conversation.fetch(id), { id, createdAt: 'ms', updatedAt: 'ms', taskId: 'task_1', spaceId: 'space_1', name: '' })
  await conversation.delete(id)
})

test('messages of a create are echoed and stored in their order', async () => {
  const messages = [
    { type: 'backstory', text: 'You know Rome.' },
    { type: 'user', text: 'Ciao', meta: { n: 1 } },
    { type: 'bot', text: '' },
    { type: 'context', text: 'It rains.' },
    { type: 'activity', text: '', meta: { activity: { type: 'trigger', function: { name: 'f' } } } },
  ]
  const created = await conversation.create({ messages })
  assertShape(created, { id: 'id', messages: 'array' })
  assert.deepEqual(created.messages.map(({ type, text, meta }) => ({ type, text, ...(meta ? { meta } : {}) })), messages)
  const { items } = await conversation.message.list(created.id)
  assert.deepEqual(items.map(({ type, text, meta }) => ({ type, text, ...(meta ? { meta } : {}) })), messages)
  await conversation.delete(created.id)
})

test('operations without a stream form answer their object on one line', async () => {
  const stream = (path, record) => collect(client.clientFetch(`/api/v1/conversation/${path}`, { record }).stream())
  const created = await stream('create', { name: 'streamed' })
  assert.equal(created.length, 1)
  assertShape(created[0], { id: 'id' })
  const [{ id }] = created
  for (const [path, record] of [
    ['update', { name: 'again' }],
    ['upvote', {}],
    ['downvote', {}],
    ['delete', {}],
  ]) {
    assert.deepEqual(await stream(`${id}/${path}`, record), [{ id }])
  }
})

test('lists turn their pages by cursor, in both orders, and filter by meta', async (t) => {
  const ids = []
  for (let n = 0; n < 30; n++) {
    const { id } = await conversation.create({ name: `n${n}`, meta: { half: n % 2, app: n < 3 ? 'algo' : 'other', flag: n === 7 } })
    ids.push(id)
  }
  const newest = [...ids].reverse()
  const idsOf = (items) => items.map((i) => i.id)

  await t.test('25 of them, newest first, unless the caller says otherwise', async () => {
    const page = await conversation.list()
    assertShape(page, { items: 'array', cursor: 'string' })
    assert.deepEqual(idsOf(page.items), newest.slice(0, 25))
    assert.deepEqual(idsOf((await conversation.list({ order: 'asc', take: 3 })).items), ids.slice(0, 3))
  })

  await t.test('the cursor and the id of the last item go on behind it', async () => {
    const seen = []
    for (let cursor; ; ) {
      const page = await conversation.list({ take: 7, cursor })
      if (page.items.length === 0) {
        assert.equal(page.cursor, '')
        break
      }
      seen.push(...idsOf(page.items))
      cursor = page.cursor
    }
    assert.deepEqual(seen, newest)
    assert.deepEqual(idsOf((await conversation.list({ take: 2, cursor: newest[9] })).items), newest.slice(10, 12))
    assert.deepEqual(idsOf((await conversation.list({ take: 2, order: 'asc', cursor: ids[9] })).items), ids.slice(10, 12))
  })

  await t.test('a stream without take gives all of them, with it that many', async () => {
    const lines = await collect(conversation.list().stream())
    lines.forEach((line) => assertShape(line, { type: 'item', data: 'object' }))
    assert.deepEqual(lines.map((l) => l.data.id), newest)
    assert.deepEqual(ofType(await collect(conversation.list({ take: 2 }).stream()), 'item').map((l) => l.data.id), newest.slice(0, 2))
  })

  await t.test('meta filters are all to be met', async () => {
    assert.deepEqual(idsOf((await conversation.list({ meta: { app: 'algo' } })).items), newest.slice(-3))
    assert.deepEqual(idsOf((await conversation.list({ meta: { app: 'algo', half: 1 } })).items), [ids[1]])
    assert.deepEqual(idsOf((await conversation.list({ meta: { flag: true } })).items), [ids[7]])
    assert.deepEqual((await conversation.list({ meta: { nothing: 'x' } })).items, [])
    assert.deepEqual((await collect(conversation.list({ meta: { app: 'algo' } }).stream())).map((l) => l.data.id), newest.slice(-3))
  })

  await t.test('what no list can mean is refused', async () => {
    const other = await conversation.create({ messages: [{ type: 'user', text: 'x' }] })
    const [message] = (await conversation.message.list(other.id)).items
    for (const query of [{ take: 0 }, { take: 1001 }, { take: -1 }, { take: 'many' }, { take: 1.5 }, { order: 'up' }, { cursor: 'nonsense' }, { cursor: message.id }]) {
      await assert.rejects(conversation.list(query), failure('BAD_REQUEST'), JSON.stringify(query))
      await assert.rejects(collect(conversation.list(query).stream()), failure('BAD_REQUEST'), JSON.stringify(query))
    }
    await conversation.delete(other.id)
  })

  await t.test('an export is the same list as JSON, JSONL and CSV', async () => {
    const path = '/api/v1/conversation/export'
    assert.deepEqual(await client.clientFetch(path, { query: { take: 2 } }), await conversation.list({ take: 2 }))
    assert.deepEqual((await collect(client.clientFetch(path).stream())).map((l) => l.data.id), newest)
    const csv = await request(path, { headers: { accept: 'text/csv' } })
    assert.match(csv.headers.get('content-type'), /^text\/csv/)
    const rows = csv.text.trim().split('\r\n')
    assert.ok(rows[0].split(',').includes('id'))
    newest.slice(0, 25).forEach((id) => assert.ok(csv.text.includes(id)))
  })
  for (const id of ids) {
    await conversation.delete(id)
  }
})

test('votes are taken within their range', async () => {
  const { id } = await conversation.create({})
  assert.deepEqual(await conversation.upvote(id, {}), { id })
  assert.deepEqual(await conversation.upvote(id, { value: 1, reason: 'fine' }), { id })
  assert.deepEqual(await conversation.downvote(id, {}), { id })
  assert.deepEqual(await conversation.downvote(id, { value: -1 }), { id })
  for (const value of [0, 101, -5, 1.5, '10']) {
    await assert.rejects(conversation.upvote(id, { value }), failure('BAD_REQUEST'))
  }
  for (const value of [0, -101, 5]) {
    await assert.rejects(conversation.downvote(id, { value }), failure('BAD_REQUEST'))
  }
  const { text } = await request(`/v1/conversation/${id}/events`, { headers: { accept: 'application/jsonl' } })
  assert.equal(ofType(parseLines(text), 'rating').length, 4)
  await conversation.delete(id)
})

test('usage counts the messages and tokens of a conversation', async () => {
  const { id } = await conversation.create({ messages: [{ type: 'user', text: 'one' }, { type: 'context', text: 'not counted' }] })
  assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/usage/fetch`), { tokens: 0, messages: 1 })
  const { usage } = await conversation.complete(id, { text: 'two' })
  assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/usage/fetch`), { tokens: usage.token, messages: 3 })
  await conversation.delete(id)
})
