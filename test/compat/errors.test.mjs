// Errors as the package's callers see them, and the statuses that it hides.

import assert from 'node:assert/strict'
import test from 'node:test'

import { collect, connect, failure, request } from './lib.mjs'

const { conversation } = connect()

test('a missing, wrong or malformed token is not authenticated', async () => {
  for (const secret of ['', 'wrong', 'pk_0000000000000000000000000000000000000000000']) {
    const stranger = connect({ secret })
    await assert.rejects(stranger.conversation.list(), failure('NOT_AUTHENTICATED'))
    await assert.rejects(collect(stranger.conversation.list().stream()), failure('NOT_AUTHENTICATED'))
    await assert.rejects(stranger.conversation.create({}), failure('NOT_AUTHENTICATED'))
    await assert.rejects(stranger.conversation.complete(null, { text: 'x' }), failure('NOT_AUTHENTICATED'))
  }
  const basic = await request('/v1/conversation/list', { token: null, headers: { authorization: 'Basic abc' } })
  assert.deepEqual([basic.status, basic.json.code], [401, 'NOT_AUTHENTICATED'])
  const older = await request('/v1/conversation/list', { token: null, headers: { authorization: `tOkEn ${process.env.PARLEY_SECRET}` } })
  assert.equal(older.status, 200)
})

test('acting for somebody else is refused, not ignored', async () => {
  await assert.rejects(connect({ runAsUserId: 'u1' }).conversation.list(), failure('NOT_AUTHORIZED'))
  await assert.rejects(connect({ runAsChildUserEmail: 'a@example.com' }).conversation.create({}), failure('NOT_AUTHORIZED'))
})

test('a time zone is checked', async () => {
  await connect({ timezone: 'Europe/Prague' }).conversation.list()
  await assert.rejects(connect({ timezone: 'Mars/Olympus' }).conversation.list(), failure('BAD_REQUEST', /zone/i))
})

test('an unknown id is not found, whatever is asked of it', async () => {
  const id = '0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000'
  const { message, session } = conversation
  for (const attempt of [
    () => conversation.fetch(id),
    () => conversation.update(id, {}),
    () => conversation.delete(id),
    () => conversation.complete(id, { text: 'x' }),
    () => collect(conversation.complete(id, { text: 'x' }).stream()),
    () => conversation.send(id, { text: 'x' }),
    () => conversation.receive(id, {}),
    () => conversation.upvote(id, {}),
    () => conversation.downvote(id, {}),
    () => session.create(id, {}),
    () => message.list(id),
    () => message.fetch(id, id),
    () => message.create(id, { type: 'user', text: 'x' }),
    () => message.update(id, id, { text: 'x' }),
    () => message.delete(id, id),
    () => message.upvote(id, id, {}),
    () => message.downvote(id, id, {}),
  ]) {
    await assert.rejects(attempt(), failure('NOT_FOUND'))
  }
})

test('what cannot be answered is refused before anything happens', async () => {
  const { id } = await conversation.create({})
  for (const [body, named] of [
    [{}, /messages|text/],
    [{ messages: [] }, /messages/],
    [{ messages: {} }, /messages/],
    [{ messages: [{ type: 'user' }] }, /text/],
    [{ messages: [{ text: 'x' }] }, /type/],
    [{ messages: [{ type: 'robot', text: 'x' }] }, /type/],
    [{ messages: [{ type: 'user', text: 'x' }], backstory: 7 }, /backstory/],
  ]) {
    await assert.rejects(conversation.complete(null, body), failure('BAD_REQUEST', named), JSON.stringify(body))
    await assert.rejects(collect(conversation.complete(null, body).stream()), failure('BAD_REQUEST', named))
  }
  await assert.rejects(conversation.complete(id, { text: 7 }), failure('BAD_REQUEST', /text/))
  await assert.rejects(conversation.complete(id, { text: 'x'.repeat(256 * 1024 + 1) }), failure('CONTENT_TOO_LARGE'))
  await assert.rejects(conversation.send(id, { text: 'x', entities: [7] }), failure('BAD_REQUEST', /entities/))
  assert.deepEqual((await conversation.message.list(id)).items, [])
})

test('fields that name what is not there are named, and empty ones pass', async () => {
  const { id } = await conversation.create({})
  const attachments = [{ url: 'ftp://example.com/a.png' }]
  for (const at of [null, id]) {
    await assert.rejects(conversation.complete(at, { text: 'x', attachments }), failure('BAD_REQUEST', /attachments/))
  }
  for (const field of ['datasetId', 'skillsetId', 'botId', 'contactId']) {
    await assert.rejects(conversation.create({ [field]: 'nowhere' }), failure('NOT_FOUND', new RegExp(field)), field)
  }
  assert.deepEqual((await conversation.message.list(id)).items, [])
  const { text } = await conversation.complete(null, { text: 'x', functions: [], extensions: {}, attachments: [], privacy: false })
  assert.ok(text)
  assert.ok((await conversation.send(id, { text: 'x', functions: [{ name: 'f' }], extensions: { datasets: [] } })).id, 'send uses neither')
})

test('groups of later versions say so', async () => {
  const client = connect()
  for (const attempt of [
    () => client.integration.widget.list(),
    () => client.blueprint.list(),
    () => client.space.list(),
    () => client.task.list(),
  ]) {
    await assert.rejects(async () => attempt(), failure('NOT_IMPLEMENTED'))
  }
})

test('malformed requests get their status, their code and a message', async () => {
  const post = (path, body, headers) => request(path, { method: 'POST', body, headers })
  const path = '/v1/conversation/create'
  const cases = [
    [400, 'BAD_REQUEST', await post(path, '{"name":')],
    [400, 'BAD_REQUEST', await post(path, '[]')],
    [400, 'BAD_REQUEST', await post(path, '"x"')],
    [400, 'BAD_REQUEST', await post(path, '{} {}')],
    [400, 'BAD_REQUEST', await post(path, { name: 7 })],
    [404, 'NOT_FOUND', await request('/v1/nothing')],
    [404, 'NOT_FOUND', await request('/v1/conversation/..%2Flist/fetch')],
    [405, 'METHOD_NOT_ALLOWED', await request(path)],
    [405, 'METHOD_NOT_ALLOWED', await post('/v1/conversation/list', {})],
    [413, 'CONTENT_TOO_LARGE', await post(path, `{"name":"${'x'.repeat(9 << 20)}"}`)],
  ]
  for (const [status, code, { status: got, json }] of cases) {
    assert.deepEqual([got, json?.code], [status, code], JSON.stringify(json))
    assert.deepEqual(Object.keys(json).sort(), ['code', 'message'])
    assert.ok(json.message.length > 0)
  }
  assert.match(cases[7][2].headers.get('allow'), /POST/)
  assert.deepEqual((await conversation.list()).items.filter((c) => 'name' in c), [])
})
