// What the package repeats by itself happens once: one user message and one
// answer, whatever broke, with and without an Idempotency-Key.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'

import * as fake from './fake.mjs'
import { collect, connect, control, failure, history, proxy, request, tokens } from './lib.mjs'
import { assertAnswer, assertTurn } from './turn.mjs'

const direct = connect()

// Through runs a caller behind a proxy that follows the plans, one for each
// connection, and none for those after.
async function through(plans, options, run) {
  const queue = [...plans]
  const between = await proxy(() => queue.shift())
  try {
    await run(connect({ baseUrl: between.url, ...options }))
    assert.equal(between.cuts(), plans.length, 'each planned cut happened')
  } finally {
    between.close()
  }
}

// Each case runs without and with a key.
function each(name, run) {
  for (const [how, options] of [
    ['without a key', () => ({})],
    ['with a key', () => ({ headers: { 'idempotency-key': randomUUID() } })],
  ]) {
    test(`${name}, ${how}`, async () => {
      // Named, because an equal request a moment after the restart of a killed
      // server counts as a repeat of the one before the kill.
      const { id } = await direct.conversation.create({ name: `${name}, ${how}` })
      await run(id, options())
    })
  }
}

// The package sends a request when its answer is first asked for.
function start(request) {
  return request.then((answer) => answer)
}

async function assertOnce(id, ask, answer) {
  assert.deepEqual(await history(direct, id), [['user', ask], ['bot', answer]])
}

each('a request that broke before it arrived is done once', async (id, options) => {
  await through([{ request: 100 }, { request: 100 }], options, async ({ conversation }) => {
    assertAnswer(await conversation.complete(id, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
  })
  await assertOnce(id, 'Hi', fake.echo('Hi'))
})

each('a repeat joins the turn that runs', async (id, options) => {
  // The answer as JSON begins when the turn has ended, so the client waits
  // for it while the connection is cut in the middle of the turn.
  const text = fake.slow(20, 50)
  const between = await proxy(() => undefined)
  const { conversation } = connect({ baseUrl: between.url, ...options })
  const answered = start(conversation.complete(id, { text }))
  await fake.asked(text)
  between.cut()
  assertAnswer(await answered, { stateful: true, text: fake.slowText(20) })
  between.close()
  await assertOnce(id, text, fake.slowText(20))
  assert.equal(await fake.times(text), 1, 'the provider was asked once')
})

each('an answer that was lost whole is given again', async (id, options) => {
  await through([{ swallow: true }], options, async ({ conversation }) => {
    assertAnswer(await conversation.complete(id, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
  })
  await assertOnce(id, 'Hi', fake.echo('Hi'))
})

each('a stream that broke in the middle is read again from its first line', async (id, options) => {
  const text = fake.slow(20, 20)
  await through([{ response: 1500 }], options, async ({ conversation }) => {
    const seen = []
    await assert.rejects(async () => {
      for await (const line of conversation.complete(id, { text }).stream()) {
        seen.push(line)
      }
    }, TypeError)
    assert.ok(tokens(seen).length > 0, 'something was seen before the cut')
    // The package does not repeat a stream that has begun: its caller does.
    const lines = await collect(conversation.complete(id, { text }).stream())
    assertTurn(lines, { stateful: true, text: fake.slowText(20) })
    assert.ok(tokens(lines).startsWith(tokens(seen)))
  })
  await assertOnce(id, text, fake.slowText(20))
  assert.equal(await fake.times(text), 1)
})

for (const [where, before] of [
  ['in its last line', '"end":{"reason"'],
  ['before its last bytes', '0\r\n\r\n'],
]) {
  each(`a stream that broke ${where} is read again`, async (id, options) => {
    await through([{ before }], options, async ({ conversation }) => {
      await assert.rejects(collect(conversation.complete(id, { text: 'Hi' }).stream()))
      const lines = await collect(conversation.complete(id, { text: 'Hi' }).stream())
      assertTurn(lines, { stateful: true, text: fake.echo('Hi') })
    })
    await assertOnce(id, 'Hi', fake.echo('Hi'))
  })
}

each('a killed server gives the turn that it ran to the repeat', async (id, options) => {
  const text = fake.slow(400, 25)
  // The restart takes its time, and the package would give up too early.
  const { conversation } = connect({ retries: 7, ...options })
  const answered = start(conversation.complete(id, { text }))
  await fake.asked(text)
  await grown(id)
  await control('kill')
  await control('start')
  const answer = await answered
  assert.deepEqual(answer.end, { reason: 'error' })
  assert.ok(answer.text.length > 0 && fake.slowText(400).startsWith(answer.text))
  await assertOnce(id, text, answer.text)
  const [, bot] = (await direct.conversation.message.list(id)).items
  assert.equal(bot.meta.incomplete, true)
  assert.equal(bot.id, answer.id)
  assert.equal(await fake.times(text), 1, 'the model is not asked again')
})

each('other operations happen once, too', async (id, options) => {
  const lost = [{ swallow: true }]
  await through(lost, options, async ({ conversation }) => {
    const sent = await conversation.send(id, { text: 'sent' })
    assert.equal((await direct.conversation.message.fetch(id, sent.id)).text, 'sent')
  })
  await through(lost, options, async ({ conversation }) => {
    await conversation.message.create(id, { type: 'context', text: 'created' })
  })
  await through(lost, options, async ({ conversation }) => {
    assert.deepEqual(await conversation.update(id, { name: 'updated' }), { id })
  })
  const name = randomUUID()
  await through(lost, options, async ({ conversation }) => {
    const created = await conversation.create({ name })
    assert.equal((await direct.conversation.fetch(created.id)).name, name)
  })
  await through(lost, options, async ({ conversation }) => {
    assert.deepEqual(await conversation.delete(id), { id }, 'the repeat of a delete is not told that nothing is there')
  })
  const named = (await collect(direct.conversation.list().stream())).filter((l) => l.data.name === name)
  assert.equal(named.length, 1)
})

test('equal requests whose answers arrived are two requests', async () => {
  const { id } = await direct.conversation.create({})
  for (let n = 0; n < 2; n++) {
    assertTurn(await collect(direct.conversation.complete(id, { text: 'yes' }).stream()), { stateful: true })
  }
  for (let n = 0; n < 2; n++) {
    await direct.conversation.send(id, { text: 'yes' })
  }
  assert.deepEqual((await history(direct, id)).map(([type]) => type), ['user', 'bot', 'user', 'bot', 'user', 'user'])
})

test('a key repeats its answer, says so, and is bound to its body', async () => {
  const { id } = await direct.conversation.create({})
  const headers = { 'idempotency-key': 'k-1' }
  const post = (body, more) => request(`/v1/conversation/${id}/complete`, { method: 'POST', headers: { ...headers, ...more }, body })
  const first = await post({ text: 'Hi' })
  const second = await post({ text: 'Hi' })
  assert.deepEqual(second.json, first.json)
  assert.equal(first.headers.get('idempotent-replayed'), null)
  assert.equal(second.headers.get('idempotent-replayed'), 'true')
  const other = await post({ text: 'Ho' })
  assert.deepEqual([other.status, other.json.code], [422, 'UNPROCESSABLE_ENTITY'])
  await assertOnce(id, 'Hi', fake.echo('Hi'))
})

test('a provider that fails for a moment is asked again by the server', async () => {
  const { id } = await direct.conversation.create({})
  const text = 'Are you there now?'
  await fake.failOnce(500)
  assertAnswer(await direct.conversation.complete(id, { text }), { stateful: true, text: fake.echo(text) })
  await assertOnce(id, text, fake.echo(text))
  assert.equal(await fake.times(text), 2)
})

test('a provider that goes on failing leaves one user message and an error at its end', async () => {
  const { id } = await direct.conversation.create({})
  const text = fake.failing(500)
  const answer = await direct.conversation.complete(id, { text })
  assert.deepEqual(answer.end, { reason: 'error' })
  assert.equal(answer.text, '')
  assert.match(answer.error.code, /^[A-Z_]+$/)
  assert.ok(answer.error.message)
  assert.deepEqual(await history(direct, id), [['user', text]])

  const streamed = fake.failing(429)
  assertTurn(await collect(direct.conversation.complete(id, { text: streamed }).stream()), { stateful: true, reason: 'error' })
  assert.deepEqual(await history(direct, id), [['user', text], ['user', streamed]])
})

test('a provider that fails while nothing has happened is the caller\'s error', async () => {
  const { conversation } = connect({ retries: 0 })
  await assert.rejects(conversation.complete(null, { text: fake.failing(500) }), failure('BAD_GATEWAY'))
  await assert.rejects(conversation.complete(null, { text: fake.failing(429) }), failure('TOO_MANY_REQUESTS'))
})

test('a provider that breaks off leaves the partial text, marked', async () => {
  const { id } = await direct.conversation.create({})
  const lines = await collect(direct.conversation.complete(id, { text: fake.cut }).stream())
  assertTurn(lines, { stateful: true, reason: 'error' })
  const partial = tokens(lines)
  assert.ok(partial.length > 0)
  assert.equal(lines.at(-1).data.text, partial)
  const bot = lines.find((l) => l.type === 'message')
  assert.equal(bot.data.meta.incomplete, true)
  await assertOnce(id, fake.cut, partial)
  const alone = await collect(direct.conversation.complete(null, { text: fake.cut }).stream())
  assertTurn(alone, { stateful: false, reason: 'error' })
})

// Waits until the log of a conversation has text of an answer.
async function grown(id) {
  for await (const line of direct.clientFetch(`/api/v1/conversation/${id}/events`, { query: { live: true } }).stream()) {
    if (line.type === 'token') {
      return
    }
  }
}
