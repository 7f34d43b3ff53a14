// Channels: messages between programs.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'

import { collect, connect, control, failure, parseLines, request } from './lib.mjs'

const client = connect()
const newChannel = () => `orders-${randomUUID()}`

/** The next lines of a subscription. */
async function take(lines, count) {
  const taken = []
  while (taken.length < count) {
    const { value, done } = await lines.next()
    assert.ok(!done, `the subscription ended after ${JSON.stringify(taken)}`)
    taken.push(value)
  }
  return taken
}

/** Subscribes, and waits until it is. */
async function subscribe(channel, options, own = client) {
  const lines = own.channel.subscribe(channel, options).stream()[Symbol.asyncIterator]()
  assert.deepEqual(await take(lines, 1), [{ type: 'subscribe', data: { id: channel } }])
  return lines
}

test('a subscriber gets what is published, in its order', async () => {
  const channel = newChannel()
  const lines = await subscribe(channel, {})
  for (const n of [1, 2, 3]) {
    assert.deepEqual(await client.channel.publish(channel, { message: { n, text: 'Zürich 🙂' } }), { id: channel })
  }
  assert.deepEqual(
    await take(lines, 3),
    [1, 2, 3].map((n) => ({ type: 'message', data: { n, text: 'Zürich 🙂' }, seq: n }))
  )
  await lines.return()
})

test('a late subscriber gets as much history as it asks for', async () => {
  const channel = newChannel()
  for (const n of [1, 2, 3]) {
    await client.channel.publish(channel, { message: { n } })
  }
  for (const [historyLength, want] of [[0, []], [1, [3]], [3, [1, 2, 3]], [1000, [1, 2, 3]]]) {
    const lines = await subscribe(channel, { historyLength })
    assert.deepEqual((await take(lines, want.length)).map((l) => l.data.n), want, `historyLength ${historyLength}`)
    await lines.return()
  }
  await client.channel.publish(channel, { message: { n: 4 } })
  const lines = await subscribe(channel, { historyLength: 2 })
  assert.deepEqual((await take(lines, 2)).map((l) => l.seq), [3, 4])
  await lines.return()
})

test('who was cut off goes on behind the last number', async () => {
  const channel = newChannel()
  await client.channel.publish(channel, { message: { n: 1 } })
  const first = await subscribe(channel, { historyLength: 1 })
  const [{ seq }] = await take(first, 1)
  await first.return()
  for (const n of [2, 3]) {
    await client.channel.publish(channel, { message: { n } })
  }
  const again = await subscribe(channel, { after: seq })
  assert.deepEqual((await take(again, 2)).map((l) => l.data.n), [2, 3])
  await again.return()
})

test('the answer is lines, whatever was asked for', async () => {
  const channel = newChannel()
  const left = new AbortController()
  const response = await fetch(new URL(`/v1/channel/${channel}/subscribe`, process.env.PARLEY_URL), {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.PARLEY_SECRET}`, accept: 'application/json' },
    body: '{}',
    signal: left.signal,
  })
  assert.equal(response.headers.get('content-type'), 'application/jsonl')
  const reader = response.body.getReader()
  const { value } = await reader.read()
  assert.deepEqual(parseLines(new TextDecoder().decode(value)), [{ type: 'subscribe', data: { id: channel } }])
  left.abort()
  await reader.read().catch(() => {})
})

test('what cannot be is refused', async () => {
  const channel = newChannel()
  await assert.rejects(client.channel.publish('short', { message: {} }), failure('BAD_REQUEST', /16 to 256/))
  await assert.rejects(client.channel.publish(channel, {}), failure('BAD_REQUEST', /message/))
  await assert.rejects(collect(client.channel.subscribe('short', {}).stream()), failure('BAD_REQUEST', /16 to 256/))
  await assert.rejects(collect(client.channel.subscribe(channel, { historyLength: -1 }).stream()), failure('BAD_REQUEST', /historyLength/))
  await assert.rejects(collect(client.channel.subscribe(channel, { after: 1 }).stream()), failure('BAD_REQUEST', /after/))
  await assert.rejects(connect({ secret: 'wrong' }).channel.publish(channel, { message: {} }), failure('NOT_AUTHENTICATED'))
})

test('a browser with a session publishes nowhere but where its turn waits', async () => {
  const { id } = await client.conversation.create({})
  const { token } = await client.conversation.session.create(id, {})
  const answer = await request(`/v1/channel/${newChannel()}/publish`, { method: 'POST', token, body: { message: {} } })
  assert.equal(answer.status, 403)
})

test('messages outlive the server', async () => {
  const channel = newChannel()
  await client.channel.publish(channel, { message: { n: 1 } })
  await control('kill')
  await control('start')
  await client.channel.publish(channel, { message: { n: 2 } })
  const lines = await subscribe(channel, { historyLength: 10 })
  assert.deepEqual((await take(lines, 2)).map((l) => [l.seq, l.data.n]), [[1, 1], [2, 2]])
  await lines.return()
})
