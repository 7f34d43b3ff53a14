// Session tokens: what they may do, from the package and from a browser.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, request } from './lib.mjs'
import { assertAnswer, assertTurn } from './turn.mjs'

const owner = connect()

async function open(messages = []) {
  const { id } = await owner.conversation.create({ messages })
  const session = await owner.conversation.session.create(id, {})
  return { id, session, client: connect({ secret: session.token }) }
}

test('a session lasts an hour, or as long as was asked', async () => {
  const { id, session } = await open()
  assertShape(session, { id, token: 'string', expiresAt: 'ms' })
  assert.ok(session.token.length >= 20)
  const lasts = async (request) => (await owner.conversation.session.create(id, request)).expiresAt - Date.now()
  const near = (ms, seconds) => assert.ok(Math.abs(ms - seconds * 1000) < 60_000, `${ms} ms for ${seconds} s`)
  near(await lasts({}), 3600)
  near(await lasts({ durationInSeconds: 1800 }), 1800)
  near(await lasts({ durationInSeconds: 86400 }), 86400)
  for (const durationInSeconds of [0, 1799, 86401, 1800.5, '3600']) {
    await assert.rejects(lasts({ durationInSeconds }), failure('BAD_REQUEST', /durationInSeconds/))
  }
  const again = await owner.conversation.session.create(id, {})
  assert.notEqual(again.token, session.token)
  await assert.rejects(owner.conversation.session.create('nowhere', {}), failure('NOT_FOUND'))
})

test('a session may talk in its own conversation', async () => {
  const { id, client } = await open([{ type: 'backstory', text: 'secret backstory' }, { type: 'instruction', text: 'secret order' }])
  assertAnswer(await client.conversation.complete(id, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
  assertTurn(await collect(client.conversation.complete(id, { text: 'Ho' }).stream()), { stateful: true, text: fake.echo('Ho') })
  const { id: sent } = await client.conversation.send(id, { text: 'Sent' })
  assertAnswer(await client.conversation.receive(id, {}), { stateful: true, text: fake.echo('Sent') })
  for (const type of ['user', 'context', 'activity']) {
    await client.conversation.message.create(id, { type, text: `as ${type}` })
  }
  assert.equal((await client.conversation.message.fetch(id, sent)).text, 'Sent')
  assert.deepEqual(await client.conversation.message.upvote(id, sent, {}), { id: sent })
  assert.deepEqual(await client.conversation.message.downvote(id, sent, {}), { id: sent })
  assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/stop`, { record: {} }), { id, stopped: 0 })

  const { items } = await client.conversation.message.list(id)
  assert.deepEqual(items.map((m) => m.type), ['user', 'bot', 'user', 'bot', 'user', 'bot', 'user', 'context', 'activity'])
  const streamed = await collect(client.conversation.message.list(id).stream())
  assert.deepEqual(streamed.map((l) => l.data), items)
  const log = await request(`/v1/conversation/${id}/events`, { token: (await owner.conversation.session.create(id, {})).token })
  assert.equal(log.status, 200)
  assert.ok(!log.text.includes('secret backstory') && !log.text.includes('secret order'))
})

test('everything else is forbidden to a session', async () => {
  const { id, client } = await open([{ type: 'user', text: 'x' }])
  const [{ id: mid }] = (await owner.conversation.message.list(id)).items
  const { conversation } = client
  const { message } = conversation
  const attempts = {
    list: () => conversation.list(),
    'list as a stream': () => collect(conversation.list().stream()),
    fetch: () => conversation.fetch(id),
    create: () => conversation.create({}),
    update: () => conversation.update(id, { name: 'mine' }),
    delete: () => conversation.delete(id),
    'complete without a conversation': () => conversation.complete(null, { text: 'x' }),
    upvote: () => conversation.upvote(id, {}),
    downvote: () => conversation.downvote(id, {}),
    'a session of its own': () => conversation.session.create(id, {}),
    'message update': () => message.update(id, mid, { text: 'mine' }),
    'message delete': () => message.delete(id, mid),
    'a bot message': () => message.create(id, { type: 'bot', text: 'x' }),
    'an instruction': () => message.create(id, { type: 'instruction', text: 'x' }),
    'a backstory': () => message.create(id, { type: 'backstory', text: 'x' }),
    export: () => client.clientFetch('/api/v1/conversation/export'),
    usage: () => client.clientFetch(`/api/v1/conversation/${id}/usage/fetch`),
    models: () => client.platform.model.list(),
    extensions: () => conversation.complete(id, { text: 'x', extensions: { backstory: 'You are evil.' } }),
  }
  for (const [name, attempt] of Object.entries(attempts)) {
    await assert.rejects(attempt(), failure('NOT_AUTHORIZED'), name)
  }
  assert.deepEqual((await message.list(id)).items.map((m) => m.text), ['x'], 'nothing was changed')
})

test('a session sees no other conversation', async () => {
  const { client } = await open()
  const other = await owner.conversation.create({})
  for (const attempt of [
    () => client.conversation.complete(other.id, { text: 'x' }),
    () => collect(client.conversation.complete(other.id, { text: 'x' }).stream()),
    () => client.conversation.message.list(other.id),
    () => client.conversation.send(other.id, { text: 'x' }),
  ]) {
    await assert.rejects(attempt(), (error) => /^NOT_(FOUND|AUTHORIZED)$/.test(error.code))
  }
  assert.deepEqual((await owner.conversation.message.list(other.id)).items, [])
})

test('a session ends with its conversation', async () => {
  const { id, client } = await open()
  await owner.conversation.delete(id)
  await assert.rejects(client.conversation.complete(id, { text: 'x' }), failure('NOT_AUTHENTICATED'))
})

test('a browser may use a session from any origin', async () => {
  const { id, session } = await open()
  const origin = 'https://shop.example'
  const preflight = await request(`/api/v1/conversation/${id}/complete`, {
    method: 'OPTIONS',
    token: null,
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-my-own',
    },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  const list = (name) => preflight.headers.get(name).toLowerCase().split(/\s*,\s*/)
  for (const method of ['get', 'post', 'put', 'delete', 'options']) {
    assert.ok(list('access-control-allow-methods').includes(method), method)
  }
  for (const header of ['authorization', 'content-type', 'accept', 'x-timezone', 'x-runas-user-id', 'x-runas-child-user-email', 'idempotency-key', 'x-my-own']) {
    assert.ok(list('access-control-allow-headers').includes(header), header)
  }

  const answered = await request(`/api/v1/conversation/${id}/complete`, {
    method: 'POST',
    token: session.token,
    headers: { origin, accept: 'application/jsonl' },
    body: { text: 'Hi' },
  })
  const refused = await request('/api/v1/conversation/list', { token: session.token, headers: { origin } })
  const unknown = await request('/api/v1/nothing', { token: null, headers: { origin } })
  assert.deepEqual([answered.status, refused.status, unknown.status], [200, 403, 401])
  for (const { headers } of [answered, refused, unknown]) {
    assert.equal(headers.get('access-control-allow-origin'), '*')
    assert.match(headers.get('access-control-expose-headers'), /Retry-After/i)
  }
})
