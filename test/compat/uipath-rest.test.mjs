// The REST part, through the real package, and below it what the package hides.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, connect as connectChatBotKit, request } from './lib.mjs'
import { agents, answer, ask, connect, converse, disconnect, folder, note, rest, start, until } from './uipath.mjs'

afterEach(disconnect)

const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** An error of the package's. */
const failure = (name, statusCode) => (error) => {
  assert.equal(error.name ?? error.type, name, error.stack)
  assert.equal(error.statusCode ?? statusCode, statusCode)
  assert.doesNotMatch(error.message, /\(HTTP|Not Found|Bad Request/)
  return true
}

test('agents are listed, and shown with their welcome', async () => {
  const client = connect()
  const list = await client.getAll(folder)
  assert.ok(Array.isArray(list))
  const plain = list.find((a) => a.id === agents.plain)
  assert.deepEqual([plain.name, plain.description, plain.folderId], ['Plain', 'Answers', folder])
  assert.deepEqual((await client.getAll(99)), [])
  const agent = await client.getById(agents.plain, folder)
  assert.equal(agent.appearance.welcomeTitle, 'Hello')
  assert.deepEqual(agent.appearance.startingPrompts.map((p) => [p.displayPrompt, p.actualPrompt]), [['Weather?', 'What is the weather?']])
  await assert.rejects(client.getById(999, folder), failure('NotFoundError', 404))
  const conversation = await plain.conversations.create()
  assert.equal(conversation.agentId, agents.plain)
})

test('a conversation is created, read, changed and deleted', async () => {
  const client = connect()
  const created = await client.conversations.create(agents.plain, folder, { label: 'Lunch', agentInput: { inline: { city: 'Lisbon' } } })
  assert.match(created.id, uuid)
  assert.match(created.createdTime, iso)
  assert.match(created.traceId, /^[0-9a-f]{32}$/)
  assert.deepEqual([created.label, created.autogenerateLabel, created.agentId, created.folderId], ['Lunch', true, agents.plain, folder])
  for (const field of ['userId', 'orgId', 'tenantId', 'lastActivityTime', 'updatedTime']) {
    assert.equal(typeof created[field], 'string', field)
  }
  const read = await client.conversations.getById(created.id)
  assert.equal(read.label, 'Lunch')
  assert.deepEqual(read.agentInput, { inline: { city: 'Lisbon' } })
  const updated = await read.update({ label: 'Dinner' })
  assert.equal(updated.label, 'Dinner')
  assert.equal(updated.autogenerateLabel, false)
  assert.ok(updated.updatedTime >= created.updatedTime)
  assert.equal(updated.lastActivityTime, created.lastActivityTime)
  const byId = await client.conversations.updateById(created.id, { autogenerateLabel: true, jobKey: 'job' })
  assert.deepEqual([byId.label, byId.autogenerateLabel, byId.jobKey], ['Dinner', true, 'job'])
  await updated.delete()
  await assert.rejects(client.conversations.getById(created.id), failure('NotFoundError', 404))
  await assert.rejects(client.conversations.deleteById(created.id), failure('NotFoundError', 404))
})

test('bad fields are refused, and nothing changes', async () => {
  const client = connect()
  const conversation = await converse(client, agents.plain, { label: 'Before' })
  for (const options of [{ label: 'x'.repeat(101) }, { agentInput: { inline: 'text' } }, { agentInput: { inline: { long: 'x'.repeat(4000) } } }, { label: 7 }]) {
    await assert.rejects(conversation.update(options), failure('ValidationError', 400))
  }
  assert.equal((await client.conversations.getById(conversation.id)).label, 'Before')
  const refused = await rest('/conversation', { method: 'POST', body: { agentReleaseId: 'x' } })
  assert.equal(refused.status, 400)
  assertShape(refused.json, { message: 'string', errorCode: 4104, traceId: 'string', 'errors?': 'object' })
  assert.match(refused.headers.get('content-type'), /^application\/json/)
  assert.ok(refused.headers.get('x-request-id'))
  assert.equal((await rest('/conversation', { method: 'POST', body: '{' })).json.errorCode, 4001)
  await assert.rejects(connect({ tenantName: 'other' }).conversations.getById(conversation.id), failure('NotFoundError', 404))
  await assert.rejects(connect({ token: 'wrong' }).conversations.getById(conversation.id), failure('AuthenticationError', 401))
})

test('conversations are listed by pages, sorted and searched', async () => {
  const client = connect({ externalUserId: 'lister' })
  const made = []
  for (const label of ['One', 'Two', 'Three', 'Four', 'Five']) {
    made.push(await converse(client, agents.plain, { label }))
  }
  const labels = []
  let page = await client.conversations.getAll({ pageSize: 2 })
  let pages = 1
  for (;;) {
    labels.push(...page.items.map((c) => c.label))
    if (!page.hasNextPage) {
      break
    }
    page = await client.conversations.getAll({ pageSize: 2, cursor: page.nextCursor })
    pages++
  }
  assert.deepEqual([labels, pages], [['Five', 'Four', 'Three', 'Two', 'One'], 3])
  const ascending = await client.conversations.getAll({ sort: 'ascending' })
  assert.deepEqual(ascending.items.map((c) => c.label), ['One', 'Two', 'Three', 'Four', 'Five'])
  assert.deepEqual((await client.conversations.getAll({ search: 'FO' })).items.map((c) => c.label), ['Four'])
  assert.deepEqual((await client.conversations.getAll({ agentReleaseId: 999 })).items, [])
  const found = ascending.items[0]
  assert.equal(typeof found.update, 'function', 'items have methods')
  for (const [query, code] of [['limit=0', 4004], ['limit=x', 4004], ['cursor=x', 4003], ['sort=up', 4005], ['search=', 4105]]) {
    const refused = await rest(`/conversation?${query}`)
    assert.deepEqual([refused.status, refused.json.errorCode], [400, code], query)
  }
  assert.deepEqual(made.length, 5)
})

test('exchanges, messages and parts are read as they were streamed', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const said = []
  for (const text of ['One', 'Two', 'Three']) {
    said.push(await ask(session, text))
  }
  const page = await conversation.exchanges.getAll({ pageSize: 2 })
  assert.deepEqual(page.items.map((x) => x.id), [said[2].id, said[1].id])
  const next = await conversation.exchanges.getAll({ pageSize: 2, cursor: page.nextCursor })
  assert.deepEqual(next.items.map((x) => x.id), [said[0].id])
  assert.ok(!next.hasNextPage)
  const all = await client.exchanges.getAll(conversation.id, { exchangeSort: 'ascending', messageSort: 'descending' })
  assert.deepEqual(all.items.map((x) => x.messages.map((m) => m.role)), Array(3).fill(['assistant', 'user']))
  const exchange = await conversation.exchanges.getById(said[0].id)
  assert.match(exchange.createdTime, iso)
  assert.equal(exchange.status, 'done')
  const [user, bot] = exchange.messages
  assert.deepEqual([user.role, bot.role, bot.id], ['user', 'assistant', said[0].messages[0].id])
  assert.equal(await bot.contentParts[0].getData(), fake.echo('One'))
  assert.equal(bot.contentParts[0].contentPartId, said[0].messages[0].parts[0].id)
  assert.deepEqual([bot.toolCalls, bot.interrupts, bot.contentParts[0].citations], [[], [], []])
  const message = await client.messages.getById(conversation.id, exchange.id, bot.id)
  assert.equal(message.contentParts[0].data.inline, fake.echo('One'))
  const part = await client.messages.getContentPartById(conversation.id, exchange.id, bot.id, bot.contentParts[0].contentPartId)
  assert.equal(part.data.inline, fake.echo('One'))
  for (const attempt of [
    () => conversation.exchanges.getById('nothing'),
    () => client.messages.getById(conversation.id, exchange.id, 'nothing'),
    () => client.messages.getContentPartById(conversation.id, exchange.id, bot.id, 'nothing'),
  ]) {
    await assert.rejects(attempt, failure('NotFoundError', 404))
  }
  session.replay(await until('all are there', async () => (await conversation.exchanges.getAll()).items))
})

test('what is being said can be read before its end', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: fake.slow(50, 20) })
  await until('it has begun', () => notes.messages[0]?.parts[0]?.chunks.length > 3)
  const shown = notes.messages[0].parts[0].chunks.join('')
  const open = await conversation.exchanges.getById(exchange.exchangeId)
  const part = open.messages[1].contentParts[0]
  assert.deepEqual([open.status, part.isIncomplete], ['running', true])
  assert.ok(part.data.inline.startsWith(shown), 'what an event has shown is there')
  await notes.done
  const done = await conversation.exchanges.getById(exchange.exchangeId)
  assert.equal(done.messages[1].contentParts[0].isIncomplete, undefined)
})

test('feedback is kept', async () => {
  const client = connect()
  const conversation = await converse(client)
  const { id } = await ask(await start(conversation), 'Hello!')
  await conversation.exchanges.createFeedback(id, { rating: 'positive', comment: 'Nice' })
  assert.equal((await conversation.exchanges.getById(id)).feedbackRating, 'positive')
  await client.exchanges.createFeedback(conversation.id, id, { rating: 'negative' })
  assert.equal((await conversation.exchanges.getAll()).items[0].feedbackRating, 'negative')
  await assert.rejects(conversation.exchanges.createFeedback(id, { rating: 'great' }), failure('ValidationError', 400))
  await assert.rejects(conversation.exchanges.createFeedback('nothing', { rating: 'positive' }), failure('NotFoundError', 404))
})

test('an attachment is uploaded, said, read by the model, and downloaded', async () => {
  const client = connect()
  const conversation = await converse(client)
  const session = await start(conversation)
  const file = new File(['The inn opens at noon.'], 'inn.txt', { type: 'text/plain' })
  const attachment = await conversation.uploadAttachment(file)
  assert.match(attachment.uri, /^urn:parley:file:/)
  assert.equal(attachment.name, 'inn.txt')
  const exchange = session.startExchange()
  const notes = note(exchange)
  const message = exchange.startMessage({ role: 'user' })
  await message.sendContentPart({ data: 'When does it open?', mimeType: 'text/plain' })
  message.startContentPart({ mimeType: attachment.mimeType, externalValue: { uri: attachment.uri } }).sendContentPartEnd()
  message.sendMessageEnd()
  await notes.done
  assert.match(JSON.stringify((await fake.asked('When does it open?')).messages), /The inn opens at noon\./)
  const stored = await conversation.exchanges.getById(exchange.exchangeId)
  const [, part] = stored.messages[0].contentParts
  assert.deepEqual([part.name, part.mimeType, part.data.byteCount], ['inn.txt', 'text/plain', 22])
  const bare = await fetch(part.data.uri)
  assert.equal(await bare.text(), 'The inn opens at noon.')
  assert.equal(bare.headers.get('x-content-type-options'), 'nosniff')
  assert.equal((await fetch(part.data.uri.replace(/sig=[^&]+/, 'sig=x'))).status, 403)
  assert.equal(await (await part.getData()).text(), 'The inn opens at noon.')
})

test('an image that is attached reaches the model', async () => {
  const conversation = await converse(connect())
  const session = await start(conversation)
  const bytes = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')
  const attachment = await conversation.uploadAttachment(new File([bytes], 'dot.png', { type: 'image/png' }))
  const exchange = session.startExchange()
  const notes = note(exchange)
  const message = exchange.startMessage({ role: 'user' })
  await message.sendContentPart({ data: 'What is on it?', mimeType: 'text/plain' })
  message.startContentPart({ mimeType: attachment.mimeType, externalValue: { uri: attachment.uri } }).sendContentPartEnd()
  message.sendMessageEnd()
  await notes.done
  const said = JSON.stringify((await fake.asked('What is on it?')).messages)
  assert.ok(said.includes(`data:image/png;base64,${bytes.toString('base64')}`), said)
})

test('an attachment without a name, and one that is not there, are refused', async () => {
  const client = connect()
  const conversation = await converse(client)
  await assert.rejects(client.conversations.getAttachmentUploadUri(conversation.id, ''), failure('ValidationError', 400))
  const empty = await conversation.uploadAttachment(new File([], 'empty'))
  assert.match(empty.uri, /^urn:parley:file:/)
  const session = await start(conversation)
  const exchange = session.startExchange()
  const notes = note(exchange)
  const message = exchange.startMessage({ role: 'user' })
  message.startContentPart({ mimeType: 'text/plain', externalValue: { uri: 'urn:parley:file:00000000-0000-7000-8000-000000000000' } }).sendContentPartEnd()
  message.sendMessageEnd()
  await notes.done
  assert.deepEqual(notes.errors.map((e) => e.errorId), ['EXTERNAL_CONTENT_PART_PROCESSING_FAILED'])
  assert.equal(answer(await ask(session, 'And now?')), fake.echo('And now?'))
})

test("a user's settings are kept, and reach the model", async () => {
  const client = connect({ externalUserId: 'settled' })
  const first = await client.user.getSettings()
  for (const field of ['name', 'email', 'role', 'department', 'company', 'country', 'timezone']) {
    assert.equal(first[field], null, field)
  }
  const changed = await client.user.updateSettings({ name: 'Ann Settled', country: 'Portugal' })
  assert.deepEqual([changed.name, changed.country], ['Ann Settled', 'Portugal'])
  const cleared = await client.user.updateSettings({ country: null })
  assert.deepEqual([cleared.name, cleared.country], ['Ann Settled', null])
  await assert.rejects(client.user.updateSettings({ email: 'nonsense' }), failure('ValidationError', 400))
  await assert.rejects(client.user.updateSettings({ name: 'x'.repeat(101) }), failure('ValidationError', 400))
  assert.equal((await client.user.getSettings()).name, 'Ann Settled')
  assert.equal((await connect({ externalUserId: 'another' }).user.getSettings()).name, null)
  const session = await start(await converse(client, agents.plain, { agentInput: { inline: { plan: 'gold' } } }))
  await ask(session, 'Who am I, please?')
  const prompt = JSON.stringify((await fake.asked('Who am I, please?')).messages)
  assert.match(prompt, /Ann Settled/)
  assert.match(prompt, /gold/)
})

test('feature flags are an object', async () => {
  assertShape(await connect().getFeatureFlags(), { clientSideTools: true })
})

test('a user chooses the connections of an agent', async () => {
  assert.deepEqual((await rest(`/agent/${folder}/${agents.plain}/connections`)).json, [])
  const path = `/agent/${folder}/${agents.tools}/connections`
  const [crm] = (await rest(path)).json
  assert.deepEqual([crm.connectorKey, crm.currentConnectionId, crm.connections.map((c) => c.name)], ['crm', null, ['Test']])
  const chosen = await rest(path, { method: 'PUT', body: { selections: [{ connectorKey: 'crm', connectionId: crm.connections[0].id }] } })
  assert.equal(chosen.json[0].currentConnectionName, 'Test')
  assert.equal((await rest(path, { headers: { 'x-uipath-external-user-id': 'other' } })).json[0].currentConnectionId, null)
  const none = await rest(path, { method: 'PUT', body: { selections: [{ connectorKey: 'crm', connectionId: null }] } })
  assert.equal(none.json[0].currentConnectionId, null)
  assert.equal((await rest(path, { method: 'PUT', body: { selections: [{ connectorKey: 'x', connectionId: 'y' }] } })).status, 400)
  const refused = await rest('/agent/connections/auth', { method: 'POST', body: { connectorKey: 'x' } })
  assert.equal(refused.status, 400)
})

test('browsers of all origins may call', async () => {
  const preflight = await request('/default/default/autopilotforeveryone_/api/v1/conversation', {
    method: 'OPTIONS',
    token: null,
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization,x-uipath-traceparent-id' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  for (const [options, status] of [[{}, 200], [{ token: 'wrong' }, 401]]) {
    const answered = await rest('/conversation', { ...options, headers: { origin: 'https://shop.example' } })
    assert.deepEqual([answered.status, answered.headers.get('access-control-allow-origin')], [status, '*'])
  }
  assert.match((await rest('/conversation', { token: 'wrong' })).headers.get('www-authenticate'), /^Bearer/)
})

test('a repeated request with a key is done once', async () => {
  const headers = { 'idempotency-key': 'made-once' }
  const make = (label) => rest('/conversation', { method: 'POST', headers, body: { agentReleaseId: agents.plain, folderId: folder, label } })
  const [one, two] = [await make('Once'), await make('Once')]
  assert.deepEqual([one.status, two.json.conversationId], [201, one.json.conversationId])
  assert.equal((await make('Other')).status, 422)
})

test('what ChatBotKit makes belongs to the service user, and is shown to it', async () => {
  const owner = connectChatBotKit()
  const { id } = await owner.conversation.create({ messages: [{ type: 'user', text: 'Earlier' }] })
  await owner.conversation.complete(id, { text: 'Hello!' })
  const conversation = await connect().conversations.getById(id)
  const { items } = await conversation.exchanges.getAll()
  assert.equal(items.length, 1)
  assert.deepEqual(items[0].messages.map((m) => [m.role, m.contentParts[0].data.inline]), [['user', 'Earlier'], ['user', 'Hello!'], ['assistant', fake.echo('Earlier\n\nHello!')]])
  await assert.rejects(connect({ externalUserId: 'stranger' }).conversations.getById(id), failure('NotFoundError', 404))
})
