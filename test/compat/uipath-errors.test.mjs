// Bad input over sessions: the error that the contract names, at its level,
// after which the session still works, and nothing stored twice.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { agents, answer, ask, close, connect, converse, disconnect, later, note, rest, socket, start, until } from './uipath.mjs'

afterEach(() => {
  disconnect()
  close()
})

/** A raw socket with a session. */
async function opened() {
  const conversation = await converse(connect())
  const raw = await socket()
  const send = (event) => raw.send({ conversationId: conversation.id, ...event })
  send({ startSession: {} })
  await raw.find((e) => e.sessionStarted)
  return { raw, conversation, send }
}

const user = (exchangeId, data, more = {}) => ({
  exchange: {
    exchangeId,
    startExchange: {},
    message: {
      messageId: `${exchangeId}-m`,
      startMessage: { role: 'user' },
      contentPart: { contentPartId: `${exchangeId}-p`, startContentPart: { mimeType: 'text/markdown' }, chunk: { data }, endContentPart: {} },
      endMessage: {},
      ...more,
    },
  },
})

/** The session still works. */
async function works({ raw, send }, id = 'after') {
  const from = raw.events.length
  send(user(id, 'Still there?'))
  await raw.find((e) => e.exchange?.exchangeId === id && e.exchange.endExchange, from)
  const text = raw.events.slice(from).map((e) => e.exchange?.exchangeId === id ? e.exchange.message?.contentPart?.chunk?.data ?? '' : '').join('')
  assert.equal(text, fake.echo('Still there?'))
}

test('an unknown conversation has no session', async () => {
  const client = connect()
  const known = await converse(client)
  const session = client.conversations.startSession('nowhere')
  const refused = later('the error')
  session.onErrorStart(refused.resolve)
  assert.equal((await refused).errorId, 'SESSION_START_PROCESSING_FAILED')
  assert.equal(answer(await ask(await start(known), 'Hello!')), fake.echo('Hello!'), 'others are not touched')
})

test('events of an unknown conversation, and malformed ones, are refused', async () => {
  const s = await opened()
  s.raw.send({ conversationId: 'nowhere', metaEvent: {} })
  const unknown = await s.raw.find((e) => e.conversationId === 'nowhere')
  assert.equal(unknown.conversationError.errorId, 'CLIENT_EVENT_PROCESSING_FAILED')
  const from = s.raw.events.length
  s.send({ exchange: { exchangeId: 7 } })
  const malformed = await s.raw.find((e) => e.conversationError, from)
  assert.equal(malformed.conversationError.errorId, 'CLIENT_EVENT_PROCESSING_FAILED')
  assert.ok(malformed.conversationError.startError.message && malformed.conversationError.endError)
  s.raw.send({ startSession: {} }) // no conversation: no answer is possible
  s.raw.emit('SomethingElse', {})
  await works(s)
})

test('an exchange id is used once', async () => {
  const s = await opened()
  s.send(user('x1', fake.slow(30, 20)))
  await s.raw.find((e) => e.exchange?.message?.contentPart?.chunk)
  s.send({ exchange: { exchangeId: 'x1', startExchange: {} } })
  const refused = await s.raw.find((e) => e.exchange?.exchangeError)
  assert.equal(refused.exchange.exchangeError.errorId, 'EXCHANGE_COULD_NOT_BE_CREATED')
  await s.raw.find((e) => e.exchange?.endExchange)
  const from = s.raw.events.length
  s.send(user('x1', 'again')) // it has ended: dropped without a word
  await works(s)
  assert.ok(!s.raw.events.slice(from).some((e) => e.exchange?.exchangeId === 'x1'))
  const { data } = (await rest(`/conversation/${s.conversation.id}/exchange`)).json
  assert.equal(data.length, 2)
})

test('what belongs to no exchange is refused', async () => {
  const s = await opened()
  s.send({ exchange: { exchangeId: 'x9', message: { messageId: 'm9', endMessage: {} } } })
  assert.equal((await s.raw.find((e) => e.exchange?.exchangeError)).exchange.exchangeError.errorId, 'COULD_NOT_ENSURE_EXCHANGE')
  await works(s)
})

test('roles, late messages and empty ones are refused', async () => {
  const s = await opened()
  const error = async (id) => (await s.raw.find((e) => e.exchange?.exchangeId === id && e.exchange.exchangeError)).exchange.exchangeError.errorId
  s.send(user('x1', 'I am the agent', { startMessage: { role: 'assistant' } }))
  assert.equal(await error('x1'), 'MESSAGE_COULD_NOT_BE_CREATED')
  s.send({ exchange: { exchangeId: 'x2', startExchange: {}, message: { messageId: 'm2', startMessage: { role: 'user' }, endMessage: {} } } })
  assert.equal(await error('x2'), 'MESSAGE_END_PROCESSING_FAILED')
  await s.raw.find((e) => e.exchange?.exchangeId === 'x2' && e.exchange.endExchange)
  s.send(user('x3', fake.slow(30, 20)))
  await s.raw.find((e) => e.exchange?.exchangeId === 'x3' && e.exchange.message?.contentPart?.chunk)
  s.send({ exchange: { exchangeId: 'x3', message: { messageId: 'late', startMessage: { role: 'user' } } } })
  assert.equal(await error('x3'), 'MESSAGE_COULD_NOT_BE_CREATED')
  await s.raw.find((e) => e.exchange?.exchangeId === 'x3' && e.exchange.endExchange)
  await works(s)
})

test('what comes after an end is dropped', async () => {
  const s = await opened()
  s.send({ exchange: { exchangeId: 'x1', startExchange: {}, message: { messageId: 'm1', startMessage: { role: 'user' }, contentPart: { contentPartId: 'p1', startContentPart: { mimeType: 'text/plain' }, chunk: { data: 'Hi' }, endContentPart: {} } } } })
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', contentPart: { contentPartId: 'p1', chunk: { data: ' there' } } } } })
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', endMessage: {} } } })
  await s.raw.find((e) => e.exchange?.endExchange)
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', contentPart: { contentPartId: 'p1', endContentPart: {} } } } })
  assert.ok(!s.raw.events.some((e) => e.exchange?.exchangeError))
  const { messages } = (await rest(`/conversation/${s.conversation.id}/exchange/x1`)).json
  assert.equal(messages[0].contentParts[0].data.inline, 'Hi')
})

test('every second event of what was said too early is understood', async () => {
  // As the package loses them before its first connection.
  const s = await opened()
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', startMessage: { role: 'user' } } } })
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', contentPart: { contentPartId: 'p1', chunk: { data: 'Half a message' } } } } })
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', endMessage: {} } } })
  await s.raw.find((e) => e.exchange?.endExchange)
  s.send({ exchange: { exchangeId: 'x1', startExchange: {} } }) // the rest, at a later connect
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: 'm1', contentPart: { contentPartId: 'p1', startContentPart: { mimeType: 'text/markdown' } } } } })
  await works(s)
  assert.ok(!s.raw.events.some((e) => e.exchange?.exchangeError))
  const { messages } = (await rest(`/conversation/${s.conversation.id}/exchange/x1`)).json
  assert.deepEqual(messages.map((m) => m.contentParts[0].data.inline), ['Half a message', fake.echo('Half a message')])
})

test('the package itself may speak before it is connected', async () => {
  const conversation = await converse(connect())
  const session = conversation.startSession()
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: 'Too early' })
  await notes.done
  assert.equal(answer(notes), fake.echo('Too early'))
})

test('a confirmation for an unknown call is refused', async () => {
  const s = await opened()
  s.send(user('x1', fake.slow(20, 20)))
  const { message } = (await s.raw.find((e) => e.exchange?.message?.contentPart?.chunk)).exchange
  s.send({ exchange: { exchangeId: 'x1', message: { messageId: message.messageId, toolCall: { toolCallId: 'nothing', confirmToolCall: { approved: true } } } } })
  const refused = await s.raw.find((e) => e.exchange?.exchangeError)
  assert.equal(refused.exchange.exchangeError.errorId, 'CLIENT_EVENT_PROCESSING_FAILED')
  await s.raw.find((e) => e.exchange?.endExchange)
  await works(s)
})

test('the queue is bounded', async () => {
  const s = await opened()
  s.send(user('x0', fake.slow(100, 20)))
  for (let n = 1; n <= 17; n++) {
    s.send(user(`x${n}`, `Number ${n}`))
  }
  const refused = await s.raw.find((e) => e.exchange?.exchangeError)
  assert.equal(refused.exchange.exchangeError.errorId, 'EXCHANGE_COULD_NOT_BE_CREATED')
  assert.equal(refused.exchange.exchangeError.startError.details.code, 'queue_full')
  s.send({ exchange: { exchangeId: 'x0', endExchange: {} } })
  await s.raw.find((e) => e.exchange?.exchangeId === 'x10' && e.exchange.endExchange)
})

test('a provider that fails in mid-answer fails the exchange, not the session', async () => {
  const client = connect()
  const session = await start(await converse(client))
  const notes = await ask(session, fake.cut)
  assert.deepEqual(notes.errors.map((e) => e.errorId), ['AGENT_RUNTIME_ERROR'])
  assert.deepEqual(notes.log.filter((l) => !l.startsWith('chunk')).slice(-4), ['endContentPart interrupted', 'endMessage', 'error AGENT_RUNTIME_ERROR', 'endExchange'])
  assert.equal(answer(await ask(session, 'And now?')), fake.echo('And now?'))
})

test('bad tokens, tenants and users are refused for good', async () => {
  for (const [options, message] of [
    [{ token: 'wrong' }, /token|secret|sign/i],
    [{ token: '' }, /./],
    [{ tenant: 'other' }, /./],
    [{ query: { 'x-uipath-external-user-id': 'no blanks' } }, /./],
  ]) {
    await assert.rejects(socket(options), message)
  }
})

test('frames that are no packets, and too large ones, end the connection', async () => {
  const ends = async (frame) => {
    const raw = await socket()
    const ended = later('the end')
    raw.io.engine.once('close', ended.resolve)
    raw.io.engine.transport.ws.send(frame)
    await ended
    raw.disconnect()
  }
  await ends('9nonsense')
  await ends('42["ConversationEvent",{')
  await ends(new Uint8Array([1, 2, 3]))
  await ends(`42["ConversationEvent",{"conversationId":"${'x'.repeat(10_000_001)}"}]`)
})

test('another tenant, or another user, sees nothing', async () => {
  const conversation = await converse(connect())
  const anna = connect({ externalUserId: 'anna' })
  await assert.rejects(anna.conversations.getById(conversation.id), { name: 'NotFoundError' })
  const own = await converse(anna)
  assert.equal(answer(await ask(await start(own), 'Hello!')), fake.echo('Hello!'))
  await assert.rejects(connect({ externalUserId: 'bob' }).conversations.getById(own.id), { name: 'NotFoundError' })
  const raw = await socket({ query: { 'x-uipath-external-user-id': 'bob' } })
  raw.send({ conversationId: own.id, startSession: {} })
  assert.equal((await raw.find((e) => e.conversationError)).conversationError.errorId, 'SESSION_START_PROCESSING_FAILED')
})

test('voice without a transcription names the setting', async () => {
  const s = await opened()
  s.send({ asyncInputStream: { streamId: 's1', startAsyncInputStream: { mimeType: 'audio/pcm;rate=24000' } } })
  const refused = await s.raw.find((e) => e.asyncInputStream?.asyncInputStreamError)
  assert.match(refused.asyncInputStream.asyncInputStreamError.startError.message, /transcription/)
  assert.ok(!refused.asyncInputStream.endAsyncInputStream)
  s.send({ asyncInputStream: { streamId: 's1', chunk: { data: 'AAAA' } } })
  s.send({ asyncInputStream: { streamId: 's1', endAsyncInputStream: {} } })
  await works(s)
})

test('unknown agents and folders make no conversation', async () => {
  const client = connect()
  await assert.rejects(client.conversations.create(999, 1), { name: 'NotFoundError' })
  await assert.rejects(client.conversations.create(agents.plain, 2), { name: 'NotFoundError' })
  await until('nothing is left', () => true)
})
