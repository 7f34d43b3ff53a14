// The group platform/model.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { assertShape, collect, connect, countRequests, failure } from './lib.mjs'

const { platform, conversation } = connect()

const shape = {
  id: 'string',
  createdAt: 'ms',
  updatedAt: 'ms',
  'name?': 'string',
  'description?': 'string',
  'meta?': 'object',
  provider: 'string',
  family: 'string',
  maxTokens: 'int',
  maxInputTokens: 'int',
  maxOutputTokens: 'int',
}

test('there is a model, and every model that is listed answers', async () => {
  const page = await platform.model.list()
  assertShape(page, { items: 'array', cursor: 'string' })
  assert.ok(page.items.length > 0)
  for (const item of page.items) {
    assertShape(item, shape)
  }
  const { text } = await conversation.complete(null, { model: page.items[0].id, text: 'Hi' })
  assert.ok(text.length > 0)
})

test('models stream as items and turn their pages', async () => {
  const { items } = await platform.model.list({ take: 1000 })
  const lines = await collect(platform.model.list().stream())
  lines.forEach((line) => assertShape(line, { type: 'item', data: 'object' }))
  assert.deepEqual(lines.map((l) => l.data.id), items.map((i) => i.id))
  const first = await platform.model.list({ take: 1 })
  assert.deepEqual(first.items.map((i) => i.id), [items[0].id])
  const rest = await platform.model.list({ cursor: first.cursor, take: 1000 })
  assert.deepEqual(rest.items.map((i) => i.id), items.slice(1).map((i) => i.id))
  await assert.rejects(platform.model.list({ take: 0 }), failure('BAD_REQUEST'))
})

test('the package\'s own names of models work', async () => {
  for (const model of ['gpt-4o', 'claude-4.5-sonnet', { name: 'gpt-4o', config: { temperature: 0.7 } }]) {
    const { text } = await conversation.complete(null, { model, text: 'Hi' })
    assert.equal(text, fake.echo('Hi'))
  }
})

test('a model of nobody is refused and not asked again and again', async () => {
  const requests = await countRequests(() =>
    assert.rejects(conversation.complete(null, { model: 'small/unheard-of', text: 'Hi' }), failure('BAD_REQUEST')),
  )
  assert.equal(requests, 1, 'the package repeats 429 and 5xx')
})
