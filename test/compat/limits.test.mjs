// A server with limits: the package repeats what was refused, and what it repeats
// happens once.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { connect, countRequests, failure, history, request, url, secret } from './lib.mjs'
import { assertAnswer } from './turn.mjs'

const client = connect()

// exhaust asks until the server refuses, and gives the refusal.
async function exhaust() {
  for (;;) {
    const answer = await request('/v1/platform/model/list')
    if (answer.status !== 200) {
      return answer
    }
  }
}

// First, while the minute's worth of requests is there.
test('a stream too many is refused until another one ends', async () => {
  const { id } = await client.conversation.create({})
  const leave = new AbortController()
  const live = await fetch(new URL(`/v1/conversation/${id}/events?live=true`, url), {
    headers: { authorization: `Bearer ${secret}`, accept: 'application/jsonl' },
    signal: leave.signal,
  })
  assert.equal(live.status, 200)
  await assert.rejects(client.conversation.complete(id, { text: 'Hi' }), failure('TOO_MANY_REQUESTS', /1 streams/))
  leave.abort()
  assertAnswer(await client.conversation.complete(id, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
  assert.deepEqual(await history(client, id), [['user', 'Hi'], ['bot', fake.echo('Hi')]])
})

test('a refusal tells when to come back and what is left', async () => {
  const { status, headers, json } = await exhaust()
  assert.equal(status, 429)
  assert.equal(json.code, 'TOO_MANY_REQUESTS')
  assert.match(headers.get('retry-after'), /^[1-9][0-9]*$/)
  assert.equal(headers.get('ratelimit-policy'), '"token";q=60;w=60, "token-streams";q=1;qu="concurrent-requests"')
  assert.match(headers.get('ratelimit'), /^"token";r=0;t=[0-9]+, "token-streams";r=1$/)
  assert.match(headers.get('access-control-expose-headers'), /RateLimit, RateLimit-Policy/)
})

test('what the package repeats after a refusal happens once', async () => {
  // Now and then the next request's time has come just when it is sent.
  for (let attempt = 0; ; attempt++) {
    const { id } = await client.conversation.create({})
    await exhaust()
    const times = await countRequests(async () => {
      assertAnswer(await client.conversation.complete(id, { text: 'Hi' }), { stateful: true, text: fake.echo('Hi') })
    })
    assert.deepEqual(await history(client, id), [['user', 'Hi'], ['bot', fake.echo('Hi')]])
    if (times > 1) {
      return
    }
    assert.ok(attempt < 5, 'the first request was never refused')
  }
})
