// A server that is told to announce the end of its connections: what runs is
// finished on the old one, and the next session opens a new one.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { control } from './lib.mjs'
import { answer, ask, connect, converse, disconnect, later, note, rest, start, until } from './uipath.mjs'

afterEach(disconnect)

test('the end of a connection is announced, what runs is finished, and the next session works', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const ending = later('sessionEnding')
  session.onSessionEnding(ending.resolve)
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: fake.slow(60, 25) })
  await until('it has begun', () => notes.messages[0]?.parts[0]?.chunks.length > 1)
  const stopped = control('stop')
  assert.equal(typeof (await ending).timeToLiveMS, 'number')
  assert.equal((await notes.done).metaData.reason, 'done')
  assert.equal(answer(notes), fake.slowText(60))
  await stopped
  await control('start')
  const again = await start(conversation)
  assert.equal(answer(await ask(again, 'After')), fake.echo('After'))
})

test('what runs longer than the drain ends as stopped, with what it had said', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  session.onErrorStart(() => {})
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: fake.slow(2000, 25) })
  await until('it has begun', () => notes.messages[0]?.parts[0]?.chunks.length > 1)
  await control('stop')
  await control('start')
  const { json } = await rest(`/conversation/${conversation.id}/exchange/${notes.id}`)
  const part = json.messages.at(-1).contentParts[0]
  assert.equal(json.status, 'stopped')
  assert.equal(part.isIncomplete, true)
  assert.ok(part.data.inline.startsWith(answer(notes)) && fake.slowText(2000).startsWith(part.data.inline), part.data.inline)
})
