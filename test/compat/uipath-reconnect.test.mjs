// Lost connections, killed and restarted servers, seen through the real package,
// which does nothing about them itself but to connect again.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { control, proxy } from './lib.mjs'
import { answer, ask, close, connect, converse, disconnect, later, note, rest, socket, start, until, watch } from './uipath.mjs'

let proxies = []

afterEach(() => {
  disconnect()
  close()
  proxies.forEach((p) => p.close())
  proxies = []
})

/** A client behind a line that can be cut. */
async function shaky() {
  const line = await proxy(() => undefined)
  proxies.push(line)
  return { line, client: connect({ baseUrl: line.url }) }
}

/** Sends an order for a slow answer and waits until it has begun. */
async function begin(session, order) {
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: order })
  await until('the answer has begun', () => notes.messages[0]?.parts[0]?.chunks.length > 1)
  return { exchange, notes }
}

test('an answer goes on over lost connections, nothing lost and nothing twice', async () => {
  const { line, client } = await shaky()
  const session = await start(await converse(client))
  const lost = []
  session.onErrorStart((e) => lost.push(e.errorId))
  let back = 0
  client.onConnectionStatusChanged((status) => status === 'Connected' && back++)
  const { notes } = await begin(session, fake.slow(60, 40))
  for (const chunks of [5, 20, 35]) {
    await until('it goes on', () => notes.messages[0].parts[0].chunks.length >= chunks)
    line.cut()
  }
  await notes.done
  await until('the last loss is over', () => back >= 3 && client.conversations.isConnected) // what is said meanwhile is lost
  assert.equal(answer(notes), fake.slowText(60))
  assert.deepEqual(notes.log.filter((l) => !l.startsWith('chunk')), ['startMessage assistant', 'startContentPart', 'endContentPart', 'endMessage', 'endExchange'])
  assert.ok(line.cuts() >= 3)
  assert.ok(lost.every((id) => id === 'WEBSOCKET_DISCONNECTED'), lost.join())
  assert.equal(answer(await ask(session, 'And on')), fake.echo('And on'))
})

test('what others say while a client is away is there when it is back', async () => {
  const { line, client } = await shaky()
  const other = connect()
  const conversation = await converse(other)
  const seen = watch(await start(await client.conversations.getById(conversation.id)))
  const theirs = await start(conversation)
  await ask(theirs, 'One')
  await until('it is seen', () => seen[0])
  await seen[0].done
  line.cut()
  await ask(theirs, 'Two')
  await until('it is seen', () => seen[1])
  await seen[1].done
  assert.deepEqual(seen.map((n) => n.messages.map((m) => m.parts[0].text)), [['One', fake.echo('One')], ['Two', fake.echo('Two')]])
})

test('a new startSession replays what is open, and only that', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  await ask(session, 'Before')
  const { exchange, notes } = await begin(session, fake.slow(40, 40))
  const other = connect()
  const again = (await other.conversations.getById(conversation.id)).startSession()
  const seen = watch(again)
  await notes.done
  await until('it is seen', () => seen[0])
  await seen[0].done
  assert.deepEqual(seen.map((n) => n.id), [exchange.exchangeId])
  assert.deepEqual(seen[0].messages.map((m) => m.role), ['user', 'assistant'])
  assert.equal(seen[0].messages[1].parts[0].text, fake.slowText(40))
  assert.ok(seen[0].messages[1].parts[0].chunks.length < notes.messages[0].parts[0].chunks.length, 'the beginning comes in one piece')
})

test('a second startSession of the same client starts from the beginning', async () => {
  const client = connect()
  const conversation = await converse(client)
  const { exchange, notes } = await begin(await start(conversation), fake.slow(40, 30))
  const second = conversation.startSession()
  const seen = watch(second)
  await until('it is seen', () => seen.find((n) => n.id === exchange.exchangeId))
  const mine = seen.find((n) => n.id === exchange.exchangeId)
  await mine.done
  assert.equal(answer(mine), fake.slowText(40))
  assert.notEqual(mine, notes)
})

test('a server killed in mid-answer shows the text it had, and closes the exchange once', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const { exchange, notes } = await begin(session, fake.slow(200, 20))
  await until('there is some text', () => notes.messages[0].parts[0].chunks.length > 5)
  await control('kill')
  const shown = notes.messages[0].parts[0].chunks.join('')
  await control('start')
  await notes.done
  assert.deepEqual(notes.errors.filter((e) => e.errorId !== 'WEBSOCKET_DISCONNECTED').map((e) => e.errorId), ['AGENT_RUNTIME_ERROR'])
  assert.deepEqual(notes.log.filter((l) => !l.startsWith('chunk')).slice(-4), ['endContentPart interrupted', 'endMessage', 'error AGENT_RUNTIME_ERROR', 'endExchange'])
  const { text } = notes.messages[0].parts[0]
  assert.ok(text.startsWith(shown), 'no text that was shown is lost')
  assert.ok(fake.slowText(200).startsWith(text))
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  assert.equal(stored.messages[1].contentParts[0].data.inline, text)
  assert.equal(answer(await ask(session, 'And on')), fake.echo('And on'))
})

test('exchanges that wait in the queue run after a kill', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const { notes } = await begin(session, fake.slow(200, 20))
  const queued = session.startExchange()
  const waiting = note(queued)
  await queued.sendMessageWithContentPart({ data: 'Next, please' })
  const raw = await socket()
  raw.send({ conversationId: conversation.id, startSession: {} })
  await raw.find((e) => e.exchange?.exchangeId === queued.exchangeId && e.exchange.message?.endMessage)
  await control('kill')
  await control('start')
  await Promise.all([notes.done, waiting.done])
  assert.equal(answer(waiting), fake.echo('Next, please'))
})

test('the events of a conversation are numbered for those who ask, and read on from a number', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const raw = await socket()
  raw.send({ conversationId: conversation.id, startSession: { capabilities: { resume: true } } })
  const started = await raw.find((e) => e.sessionStarted)
  assert.equal(started.sessionStarted.capabilities.resume, true)
  await ask(session, 'Hello!')
  await raw.find((e) => e.exchange?.endExchange)
  const numbered = raw.events.filter((e) => e.exchange)
  assert.ok(numbered.every((e) => Number.isInteger(e.seq)), 'all have numbers')
  assert.ok(numbered.every((e, i) => i === 0 || e.seq >= numbered[i - 1].seq), 'they rise')
  const at = numbered[2].seq
  const late = await socket()
  late.send({ conversationId: conversation.id, startSession: { capabilities: { resume: true }, metaData: { after: at } } })
  await late.find((e) => e.exchange?.endExchange)
  assert.deepEqual(late.events.filter((e) => e.exchange), numbered.filter((e) => e.seq > at))
})

test('a recovered socket has the same names, and another one new names', async () => {
  const raw = await socket()
  const conversation = await converse(connect())
  raw.send({ conversationId: conversation.id, startSession: {} })
  await raw.find((e) => e.sessionStarted)
  const { id } = raw
  const back = later('the recovery')
  raw.once('connect', back.resolve)
  raw.io.engine.close()
  await back
  assert.equal(raw.recovered, true)
  assert.equal(raw.id, id)
  const other = await socket()
  assert.notEqual(other.id, id)
})

test('an unknown offset and socket session are no error', async () => {
  const raw = await socket({ query: {} })
  raw.disconnect()
  raw.auth = { token: raw.auth.token, pid: 'nobody', offset: 'nowhere' }
  const back = later('the connection')
  raw.once('connect', back.resolve)
  raw.connect()
  await back
  assert.notEqual(raw.recovered, true)
})

for (const [way, restart] of Object.entries({
  'a restart': async () => {
    await control('stop')
    await control('start')
  },
  'a rolling restart': () => control('roll'),
})) test(`${way} under load loses, doubles and cuts no exchange`, async () => {
  const users = await Promise.all(Array.from({ length: 12 }, async () => {
    const client = connect()
    const conversation = await converse(client)
    const session = await start(conversation)
    // A loss is told as an error of the session, which would end this process.
    session.onErrorStart(() => {})
    return { client, conversation, session, said: [] }
  }))
  let stopping = false
  let ended = 0
  const work = users.map(async ({ session, said }, user) => {
    for (let n = 0; !stopping; n++) {
      const exchange = session.startExchange()
      exchange.onErrorStart(() => {})
      const notes = note(exchange)
      said.push({ text: `${fake.slow(6, 15)} user ${user} says ${n}`, notes })
      await exchange.sendMessageWithContentPart({ data: said.at(-1).text }).catch(() => {})
      const lost = new Promise((resolve) => setTimeout(resolve, 6000).unref())
      await Promise.race([notes.done.then(() => ended++, () => {}), lost])
    }
  })
  const under = (load) => until(`${load} exchanges end`, () => ended >= load)
  for (let round = 1; round <= 2; round++) {
    await under(round * 2 * users.length)
    await restart()
  }
  await under(6 * users.length)
  stopping = true
  await Promise.all(work)
  let finished = 0
  for (const { conversation, said } of users) {
    const data = await until('all that began has ended', async () => {
      const { data } = (await rest(`/conversation/${conversation.id}/exchange?limit=100&exchangeSort=ascending`)).json
      return data.every((x) => x.status !== 'queued' && x.status !== 'running') && data
    })
    const stored = new Map(data.map((x) => [x.exchangeId, x]))
    assert.equal(stored.size, data.length, 'no exchange is there twice')
    for (const { notes, text } of said) {
      const exchange = stored.get(notes.id)
      const complete = exchange?.messages.find((m) => m.role === 'user')?.contentParts[0]?.data.inline === text
      if (!complete || exchange.status === 'open') {
        assert.ok(exchange || answer(notes) === '', 'what is answered has reached the server, and is kept')
        continue // some of it was said while nobody listened: the package drops that, and tells it
      }
      assert.equal(exchange.messages.filter((m) => m.role === 'user').length, 1)
      assert.equal(exchange.status, 'done', JSON.stringify(exchange))
      const full = exchange.messages.at(-1).contentParts[0].data.inline
      assert.equal(full, fake.slowText(6), 'not cut')
      assert.equal(answer(notes), full, 'and shown so')
      finished++
    }
  }
  assert.ok(finished > users.length * 3, `${finished} exchanges`)
})
