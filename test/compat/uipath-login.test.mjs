// Signing in, as the package does it in a browser, and what the tokens are good
// for.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, test } from 'node:test'

import * as fake from './fake.mjs'
import { request, url } from './lib.mjs'
import { agents, answer, ask, close, connect, converse, disconnect, rest, socket, start } from './uipath.mjs'

afterEach(() => {
  disconnect()
  close()
})

const redirect = 'http://127.0.0.1:3999/'

/** Asks for a code, in development mode, which asks nobody. */
async function authorize(more = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'web',
    redirect_uri: redirect,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope: 'ConversationalAgents offline_access',
    state: '0123456789abcdef',
    acr_values: 'tenantName:default',
    ...more,
  })
  const response = await fetch(`${url}/identity_/connect/authorize?${query}`, { redirect: 'manual' })
  assert.ok([302, 303].includes(response.status), `${response.status} ${await response.text()}`)
  const back = new URL(response.headers.get('location'))
  assert.equal(back.origin + back.pathname, redirect)
  assert.equal(back.searchParams.get('state'), '0123456789abcdef')
  return { code: back.searchParams.get('code'), verifier }
}

async function token(path, form) {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers: { origin: 'https://shop.example' } })
  assert.equal(response.headers.get('access-control-allow-origin'), '*')
  return { status: response.status, ...(await response.json()) }
}

const exchange = ({ code, verifier }) => token('/identity_/connect/token', { grant_type: 'authorization_code', client_id: 'web', code, redirect_uri: redirect, code_verifier: verifier })

test('a code becomes a token, which works for requests and sessions', async () => {
  const granted = await exchange(await authorize())
  assert.equal(granted.status, 200)
  assert.deepEqual([granted.token_type, typeof granted.expires_in, typeof granted.refresh_token], ['Bearer', 'number', 'string'])
  const client = connect({ token: granted.access_token })
  const conversation = await converse(client)
  assert.equal(answer(await ask(await start(conversation), 'Hello!')), fake.echo('Hello!'))
  const { sub } = JSON.parse(Buffer.from(granted.access_token.split('.')[1], 'base64url'))
  assert.equal(conversation.userId, sub)
})

test('a code works once, and only with its verifier', async () => {
  const first = await authorize()
  assert.equal((await exchange(first)).status, 200)
  assert.deepEqual([(await exchange(first)).error], ['invalid_grant'])
  const second = await authorize()
  assert.equal((await exchange({ ...second, verifier: 'x'.repeat(43) })).error, 'invalid_grant')
  assert.equal((await exchange(second)).error, 'invalid_grant', 'the wrong try burned it')
})

test('a token is renewed', async () => {
  const granted = await exchange(await authorize())
  const renewed = await token('/default/identity_/connect/token', { grant_type: 'refresh_token', client_id: 'web', refresh_token: granted.refresh_token })
  assert.equal(renewed.status, 200)
  assert.ok(renewed.refresh_token && renewed.expires_in > 0)
  assert.equal((await rest('/conversation', { token: renewed.access_token })).status, 200)
})

test("a user sees his own conversations, not the service user's, nor the other way round", async () => {
  const { access_token: own } = await exchange(await authorize())
  const [user, service] = [connect({ token: own }), connect()]
  const [his, theirs] = [await converse(user), await converse(service, agents.plain)]
  await assert.rejects(user.conversations.getById(theirs.id), { name: 'NotFoundError' })
  await assert.rejects(service.conversations.getById(his.id), { name: 'NotFoundError' })
  const raw = await socket({ token: own })
  raw.send({ conversationId: theirs.id, startSession: {} })
  assert.equal((await raw.find((e) => e.conversationError)).conversationError.errorId, 'SESSION_START_PROCESSING_FAILED')
  assert.equal((await request('/v1/conversation/list', { token: own })).status, 401, 'the other API takes secrets only')
})
