// Turns: complete with and without a conversation, send and receive.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, history, ofType, parseLines, request, tokens } from './lib.mjs'
import { assertAnswer, assertTurn } from './turn.mjs'

const client = connect()
const { conversation } = client

test('a turn without a conversation answers and streams', async () => {
  for (const body of [
    { messages: [{ type: 'user', text: 'Ahoj 🌍' }] },
    { messages: [{ type: 'context', text: 'It rains.' }, { type: 'user', text: 'a' }, { type: 'bot', text: 'b' }, { type: 'user', text: 'Ahoj 🌍' }] },
    { text: 'Ahoj 🌍' },
    { messages: [{ type: 'user', text: 'a' }, { type: 'bot', text: 'b' }], text: 'Ahoj 🌍', backstory: 'You are kind.', model: 'gpt-4o' },
  ]) {
    const text = fake.echo('Ahoj 🌍')
    assertAnswer(await conversation.complete(null, body), { stateful: false, text })
    assertTurn(await collect(conversation.complete(null, body).stream()), { stateful: false, text })
  }
  assert.deepEqual(await conversation.list(), { items: [], cursor: '' }, 'nothing is kept')
})

test('a turn of a conversation answers, streams and is kept', async () => {
  const { id } = await conversation.create({ backstory: 'You are kind.' })
  const answer = await conversation.complete(id, { text: 'One?' })
  assertAnswer(answer, { stateful: true, text: fake.echo('One?') })
  const lines = await collect(conversation.complete(id, { text: 'Two 🌍?' }).stream())
  assertTurn(lines, { stateful: true, text: fake.echo('Two 🌍?') })

  const { items } = await conversation.message.list(id)
  assert.deepEqual(items.map(({ type, text }) => [type, text]), [
    ['user', 'One?'],
    ['bot', fake.echo('One?')],
    ['user', 'Two 🌍?'],
    ['bot', fake.echo('Two 🌍?')],
  ])
  assert.equal(items[1].id, answer.id)
  assert.equal(items[3].id, lines.at(-1).data.id)
  items.forEach((item) => assertShape(item, { id: 'id', createdAt: 'ms', updatedAt: 'ms', type: 'string', text: 'string', 'meta?': 'object' }))
  items.forEach((item) => assert.ok(!item.meta?.incomplete))
})

test('send keeps a message and receive answers it', async () => {
  const { id } = await conversation.create({})
  const sent = await conversation.send(id, { text: 'Three?' })
  assertShape(sent, { id: 'id', entities: [] })
  assert.deepEqual(await history(client, id), [['user', 'Three?']], 'send generates nothing')
  assertAnswer(await conversation.receive(id, {}), { stateful: true, text: fake.echo('Three?') })

  const [line, ...more] = await collect(conversation.send(id, { text: 'Four?' }).stream())
  assert.deepEqual(more, [])
  assertShape(line, { type: 'result', data: 'object' })
  assertShape(line.data, { id: 'id', entities: [] })
  assertTurn(await collect(conversation.receive(id, {}).stream()), { stateful: true, text: fake.echo('Four?') })
  assert.equal((await conversation.message.fetch(id, line.data.id)).text, 'Four?')
  assert.deepEqual((await history(client, id)).map(([type]) => type), ['user', 'bot', 'user', 'bot'])
})

test('complete without text goes on from what is stored', async () => {
  const { id } = await conversation.create({ messages: [{ type: 'user', text: 'Five?' }] })
  assertAnswer(await conversation.complete(id, {}), { stateful: true, text: fake.echo('Five?') })
  await conversation.message.create(id, { type: 'user', text: 'Six?' })
  assertTurn(await collect(conversation.complete(id, {}).stream()), { stateful: true, text: fake.echo('Six?') })
  assert.deepEqual((await history(client, id)).map(([type]) => type), ['user', 'bot', 'user', 'bot'])
})

test('an answer streams as it comes', async () => {
  const { id } = await conversation.create({})
  for (const conversationId of [id, null]) {
    const lines = await collect(conversation.complete(conversationId, { text: fake.slow(8, 40) }).stream())
    assertTurn(lines, { stateful: conversationId !== null, text: fake.slowText(8) })
    assert.ok(ofType(lines, 'token').length > 4, 'words that come 40 ms apart are not gathered')
  }
})

test('entities are echoed while privacy is off', async () => {
  const entities = [{ type: 'email', begin: 0, end: 3, text: 'a@b', replacement: { begin: 0, end: 3, text: 'xyz' } }]
  const { id } = await conversation.create({})
  assert.deepEqual((await conversation.send(id, { text: 'a@b', entities })).entities, entities)
  await conversation.receive(id, {})
  assertAnswer(await conversation.complete(id, { text: 'a@b', entities }), { stateful: true, text: fake.echo('a@b') })
})

test('an empty answer is one empty token and one empty message', async () => {
  const { id } = await conversation.create({})
  const lines = await collect(conversation.complete(id, { text: fake.empty }).stream())
  assertTurn(lines, { stateful: true, text: '' })
  assert.deepEqual(ofType(lines, 'token').map((l) => l.data), [{ token: '' }])
  assertAnswer(await conversation.complete(null, { text: fake.empty }), { stateful: false, text: '' })
})

test('the model\'s thinking streams and is kept as a message of its own', async () => {
  const { id } = await conversation.create({})
  const lines = await collect(conversation.complete(id, { text: fake.reasoning }).stream())
  assertTurn(lines, { stateful: true })
  const [thought] = ofType(lines, 'message')
  assert.equal(thought.data.type, 'reasoning')
  assert.equal(ofType(lines, 'reasoningToken').map((l) => l.data.token).join(''), thought.data.text)
  assert.deepEqual((await history(client, id)).map(([type]) => type), ['user', 'reasoning', 'bot'])
  const alone = await collect(conversation.complete(null, { text: fake.reasoning }).stream())
  assertTurn(alone, { stateful: false })
})

test('turns of one conversation run one after the other', async () => {
  const { id } = await conversation.create({})
  const texts = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(texts.map((text) => conversation.complete(id, { text })))
  answers.forEach((answer, i) => assertAnswer(answer, { stateful: true, text: fake.echo(texts[i]) }))
  const stored = await history(client, id)
  assert.equal(stored.length, 8)
  for (let i = 0; i < 8; i += 2) {
    assert.equal(stored[i][0], 'user')
    assert.deepEqual(stored[i + 1], ['bot', fake.echo(stored[i][1])])
  }
})

test('lines are plain ASCII, one object each, under both prefixes', async () => {
  for (const prefix of ['/v1', '/api/v1']) {
    const response = await request(`${prefix}/conversation/complete`, {
      method: 'POST',
      headers: { accept: 'application/jsonl' },
      body: { text: 'Grüße 🌍' },
    })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/jsonl')
    assert.match(response.headers.get('cache-control'), /no-transform/)
    assert.match(response.text, /^[\x20-\x7e\n]*\n$/)
    assert.ok(!response.text.includes('\n\n'))
    assert.equal(tokens(parseLines(response.text)), fake.echo('Grüße 🌍'))
  }
})

test('an abort signal ends the client\'s loop, and a turn of a conversation goes on without it', async () => {
  const { id } = await conversation.create({})
  const abort = new AbortController()
  const seen = []
  for await (const line of conversation.complete(id, { text: fake.slow(20, 30) }).stream({ abortSignal: abort.signal })) {
    seen.push(line)
    if (line.type === 'token') {
      abort.abort()
    }
  }
  assert.ok(!seen.some((l) => l.type === 'result'), 'the loop ended in silence')
  const last = await result(id)
  assert.deepEqual(last.end, { reason: 'stop' })
  assert.ok(last.text.startsWith(tokens(seen)))
  assert.deepEqual((await history(client, id)).map(([type]) => type), ['user', 'bot'])

  const refused = new AbortController()
  const pending = collect(conversation.complete(id, { text: 'x' }).stream({ abortSignal: refused.signal }))
  refused.abort(new Error('my own reason'))
  await assert.rejects(pending)
})

test('an abort signal cancels a turn without a conversation at its provider', async () => {
  const text = fake.slow(2000, 20)
  const cancelled = fake.cancelled(text)
  const abort = new AbortController()
  for await (const line of conversation.complete(null, { text }).stream({ abortSignal: abort.signal })) {
    if (line.type === 'token') {
      abort.abort()
    }
  }
  await cancelled
})

test('model strings of the package\'s helper arrive whole', async () => {
  const config = { maxTokens: 77, temperature: 0.5, seed: 9, frequencyPenalty: 0.25, presencePenalty: 0.75, interactionMaxMessages: 2, region: 'eu' }
  const model = 'gpt-4o/maxTokens=77/temperature=0.5/seed=9/frequencyPenalty=0.25/presencePenalty=0.75/interactionMaxMessages=2/region=eu'
  const { id } = await conversation.create({ model: { name: 'gpt-4o', config } })
  assert.equal((await conversation.fetch(id)).model, model, 'it is kept as it was sent')
  await conversation.complete(id, { text: 'with a stored model string' })
  assertAsked(await fake.asked('with a stored model string'))
  await conversation.complete(null, { model: { name: 'gpt-4o', config }, text: 'with a given model string' })
  assertAsked(await fake.asked('with a given model string'))

  const lines = await collect(conversation.complete(null, { model: { name: 'gpt-4o', config: { temperature: 0 } }, text: 'falsy' }).stream())
  assertTurn(lines, { stateful: false, text: fake.echo('falsy') })
  assert.equal(ofType(lines, 'usage')[0].data.model, 'gpt-4o')
  assert.ok(!('temperature' in (await fake.asked('falsy'))))
  await assert.rejects(conversation.complete(null, { model: 'gpt-4o/maxTokens=many', text: 'x' }), failure('BAD_REQUEST', /maxTokens/))
})

function assertAsked(body) {
  assert.equal(body.model, 'gpt-4o')
  assert.equal(body.max_completion_tokens ?? body.max_tokens, 77)
  assert.equal(body.temperature, 0.5)
  assert.equal(body.seed, 9)
  assert.equal(body.frequency_penalty, 0.25)
  assert.equal(body.presence_penalty, 0.75)
  assert.equal(body.stream, true)
}

// The result of a conversation's last turn, read from its log as it grows.
async function result(id) {
  for await (const line of client.clientFetch(`/api/v1/conversation/${id}/events`, { query: { live: true } }).stream()) {
    if (line.type === 'result') {
      return line.data
    }
  }
}
