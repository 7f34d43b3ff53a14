// Reading on after a cut, stopping, and the log that both rest on.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, history, ofType, parseLines, proxy, request, tokens } from './lib.mjs'
import { assertTurn } from './turn.mjs'

const client = connect()
const { conversation } = client

function events(id, query, options) {
  return client.clientFetch(`/api/v1/conversation/${id}/events`, { query }).stream(options)
}

// Reads a conversation's log as it grows, up to and with a turn's result.
async function untilResult(id, after) {
  const lines = []
  for await (const line of events(id, { after, live: true })) {
    lines.push(line)
    if (line.type === 'result') {
      return lines
    }
  }
  throw new Error('the log ended before the result')
}

test('two read one answer; one is cut off and reads on: both have the same bytes', async () => {
  const { id } = await conversation.create({})
  const text = fake.slow(60, 10)
  const between = await proxy(() => ({ response: 2000 }))
  const cut = []
  const watching = untilResult(id, 0)
  await assert.rejects(async () => {
    for await (const line of connect({ baseUrl: between.url }).conversation.complete(id, { text }).stream()) {
      cut.push(line)
    }
  }, TypeError)
  between.close()
  const last = cut.findLast((l) => 'seq' in l).seq
  const known = cut.filter((l) => 'seq' in l)
  assert.ok(ofType(known, 'token').length > 0, 'it saw text before the cut')
  const rest = await untilResult(id, last)
  rest.forEach((line) => assert.ok(!('seq' in line) || line.seq > last))

  const whole = await watching
  const joined = tokens(known) + tokens(rest)
  assert.equal(Buffer.compare(Buffer.from(joined), Buffer.from(tokens(whole))), 0)
  assert.equal(joined, fake.slowText(60))
  assert.deepEqual(rest.at(-1), whole.at(-1))
  assert.deepEqual(await history(client, id), [['user', text], ['bot', joined]])
})

test('the log can be read on from every number, with the same result', async () => {
  const { id } = await conversation.create({})
  await collect(conversation.complete(id, { text: 'Grüße 🌍' }).stream())
  const all = await collect(events(id, {}))
  const end = all.at(-1).seq
  assert.equal(all.at(-1).type, 'result')
  for (let after = 0; after < end; after++) {
    // A line without a number belongs to the next line that has one.
    const from = all.findLastIndex((l) => 'seq' in l && l.seq <= after) + 1
    assert.deepEqual(await collect(events(id, { after })), all.slice(from), `after ${after}`)
  }
  await assert.rejects(collect(events(id, { after: end + 1 })), failure('BAD_REQUEST', /after/))
})

test('the log shows a turn from its beginning to its result', async () => {
  const { id } = await conversation.create({ messages: [{ type: 'context', text: 'It rains.' }] })
  const lines = await collect(conversation.complete(id, { text: 'Hi' }).stream())
  const log = await collect(events(id, {}))
  const types = log.map((l) => l.type)
  assert.deepEqual(types.filter((t) => t !== 'token'), ['message', 'turnBegin', 'message', 'completeBegin', 'message', 'usage', 'completeEnd', 'result'])
  log.forEach((line) => assertShape(line, { type: 'string', data: 'object', 'seq?': 'int', 'turn?': 'id', createdAt: 'ms' }))
  const [context, user, bot] = ofType(log, 'message').map((l) => l.data)
  assert.deepEqual([context.type, user.type, bot.type], ['context', 'user', 'bot'])
  assert.deepEqual([user.text, bot.text], ['Hi', fake.echo('Hi')])
  const turn = ofType(log, 'turnBegin')[0].data.id
  log.slice(1).forEach((line) => assert.equal(line.turn, turn))
  assert.ok(!('turn' in log[0]))

  const numbered = (list) => list.filter((l) => 'seq' in l && l.type !== 'token').map(({ type, data, seq }) => ({ type, data, seq }))
  const own = numbered(lines)
  assert.deepEqual(numbered(log).slice(-own.length), own, 'the stream and the log have the same lines by the same numbers')

  const page = await request(`/v1/conversation/${id}/events?take=3`)
  assertShape(page.json, { items: 'array', cursor: 'string' })
  const next = await request(`/v1/conversation/${id}/events?take=10000&after=${page.json.cursor}`)
  assert.deepEqual([...page.json.items, ...next.json.items], log)
})

test('the log shows what is changed, deleted and voted', async () => {
  const { id } = await conversation.create({})
  const live = collect(events(id, { live: true }))
  const { id: mid } = await conversation.message.create(id, { type: 'user', text: 'gone tomorrow' })
  await conversation.message.update(id, mid, { text: 'changed' })
  await conversation.message.upvote(id, mid, {})
  await conversation.update(id, { name: 'renamed' })
  await conversation.message.delete(id, mid)
  const again = await collect(events(id, {}))
  assert.ok(!JSON.stringify(again).includes('gone tomorrow'), 'a deleted message leaves no text')
  await conversation.delete(id)
  const types = (await live).map((l) => l.type)
  assert.deepEqual(types, ['message', 'messageUpdated', 'rating', 'conversationUpdated', 'messageDeleted', 'conversationDeleted'])
  await assert.rejects(collect(events(id, {})), failure('NOT_FOUND'))
})

test('a stop ends the turn at once, for its readers and at its provider', async (t) => {
  const { id } = await conversation.create({})
  const text = fake.slow(2000, 20)
  const lines = []
  const cancelled = fake.cancelled(text)
  let asked
  for await (const line of conversation.complete(id, { text }).stream()) {
    lines.push(line)
    if (line.type === 'token' && !asked) {
      asked = Date.now()
      assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/stop`, { record: {} }), { id, stopped: 1 })
    }
  }
  const at = await cancelled
  t.diagnostic(`the provider saw the end of its request ${at - asked} ms after the stop was asked for`)
  assert.ok(at - asked < 2000)

  assertTurn(lines, { stateful: true, reason: 'abort' })
  const partial = tokens(lines)
  assert.ok(partial.length > 0 && fake.slowText(2000).startsWith(partial) && partial.length < fake.slowText(2000).length)
  assert.deepEqual(lines.find((l) => l.type === 'abort').data, { reason: 'stopped' })
  assert.equal(lines.at(-1).data.text, partial)
  const [user, bot] = (await conversation.message.list(id)).items
  assert.deepEqual([user.text, bot.text], [text, partial])
  assert.equal(bot.meta.incomplete, true)
  assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/stop`, { record: {} }), { id, stopped: 0 })

  const { text: next } = await conversation.complete(id, { text: 'Still there?' })
  assert.equal(next, fake.echo('Still there?'), 'the conversation goes on')
})

test('a queued turn that is stopped keeps its question and ends in order', async () => {
  const { id } = await conversation.create({})
  const first = conversation.complete(id, { text: fake.slow(2000, 20) })
  const running = first.then((answer) => answer)
  const live = events(id, { live: true })
  for await (const line of live) {
    if (line.type === 'token') {
      break
    }
  }
  const queued = collect(conversation.complete(id, { text: 'waits' }).stream())
  const turn = await turnOf(id, 'waits')
  assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/stop`, { record: { turn } }), { id, stopped: 1 })
  assertTurn(await queued, { stateful: true, reason: 'abort' })
  assert.deepEqual(await client.clientFetch(`/api/v1/conversation/${id}/stop`, { record: {} }), { id, stopped: 1 })
  assert.deepEqual((await running).end, { reason: 'abort' })
  assert.ok((await history(client, id)).some(([type, text]) => type === 'user' && text === 'waits'))
})

test('the seventeenth turn that waits is refused, and nothing of it is kept', async () => {
  const { id } = await conversation.create({})
  const running = conversation.complete(id, { text: fake.slow(2000, 20) }).then((answer) => answer)
  for await (const line of events(id, { live: true })) {
    if (line.type === 'token') {
      break
    }
  }
  const waiting = []
  for (let n = 0; n < 16; n++) {
    waiting.push(conversation.complete(id, { text: `n${n}` }).then((answer) => answer))
    await turnOf(id, `n${n}`)
  }
  await assert.rejects(conversation.complete(id, { text: 'too many' }), failure('CONFLICT'))
  await client.clientFetch(`/api/v1/conversation/${id}/stop`, { record: {} })
  assert.deepEqual((await running).end, { reason: 'abort' })
  const answers = await Promise.all(waiting)
  answers.forEach((answer, n) => assert.equal(answer.text, fake.echo(`n${n}`)))
  assert.ok(!parseLines((await request(`/v1/conversation/${id}/events`, { headers: { accept: 'application/jsonl' } })).text).some((l) => l.data.text === 'too many'))
})

// The id of the turn that was opened with a text.
async function turnOf(id, text) {
  for await (const line of events(id, { live: true })) {
    if (line.type === 'message' && line.data.type === 'user' && line.data.text === text) {
      return line.turn
    }
  }
}
