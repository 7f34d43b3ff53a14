// Files that are brought to a conversation or come with a turn, and what the model
// sees of them. The operator of this server allows 127.0.0.1, where the script's own
// server is.

import assert from 'node:assert/strict'
import http from 'node:http'
import test, { after, before } from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, request, secret, url } from './lib.mjs'

const { conversation } = connect()
const bots = new BotClient({ secret, baseUrl: url })
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')
const image = `data:image/png;base64,${png.toString('base64')}`
const shape = { id: 'id', createdAt: 'ms', updatedAt: 'ms', name: 'string', 'type?': 'string', size: 'int', 'messageId?': 'id' }

let site, server
let visits = 0

before(async () => {
  server = http.createServer((req, res) => {
    visits++
    const known = req.url === '/hours.txt'
    res.writeHead(known ? 200 : 500, { 'content-type': 'text/plain' }).end(known ? 'The shop opens at nine.' : 'No.')
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  site = `http://127.0.0.1:${server.address().port}`
})

after(() => server.close())

const list = async (id) => (await request(`/v1/conversation/${id}/attachment/list`)).json.items

/** What the model was asked with a text: its last message of the user, as text and as images. */
async function shown(text) {
  const { messages } = await fake.asked(text)
  const content = messages.findLast((m) => m.role === 'user').content
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return {
    text: parts.filter((p) => p.type === 'text').map((p) => p.text).join('\n'),
    images: parts.filter((p) => p.type === 'image_url').map((p) => p.image_url.url),
  }
}

test('what is uploaded in any form is listed and reaches the model', async () => {
  const { id } = await conversation.create({})
  const { id: first } = await conversation.attachment.upload(id, { name: 'menu.txt', type: 'text/plain', data: 'Soup 4, fish 9.' })
  await conversation.attachment.upload(id, { name: 'photo', type: 'image/png', data: new Uint8Array(png) })
  const upload = (body, headers = {}) => fetch(new URL(`/v1/conversation/${id}/attachment/upload`, url), {
    method: 'POST', body, headers: { authorization: `Bearer ${secret}`, ...headers },
  })
  const form = new FormData()
  form.append('file', new Blob(['Of a form.'], { type: 'text/markdown' }), 'form.md')
  const json = (file) => upload(JSON.stringify({ file }), { 'content-type': 'application/json' })
  for (const send of [
    () => upload(form), () => upload('As it is.', { 'content-type': 'text/plain' }),
    () => json('data:text/html,<p>Of%20a%20page.</p>'), () => json(`${site}/hours.txt`),
  ]) {
    const response = await send()
    assert.equal(response.status, 200, await response.text())
  }
  const items = await list(id)
  assert.equal(items.length, 6)
  items.forEach((item) => assertShape(item, shape))
  assert.ok(items.some((item) => item.id === first && item.name === 'menu.txt' && item.type === 'text/plain' && item.size === 15))

  await conversation.complete(id, { text: 'What did I send?' })
  const { text, images } = await shown('What did I send?')
  for (const part of ['Soup 4, fish 9.', 'photo', 'Of a form.', 'As it is.', 'Of a page.', 'The shop opens at nine.']) {
    assert.ok(text.includes(part), `${part}: ${text}`)
  }
  assert.deepEqual(images, [image])
})

test('attachments of a turn reach its model, with a conversation and without', async () => {
  const { id } = await conversation.create({})
  const attachments = [{ url: 'data:text/plain,Soup%204' }, { url: image }, { url: `${site}/hours.txt` }]
  for (const [at, said] of [[id, 'Look at these'], [null, 'And at these']]) {
    const lines = await collect(conversation.complete(at, { text: said, attachments }).stream())
    assert.equal(lines.at(-1).type, 'result')
    const { text, images } = await shown(said)
    assert.ok(text.includes('Soup 4') && text.includes('The shop opens at nine.'), text)
    assert.deepEqual(images, [image])
  }
  assert.equal((await list(id)).length, 3)
  assert.deepEqual((await conversation.message.list(id)).items.map((m) => m.text)[0], 'Look at these')

  await conversation.complete(id, { text: 'Once more, please' })
  const { messages } = await fake.asked('Once more, please')
  assert.ok(JSON.stringify(messages).includes(image), 'it stays in the history')
  assert.equal((await conversation.complete(id, { attachments: [{ url: 'data:,alone' }] })).text.includes('alone'), true)

  const { channelId } = await conversation.dispatch(null, { messages: [{ type: 'user', text: 'In the background' }], attachments })
  assert.ok(channelId)
  assert.deepEqual((await shown('In the background')).images, [image])
})

test('an attachment that cannot be had is named, and nothing has happened', async () => {
  const { id } = await conversation.create({})
  for (const [bad, message] of [
    [`${site}/nothing`, /attachments\[1\]\.url: 127\.0\.0\.1 answered with the status 500/], ['ftp://127.0.0.1/x', /attachments\[1\]\.url/],
    ['http://192.168.0.1/x', /attachments\[1\]\.url/], ['data:text/plain;base64,!', /attachments\[1\]\.url/],
  ]) {
    for (const at of [id, null]) {
      await assert.rejects(conversation.complete(at, { text: 'x', attachments: [{ url: 'data:,x' }, { url: bad }] }), failure('BAD_REQUEST', message))
    }
  }
  assert.deepEqual((await conversation.message.list(id)).items, [])
  assert.deepEqual(await list(id), [])
})

test('a repeat with a key reads and attaches nothing again', async () => {
  const { id } = await conversation.create({})
  const before = visits
  const bodies = new Set()
  for (let i = 0; i < 3; i++) {
    const answer = await request(`/v1/conversation/${id}/complete`, {
      method: 'POST', headers: { 'idempotency-key': `attach-${id}` }, body: { text: 'Hours?', attachments: [{ url: `${site}/hours.txt` }] },
    })
    assert.equal(answer.status, 200, answer.text)
    bodies.add(answer.text)
  }
  assert.equal(visits - before, 1)
  assert.equal((await list(id)).length, 1)
  assert.equal(bodies.size, 1)
})

test('a private conversation takes texts, and images only if its bot does', async () => {
  const mail = 'ann.example@mail.example.com'
  const text = { url: `data:text/plain,Write%20to%20${mail}` }
  const { id } = await conversation.create({ privacy: true })
  await assert.rejects(conversation.complete(id, { text: 'Privately', attachments: [{ url: image }] }), failure('BAD_REQUEST', /cannot be masked/))
  const answer = await conversation.complete(id, { text: 'Privately', attachments: [text] })
  assert.ok(answer.text.includes(mail), 'people see the value')
  assert.ok(!(await shown('Privately')).text.includes(mail), 'the model does not')

  const { id: botId } = await bots.create({ privacy: true, meta: { privacy: 'partly' } })
  const { id: partly } = await conversation.create({ botId })
  await conversation.complete(partly, { text: 'Partly private', attachments: [{ url: image }, text] })
  const { text: told, images } = await shown('Partly private')
  assert.deepEqual(images, [image])
  assert.ok(!told.includes(mail))
})
