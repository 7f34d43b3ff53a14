// Turns in the background: dispatched, read on their channels, stopped, and gone
// on with after the server was killed.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, control, failure, history, ofType, request, tokens } from './lib.mjs'
import { assertTurn } from './turn.mjs'

const client = connect()
const ask = (text) => ({ messages: [{ type: 'user', text }] })

/** The lines of a channel's turn, unwrapped; they have to be numbered from 1. */
async function read(channelId, options = {}) {
  const lines = await collect(client.channel.subscribe(channelId, options).stream())
  assert.deepEqual(lines[0], { type: 'subscribe', data: { id: channelId } })
  return lines.slice(1).map((line, i) => {
    assert.equal(line.type, 'message')
    assert.equal(line.seq, (options.after ?? 0) + i + 1)
    return line.data
  })
}

test('a dispatch answers at once, and its turn is read on a channel', async () => {
  const dispatched = await client.conversation.dispatch(null, ask('Hi'))
  assertShape(dispatched, { channelId: 'string' })
  assert.match(dispatched.channelId, /^dispatch-[0-9a-f]{32}$/)
  const lines = await read(dispatched.channelId)
  assertTurn(lines, { text: fake.echo('Hi') })
  assert.deepEqual(await read(dispatched.channelId), lines, 'a late subscriber reads the same')
  for (const after of [1, 3, lines.length]) {
    assert.deepEqual(await read(dispatched.channelId, { after }), lines.slice(after))
  }
})

test('a dispatch in a conversation is stored there', async () => {
  const { id } = await client.conversation.create({})
  const { channelId } = await client.conversation.dispatch(id, { text: 'Hi' })
  assertTurn(await read(channelId), { stateful: true, text: fake.echo('Hi') })
  assert.deepEqual(await history(client, id), [['user', 'Hi'], ['bot', fake.echo('Hi')]])
})

test('a dispatch without a conversation leaves none', async () => {
  const before = (await client.conversation.list({ take: 1000 })).items.length
  const { channelId } = await client.conversation.dispatch(null, ask('Hi'))
  await read(channelId)
  assert.equal((await client.conversation.list({ take: 1000 })).items.length, before)
})

test('the same body with the same channel is the same turn', async () => {
  const channelId = `mine-${randomUUID()}`
  const first = await client.conversation.dispatch(null, { ...ask('Hi'), channelId })
  assert.deepEqual(first, { channelId })
  const lines = await read(channelId)
  assert.deepEqual(await client.conversation.dispatch(null, { ...ask('Hi'), channelId }), { channelId })
  assert.deepEqual(await read(channelId), lines)
  await assert.rejects(client.conversation.dispatch(null, { ...ask('Ho'), channelId }), failure('CONFLICT', /channelId/))
  await assert.rejects(client.channel.publish(channelId, { message: {} }), failure('CONFLICT'))
})

test('a dispatch refuses at once what a completion refuses', async () => {
  const { dispatch } = client.conversation
  const send = dispatch.bind(client.conversation)
  await assert.rejects(send(null, {}), failure('BAD_REQUEST', /messages/))
  await assert.rejects(send(null, { ...ask('x'), model: 'fake-1/temperature=hot' }), failure('BAD_REQUEST'))
  await assert.rejects(send(null, { ...ask('x'), channelId: 'short' }), failure('BAD_REQUEST', /16 to 256/))
  await assert.rejects(send(null, { ...ask('x'), functions: [{ name: 'f' }, { name: 'f' }] }), failure('BAD_REQUEST'))
  await assert.rejects(send('nowhere', { text: 'x' }), failure('NOT_FOUND'))
})

test('a stop ends a dispatched turn', async () => {
  const { channelId } = await client.conversation.dispatch(null, ask(fake.slow(40, 50)))
  const lines = client.channel.subscribe(channelId, {}).stream()
  const seen = []
  let stopped
  for await (const line of lines) {
    seen.push(line.data)
    if (line.data.type === 'token' && !stopped) {
      stopped = await request(`/v1/channel/${channelId}/stop`, { method: 'POST', body: {} })
    }
  }
  assert.deepEqual(stopped.json, { id: channelId, stopped: 1 })
  const result = seen.at(-1)
  assert.deepEqual([result.type, result.data.end.reason, result.data.text], ['result', 'abort', tokens(seen)])
})

test('a dispatched turn waits for a message, also over a killed server', async () => {
  const channel = `weather-${randomUUID()}`
  await fake.next({ calls: [{ name: 'weather', arguments: { city: 'Paris' } }] }, { text: 'It is 21 degrees.' })
  const { channelId } = await client.conversation.dispatch(null, {
    ...ask('How warm is it?'),
    functions: [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } }, result: { channel } }],
  })
  const before = []
  for await (const { data } of client.channel.subscribe(channelId, {}).stream()) {
    before.push(data)
    if (data.type === 'waitForChannelMessageBegin') {
      assert.deepEqual(data.data, { channel, function: { name: 'weather', args: { city: 'Paris' } } })
      break
    }
  }
  await control('kill')
  await control('start')
  await client.channel.publish(channel, { message: { data: { celsius: 21 } } })
  const lines = await read(channelId)
  assert.deepEqual(lines.slice(0, before.length - 1), before.slice(1), 'what was seen before the kill is the same')
  const [response] = ofType(lines, 'message').filter((l) => l.data.meta?.activity?.type === 'response')
  assert.equal(response.data.meta.activity.function.result, '{"celsius":21}')
  assert.equal(ofType(lines, 'completeBegin').length, 1)
  assert.equal(lines.at(-1).data.text, 'It is 21 degrees.')
  assert.equal(lines.at(-1).data.end.reason, 'stop')
})

test('a killed server goes on with a turn in the middle of its answer', async () => {
  const { channelId } = await client.conversation.dispatch(null, ask(fake.slow(40, 50)))
  const before = []
  for await (const { data } of client.channel.subscribe(channelId, {}).stream()) {
    before.push(data)
    if (ofType(before, 'token').length === 2) {
      break
    }
  }
  await control('kill')
  await control('start')
  const lines = await read(channelId)
  assert.deepEqual(lines.slice(0, before.length - 1), before.slice(1), 'what was seen before the kill is the same')
  const bots = ofType(lines, 'message').filter((l) => l.data.type === 'bot')
  assert.equal(bots.length, 2)
  assert.equal(bots[0].data.meta.incomplete, true)
  assert.equal(bots[1].data.meta?.incomplete, undefined)
  assert.equal(lines.at(-1).data.text, bots[1].data.text)
  assert.equal(lines.at(-1).data.end.reason, 'stop')
  for (const type of ['completeBegin', 'completeEnd', 'result']) {
    assert.equal(ofType(lines, type).length, 1, type)
  }
})

test('a browser with a session answers the call that its conversation waits for', async () => {
  const channel = `ask-${randomUUID()}`
  const { id } = await client.conversation.create({})
  const { token } = await client.conversation.session.create(id, {})
  const browser = connect({ secret: token })
  await fake.next({ calls: [{ name: 'colour', arguments: {} }] }, { text: 'Blue, then.' })
  const functions = [{ name: 'colour', parameters: {}, result: { channel } }]
  await assert.rejects(browser.channel.publish(channel, { message: { data: 'red' } }), failure('NOT_AUTHORIZED'))
  const lines = []
  for await (const line of browser.conversation.complete(id, { text: 'Which?', functions }).stream()) {
    lines.push(line)
    if (line.type === 'waitForChannelMessageBegin') {
      await browser.channel.publish(channel, { message: { data: 'blue' } })
    }
  }
  assert.equal(lines.at(-1).data.text, 'Blue, then.')
  await assert.rejects(browser.channel.publish(channel, { message: { data: 'green' } }), failure('NOT_AUTHORIZED'))
  await assert.rejects(browser.conversation.dispatch(id, { text: 'x' }), failure('NOT_AUTHORIZED'))
})
