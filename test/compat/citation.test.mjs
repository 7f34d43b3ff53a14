// Turns that answer from datasets: what the model is given, and how what it marks
// becomes citations.

import assert from 'node:assert/strict'
import test from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'
import { DatasetClient } from '@chatbotkit/sdk/dataset/index.js'
import { FileClient } from '@chatbotkit/sdk/file/index.js'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, ofType, secret, tokens, until, url } from './lib.mjs'
import { assertTurn } from './turn.mjs'

const { conversation } = connect()
const dataset = new DatasetClient({ secret, baseUrl: url })
const file = new FileClient({ secret, baseUrl: url })
const bots = new BotClient({ secret, baseUrl: url })

const green = 'Green tea wants water of 80 degrees.'
const black = 'Black tea wants boiling water.'

/** Makes a dataset of records. */
async function make(records, settings = {}) {
  const { id } = await dataset.create(settings)
  for (const fields of records) {
    await dataset.record.create(id, fields)
  }
  return id
}

/** The messages of a conversation by their types. */
const messages = async (id) => (await conversation.message.list(id, { take: 100 })).items

/** What the model was asked with a text, as one text. */
const asked = async (text) => JSON.stringify((await fake.asked(text)).messages)

/** Says how each citation of a message stands in its text. */
function cited({ text, meta }) {
  return (meta?.citations ?? []).map((c) => {
    assertShape(c, { number: 'int', title: 'string', offset: 'int', length: 'int', 'url?': 'string', 'source?': 'string', 'pageNumber?': 'string' }, 'citation')
    return [c.number, text.slice(c.offset, c.offset + c.length)]
  })
}

const message = (lines) => ofType(lines, 'message').find((l) => l.data.type === 'bot').data

test('a turn answers from the dataset of its conversation, with citations', async () => {
  const datasetId = await make([{ text: green, source: 'https://tea.example/green' }, { text: black, meta: { url: 'https://tea.example/black' } }, { text: 'Nothing of it.' }])
  const { id } = await conversation.create({ datasetId })
  const question = `Water for green tea, ${Date.now()}?`
  // The marks come in pieces, behind characters of two UTF-16 units.
  await fake.next({ text: ['🍵 80 degrees [', '1', ']. Black: boiling [1, ', '2]', ', [7] and `[1]`.'] })
  const lines = await collect(conversation.complete(id, { text: question }).stream())
  const text = '🍵 80 degrees [1]. Black: boiling [1, 2], [7] and `[1]`.'
  assertTurn(lines, { stateful: true, text })
  const live = message(lines)
  assert.equal(tokens(lines), text)
  assert.deepEqual(cited(live), [[1, '[1]'], [1, '[1, 2]'], [2, '[1, 2]']])
  assert.deepEqual(live.meta.citations.map((c) => c.url), ['https://tea.example/green', 'https://tea.example/green', 'https://tea.example/black'])

  const stored = await messages(id)
  assert.deepEqual(stored.map((m) => m.type), ['user', 'context', 'bot'])
  assert.deepEqual(stored[2].meta.citations, live.meta.citations)
  const { query, sources } = stored[1].meta.retrieval
  assert.equal(query, question)
  assert.deepEqual(sources.map((s) => s.number), [1, 2])
  sources.forEach((s) => assert.ok(s.score > 0 && s.score <= 1))
  const prompt = await asked(question)
  assert.ok(prompt.includes(green) && prompt.includes(black) && !prompt.includes('Nothing of it'), prompt)
})

test('numbers run on through a conversation, and later prompts repeat what was found', async () => {
  const { id } = await conversation.create({ datasetId: await make([{ text: green }, { text: 'Coffee is ground just before.' }]) })
  await fake.next({ text: 'At 80 [1].' })
  await conversation.complete(id, { text: 'Green tea?' })
  await fake.next({ text: 'Ground [2], and 80 [1].' })
  const question = `And coffee, ${Date.now()}?`
  const lines = await collect(conversation.complete(id, { text: question }).stream())
  assert.deepEqual(cited(message(lines)), [[2, '[2]'], [1, '[1]']])
  const prompt = await asked(question)
  assert.equal(prompt.split(green).length, 2, prompt)
})

test('without marks there are no citations, and nothing found is nothing told', async () => {
  const datasetId = await make([{ text: green }])
  const { id } = await conversation.create({ datasetId })
  await conversation.complete(id, { text: 'Green tea?' })
  await conversation.complete(id, { text: 'xyzzy' })
  const stored = await messages(id)
  assert.deepEqual(stored.map((m) => m.type), ['user', 'context', 'bot', 'user', 'bot'])
  assert.ok(stored.every((m) => !m.meta?.citations))

  const strict = await make([{ text: green }], { mismatchInstruction: 'Say that you do not know.', matchInstruction: 'Be polite.' })
  for (const [text, told] of [[`xyzzy ${Date.now()}`, 'Say that you do not know.'], [`Green tea ${Date.now()}`, 'Be polite.']]) {
    await conversation.complete((await conversation.create({ datasetId: strict })).id, { text })
    assert.ok((await asked(text)).includes(told))
  }
})

test('a file of a dataset is cited with an address that gives it', async () => {
  const { id: datasetId } = await dataset.create({})
  const { id: fileId } = await file.create({ name: 'tea.md' })
  await file.upload(fileId, { name: 'tea.md', type: 'text/markdown', data: `# Tea\n\n${green}` })
  await dataset.file.attach(datasetId, fileId, { type: 'source' })
  await until('it is not indexed', async () => (await dataset.file.list(datasetId)).items[0].status === 'indexed')
  const { id } = await conversation.create({ datasetId })
  await fake.next({ text: 'At 80 [1].' })
  await conversation.complete(id, { text: 'Green tea?' })
  const stored = (await messages(id)).at(-1)
  assert.deepEqual(cited(stored), [[1, '[1]']])
  const [{ source, url: address }] = stored.meta.citations
  assert.equal(source, 'tea.md')
  const download = await fetch(new URL(address, url))
  assert.equal(download.status, 200, 'it needs no token')
  assert.equal(await download.text(), `# Tea\n\n${green}`)
  assert.equal((await fetch(new URL(address.replace(/.$/, (c) => (c === 'x' ? 'y' : 'x')), url))).status >= 400, true)
})

test('datasets come from the bot, and with the turn', async () => {
  const bot = await bots.create({ datasetId: await make([{ text: green }]) })
  const { id: ofBot } = await conversation.create({ botId: bot.id })
  const { id: plain } = await conversation.create({})
  const extensions = { datasets: [{ name: 'Guide', description: 'All of it', records: [{ text: green, meta: { url: 'https://tea.example/green' } }, { text: 'Nothing of it.' }] }] }
  for (const [at, given] of [[ofBot, {}], [null, { botId: bot.id }], [plain, { extensions }], [null, { extensions }]]) {
    const text = `Green tea, ${Date.now()}?`
    await fake.next({ text: 'At 80 [1].' })
    const lines = await collect(conversation.complete(at, { text, ...given }).stream())
    assertTurn(lines, { stateful: at !== null, text: 'At 80 [1].' })
    assert.deepEqual(cited(message(lines)), [[1, '[1]']])
    const prompt = await asked(text)
    assert.ok(prompt.includes(green) && !prompt.includes('Nothing of it'), prompt)
  }
  await conversation.complete(plain, { text: 'Green tea again?' })
  assert.equal((await messages(plain)).filter((m) => m.type === 'context').length, 1, 'what came with a turn is for that turn')
  for (const wrong of [{ datasets: 'x' }, { datasets: [{ records: [{ text: 7 }] }] }, { datasets: [{ records: 1 }] }]) {
    await assert.rejects(async () => conversation.complete(null, { text: 'x', extensions: wrong }), failure('BAD_REQUEST', /datasets/))
  }
  await assert.rejects(conversation.create({ datasetId: 'nowhere' }), failure('NOT_FOUND', /datasetId/))
})

test('a message that is deleted takes its passages out of later prompts', async () => {
  const { id } = await conversation.create({ datasetId: await make([{ text: green }]) })
  await conversation.complete(id, { text: 'Green tea?' })
  const context = (await messages(id)).find((m) => m.type === 'context')
  await conversation.message.delete(id, context.id)
  const text = `xyzzy ${Date.now()}`
  await conversation.complete(id, { text })
  assert.ok(!(await asked(text)).includes(green))
})
