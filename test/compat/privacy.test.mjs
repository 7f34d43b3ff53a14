// Personal data: what is found, what a private conversation keeps from every service
// that the server asks, and what people see again. This server has a service of
// moderation and one of embeddings; all that they and the model are sent is kept.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'
import { DatasetClient } from '@chatbotkit/sdk/dataset/index.js'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, ofType, parseLines, request, secret, tokens, until, url } from './lib.mjs'
import { assertAnswer, assertCalls, assertTurn, calls } from './turn.mjs'

const { conversation } = connect()
const dataset = new DatasetClient({ secret, baseUrl: url })
const bots = new BotClient({ secret, baseUrl: url })

// Each value belongs to one kind of path, and no service may see any of them.
const mail = 'ann.example@mail.example.com'
const card = '4111 1111 1111 1111'
const iban = 'DE89 3704 0044 0532 0130 00'
const phone = '+44 20 7946 0958'
const code = 'Zyxwv Quorn'
const values = [mail, card, card.replaceAll(' ', ''), iban, iban.replaceAll(' ', ''), phone, phone.replaceAll(' ', ''), code]

const entityShape = { type: 'string', begin: 'int', end: 'int', text: 'string', replacement: 'object' }

/** Checks the entities of a text against it, and gives the text as it is stored. */
function masked(text, entities) {
  let stored = ''
  let at = 0
  for (const entity of entities) {
    assertShape(entity, entityShape, 'entity')
    assert.equal(text.slice(entity.begin, entity.end), entity.text)
    assert.ok(entity.begin >= at, 'they are sorted and do not overlap')
    stored += text.slice(at, entity.begin)
    assertShape(entity.replacement, { begin: stored.length, end: stored.length + 11, text: 'string' }, 'replacement')
    assert.match(entity.replacement.text, /^[a-z0-9]{11}$/)
    stored += entity.replacement.text
    at = entity.end
  }
  return stored + text.slice(at)
}

const stored = async (id) => (await conversation.message.list(id)).items.map((m) => m.text)
const known = (text) => ({ type: 'name', begin: 0, end: text.length, text })

after(async () => {
  const bodies = await fake.sent()
  assert.ok(bodies.length > 20)
  for (const body of bodies) {
    for (const value of values) {
      assert.ok(!body.toLowerCase().includes(value.toLowerCase()), `${value} was sent: ${body}`)
    }
  }
})

test('a private text is stored without what was found in it', async () => {
  const { id } = await conversation.create({ privacy: true })
  const text = `🌍 Write to ${mail}, or call ${phone}. ${code} pays with ${card} or ${iban}. Again: ${mail}.`
  const given = { ...known(code), replacement: { begin: 0, end: 11, text: 'i03n7d1g9fo' } }
  const sent = await conversation.send(id, { text, entities: [given] })
  assertShape(sent, { id: 'id', entities: 'array' })
  assert.deepEqual(sent.entities.map((e) => e.text), [mail, phone, code, card, iban, mail])
  assert.deepEqual(sent.entities.map((e) => e.type), ['email', 'phone', 'name', 'card', 'iban', 'email'])
  assert.equal(sent.entities[2].replacement.text, 'i03n7d1g9fo')
  assert.equal(sent.entities[0].replacement.text, sent.entities[5].replacement.text)
  assert.deepEqual(await stored(id), [masked(text, sent.entities)])

  const again = await conversation.message.create(id, { type: 'user', text: `It is ${mail} and ${code}` })
  assert.deepEqual(again.entities.map((e) => e.replacement.text), [sent.entities[0], sent.entities[2]].map((e) => e.replacement.text))
  const elsewhere = await conversation.send((await conversation.create({ privacy: true })).id, { text: mail })
  assert.notEqual(elsewhere.entities[0].replacement.text, sent.entities[0].replacement.text)
})

test('without privacy a text is stored as it was sent', async () => {
  const { id } = await conversation.create({})
  const text = 'ben@mail.example.com'
  assert.deepEqual((await conversation.send(id, { text })).entities, [])
  const own = [{ type: 'email', begin: 0, end: text.length, text, replacement: { begin: 0, end: 11, text: 'i03n7d1g9fo' } }]
  assert.deepEqual((await conversation.send(id, { text, entities: own })).entities, own)
  assert.deepEqual(await stored(id), [text, text])
  for (const wrong of ['x', [1], [{ type: 'email', begin: '0', end: 1, text }]]) {
    await assert.rejects(conversation.send(id, { text, entities: wrong }), failure('BAD_REQUEST', /entities/))
  }
})

test('a private turn is shown with its values, and stored without', async () => {
  const { id } = await conversation.create({ privacy: true })
  for (const text of [`I am ${mail}, hello`, `My card is ${card}, and I am ${mail}`]) {
    const lines = await collect(conversation.complete(id, { text }).stream())
    assertTurn(lines, { stateful: true, text: fake.echo(text) })
  }
  assertAnswer(await conversation.complete(id, { text: `Call ${code}`, entities: [known(code)] }), { stateful: true, text: fake.echo(`Call ${code}`) })
  const kept = await stored(id)
  assert.equal(kept.length, 6)
  kept.forEach((text) => values.forEach((value) => assert.ok(!text.includes(value), text)))
  const events = parseLines((await request(`/v1/conversation/${id}/events`, { headers: { accept: 'application/jsonl' } })).text)
  assert.ok(events.some((e) => e.type === 'message' && e.data.type === 'user' && e.data.text.includes(mail)), 'who reads the log sees the values')
})

test('a stateless private turn shows no placeholder', async () => {
  const messages = [{ type: 'user', text: `I am ${mail}` }, { type: 'bot', text: `Hello, ${mail}` }, { type: 'user', text: `And ${iban}?` }]
  const lines = await collect(conversation.complete(null, { messages, privacy: true }).stream())
  assertTurn(lines, { stateful: false, text: fake.echo(`And ${iban}?`) })
  assertAnswer(await conversation.complete(null, { text: `I am ${mail}`, privacy: true }), { stateful: false, text: fake.echo(`I am ${mail}`) })
})

test('a placeholder is restored in pieces and in capitals', async () => {
  const { id } = await conversation.create({ privacy: true })
  const { entities } = await conversation.send(id, { text: `I am ${mail}` })
  const placeholder = entities[0].replacement.text
  await fake.next({ text: [...`Dear ${placeholder}, or ${placeholder.toUpperCase()}, or **${placeholder}**.`] })
  const lines = await collect(conversation.receive(id, {}).stream())
  assert.equal(tokens(lines), `Dear ${mail}, or ${mail}, or **${mail}**.`)
  assert.equal(lines.at(-1).data.text, `Dear ${mail}, or ${mail}, or **${mail}**.`)
  assert.ok(!(await stored(id)).at(-1).includes(mail))
})

test('a function\'s arguments are restored, and its result is kept from the model', async () => {
  const { id } = await conversation.create({ privacy: true })
  const { entities } = await conversation.send(id, { text: `I am ${mail}` })
  const send = {
    name: 'send', description: 'Sends', result: { data: { to: mail, call: phone } },
    parameters: { type: 'object', properties: { to: { type: 'string', pattern: '@' } }, required: ['to'] },
  }
  await fake.next({ calls: [{ name: 'send', arguments: { to: entities[0].replacement.text } }] })
  const lines = await collect(conversation.receive(id, { functions: [send] }).stream())
  assertCalls(lines, { stateful: true })
  assert.deepEqual(calls(lines), [
    ['request', 'send', { to: mail }],
    ['response', 'send', { to: mail }, { to: mail, call: phone }],
  ])
  assert.ok(lines.at(-1).data.text.includes(mail), lines.at(-1).data.text)
  const kept = JSON.stringify((await conversation.message.list(id)).items)
  values.forEach((value) => assert.ok(!kept.includes(value), kept))
})

test('what is found in datasets is kept from the model, and questions from embeddings', async () => {
  const { id: datasetId } = await dataset.create({})
  // A record as such is no secret from the service of embeddings: this one comes with the turn.
  await dataset.record.create(datasetId, { text: 'Invoices are sent on Monday.' })
  const embedded = async (text) => (await fake.sent()).some((body) => body.includes('"input"') && body.includes(text))
  await until('the record was not embedded', () => embedded('Invoices are sent'))
  const { id } = await conversation.create({ privacy: true, datasetId })
  const extensions = { datasets: [{ name: 'People', records: [{ text: `Invoices are answered by ${mail}.` }] }] }
  await fake.next({ text: 'Done [1].' })
  const lines = await collect(conversation.complete(id, { text: `Who answers invoices of ${code}?`, entities: [known(code)], extensions }).stream())
  assert.equal(lines.at(-1).data.text, 'Done [1].')
  const bot = ofType(lines, 'message').find((l) => l.data.type === 'bot')
  assert.equal(bot.data.meta.citations[0].number, 1)
  await until('the question was not embedded', () => embedded('Who answers invoices of'))
})

test('the values of a bot\'s conversations are kept from its model', async () => {
  const bot = await bots.create({ privacy: true, backstory: `You work for ${mail}.` })
  const { id } = await conversation.create({ botId: bot.id })
  assertAnswer(await conversation.complete(id, { text: `I am ${phone}` }), { stateful: true, text: fake.echo(`I am ${phone}`) })
  const { channelId } = await conversation.dispatch(id, { text: `My card is ${card}` })
  const channel = await request(`/v1/channel/${channelId}/subscribe`, { method: 'POST', body: {} })
  assert.ok(channel.text.includes(card), channel.text)
})

test('what moderation flags is refused before anything happens', async () => {
  const { id } = await conversation.create({ moderation: true, privacy: true })
  for (const attempt of [
    () => conversation.complete(id, { text: 'unspeakable' }),
    () => conversation.send(id, { text: 'unspeakable' }),
    () => conversation.complete(null, { text: 'unspeakable', moderation: true }),
    () => conversation.dispatch(id, { text: 'unspeakable' }),
    () => conversation.message.create(id, { type: 'user', text: 'unspeakable' }),
  ]) {
    await assert.rejects(async () => attempt(), failure('UNPROCESSABLE_ENTITY'))
  }
  assert.deepEqual(await stored(id), [])
  const { status } = await request(`/v1/conversation/${id}/complete`, { method: 'POST', body: { text: 'unspeakable' } })
  assert.equal(status, 422)
  assertAnswer(await conversation.complete(id, { text: `Fine, ${mail}` }), { stateful: true, text: fake.echo(`Fine, ${mail}`) })
})
