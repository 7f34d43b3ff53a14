// Datasets and their records: what is stored, found, and given back. This server
// has no service of embeddings, so what is found is found by its words.

import assert from 'node:assert/strict'
import test from 'node:test'

import { DatasetClient } from '@chatbotkit/sdk/dataset/index.js'

import { assertShape, collect, failure, parseLines, request, secret, url } from './lib.mjs'

const dataset = new DatasetClient({ secret, baseUrl: url })
const { record } = dataset

const datasetShape = {
  id: 'id', store: 'string', createdAt: 'ms', updatedAt: 'ms',
  'name?': 'string', 'description?': 'string', 'meta?': 'object', 'visibility?': 'string',
}
const recordShape = { id: 'id', text: 'string', createdAt: 'ms', updatedAt: 'ms', 'source?': 'string', 'meta?': 'object' }

/** Makes a dataset of records, each a text or all of its fields. */
async function make(records, settings = {}) {
  const { id } = await dataset.create(settings)
  for (const fields of records) {
    await record.create(id, typeof fields === 'string' ? { text: fields } : fields)
  }
  return id
}

const texts = ({ records }) => records.map((r) => r.text)
const find = async (id, words) => texts(await dataset.search(id, words))

test('a dataset keeps what it was given', async () => {
  const settings = {
    reranker: 'none', recordMaxTokens: 100, searchMinScore: 0.1, searchMaxRecords: 3, searchMaxTokens: 1000,
    matchInstruction: 'Say where it stands.', mismatchInstruction: 'Say that you do not know.', separators: '---',
  }
  const given = { name: 'Guide', description: 'All of it', store: 'ada-loom', meta: { lang: 'en' }, ...settings }
  const { id, ...rest } = await dataset.create(given)
  assert.deepEqual(rest, {})
  const shape = { ...datasetShape, ...given, id }
  delete shape['name?']
  delete shape['description?']
  delete shape['meta?']
  assertShape(await dataset.fetch(id), shape)
  assert.deepEqual(await dataset.update(id, { name: 'Handbook', searchMaxRecords: 4 }), { id })
  assertShape(await dataset.fetch(id), { ...shape, name: 'Handbook', searchMaxRecords: 4 })
  assertShape(await dataset.fetch((await dataset.create({})).id), { ...datasetShape, store: 'default' })
  assert.deepEqual(await dataset.delete(id), { id })
  await assert.rejects(dataset.fetch(id), failure('NOT_FOUND'))
  await assert.rejects(dataset.search(id, 'anything'), failure('NOT_FOUND'))
  for (const wrong of [{ searchMinScore: 2 }, { searchMaxRecords: 0 }, { recordMaxTokens: 'many' }, { name: 1 }]) {
    await assert.rejects(dataset.create(wrong), failure('BAD_REQUEST'))
  }
})

test('datasets are listed, filtered and streamed', async () => {
  const group = `group-${Date.now()}`
  const ids = []
  for (let i = 0; i < 3; i++) {
    ids.unshift((await dataset.create({ meta: { group } })).id)
  }
  const first = await dataset.list({ meta: { group }, take: 2 })
  assert.deepEqual(first.items.map((d) => d.id), ids.slice(0, 2))
  first.items.forEach((d) => assertShape(d, datasetShape))
  const second = await dataset.list({ meta: { group }, take: 2, cursor: first.cursor ?? first.items.at(-1).id })
  assert.deepEqual(second.items.map((d) => d.id), ids.slice(2))
  const lines = await collect(dataset.list({ meta: { group } }).stream())
  assert.deepEqual(lines.map((l) => [l.type, l.data.id]), ids.map((id) => ['item', id]))
})

test('the next search sees each change of a record', async () => {
  const id = await make(['Green tea is made with water of 80 degrees.', 'Coffee is ground just before it is made.'])
  const { id: made, ...rest } = await record.create(id, { text: 'Black tea wants boiling water.', source: 'https://tea.example/black', meta: { kind: 'tea' } })
  assert.deepEqual(rest, {})
  const found = await dataset.search(id, 'boiling water for black tea')
  assert.equal(found.id, id)
  assert.deepEqual(texts(found), ['Black tea wants boiling water.', 'Green tea is made with water of 80 degrees.'])
  const { score, ...best } = found.records[0]
  assert.deepEqual(best, { id: made, text: 'Black tea wants boiling water.', source: 'https://tea.example/black', meta: { kind: 'tea' } })
  assert.ok(score > found.records[1].score && score <= 1 && found.records[1].score >= 0, JSON.stringify(found))

  assert.deepEqual(await record.update(id, made, { text: 'Black tea wants patience.' }), { id: made })
  assert.deepEqual(await find(id, 'boiling'), [])
  assert.deepEqual(await find(id, 'patience'), ['Black tea wants patience.'])
  assertShape(await record.fetch(id, made), { ...recordShape, text: 'Black tea wants patience.' })
  assert.deepEqual(await record.delete(id, made), { id: made })
  assert.deepEqual(await find(id, 'patience'), [])
  await assert.rejects(record.fetch(id, made), failure('NOT_FOUND'))
  await assert.rejects(record.update(id, made, { text: 'x' }), failure('NOT_FOUND'))
})

test('words are found however they are written, in any script', async () => {
  const id = await make([
    'Die Straße führt nach München.', 'L’école ouvre à huit heures.', '緑茶は八十度のお湯で入れます。', '咖啡要现磨。', 'ชาเขียวใช้น้ำร้อน',
    'Call http.ServeMux for routing.',
  ])
  for (const [words, text] of [
    ['STRASSE', /München/], ['ecole', /huit/], ['お湯', /緑茶/], ['現磨 现磨', /咖啡/], ['น้ำร้อน', /ชาเขียว/], ['servemux', /routing/],
  ]) {
    const found = await find(id, words)
    assert.equal(found.length, 1, `${words}: ${found}`)
    assert.match(found[0], text)
  }
})

test('a search is cut as its dataset says', async () => {
  const many = Array.from({ length: 8 }, (_, i) => `Tea number ${i + 1} is fine.`)
  const id = await make(many)
  assert.equal((await find(id, 'tea')).length, 5)
  await dataset.update(id, { searchMaxRecords: 7 })
  assert.equal((await find(id, 'tea')).length, 7)
  await dataset.update(id, { searchMaxTokens: 1 })
  assert.equal((await find(id, 'tea')).length, 1)
  await dataset.update(id, { searchMinScore: 1 })
  assert.deepEqual(await find(id, 'tea'), [])
})

// The package's search takes no filter.
test('a filter holds a search to values of meta', async () => {
  const id = await make([2021, 2023, 2025].map((year) => ({ text: `Tea of ${year}.`, meta: { year, lang: year === 2023 ? 'de' : 'en' } })))
  const search = (filter) => request(`/v1/dataset/${id}/search`, { method: 'POST', body: { search: 'tea', filter } })
  for (const [filter, years] of [
    [{ lang: 'en' }, ['2021', '2025']],
    [{ year: { $gt: 2021 } }, ['2023', '2025']],
    [{ year: { $gte: 2023, $lt: 2025 }, lang: 'de' }, ['2023']],
    [{ lang: { $ne: 'en' } }, ['2023']],
    [{ lang: 'fr' }, []],
  ]) {
    const { json } = await search(filter)
    assert.deepEqual(json.records.map((r) => r.text.match(/\d+/)[0]).sort(), years, JSON.stringify(filter))
  }
  for (const wrong of [[], { year: { $in: [1] } }, { year: null }]) {
    const { status, json } = await search(wrong)
    assert.deepEqual([status, json.code], [400, 'BAD_REQUEST'], JSON.stringify(wrong))
  }
})

test('a search finds nothing of another dataset', async () => {
  const one = await make(['The password of one is blue.'])
  const other = await make(['The password of the other is red.'])
  assert.deepEqual(await find(one, 'password'), ['The password of one is blue.'])
  const { items } = await record.list(one)
  await assert.rejects(record.fetch(other, items[0].id), failure('NOT_FOUND'))
  await assert.rejects(record.delete(other, items[0].id), failure('NOT_FOUND'))
})

test('records are listed in pages, and exported in three forms', async () => {
  const given = ['=first, with a formula', 'second "quoted"', 'third\nof two lines']
  const id = await make(given.map((text, i) => ({ text, meta: { i } })))
  const first = await record.list(id, { take: 2 })
  first.items.forEach((r) => assertShape(r, recordShape))
  const second = await record.list(id, { take: 2, cursor: first.cursor ?? first.items.at(-1).id })
  assert.deepEqual([...first.items, ...second.items].map((r) => r.text), given)
  assert.deepEqual((await collect(record.list(id).stream())).map((l) => l.data.text), given)
  assert.deepEqual((await record.list(id, { order: 'desc' })).items.map((r) => r.text), given.toReversed())

  const exported = await record.export(id)
  assert.deepEqual(exported.items.map((r) => r.text), given)
  assert.deepEqual((await collect(record.export(id).stream())).map((l) => [l.type, l.data.text]), given.map((text) => ['item', text]))
  const csv = await request(`/v1/dataset/${id}/record/export`, { headers: { accept: 'text/csv' } })
  assert.match(csv.headers.get('content-type'), /^text\/csv/)
  assert.match(csv.text, /^id,createdAt,updatedAt,text,source,meta,fileId\r\n/)
  assert.match(csv.text, /"'=first, with a formula"/)
  assert.match(csv.text, /"second ""quoted"""/)
  assert.match(csv.text, /"third\nof two lines"/)
})

test('what cannot be a record is refused, and stored nowhere', async () => {
  const id = await make([])
  for (const [fields, code] of [
    [{}, 'BAD_REQUEST'], [{ text: '' }, 'BAD_REQUEST'], [{ text: 1 }, 'BAD_REQUEST'], [{ text: 'x', meta: 'y' }, 'BAD_REQUEST'],
    [{ text: 'x'.repeat(256 * 1024 + 1) }, 'CONTENT_TOO_LARGE'], [{ text: 'x'.repeat(10_000_000) }, 'CONTENT_TOO_LARGE'],
  ]) {
    await assert.rejects(record.create(id, fields), failure(code))
  }
  await assert.rejects(record.create('nowhere', { text: 'x' }), failure('NOT_FOUND'))
  await assert.rejects(dataset.search(id), failure('BAD_REQUEST'))
  assert.deepEqual((await record.list(id)).items, [])
})

test('a repeated request makes one record', async () => {
  const id = await make([])
  const headers = { 'idempotency-key': 'once' }
  const answers = []
  for (let i = 0; i < 2; i++) {
    answers.push((await request(`/v1/dataset/${id}/record/create`, { method: 'POST', body: { text: 'Only one' }, headers })).json)
  }
  assert.deepEqual(answers[0], answers[1])
  const lines = await request(`/v1/dataset/${id}/record/list`, { headers: { accept: 'application/jsonl' } })
  assert.deepEqual(parseLines(lines.text).map((l) => l.data.id), [answers[0].id])
})
