// Files: how their content comes and goes, and how it becomes the records of
// datasets. The operator of this server allows 127.0.0.1, where the script's own
// server is.

import assert from 'node:assert/strict'
import http from 'node:http'
import test, { after, before } from 'node:test'

import { DatasetClient } from '@chatbotkit/sdk/dataset/index.js'
import { FileClient } from '@chatbotkit/sdk/file/index.js'

import { assertShape, collect, failure, request, secret, until, url } from './lib.mjs'

const file = new FileClient({ secret, baseUrl: url })
const dataset = new DatasetClient({ secret, baseUrl: url })

const fileShape = { id: 'id', createdAt: 'ms', updatedAt: 'ms', 'name?': 'string', 'description?': 'string', 'meta?': 'object', 'visibility?': 'string', 'type?': 'string', 'size?': 'int', 'source?': 'string' }
const entryShape = { ...fileShape, status: 'string', progress: 'object', 'error?': 'string' }

let page = '# Opening hours\n\nThe shop opens at nine.'
let site, server

before(async () => {
  server = http.createServer((req, res) => {
    const known = req.url === '/hours.md'
    res.writeHead(known ? 200 : 404, { 'content-type': 'text/markdown' }).end(known ? page : 'No such page.')
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  site = `http://127.0.0.1:${server.address().port}`
})

after(() => server.close())

/** The text of a file's content. */
const content = async (id) => Buffer.from((await file.download(id)).data).toString()

/** Waits until a dataset has made records of a file, or could not, and gives its entry. */
async function indexed(datasetId, fileId, is = ({ status }) => status === 'indexed' || status === 'failed') {
  const entry = await until('it is not indexed', async () => {
    const listed = (await dataset.file.list(datasetId)).items.find((f) => f.id === fileId)
    return listed && is(listed) ? listed : undefined
  })
  assertShape(entry, entryShape)
  assertShape(entry.progress, { done: 'int', total: 'int' })
  return entry
}

/** Makes a file with content, attached to a dataset of its own, and gives both ids. */
async function attached(upload, settings = {}) {
  const { id: datasetId } = await dataset.create(settings)
  const { id: fileId } = await file.create({ name: upload.name })
  await file.upload(fileId, upload)
  assert.deepEqual(await dataset.file.attach(datasetId, fileId, { type: 'source' }), { id: fileId })
  return [datasetId, fileId]
}

const find = async (id, words) => (await dataset.search(id, words)).records.map((r) => r.text)

test('a file is created, fetched, updated, listed and deleted', async () => {
  const group = `group-${Date.now()}`
  const given = { name: 'TEST', description: 'A file', meta: { group }, visibility: 'private' }
  const { id, ...rest } = await file.create(given)
  assert.deepEqual(rest, {})
  const shape = { id, createdAt: 'ms', updatedAt: 'ms', ...given }
  assertShape(await file.fetch(id), shape)
  assert.deepEqual(await file.update(id, { name: 'Renamed' }), { id })
  assertShape(await file.fetch(id), { ...shape, name: 'Renamed' })
  assert.deepEqual((await file.list({ meta: { group } })).items.map((f) => f.id), [id])
  assert.deepEqual((await collect(file.list({ meta: { group } }).stream())).map((l) => [l.type, l.data.id]), [['item', id]])
  assert.deepEqual(await file.delete(id), { id })
  for (const gone of [() => file.fetch(id), () => file.download(id), () => file.upload(id, { type: 'text/plain', data: 'x' }), () => file.sync(id)]) {
    await assert.rejects(async () => gone(), failure('NOT_FOUND'))
  }
})

test('what the package uploads is what it downloads', async () => {
  const { id } = await file.create({ name: 'TEST' })
  assert.equal((await request(`/v1/file/${id}/download`)).status, 204)
  assert.equal((await file.download(id)).data.byteLength, 0)
  assert.deepEqual(await file.upload(id, { name: 'doc.csv', type: 'text/csv', data: 'field1,field2,field3' }), { id })
  const { data, headers } = await file.download(id)
  assert.equal(Buffer.from(data).toString(), 'field1,field2,field3')
  assert.match(headers.get('content-type'), /^text\/csv/)
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.match(headers.get('content-disposition'), /^attachment/)
  assert.match(headers.get('content-security-policy'), /sandbox/)
  assertShape(await file.fetch(id), { ...fileShape, type: 'text/csv', size: 20 })

  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
  await file.upload(id, { name: 'raw.bin', type: 'application/octet-stream', data: bytes })
  assert.deepEqual(new Uint8Array((await file.download(id)).data), bytes)
  await file.upload(id, { name: 'ärger "1".json', type: 'application/json', data: '{"a":1}' })
  assert.equal(await content(id), '{"a":1}', 'JSON is no answer to be parsed')
  await file.upload(id, { name: 'empty.txt', type: 'text/plain', data: '' })
  assert.equal(await content(id), '')
})

test('content comes in every form', async () => {
  const { id } = await file.create({})
  const form = new FormData()
  form.append('file', new Blob(['of a form'], { type: 'text/plain' }), 'form.txt')
  const put = (body, headers = {}) => fetch(new URL(`/v1/file/${id}/upload`, url), {
    method: 'POST', body, headers: { authorization: `Bearer ${secret}`, ...headers },
  })
  const json = (source) => put(JSON.stringify({ file: source }), { 'content-type': 'application/json' })
  for (const [send, want] of [
    [() => put(form), 'of a form'],
    [() => put('as it is', { 'content-type': 'text/plain' }), 'as it is'],
    [() => json(`data:text/plain;base64,${Buffer.from('a data: URL').toString('base64')}`), 'a data: URL'],
    [() => json('data:text/plain,not%20encoded'), 'not encoded'],
    [() => json(`${site}/hours.md`), page],
  ]) {
    const response = await send()
    assert.equal(response.status, 200, want)
    assert.deepEqual(await response.json(), { id })
    assert.equal(await content(id), want)
  }
  assert.equal((await file.fetch(id)).source, `${site}/hours.md`)
  for (const [send, status] of [
    [() => json('ftp://127.0.0.1/x'), 400], [() => json(1), 400], [() => json('data:nothing'), 400],
    [() => json('http://169.254.169.254/latest/meta-data/'), 403], [() => put('no boundary', { 'content-type': 'multipart/form-data' }), 400],
  ]) {
    const response = await send()
    assert.equal(response.status, status, await response.text())
  }
  assert.equal(await content(id), page, 'what was refused replaced nothing')
})

test('the address of an upload is good for what was announced, and needs no token', async () => {
  const { id } = await file.create({})
  const announce = (size) => request(`/v1/file/${id}/upload`, { method: 'POST', body: { file: { type: 'text/plain', size } } })
  const { json } = await announce(5)
  assertShape(json, { id, uploadRequest: { ...json.uploadRequest, method: 'PUT', headers: { 'content-type': 'text/plain' } } })
  const put = (body, address = json.uploadRequest.url) => fetch(new URL(address, url), { method: 'PUT', body, headers: json.uploadRequest.headers })
  assert.equal((await put('too long')).status, 413)
  assert.equal((await put('x', `${json.uploadRequest.url}x`)).status, 401)
  assert.equal((await request(`/v1/file/${id}/download`)).status, 204)
  assert.ok((await put('12345')).ok)
  assert.equal(await content(id), '12345')
  assert.equal((await announce(-1)).status, 400)
  const large = await announce(26 * 1024 * 1024)
  assert.deepEqual([large.status, large.json.code], [413, 'CONTENT_TOO_LARGE'])
})

test('a public file needs no token, another one does', async () => {
  const { id } = await file.create({ visibility: 'public' })
  await file.upload(id, { name: 'x.html', type: 'text/html', data: '<script>alert(1)</script>' })
  const open = () => request(`/v1/file/${id}/download`, { token: null })
  const shown = await open()
  assert.deepEqual([shown.status, shown.text], [200, '<script>alert(1)</script>'])
  assert.match(shown.headers.get('content-security-policy'), /sandbox/)
  await file.update(id, { visibility: 'private' })
  assert.equal((await open()).status, 401)
})

test('the text of an attached file is found, with its progress', async () => {
  const guide = '# Tea\n\nGreen tea wants water of 80 degrees.\n\n# Coffee\n\nCoffee is ground just before.'
  const [datasetId, fileId] = await attached({ name: 'guide.md', type: 'text/markdown', data: guide })
  const entry = await indexed(datasetId, fileId)
  assert.equal(entry.status, 'indexed', entry.error)
  assert.ok(entry.progress.total >= 1 && entry.progress.done === entry.progress.total, JSON.stringify(entry.progress))
  const { records } = await dataset.search(datasetId, 'water for green tea')
  assert.match(records[0].text, /80 degrees/)
  assert.equal(records[0].source, 'guide.md')
  const { items } = await dataset.record.list(datasetId)
  items.forEach((r) => assertShape(r, { id: 'id', text: 'string', source: 'guide.md', fileId, createdAt: 'ms', updatedAt: 'ms', 'meta?': 'object' }))
  await assert.rejects(dataset.file.attach(datasetId, 'nowhere', {}), failure('NOT_FOUND'))
  await assert.rejects(dataset.file.attach('nowhere', fileId, {}), failure('NOT_FOUND'))
})

test('every kind of file is read', async () => {
  const { id: datasetId } = await dataset.create({ searchMaxRecords: 1 })
  for (const [name, type, data, words, text] of [
    ['a.txt', 'text/plain', 'The lighthouse stands on a cliff.', 'lighthouse', /cliff/],
    ['b.html', 'text/html', '<html><head><title>T</title><script>var hidden = 1</script></head><body><h1>Harbour</h1><p>Ships &amp; boats.</p></body></html>', 'harbour', /Ships & boats/],
    ['c.csv', 'text/csv', 'city,river\nLondon,Thames\nRome,Tiber\n', 'tiber', /Rome/],
    ['d.json', 'application/json', JSON.stringify([{ mountain: 'Eiger', height: 3967 }]), 'eiger', /3967/],
    ['latin.csv', 'text/csv', new Uint8Array(Buffer.from('Stadt,Fluss\nK\u00f6ln,Rhein\n', 'latin1')), 'rhein', /Köln/],
  ]) {
    const { id } = await file.create({ name })
    await file.upload(id, { name, type, data })
    await dataset.file.attach(datasetId, id, { type: 'source' })
    const { status, error } = await indexed(datasetId, id)
    assert.equal(status, 'indexed', `${name}: ${error}`)
    const found = await find(datasetId, words)
    assert.match(found[0] ?? '', text, name)
  }
  assert.deepEqual(await find(datasetId, 'hidden'), [], 'scripts are no text')
})

test('new content takes the place of the old, by an upload and by a sync', async () => {
  const { id: fileId } = await file.create({ name: 'hours' })
  const { id: datasetId } = await dataset.create({})
  await dataset.file.attach(datasetId, fileId, { type: 'source' })
  assert.equal((await indexed(datasetId, fileId, () => true)).status, 'waiting', 'there is no content yet')
  page = 'The shop opens at nine.'
  assert.equal((await request(`/v1/file/${fileId}/upload`, { method: 'POST', body: { file: `${site}/hours.md` } })).status, 200)
  await indexed(datasetId, fileId)
  assert.deepEqual(await find(datasetId, 'shop opens'), ['The shop opens at nine.'])
  page = 'The shop opens at ten.'
  assert.deepEqual(await file.sync(fileId), { id: fileId })
  await until('the new content is not found', async () => {
    assert.notEqual((await find(datasetId, 'shop')).length, 0, 'what was indexed answers until the new content is there')
    return (await find(datasetId, 'ten')).length > 0
  })
  await indexed(datasetId, fileId)
  assert.deepEqual(await find(datasetId, 'shop opens'), ['The shop opens at ten.'])
  assert.deepEqual(await dataset.file.sync(datasetId, fileId, {}), { id: fileId })
  await indexed(datasetId, fileId)
  assert.deepEqual(await find(datasetId, 'shop opens'), ['The shop opens at ten.'])
})

test('a file is detached with its records, or without them', async () => {
  for (const [options, left] of [[{}, 1], [{ deleteRecords: true }, 0]]) {
    const [datasetId, fileId] = await attached({ name: 'a.txt', type: 'text/plain', data: 'The lighthouse stands on a cliff.' })
    await indexed(datasetId, fileId)
    assert.deepEqual(await dataset.file.detach(datasetId, fileId, options), { id: fileId })
    await until('the records are not as they should be', async () => (await find(datasetId, 'lighthouse')).length === left)
    assert.deepEqual((await dataset.file.list(datasetId)).items, [])
    assert.equal(await content(fileId), 'The lighthouse stands on a cliff.', 'the file itself stays')
  }
})

test('a file that cannot be read says so, and what was indexed before answers', async () => {
  const [datasetId, fileId] = await attached({ name: 'a.txt', type: 'text/plain', data: 'The lighthouse stands on a cliff.' })
  await indexed(datasetId, fileId)
  const failed = ({ status }) => status === 'failed'
  for (const upload of [
    { name: 'a.pdf', type: 'application/pdf', data: 'This is no PDF.' },
    { name: 'a.docx', type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', data: 'PK\u0003\u0004 nor a DOCX' },
    { name: 'a.json', type: 'application/json', data: '{"a":' },
  ]) {
    await file.upload(fileId, upload)
    const { error } = await indexed(datasetId, fileId, failed)
    assert.ok(error.length > 10 && error.length < 500, error)
    assert.deepEqual(await find(datasetId, 'lighthouse'), ['The lighthouse stands on a cliff.'], upload.name)
    // The next failure is told from this one by what stands between them.
    await file.upload(fileId, { name: 'a.txt', type: 'text/plain', data: 'The lighthouse stands on a cliff.' })
    await indexed(datasetId, fileId, ({ status }) => status === 'indexed')
  }
})

test('a page of a million nested tags is read', async () => {
  const [datasetId, fileId] = await attached({ name: 'a.html', type: 'text/html', data: `${'<div>'.repeat(1_000_000)}The lighthouse stands on a cliff.` })
  const { status, error } = await indexed(datasetId, fileId)
  assert.equal(status, 'indexed', error)
  assert.match((await find(datasetId, 'lighthouse'))[0], /cliff/)
})

test('a deleted file takes its records along', async () => {
  const [datasetId, fileId] = await attached({ name: 'a.txt', type: 'text/plain', data: 'The lighthouse stands on a cliff.' })
  await indexed(datasetId, fileId)
  await file.delete(fileId)
  await until('the records are still found', async () => (await find(datasetId, 'lighthouse')).length === 0)
  assert.deepEqual((await dataset.file.list(datasetId)).items, [])
})
