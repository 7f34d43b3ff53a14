// A quota refuses a turn before it costs anything. On this server the bot with the
// alias "limited" may use so few tokens a month that its first turn uses them up.

import assert from 'node:assert/strict'
import test from 'node:test'

import { BotClient } from '@chatbotkit/sdk/bot/index.js'

import * as fake from './fake.mjs'
import { collect, connect, failure, history, request, secret, url } from './lib.mjs'
import { assertAnswer, assertTurn } from './turn.mjs'

const client = connect()
const { conversation } = client
const bots = new BotClient({ secret, baseUrl: url })

test('a turn beyond the quota of its bot is refused, and others go on', async () => {
  const bot = await bots.create({ alias: 'limited' })
  const { id } = await conversation.create({ botId: bot.id })
  assertTurn(await collect(conversation.complete(id, { text: 'Hi' }).stream()), { stateful: true, text: fake.echo('Hi') })
  const refused = `Refused ${crypto.randomUUID()}`
  for (const attempt of [
    () => conversation.complete(id, { text: refused }),
    () => collect(conversation.complete(id, { text: refused }).stream()),
    () => conversation.complete(null, { botId: bot.id, text: refused }),
    () => conversation.dispatch(id, { text: refused }),
    () => conversation.dispatch(null, { botId: bot.id, text: refused }),
  ]) {
    await assert.rejects(async () => attempt(), failure('LIMITS_REACHED'))
  }
  const { status } = await request(`/v1/conversation/${id}/complete`, { method: 'POST', body: { text: refused } })
  assert.equal(status, 402)
  assert.deepEqual(await history(client, id), [['user', 'Hi'], ['bot', fake.echo('Hi')]])
  assert.ok((await fake.sent()).every((body) => !body.includes(refused)), 'no model was asked')
  assertAnswer(await conversation.complete(null, { text: 'Hi' }), { stateful: false, text: fake.echo('Hi') })
})
