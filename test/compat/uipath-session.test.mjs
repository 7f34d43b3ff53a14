// Live sessions, through the real package: text both ways, several clients, and
// what a program sees of it.

import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { connect as connectChatBotKit, collect } from './lib.mjs'
import { strays } from './offline.mjs'
import { agents, answer, ask, close, connect, converse, disconnect, later, note, start, until, watch } from './uipath.mjs'

afterEach(() => {
  disconnect()
  close()
})

after(() => {
  // It tried, and was kept from it.
  assert.ok([...strays].every((host) => host.endsWith('.applicationinsights.azure.com')), [...strays].join())
})

test('a text is answered in chunks', async () => {
  const client = connect()
  const session = await start(await converse(client))
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: fake.slow(5, 20) })
  const end = await notes.done
  const chunks = notes.messages[0].parts[0].chunks
  assert.equal(notes.messages.length, 1)
  assert.equal(notes.messages[0].role, 'assistant')
  assert.equal(notes.messages[0].parts[0].mimeType, 'text/markdown')
  assert.ok(chunks.length > 1, 'more than one chunk')
  assert.equal(chunks.join(''), fake.slowText(5))
  assert.equal(notes.messages[0].parts[0].text, fake.slowText(5))
  assert.equal(end.metaData.reason, 'done')
  assert.deepEqual(notes.log.filter((l) => !l.startsWith('chunk')), ['startMessage assistant', 'startContentPart', 'endContentPart', 'endMessage', 'endExchange'])
  assert.deepEqual(notes.errors, [])
})

test("the published example works with echo, and its handlers see the program's own words once", async () => {
  const client = connect()
  const conversation = await client.conversations.create(agents.plain, 1)
  const session = conversation.startSession({ echo: true })
  const seen = []
  const done = later('the end')
  session.onExchangeStart((exchange) => {
    exchange.onMessageStart((message) => {
      message.onContentPartStart((part) => {
        if (part.isMarkdown) {
          part.onCompleted((whole) => seen.push([message.isAssistant ? 'assistant' : 'user', whole.data]))
        }
      })
    })
    exchange.onExchangeEnd(done.resolve)
  })
  session.onSessionStarted(() => {
    const exchange = session.startExchange()
    exchange.sendMessageWithContentPart({ data: 'Hello!' })
  })
  await done
  assert.deepEqual(seen, [['user', 'Hello!'], ['assistant', fake.echo('Hello!')]])
})

test('a message of several parts, in chunks, is one message', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const exchange = session.startExchange({ metadata: { page: 3 } })
  const notes = note(exchange)
  const message = exchange.startMessage({ role: 'user' })
  const part = message.startContentPart({ mimeType: 'text/plain' })
  for (const data of ['one ', 'two ', '🗼']) {
    part.sendChunk({ data })
  }
  part.sendContentPartEnd()
  await message.sendContentPart({ data: ' three' })
  message.sendMessageEnd()
  await notes.done
  assert.match(answer(notes), /^You said: one two 🗼\s+three$/u)
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  assert.deepEqual(stored.messages.map((m) => m.role), ['user', 'assistant'])
  assert.deepEqual(stored.messages[0].contentParts.map((p) => [p.mimeType, p.data.inline]), [['text/plain', 'one two 🗼'], ['text/markdown', ' three']])
  assert.deepEqual(stored.metadata, { page: 3 })
})

test('exchanges run one after the other, in the order in which they were sent', async () => {
  const client = connect()
  const session = await start(await converse(client))
  const order = []
  const exchanges = ['first', 'second', 'third'].map((text) => {
    const exchange = session.startExchange()
    const notes = note(exchange)
    exchange.sendMessageWithContentPart({ data: text })
    notes.done.then(() => order.push(answer(notes)))
    return notes
  })
  await Promise.all(exchanges.map((n) => n.done))
  await until('all are noted', () => order.length === 3)
  assert.deepEqual(order, ['first', 'second', 'third'].map(fake.echo))
})

test('another client of the conversation sees it all, live and once', async () => {
  const [one, two] = [connect(), connect()]
  const conversation = await converse(one)
  const mine = await start(conversation)
  const theirs = await start(await two.conversations.getById(conversation.id))
  const [mySeen, theirSeen] = [watch(mine), watch(theirs)]
  const notes = await ask(mine, 'Hello!')
  const other = await until('the other sees it', () => theirSeen[0])
  await other.done
  assert.deepEqual(other.messages.map((m) => [m.role, m.parts.map((p) => p.text).join('')]), [['user', 'Hello!'], ['assistant', fake.echo('Hello!')]])
  assert.equal(other.messages[1].parts[0].text, answer(notes))
  assert.equal(other.messages[1].id, notes.messages[0].id, 'the same ids')
  assert.deepEqual(mySeen, [], 'nothing comes back to the sender')
  const back = await ask(theirs, 'And back')
  await until('the first sees it', () => mySeen[0])
  await mySeen[0].done
  assert.equal(answer(mySeen[0]), answer(back))
  assert.equal(theirSeen.length, 1)
})

test('a stop ends the answer where it is, for all', async () => {
  const [one, two] = [connect(), connect()]
  const conversation = await converse(one)
  const mine = await start(conversation)
  const seen = watch(await start(await two.conversations.getById(conversation.id)))
  const order = fake.slow(1000, 20)
  const exchange = mine.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: order })
  await until('it has begun', () => notes.messages[0]?.parts[0]?.chunks.length > 2)
  exchange.sendExchangeEnd()
  const sent = Date.now()
  assert.ok((await fake.cancelled(order)) - sent < 5000, 'the provider is told')
  const end = await seen[0].done
  assert.equal(end.metaData.reason, 'stopped')
  assert.deepEqual(seen[0].log.slice(-3), ['endContentPart interrupted', 'endMessage', 'endExchange'])
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const part = stored.messages[1].contentParts[0]
  assert.ok(part.isIncomplete)
  assert.equal(part.data.inline, seen[0].messages[1].parts[0].text)
  const next = await ask(mine, 'Go on')
  assert.equal(answer(next), fake.echo('Go on'), 'the next one works at once')
})

test('a label is made after the first exchange, and told to all', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const label = later('the label')
  session.onLabelUpdated(label.resolve)
  await ask(session, 'Hello!')
  const updated = await label
  assert.equal(updated.autogenerated, true)
  assert.ok(updated.label.length >= 1 && updated.label.length <= 100)
  assert.equal((await client.conversations.getById(conversation.id)).label, updated.label)
  const changed = later('the change')
  session.onLabelUpdated(changed.resolve)
  await conversation.update({ label: 'Mine' })
  assert.deepEqual(await changed, { label: 'Mine', autogenerated: false })
})

test('no label is made where none is wanted', async () => {
  const client = connect()
  const conversation = await converse(client, agents.plain, { autogenerateLabel: false })
  const session = await start(conversation)
  session.onLabelUpdated((e) => assert.fail(`there is a label: ${e.label}`))
  await ask(session, 'Hello!')
  await ask(session, 'Again')
  assert.equal((await client.conversations.getById(conversation.id)).label, '')
})

test('metadata goes to the others and not back', async () => {
  const [one, two] = [connect(), connect()]
  const conversation = await converse(one)
  const mine = await start(conversation)
  const theirs = await start(await two.conversations.getById(conversation.id))
  const got = later('the event')
  theirs.onMetaEvent?.(got.resolve)
  const seen = watch(theirs)
  mine.sendMetaEvent({ typing: true })
  const exchange = mine.startExchange()
  exchange.sendMetaEvent({ draft: 1 })
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: 'Hello!' })
  await notes.done
  await until('it arrives', () => seen[0])
})

test('an ended session is quiet, and can be started again', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const exchange = session.startExchange()
  await exchange.sendMessageWithContentPart({ data: fake.slow(20, 10) })
  conversation.endSession()
  assert.equal(conversation.getSession(), undefined)
  const ended = await until('the turn goes on and ends', async () => {
    const { items } = await conversation.exchanges.getAll()
    return items[0]?.status === 'done' && items[0]
  })
  assert.equal(ended.messages[1].contentParts[0].data.inline, fake.slowText(20))
  assert.equal([...client.conversations.sessions].length, 0, 'no ghost')
  const notes = await ask(await start(conversation), 'Again')
  assert.equal(answer(notes), fake.echo('Again'))
})

test('deleting a conversation ends its sessions', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const ended = later('the end')
  session.onSessionEnd(ended.resolve)
  await conversation.delete()
  await ended
})

test('what ChatBotKit streams is seen chunk by chunk in a session', async () => {
  const client = connect()
  const conversation = await converse(client)
  const seen = watch(await start(conversation))
  const lines = await collect(connectChatBotKit().conversation.complete(conversation.id, { text: fake.slow(8, 20) }).stream())
  const tokens = lines.filter((l) => l.type === 'token').map((l) => l.data.token)
  await until('it is seen', () => seen[0])
  await seen[0].done
  const [user, bot] = seen[0].messages
  assert.equal(user.role, 'user')
  assert.deepEqual(bot.parts[0].chunks, tokens, 'chunk by chunk')
  assert.equal(bot.parts[0].text, fake.slowText(8))
})

test('what a session says is in the list of ChatBotKit', async () => {
  const client = connect()
  const conversation = await converse(client)
  await ask(await start(conversation), 'Hello!')
  const { items } = await connectChatBotKit().conversation.message.list(conversation.id)
  assert.deepEqual(items.map((m) => [m.type, m.text]), [['user', 'Hello!'], ['bot', fake.echo('Hello!')]])
  const notes = await ask(client.conversations.getSession(conversation.id), 'Again')
  assert.equal(answer(notes), fake.echo('Again'))
})
