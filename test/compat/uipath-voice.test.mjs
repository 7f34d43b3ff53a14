// Voice: a stream of audio becomes a transcript, and that a turn.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import { close, connect, converse, disconnect, later, socket, start, until, watch } from './uipath.mjs'

afterEach(() => {
  disconnect()
  close()
})

test('what is spoken becomes an exchange, for the speaker, too', async () => {
  const [one, two] = [connect(), connect()]
  const conversation = await converse(one)
  const session = await start(conversation)
  const [mine, theirs] = [watch(session), watch(await start(await two.conversations.getById(conversation.id)))]
  const stream = session.startAsyncInputStream({ mimeType: 'audio/wav' })
  stream.onErrorStart((e) => assert.fail(e.message))
  stream.sendChunk({ data: Buffer.from('RIFF some sound').toString('base64') })
  stream.sendChunk({ data: Buffer.from(', and more').toString('base64') })
  stream.sendAsyncInputStreamEnd()
  for (const seen of [mine, theirs]) {
    const notes = await until('it shows', () => seen[0])
    await notes.done
    const [user, bot] = notes.messages
    assert.deepEqual([user.role, bot.role], ['user', 'assistant'])
    assert.equal(user.parts[0].text, 'You spoke 25 bytes of wav.')
    assert.equal(user.parts[0].start.metaData.isTranscript, true)
    assert.equal(bot.parts[0].text, 'You said: You spoke 25 bytes of wav.')
  }
  const { items } = await conversation.exchanges.getAll()
  assert.equal(items.length, 1)
  assert.equal(items[0].messages[0].contentParts[0].isTranscript, true)
})

test('the server says that it hears', async () => {
  const conversation = await converse(connect())
  const raw = await socket()
  raw.send({ conversationId: conversation.id, startSession: {} })
  assert.equal((await raw.find((e) => e.sessionStarted)).sessionStarted.capabilities.asyncInputStreamHandler, true)
})

test('a media type that nobody can hear is refused, and the session goes on', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const seen = watch(session)
  const refused = later('the error')
  const stream = session.startAsyncInputStream({ mimeType: 'text/plain' })
  stream.onErrorStart(refused.resolve)
  assert.equal((await refused).errorId, 'CLIENT_EVENT_PROCESSING_FAILED')
  const again = session.startAsyncInputStream({ mimeType: 'audio/wav' })
  again.sendChunk({ data: Buffer.from('RIFF').toString('base64') })
  again.sendAsyncInputStreamEnd()
  await until('it shows', () => seen[0])
  await seen[0].done
})
