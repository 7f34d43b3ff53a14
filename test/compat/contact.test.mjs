// Contacts, and what is remembered of them.

import assert from 'node:assert/strict'
import test from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'
import { ContactClient } from '@chatbotkit/sdk/contact/index.js'
import { MemoryClient } from '@chatbotkit/sdk/memory/index.js'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, failure, ofType, parseLines, request, secret, url } from './lib.mjs'

const { conversation } = connect()
const contact = new ContactClient({ secret, baseUrl: url })
const memory = new MemoryClient({ secret, baseUrl: url })
const bots = new BotClient({ secret, baseUrl: url })

const post = async (path, body) => (await request(path, { method: 'POST', body })).json
const unique = (name) => `${name}-${crypto.randomUUID()}`
const contactShape = {
  id: 'id', fingerprint: 'string', createdAt: 'ms', updatedAt: 'ms', 'name?': 'string', 'description?': 'string', 'meta?': 'object',
  'email?': 'string', 'phone?': 'string', 'nick?': 'string', 'preferences?': 'string', 'verifiedAt?': 'ms',
}
const memoryShape = {
  id: 'id', text: 'string', createdAt: 'ms', updatedAt: 'ms', 'name?': 'string', 'description?': 'string', 'meta?': 'object',
  'contactId?': 'id', 'botId?': 'id',
}

test('a contact is created, fetched, updated, listed and deleted', async () => {
  const given = {
    name: 'Ann', description: 'A guest', meta: { group: unique('group') }, fingerprint: unique('ann'), email: 'ann@example.com',
    phone: '+1 555 0100', nick: 'Annie', preferences: 'tea', verifiedAt: Date.now(),
  }
  const { id, ...rest } = await contact.create(given)
  assert.deepEqual(rest, {})
  assertShape(await contact.fetch(id), { id, createdAt: 'ms', updatedAt: 'ms', ...given })
  assert.equal((await contact.fetch(given.fingerprint)).id, id)
  assert.deepEqual(await contact.update(id, { nick: 'Anna', phone: null }), { id })
  const { phone, ...others } = given
  assertShape(await contact.fetch(id), { id, createdAt: 'ms', updatedAt: 'ms', ...others, nick: 'Anna' })
  assert.deepEqual((await contact.list({ meta: given.meta })).items.map((c) => c.id), [id])
  assert.deepEqual((await collect(contact.list({ meta: given.meta }).stream())).map((l) => [l.type, l.data.id]), [['item', id]])
  await assert.rejects(contact.create({ fingerprint: given.fingerprint }), failure('CONFLICT'))
  const csv = await request('/v1/contact/export', { headers: { accept: 'text/csv' } })
  assert.ok(csv.text.startsWith('id,') && csv.text.includes(id))
  assert.deepEqual(await contact.delete(id), { id })
  await assert.rejects(contact.fetch(id), failure('NOT_FOUND'))
  assertShape(await contact.fetch((await contact.create({})).id), contactShape)
})

test('a contact is ensured once', async () => {
  const fingerprint = unique('ben')
  const first = await contact.ensure({ fingerprint, name: 'Ben' })
  const again = await Promise.all([1, 2, 3].map(() => contact.ensure({ fingerprint, name: 'Benjamin', email: 'ben@example.com' })))
  again.forEach((c) => assert.deepEqual(c, first))
  assertShape(await contact.fetch(first.id), { ...contactShape, fingerprint, name: 'Ben', email: 'ben@example.com' })
  await assert.rejects(contact.ensure({}), failure('BAD_REQUEST', /fingerprint/))
})

test('a conversation gets its contact, by fingerprint, e-mail or telephone', async () => {
  const { id } = await conversation.create({})
  const email = `${unique('cy')}@example.com`
  const made = await post(`/v1/conversation/${id}/contact/upsert`, { email, nick: 'Cy' })
  assert.equal((await conversation.fetch(id)).contactId, made.id)
  const other = await conversation.create({})
  assert.deepEqual(await post(`/v1/conversation/${other.id}/contact/upsert`, { email, phone: '+1 555 0101' }), made)
  assertShape(await contact.fetch(made.id), { ...contactShape, email, nick: 'Cy', phone: '+1 555 0101' })
  assert.deepEqual((await contact.conversation.list(made.id)).items.map((c) => c.id), [other.id, id])
  for (const [list, group] of [[contact.secret, 'secret'], [contact.space, 'space'], [contact.task, 'task']]) {
    assert.deepEqual((await list.list(made.id)).items, [], group)
  }
  await assert.rejects(async () => contact.conversation.list('nowhere'), failure('NOT_FOUND'))
})

test('the ratings of a contact are listed', async () => {
  const { id: contactId } = await contact.create({ fingerprint: unique('dee') })
  const { id: botId } = await bots.create({})
  const { id: conversationId } = await conversation.create({ contactId, botId })
  const { id: messageId } = await conversation.message.create(conversationId, { type: 'bot', text: 'Hello' })
  await conversation.message.downvote(conversationId, messageId, { value: -20, reason: 'Short.' })
  await conversation.upvote(conversationId, { reason: 'Kind.' })
  const common = { id: 'id', contactId, botId, conversationId, createdAt: 'ms', updatedAt: 'ms' }
  const path = `/v1/contact/${contactId}/rating/list`
  const { items, cursor } = (await request(path)).json
  assert.equal(items.length, 2)
  assertShape(items[0], { ...common, value: 100, reason: 'Kind.' })
  assertShape(items[1], { ...common, messageId, value: -20, reason: 'Short.' })
  assert.deepEqual((await request(`${path}?cursor=${cursor}`)).json.items, [])
  const pages = [(await request(`${path}?order=asc&take=1`)).json]
  pages.push((await request(`${path}?order=asc&take=1&cursor=${pages[0].cursor}`)).json)
  assert.deepEqual(pages.map((p) => p.items[0].id), [items[1].id, items[0].id])
  const lines = parseLines((await request(path, { headers: { accept: 'application/jsonl' } })).text)
  assert.deepEqual(lines, items.map((data) => ({ type: 'item', data })))
  assert.equal((await request('/v1/contact/nowhere/rating/list')).status, 404)
})

test('memories are created, found, exported and forgotten', async () => {
  const { id: contactId } = await contact.create({})
  const { id: botId } = await bots.create({})
  const given = { name: 'Habit', description: 'In the morning', text: 'Drinks green tea with milk.', contactId, botId, meta: { sure: true } }
  const { id, ...rest } = await memory.create(given)
  assert.deepEqual(rest, {})
  assertShape(await memory.fetch(id), { id, createdAt: 'ms', updatedAt: 'ms', ...given })
  const { id: other } = await memory.create({ text: 'Drinks green tea without milk.' })

  const found = await memory.search({ search: 'green tea', contactId })
  assert.deepEqual(found, { items: [{ id, text: given.text, meta: { sure: true } }] })
  assert.deepEqual((await memory.search({ search: 'green tea' })).items.map((m) => m.id).sort(), [id, other].sort())
  assert.deepEqual((await post(`/v1/bot/${botId}/memory/search`, { search: 'milk' })).items.map((m) => m.id), [id])
  assert.deepEqual((await post(`/v1/contact/${contactId}/memory/search`, { search: 'milk' })).items.map((m) => m.id), [id])
  assert.deepEqual((await request(`/v1/contact/${contactId}/memory/list`)).json.items.map((m) => m.id), [id])

  assert.deepEqual(await memory.update(id, { text: 'Drinks coffee.' }), { id })
  assert.deepEqual((await memory.search({ search: 'green tea', contactId })).items, [])
  assert.deepEqual((await memory.search({ search: 'coffee', contactId })).items.map((m) => m.text), ['Drinks coffee.'])
  const { items } = await memory.list()
  items.forEach((m) => assertShape(m, memoryShape))
  assert.deepEqual((await memory.export()).items.map((m) => m.id), items.map((m) => m.id))
  assert.deepEqual((await collect(memory.export().stream())).map((l) => l.data.id), items.map((m) => m.id))

  await contact.delete(contactId)
  await assert.rejects(memory.fetch(id), failure('NOT_FOUND'))
  assert.deepEqual((await memory.search({ search: 'coffee' })).items, [], 'who is deleted is forgotten')
  assert.deepEqual(await memory.delete(other), { id: other })
  await assert.rejects(memory.delete(other), failure('NOT_FOUND'))
  for (const wrong of [{}, { text: 1 }]) {
    await assert.rejects(memory.create(wrong), failure('BAD_REQUEST'))
  }
  await assert.rejects(memory.create({ text: 'x', contactId: 'nowhere' }), failure('NOT_FOUND', /contactId/))
  await assert.rejects(memory.search({}), failure('BAD_REQUEST', /search/))
})

test('what a conversation is told, another one of the same contact knows', async () => {
  const { id: contactId } = await contact.create({})
  const extensions = { features: [{ name: 'memory' }] }
  const { id } = await conversation.create({ contactId })
  await fake.next({ calls: [{ name: 'remember', arguments: { text: 'The user is called Ann.' } }] }, { text: 'Hello, Ann.' })
  const lines = await collect(conversation.complete(id, { text: 'I am called Ann.', extensions }).stream())
  const activities = ofType(lines, 'message').map((l) => l.data.meta?.activity).filter(Boolean)
  assert.deepEqual(activities.map((a) => [a.type, a.function.name]), [['request', 'remember'], ['response', 'remember']])
  assert.deepEqual(activities[0].function.arguments, { text: 'The user is called Ann.' })
  assert.deepEqual((await request(`/v1/contact/${contactId}/memory/list`)).json.items.map((m) => m.text), ['The user is called Ann.'])

  const told = async (more, given = {}) => {
    const text = `How am I called, ${crypto.randomUUID()}?`
    const at = more && (await conversation.create(more)).id
    await conversation.complete(at, { text, extensions, ...given })
    return JSON.stringify((await fake.asked(text)).messages).includes('The user is called Ann.')
  }
  assert.equal(await told({ contactId }), true)
  assert.equal(await told(null, { contactId }), true)
  assert.equal(await told({ contactId: (await contact.create({})).id }), false)
  assert.equal(await told({}), false)
})

test('a turn may remember where it is asked to, and nowhere else', async () => {
  const { id: contactId } = await contact.create({})
  const { id: botId } = await bots.create({})
  const offered = async (fields, options, given = {}) => {
    const text = `What tools, ${crypto.randomUUID()}?`
    const { id } = await conversation.create(fields)
    await conversation.complete(id, { text, extensions: { features: [{ name: 'memory', options }] }, ...given })
    return ((await fake.asked(text)).tools ?? []).map((t) => t.function.name)
  }
  assert.deepEqual(await offered({ contactId }), ['remember'])
  assert.deepEqual(await offered({ contactId }, { write: false }), [])
  assert.deepEqual(await offered({ contactId, privacy: true }), [])
  assert.deepEqual(await offered({ botId }), [])
  assert.deepEqual(await offered({ botId }, { write: true }), ['remember'])
  assert.deepEqual(await offered({ contactId }, {}, { functions: [{ name: 'remember', description: 'mine', parameters: { type: 'object', properties: {} } }] }), ['remember'])
  await assert.rejects(offered({ contactId }, { write: 'yes' }), failure('BAD_REQUEST', /write/))
})

test('a turn with the feature is told what is remembered of its contact', async () => {
  const { id: contactId } = await contact.create({})
  await memory.create({ text: 'Drinks green tea with milk.', contactId })
  await memory.create({ text: 'Drinks green tea without milk.' })
  const { id } = await conversation.create({ contactId })
  const features = [{ name: 'memory' }]
  for (const [at, given, told] of [
    [id, { extensions: { features } }, true],
    [id, {}, false],
    [null, { extensions: { features }, contactId }, true],
    [null, { extensions: { features } }, false],
  ]) {
    const conversationId = at && (await conversation.create({ contactId })).id
    const text = `What tea, ${crypto.randomUUID()}?`
    await conversation.complete(conversationId, { text, ...given })
    const prompt = JSON.stringify((await fake.asked(text)).messages)
    assert.equal(prompt.includes('with milk'), told, prompt)
    assert.ok(!prompt.includes('without milk'), prompt)
  }
})
