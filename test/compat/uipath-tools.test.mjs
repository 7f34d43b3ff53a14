// Tools: on the server, asking first, in the client, and the older interrupts.
// What the package does not have yet goes over a raw socket.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { control } from './lib.mjs'
import { agents, answer, close, connect, converse, disconnect, note, socket, start, until, watch } from './uipath.mjs'

afterEach(() => {
  disconnect()
  close()
})

/** A conversation in which the model is asked for what tests say, and for no label. */
const talkative = (client) => converse(client, agents.tools, { autogenerateLabel: false })

const call = (name, args) => fake.next({ calls: [{ name, arguments: args }] })

/** Asks the agent with tools, and waits until a call shows. */
async function asking(session, name, args, text = `Please ${name}`) {
  await call(name, args)
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: text })
  const shown = await until('the call shows', () => notes.messages.flatMap((m) => m.calls)[0])
  return { exchange, notes, call: shown }
}

const open = async (client) => {
  const conversation = await talkative(client)
  return { conversation, session: await start(conversation) }
}

test('a tool of the server is called, and its result answered in a new message', async () => {
  const client = connect()
  const { conversation, session } = await open(client)
  const { exchange, notes, call } = await asking(session, 'get_time', {})
  await notes.done
  assert.equal(call.start.toolName, 'get_time')
  assert.deepEqual(call.start.input, {})
  assert.ok(!call.start.requireConfirmation)
  assert.deepEqual(call.end.output, { time: '10:30' })
  assert.ok(!call.end.isError)
  assert.equal(notes.messages.filter((m) => m.role === 'assistant').length, 2)
  assert.match(answer(notes), /^The tool said: /)
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const [kept] = stored.messages.flatMap((m) => m.toolCalls)
  assert.equal(kept.name, 'get_time')
  assert.deepEqual(kept.result.output, { time: '10:30' })
  assert.deepEqual(stored.messages.map((m) => m.id), [stored.messages[0].id, ...notes.messages.map((m) => m.id)])
})

test('a call that asks first runs when it is approved', async () => {
  const client = connect()
  const { conversation, session } = await open(client)
  const { exchange, notes, call } = await asking(session, 'transfer_money', { amount: 500, to: 'Ann' })
  assert.equal(call.start.requireConfirmation, true)
  assert.deepEqual(call.start.input, { amount: 500, to: 'Ann' })
  assert.ok(call.start.inputSchema?.properties?.amount)
  assert.equal((await conversation.exchanges.getById(exchange.exchangeId)).status, 'waiting')
  call.stream.sendToolCallConfirm({ approved: true, input: { amount: 500, to: 'Ann' } })
  await notes.done
  assert.deepEqual(call.end.output, { transferred: true })
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const [kept] = stored.messages.flatMap((m) => m.toolCalls)
  assert.equal(kept.confirmation.approved, true)
  assert.deepEqual(kept.confirmation.input, { amount: 500, to: 'Ann' })
})

test('what runs is the edited input', async () => {
  const client = connect()
  const { conversation, session } = await open(client)
  const { exchange, notes, call } = await asking(session, 'transfer_money', { amount: 500, to: 'Ann' })
  call.stream.sendToolCallConfirm({ approved: true, input: { amount: 5, to: 'Ann' } })
  await notes.done
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const [kept] = stored.messages.flatMap((m) => m.toolCalls)
  assert.deepEqual(kept.confirmation.input, { amount: 5, to: 'Ann' })
})

test('a rejected call does not run, and the agent is told', async () => {
  const client = connect()
  const { session } = await open(client)
  const { notes, call } = await asking(session, 'transfer_money', { amount: 500, to: 'Ann' })
  call.stream.sendToolCallConfirm({ approved: false })
  await notes.done
  assert.equal(call.end.cancelled, true)
  assert.deepEqual(call.end.output, { meta: 'Cancelled by user' })
  assert.match(answer(notes), /Cancelled by user/)
})

test('another client may answer, once, and both see it', async () => {
  const [one, two] = [connect(), connect()]
  const { conversation, session } = await open(one)
  const seen = watch(await start(await two.conversations.getById(conversation.id)))
  const { notes, call } = await asking(session, 'transfer_money', { amount: 1, to: 'Bob' })
  const theirs = await until('the other sees the call', () => seen[0]?.messages.flatMap((m) => m.calls)[0])
  theirs.stream.sendToolCallConfirm({ approved: true, input: { amount: 1, to: 'Bob' } })
  await until('the first sees the answer', () => call.confirm)
  try {
    call.stream.sendToolCallConfirm({ approved: false }) // too late
  } catch {
    // so late that the package itself refuses it
  }
  await Promise.all([notes.done, seen[0].done])
  assert.deepEqual(call.end.output, { transferred: true })
  assert.deepEqual(theirs.end.output, { transferred: true })
  assert.deepEqual([notes.errors, seen[0].errors], [[], []])
})

test('an approval waits through a kill of the server, and is given once', async () => {
  const client = connect()
  const { session } = await open(client)
  session.onErrorStart(() => {})
  const { notes, call } = await asking(session, 'transfer_money', { amount: 7, to: 'Cy' })
  await control('kill')
  await control('start')
  await until('it is connected again', () => client.conversations.isConnected)
  call.stream.sendToolCallConfirm({ approved: true, input: { amount: 7, to: 'Cy' } })
  await notes.done
  assert.deepEqual(call.end.output, { transferred: true })
  assert.equal(notes.log.filter((l) => l === 'endToolCall').length, 1)
  assert.match(answer(notes), /^The tool said: /)
})

test('a new session is shown what waits, and may answer it', async () => {
  const [one, two] = [connect(), connect()]
  const { conversation, session } = await open(one)
  const { exchange, notes } = await asking(session, 'transfer_money', { amount: 9, to: 'Di' })
  const seen = []
  const late = (await two.conversations.getById(conversation.id)).startSession()
  late.onExchangeStart((x) => seen.push(note(x)))
  const theirs = await until('it is replayed', () => seen[0]?.messages.flatMap((m) => m.calls)[0])
  assert.equal(seen[0].id, exchange.exchangeId)
  assert.equal(theirs.start.requireConfirmation, true)
  theirs.stream.sendToolCallConfirm({ approved: false })
  await Promise.all([notes.done, seen[0].done])
})

test('a stop ends what waits', async () => {
  const client = connect()
  const { conversation, session } = await open(client)
  const { exchange, call } = await asking(session, 'transfer_money', { amount: 9, to: 'Ed' })
  exchange.sendExchangeEnd()
  await until('it has stopped', async () => (await conversation.exchanges.getById(exchange.exchangeId)).status === 'stopped')
  assert.equal(call.end, undefined, 'the sender is told nothing more')
})

test('the older way asks by interrupts, as the published sample answers them', async () => {
  const client = connect()
  const { conversation, session } = await open(client)
  await call('delete_file', { name: 'a.txt' })
  const exchange = session.startExchange()
  const notes = note(exchange)
  const asked = new Promise((resolve) => {
    exchange.onMessageStart((m) => m.onInterruptStart((i) => resolve({ m, ...i })))
  })
  await exchange.sendMessageWithContentPart({ data: 'Please delete it' })
  const { m, interruptId, startEvent } = await asked
  assert.equal(startEvent.type, 'uipath_cas_tool_call_confirmation')
  assert.equal(startEvent.value.toolName, 'delete_file')
  assert.deepEqual(startEvent.value.inputValue, { name: 'a.txt' })
  assert.ok(startEvent.value.toolCallId && startEvent.value.inputSchema)
  m.sendInterruptEnd(interruptId, { approved: true, input: { name: 'b.txt' } })
  await notes.done
  assert.deepEqual(notes.messages[0].calls[0].end.output, { deleted: true })
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const [kept] = stored.messages.flatMap((x) => x.interrupts)
  assert.equal(kept.type, 'uipath_cas_tool_call_confirmation')
  assert.deepEqual(kept.endValue, { approved: true, input: { name: 'b.txt' } })
})

/** Says a text over a raw socket, in an exchange that offers tools. */
function say(raw, conversationId, exchangeId, data, clientSideTools) {
  raw.send({
    conversationId,
    exchange: {
      exchangeId,
      startExchange: { ...(clientSideTools && { clientSideTools }) },
      message: {
        messageId: `${exchangeId}-m`,
        startMessage: { role: 'user' },
        contentPart: { contentPartId: `${exchangeId}-p`, startContentPart: { mimeType: 'text/plain' }, chunk: { data }, endContentPart: {} },
        endMessage: {},
      },
    },
  })
}

const callOf = (e) => e.exchange?.message?.toolCall

test('a tool of the client is run by the one that offered it, and only shown to others', async () => {
  const conversation = await talkative(connect())
  const [one, two] = [await socket(), await socket()]
  for (const raw of [one, two]) {
    raw.send({ conversationId: conversation.id, startSession: {} })
    await raw.find((e) => e.sessionStarted)
  }
  await call('get_user_location', {})
  say(one, conversation.id, 'x1', 'Where am I?', [{ name: 'get_user_location' }, { name: 'unknown' }])
  const offered = await one.find((e) => callOf(e)?.executingToolCall)
  assert.equal(callOf(offered).startToolCall.isClientSideTool, true, 'in the frame of its start')
  const shown = await two.find((e) => callOf(e)?.startToolCall)
  assert.equal(callOf(shown).startToolCall.isClientSideTool, true)
  assert.ok(!callOf(shown).executingToolCall)
  const { messageId, toolCall } = offered.exchange.message
  const reply = { conversationId: conversation.id, exchange: { exchangeId: 'x1', message: { messageId, toolCall: { toolCallId: toolCall.toolCallId, endToolCall: { output: { city: 'Lisbon' } } } } } }
  assert.deepEqual(await one.sendAcked(reply), { ok: true })
  assert.equal((await two.sendAcked(reply)).ok, false, 'the first answer counts')
  await Promise.all([one, two].map((raw) => raw.find((e) => e.exchange?.endExchange)))
  assert.ok(!one.events.some((e) => callOf(e)?.endToolCall), 'it is not told its own answer')
  assert.deepEqual(two.events.map((e) => callOf(e)?.endToolCall).filter(Boolean).map((e) => e.output), [{ city: 'Lisbon' }])
  assert.ok(!two.events.some((e) => callOf(e)?.executingToolCall))
})

test('a tool of the client is not offered where the exchange does not name it', async () => {
  const conversation = await talkative(connect())
  const raw = await socket()
  raw.send({ conversationId: conversation.id, startSession: {} })
  await raw.find((e) => e.sessionStarted)
  say(raw, conversation.id, 'x1', 'Where am I, without tools?')
  await raw.find((e) => e.exchange?.endExchange)
  const names = ((await fake.asked('Where am I, without tools?')).tools ?? []).map((t) => t.function.name)
  assert.ok(names.includes('get_time') && !names.includes('get_user_location'), names.join())
})

test('a call of the client goes to the next session when its own has gone', async () => {
  const conversation = await talkative(connect())
  const one = await socket()
  one.send({ conversationId: conversation.id, startSession: {} })
  await one.find((e) => e.sessionStarted)
  await call('get_user_location', {})
  say(one, conversation.id, 'x1', 'Where am I now?', [{ name: 'get_user_location' }])
  await one.find((e) => callOf(e)?.executingToolCall)
  one.send({ conversationId: conversation.id, endSession: {} })
  const two = await socket()
  two.send({ conversationId: conversation.id, startSession: {} })
  const offered = await two.find((e) => callOf(e)?.executingToolCall)
  const { messageId, toolCall } = offered.exchange.message
  two.send({ conversationId: conversation.id, exchange: { exchangeId: 'x1', message: { messageId, toolCall: { toolCallId: toolCall.toolCallId, endToolCall: { output: 'Porto' } } } } })
  await two.find((e) => e.exchange?.endExchange)
})

test('sources of a tool become citations at their marks', async () => {
  const client = connect()
  const { conversation, session } = await open(client)
  await fake.next({ calls: [{ name: 'find', arguments: {} }] }, { text: '🗼 It is open [1], they say.' })
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: 'Is it open?' })
  await notes.done
  const part = notes.messages.at(-1).parts[0]
  assert.equal(part.text, '🗼 It is open [1], they say.')
  assert.deepEqual(part.citationErrors, [])
  const [cited] = part.citations
  assert.equal(part.text.substring(cited.offset, cited.offset + cited.length), '[1]')
  assert.deepEqual(cited.sources.map((s) => [s.title, s.number, s.url]), [['Guide', 1, 'https://example.com/guide']])
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const kept = stored.messages.at(-1).contentParts[0].citations
  assert.deepEqual(kept.map((c) => [c.offset, c.length]), [[cited.offset, cited.length]])
})
