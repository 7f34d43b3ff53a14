// The model provider behind the server under test: what its answers are, how
// it is told to misbehave, and what it saw. A text that begins with "fake:" is
// an order to it; the id in it makes each order one of its kind.

import assert from 'node:assert/strict'

let count = 0
const unique = () => `id=${process.pid}-${++count}`

/** Its usual answer. */
export const echo = (text) => `You said: ${text}`

/** Orders: an answer without text, one after some thinking, one that breaks off. */
export const empty = 'fake:empty'
export const reasoning = 'fake:reasoning'
export const cut = 'fake:cut after=3'

/** Orders so many words, one each so many milliseconds; slowText is all of them. */
export const slow = (words, ms) => `fake:slow n=${words} rate=${1000 / ms} ${unique()}`
export const slowText = (words) => Array.from({ length: words }, (_, i) => `word${i + 1} `).join('')

/** Orders a refusal, each time. */
export const failing = (status) => `fake:${status} ${unique()}`

/** Makes it refuse the next request, whatever that is. */
export async function failOnce(status) {
  await ask('POST', `fail?status=${status}`)
}

/**
 * Says how it answers the next requests, one each: with a text or its pieces, calls of
 * functions, and whether the text was cut. Arguments that are a string are sent
 * as they are.
 */
export async function next(...answers) {
  const list = answers.map(({ text, calls = [], stop }) => ({
    text: text === undefined ? null : [text].flat(),
    stop: stop ?? '',
    calls: calls.map((c, i) => ({
      id: `call_${++count}_${i}`,
      name: c.name,
      arguments: typeof c.arguments === 'string' ? c.arguments : JSON.stringify(c.arguments),
    })),
  }))
  const response = await fetch(new URL('next', process.env.CONTROL_URL), { method: 'POST', body: JSON.stringify(list) })
  assert.equal(response.status, 200, await response.text())
}

/** Waits until it was asked with a text, and gives the body of that request. */
export async function asked(text) {
  return (await ask('GET', `asked?text=${encodeURIComponent(text)}`)).body
}

/** How often it was asked with a text. */
export async function times(text) {
  return (await ask('GET', `asked?text=${encodeURIComponent(text)}`)).times
}

/** Waits until a request with a text was cancelled, and gives the time in ms. */
export async function cancelled(text) {
  return (await ask('GET', `cancelled?text=${encodeURIComponent(text)}`)).at
}

/** The bodies of all requests that it and the services beside it got. */
export const sent = () => ask('GET', 'sent')

async function ask(method, path) {
  const response = await fetch(new URL(path, process.env.CONTROL_URL), { method })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text ? JSON.parse(text) : undefined
}
