// What the scripts of this folder share: the client, the checks of shapes, a
// proxy that cuts connections, and the test's hand on the server's process.

import assert from 'node:assert/strict'
import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

import { ChatBotKit } from '@chatbotkit/sdk/index.js'

export const url = process.env.PARLEY_URL
export const secret = process.env.PARLEY_SECRET

/** The real client, at the server under test unless the options say otherwise. */
export function connect(options = {}) {
  return new ChatBotKit({ secret, baseUrl: url, ...options })
}

/** Every line of a stream. */
export async function collect(stream) {
  const lines = []
  for await (const line of stream) {
    lines.push(line)
  }
  return lines
}

/** Plain HTTP: what the package has no method for, and statuses, which it hides. */
export async function request(path, { method = 'GET', body, headers = {}, token = secret } = {}) {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  const isJSON = response.headers.get('content-type')?.split(';')[0] === 'application/json'
  return { status: response.status, headers: response.headers, text, json: isJSON ? JSON.parse(text) : undefined }
}

/** The lines of a JSONL body. */
export function parseLines(text) {
  return text.split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line))
}

const kinds = {
  id: (v) => typeof v === 'string' && /^[A-Za-z0-9_-]+$/.test(v),
  ms: (v) => Number.isSafeInteger(v) && v > 1.6e12 && v < 4e12,
  int: (v) => Number.isSafeInteger(v) && v >= 0,
  string: (v) => typeof v === 'string',
  boolean: (v) => typeof v === 'boolean',
  object: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
  array: Array.isArray,
}

/**
 * Checks that an object has exactly the fields of a shape: a field's value in
 * the shape is the name of a kind, or the value that it must have. A name that
 * ends with ? may be missing, and nothing else may be there.
 */
export function assertShape(value, shape, path = 'value') {
  assert.ok(kinds.object(value), `${path} is no object: ${JSON.stringify(value)}`)
  const known = new Map(Object.entries(shape).map(([key, kind]) => [key.replace(/\?$/, ''), [kind, key.endsWith('?')]]))
  for (const key of Object.keys(value)) {
    assert.ok(known.has(key), `${path} has an unexpected field ${key}: ${JSON.stringify(value)}`)
  }
  for (const [key, [kind, optional]] of known) {
    if (!(key in value)) {
      assert.ok(optional, `${path} lacks ${key}: ${JSON.stringify(value)}`)
    } else if (typeof kind === 'string' && kind in kinds) {
      assert.ok(kinds[kind](value[key]), `${path}.${key} is no ${kind}: ${JSON.stringify(value[key])}`)
    } else {
      assert.deepEqual(value[key], kind, `${path}.${key}`)
    }
  }
}

/** What a rejected call of the client must look like: its status is lost, its code is not. */
export function failure(code, message = /./) {
  return (error) => {
    assert.equal(error.name, 'FetchError', error.stack)
    assert.equal(error.code, code, `${error.code}: ${error.message}`)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /There was a generic error/)
    return true
  }
}

/** The concatenation of the tokens of a stream. */
export function tokens(lines) {
  return lines.filter((l) => l.type === 'token').map((l) => l.data.token).join('')
}

/** The lines of a type. */
export function ofType(lines, type) {
  return lines.filter((l) => l.type === type)
}

/** A conversation's stored messages, by type and text. */
export async function history(client, id) {
  const { items } = await client.conversation.message.list(id)
  return items.map(({ type, text }) => [type, text])
}

/** How many requests of the package's a piece of work makes. */
export async function countRequests(work) {
  const real = globalThis.fetch
  let count = 0
  globalThis.fetch = (...args) => {
    count++
    return real(...args)
  }
  try {
    await work()
  } finally {
    globalThis.fetch = real
  }
  return count
}

/** Waits until check gives something, and gives that. what says how it is meanwhile. */
export async function until(what, check) {
  for (let tries = 0; tries < 3000; tries++) {
    const found = await check()
    if (found) {
      return found
    }
    await wait(20)
  }
  assert.fail(`${what} for a minute`)
}

/** Tells the test to do something with the server's process: kill, stop or start. */
export async function control(action) {
  const response = await fetch(new URL(action, process.env.CONTROL_URL), { method: 'POST' })
  assert.equal(response.status, 200, await response.text())
}

/**
 * A TCP proxy before the server. plan is asked for each new connection and says
 * when that is cut: {request: n} when n bytes came from the client, {response:
 * n} when n bytes came from the server, {before: text} when that text came from
 * the server, {swallow: true} when anything did. What came before is passed on.
 * cut() cuts what is open now. A cut is a reset on both sides, as a dying
 * network makes it.
 */
export async function proxy(plan) {
  const target = new URL(url)
  const open = new Set()
  let cuts = 0
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname)
    const rule = plan() || {}
    const pair = { cut }
    function cut() {
      if (open.delete(pair)) {
        cuts++
        client.resetAndDestroy()
        upstream.resetAndDestroy()
      }
    }
    function flow(from, to, limit) {
      let passed = ''
      let ended = false
      from.on('data', (chunk) => {
        if (ended) {
          return
        }
        const whole = passed + chunk.toString('latin1')
        const end = limit(whole)
        ended = end <= whole.length
        const piece = chunk.subarray(0, Math.max(0, end - passed.length))
        passed = whole
        // What may pass is to be on its way before the reset overtakes it.
        to.write(piece, () => ended && setTimeout(cut, 20))
      })
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => open.delete(pair) && to.destroy())
    }
    flow(client, upstream, () => rule.request ?? Infinity)
    flow(upstream, client, (text) => {
      if (rule.before !== undefined) {
        const at = text.indexOf(rule.before)
        return at < 0 ? Infinity : at
      }
      return rule.swallow ? 0 : (rule.response ?? Infinity)
    })
    open.add(pair)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cuts: () => cuts,
    cut: () => [...open].forEach((pair) => pair.cut()),
    close: () => {
      ;[...open].forEach((pair) => pair.cut())
      server.close()
    },
  }
}
