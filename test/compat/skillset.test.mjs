// Skillsets with their abilities, and secrets.

import assert from 'node:assert/strict'
import test from 'node:test'

import { assertShape, collect, connect, failure, request } from './lib.mjs'

const client = connect()
const { skillset, secret } = client

const times = { createdAt: 'ms', updatedAt: 'ms' }

test('a skillset is created, fetched, updated, listed and deleted', async () => {
  assert.deepEqual(await skillset.list(), { items: [], cursor: '' })
  const { id } = await skillset.create({ name: 'Travel', alias: 'travel', meta: { a: 1 } })
  assertShape(await skillset.fetch('travel'), { id, name: 'Travel', alias: 'travel', meta: { a: 1 }, visibility: 'private', ...times })
  assert.deepEqual(await skillset.update(id, { description: 'what travellers need' }), { id })
  assert.deepEqual((await skillset.list()).items, [await skillset.fetch(id)])
  assert.deepEqual((await collect(skillset.list().stream())).map((l) => l.data), [await skillset.fetch(id)])
  await assert.rejects(skillset.create({ alias: 'travel' }), failure('CONFLICT', /alias/))
  assert.deepEqual(await skillset.delete(id), { id })
  await assert.rejects(skillset.fetch(id), failure('NOT_FOUND'))
})

test('abilities belong to their skillset, and have old and new names', async () => {
  const { id } = await skillset.create({})
  const { id: other } = await skillset.create({})
  const key = await secret.create({ name: 'KEY', value: 'hidden' })
  const { ability } = skillset
  const made = await ability.create(id, { name: 'Weather', description: 'the weather', instruction: 'Say it.', secretId: key.id })
  assertShape(made, { id: 'id' })
  const whole = {
    id: made.id, name: 'Weather', description: 'the weather', instruction: 'Say it.', secretId: key.id, linkedSecretId: key.id, ...times,
  }
  assertShape(await ability.fetch(id, made.id), whole)
  const empty = await ability.create(id, {})
  assertShape(await ability.fetch(id, empty.id), { id: empty.id, name: '', description: '', instruction: '', ...times })
  assert.deepEqual((await ability.list(id)).items.map((a) => a.id), [made.id, empty.id], 'the oldest first')
  assert.deepEqual((await collect(ability.list(id).stream())).map((l) => l.data.id), [made.id, empty.id])
  const exported = await request(`/api/v1/skillset/${id}/ability/export`, { headers: { accept: 'application/jsonl' } })
  assert.equal(exported.status, 200)
  assert.ok(exported.text.includes(made.id) && exported.text.includes(empty.id))

  assert.deepEqual(await ability.update(id, made.id, { linkedSecretId: null, instruction: 'Say it again.' }), { id: made.id })
  const { secretId, linkedSecretId, ...rest } = whole
  assertShape(await ability.fetch(id, made.id), { ...rest, instruction: 'Say it again.' })
  await assert.rejects(ability.create(id, { secretId: 'nowhere' }), failure('NOT_FOUND', /secretId/))
  await assert.rejects(ability.create('nowhere', {}), failure('NOT_FOUND'))
  await assert.rejects(ability.fetch(other, made.id), failure('NOT_FOUND'), 'in its own skillset only')
  assert.deepEqual(await ability.delete(id, empty.id), { id: empty.id })
  await skillset.delete(id)
  await assert.rejects(ability.fetch(id, made.id), failure('NOT_FOUND'))
})

test('a secret never shows its value', async () => {
  const value = 'top-secret-value-0123456789'
  const { id } = await secret.create({ name: 'KEY', kind: 'personal', type: 'bearer', config: { header: 'x-key' }, value })
  assertShape(await secret.fetch(id), { id, name: 'KEY', kind: 'personal', type: 'bearer', config: { header: 'x-key' }, visibility: 'private', ...times })
  const answers = [await secret.list(), await collect(secret.list().stream()), await secret.verify(id), await secret.update(id, { name: 'K', value })]
  assert.ok(!JSON.stringify(answers).includes(value))
  assert.deepEqual(await secret.verify(id), { id, status: 'authenticated' })
  assertShape(await secret.authenticate(id), { id, url: 'string' })
  assert.deepEqual(await secret.revoke(id), { id })
  assert.deepEqual(await secret.verify(id), { id, status: 'unauthenticated' })
  for (const [field, wrong] of [['kind', 'x'], ['type', 'x'], ['config', []], ['value', 7]]) {
    await assert.rejects(secret.create({ [field]: wrong }), failure('BAD_REQUEST', new RegExp(field)))
  }
  assert.deepEqual(await secret.delete(id), { id })
  await assert.rejects(secret.fetch(id), failure('NOT_FOUND'))
})
