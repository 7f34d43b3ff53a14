// Abilities: what their instructions do, executed and inside of turns. The
// operator of this server allows 127.0.0.1, and nothing else that is local.

import assert from 'node:assert/strict'
import http from 'node:http'
import test, { after, before } from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'
import { DatasetClient } from '@chatbotkit/sdk/dataset/index.js'
import { SkillsetClient } from '@chatbotkit/sdk/skillset/index.js'
import { SecretClient } from '@chatbotkit/sdk/secret/index.js'

import * as fake from './fake.mjs'
import { collect, connect, failure, ofType, parseLines, request, secret, url } from './lib.mjs'
import { assertCalls, calls } from './turn.mjs'

const client = connect()
const { conversation } = client
const skillset = new SkillsetClient({ secret, baseUrl: url })
const datasets = new DatasetClient({ secret, baseUrl: url })
const bots = new BotClient({ secret, baseUrl: url })
const secrets = new SecretClient({ secret, baseUrl: url })

const asked = []
let shop, server

before(async () => {
  server = http.createServer(async (req, res) => {
    const body = (await req.toArray()).join('')
    asked.push({ line: `${req.method} ${req.url}`, authorization: req.headers.authorization, body })
    if (req.url.startsWith('/away')) {
      res.writeHead(302, { location: 'http://[::1]:9/' }).end()
    } else if (req.url.startsWith('/echo')) {
      res.end(`You sent ${req.headers.authorization}.`)
    } else if (req.url.startsWith('/none')) {
      res.writeHead(404).end('No such order.')
    } else {
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ state: 'sent', total: 3 }))
    }
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  shop = `http://127.0.0.1:${server.address().port}`
})

after(() => server.close())

const block = (text) => '```fetch\n' + text + '\n```'

/** Makes an ability in a skillset of its own, and gives both ids. */
async function make(instruction, more = {}) {
  const { id } = await skillset.create({ name: 'Shop' })
  const made = await skillset.ability.create(id, { name: 'Find Order', description: 'Finds an order', instruction, ...more })
  return [id, made.id]
}

test('an ability is executed, also as lines', async () => {
  const ids = await make(block(`POST ${shop}/orders/$[order! euc|the order number]\n\n{"note": "$[note js]"}`))
  const result = { usage: { token: 0 }, result: { state: 'sent', total: 3 } }
  assert.deepEqual(await skillset.ability.execute(...ids, { input: JSON.stringify({ order: 'A 17', note: 'say "hi"' }) }), result)
  const { line, body } = asked.at(-1)
  assert.equal(line, 'POST /orders/A%2017')
  assert.deepEqual(JSON.parse(body), { note: 'say "hi"' })
  // The package has no streamed form of it.
  const lines = await request(`/api/v1/skillset/${ids[0]}/ability/${ids[1]}/execute`, {
    method: 'POST', body: { input: '1' }, headers: { accept: 'application/jsonl' },
  })
  assert.deepEqual(parseLines(lines.text), [{ type: 'result', data: { usage: { token: 0 }, error: 'the input must be a JSON object with the ability\'s parameters: order, note' } }])
})

test('free text is the value of a single parameter', async () => {
  const ids = await make('Greet $[name!|whom to greet].')
  assert.deepEqual(await skillset.ability.execute(...ids, { input: 'Ann' }), { usage: { token: 0 }, result: 'Greet Ann.' })
  const { id: contactId } = await client.contact.create({})
  assert.deepEqual(await skillset.ability.execute(...ids, { input: 'Ann', contactId }), { usage: { token: 0 }, result: 'Greet Ann.' })
  await assert.rejects(skillset.ability.execute(...ids, { input: 'Ann', contactId: 'nobody' }), failure('NOT_FOUND', /contactId/))
  assert.deepEqual(await skillset.ability.execute(...ids, {}), { usage: { token: 0 }, error: 'the parameter name is missing' })
  await assert.rejects(skillset.ability.execute(ids[0], 'nowhere', {}), failure('NOT_FOUND'))
})

test('secrets go into requests, and never come back', async () => {
  const name = `SHOP_${Date.now()}`
  const key = await secrets.create({ name, type: 'bearer', value: 'pk-shop-0123456789' })
  const own = await make(block(`GET ${shop}/echo`), { secretId: key.id })
  assert.equal((await skillset.ability.execute(...own, {})).result, 'You sent Bearer ••••.')
  assert.equal(asked.at(-1).authorization, 'Bearer pk-shop-0123456789')
  const named = await make(block(`GET ${shop}/echo?key=\${${name}}\nAuthorization: Key \${${name}}`))
  assert.equal((await skillset.ability.execute(...named, {})).result, 'You sent Key ••••.')
  assert.equal(asked.at(-1).line, 'GET /echo?key=pk-shop-0123456789')
  const missing = await make(block(`GET ${shop}/echo\nAuthorization: \${NOT_THERE}`))
  assert.match((await skillset.ability.execute(...missing, {})).error, /\$\{NOT_THERE\} does not exist/)
})

test('what goes wrong is told', async () => {
  for (const [instruction, want] of [
    [block(`GET ${shop}/none`), /status 404: No such order\./],
    [block('GET http://[::1]:9/'), /not on the public internet/],
    [block('GET http://169.254.169.254/latest/meta-data/'), /not on the public internet/],
    [block(`GET ${shop}/away`), /not on the public internet/],
    ['```search\n$[query]\n```', /no dataset to search/],
    ['```search/datasetId=nowhere\n$[query]\n```', /datasetId/],
    ['```email\nto: x\n```', /action not supported/],
    ['Hello $[name', /is not closed/],
  ]) {
    const ids = await make(instruction)
    const { error, ...rest } = await skillset.ability.execute(...ids, {})
    assert.match(error, want)
    assert.deepEqual(rest, { usage: { token: 0 } })
  }
})

test('an ability searches a dataset, the one that it names or the conversation\'s', async () => {
  const { id: datasetId } = await datasets.create({ alias: `tea-${Date.now()}` })
  await datasets.record.create(datasetId, { text: 'Green tea wants water of 80 degrees.', source: 'https://tea.example/green' })
  const named = await make('Finds:\n```search/datasetId=' + datasetId + '\n$[query!]\n```')
  const { result, ...rest } = await skillset.ability.execute(...named, { input: JSON.stringify({ query: 'green tea' }) })
  assert.deepEqual(rest, { usage: { token: 0 } })
  assert.match(JSON.stringify(result), /80 degrees/)

  const [skillsetId] = await make('```search\n$[query!]\n```')
  const { id } = await conversation.create({ skillsetId, datasetId })
  await fake.next({ calls: [{ name: 'find_order', arguments: { query: 'green tea' } }] })
  const lines = await collect(conversation.complete(id, { text: 'How?' }).stream())
  assert.match(JSON.stringify(calls(lines).at(-1)), /80 degrees/)
  assert.equal(lines.at(-1).data.end.reason, 'stop')
})

test('a turn calls the abilities of its skillset, or of its bot\'s', async () => {
  const [skillsetId] = await make(block(`GET ${shop}/orders/$[order! euc]`))
  const bot = await bots.create({ skillsetId })
  for (const [stored, given] of [
    [(await conversation.create({ skillsetId })).id, {}],
    [(await conversation.create({ botId: bot.id })).id, {}],
    [null, { skillsetId }],
    [null, { botId: bot.id }],
  ]) {
    await fake.next({ calls: [{ name: 'find_order', arguments: { order: 'B 2' } }] })
    const lines = await collect(conversation.complete(stored, { text: 'Where is it?', ...given }).stream())
    assertCalls(lines, { stateful: stored !== null })
    assert.deepEqual(calls(lines), [
      ['request', 'find_order', { order: 'B 2' }],
      ['response', 'find_order', { order: 'B 2' }, { state: 'sent', total: 3 }],
    ])
    assert.equal(asked.at(-1).line, 'GET /orders/B%202')
  }
})

test('a turn calls the abilities that came with it', async () => {
  const key = await secrets.create({ type: 'plain', value: 'pk-inline-0123456789' })
  const ability = { name: 'Find Order', description: 'Finds an order', instruction: block(`GET ${shop}/echo`), secretId: key.id }
  const extensions = { skillsets: [{ name: 'Shop', abilities: [ability, { ...ability, instruction: 'Second.' }] }] }
  await fake.next({ calls: [{ name: 'find_order', arguments: {} }, { name: 'find_order_2', arguments: {} }] })
  const lines = await collect(conversation.complete(null, { text: 'Where is it?', extensions }).stream())
  assert.deepEqual(
    calls(lines).filter(([kind]) => kind === 'response').map(([, name, , result]) => [name, result]).sort(),
    [['find_order', 'You sent ••••.'], ['find_order_2', 'Second.']]
  )
  assert.equal(ofType(lines, 'result').length, 1)
  const foreign = { skillsets: [{ abilities: [{ ...ability, secretId: 'nowhere' }] }] }
  await assert.rejects(conversation.complete(null, { text: 'Hi', extensions: foreign }), failure('NOT_FOUND', /secretId/))
})

test('the model is told what it got wrong, and no error ends the turn', async () => {
  const [skillsetId] = await make(block(`GET ${shop}/orders/$[order! euc]`))
  for (const args of [{}, { order: 1 }, { order: '../..' }]) {
    await fake.next({ calls: [{ name: 'find_order', arguments: args }] })
    const lines = await collect(conversation.complete(null, { text: 'Hi', skillsetId }).stream())
    const [, , , result] = calls(lines).at(-1)
    assert.equal(typeof result.error, 'string', JSON.stringify(result))
    assert.equal(lines.at(-1).data.end.reason, 'stop')
  }
})
