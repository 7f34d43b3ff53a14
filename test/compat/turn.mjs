// What every turn's answer must look like, as a stream and as JSON.

import assert from 'node:assert/strict'

import { assertShape, ofType, tokens } from './lib.mjs'

const usage = {
  token: 'int',
  'input?': 'int',
  'cached?': 'int',
  'reasoning?': 'int',
  'output?': 'int',
  'source?': 'string',
}

const usageLine = {
  model: 'string',
  inputTokensUsed: 'int',
  outputTokensUsed: 'int',
  'cachedTokensUsed?': 'int',
  'reasoningTokensUsed?': 'int',
  'source?': 'string',
}

/** Checks the JSON answer of a turn that went well. */
export function assertAnswer(answer, { stateful, text }) {
  assertShape(answer, {
    ...(stateful ? { id: 'id' } : {}),
    text: 'string',
    usage: 'object',
    end: { reason: 'stop' },
  })
  assertShape(answer.usage, usage, 'usage')
  assert.ok(answer.usage.token > 0, 'a model was asked, so tokens were used')
  if (answer.usage.source !== undefined) {
    assert.match(answer.usage.source, /^(reported|estimated)$/)
  }
  if (text !== undefined) {
    assert.equal(answer.text, text)
  }
}

/** Checks every line of a turn's stream, their order, and what must not be there. */
export function assertTurn(lines, { stateful, text, reason = 'stop' }) {
  lines.forEach((line) => assertLine(line, stateful))
  const types = lines.map((l) => l.type).join(' ')
  const closing = { stop: '', length: '', abort: '(abort )', error: '(error )' }[reason]
  assert.match(
    types,
    new RegExp(`^completeBegin ((reasoningToken )+message )?((token )+message )?(usage )?${closing}completeEnd result$`),
  )
  const result = lines.at(-1).data
  const bots = ofType(lines, 'message').filter((l) => l.data.type === 'bot')
  assert.deepEqual(result.end, { reason })
  assert.equal(tokens(lines), bots.map((l) => l.data.text).join(''))
  if (reason === 'stop') {
    assert.ok(types.includes('token') && types.includes('usage'), types)
    assert.equal(bots.length, 1)
    assert.equal(result.text, bots[0].data.text)
    assertAnswer(result, { stateful, text })
    if (stateful) {
      assert.equal(result.id, bots[0].data.id)
    }
  }
  assertNumbers(lines, stateful)
}

function assertLine(line, stateful) {
  assertShape(line, { type: 'string', data: 'object', ...(stateful ? { 'seq?': 'int' } : {}) }, 'line')
  const shapes = {
    completeBegin: {},
    completeEnd: {},
    token: { token: 'string' },
    reasoningToken: { token: 'string' },
    message: { ...(stateful ? { id: 'id' } : {}), type: 'string', text: 'string', 'meta?': 'object' },
    waitForChannelMessageBegin: { channel: 'string', function: 'object' },
    waitForChannelMessageEnd: { channel: 'string', function: 'object' },
    usage: usageLine,
    abort: { reason: 'string' },
    error: { message: 'string', code: 'string' },
  }
  if (line.type !== 'result') {
    assert.ok(line.type in shapes, `an unexpected line: ${JSON.stringify(line)}`)
    assertShape(line.data, shapes[line.type], line.type)
  }
  if (line.type === 'message') {
    assert.match(line.data.type, /^(bot|reasoning|activity)$/, 'the user\'s own message is never sent')
  }
  if (line.type.startsWith('waitForChannel')) {
    assertShape(line.data.function, { name: 'string', args: 'object' }, 'function')
  }
  if (line.data.type === 'activity') {
    const { activity } = line.data.meta
    assert.equal(line.data.text, '')
    assertShape(activity, { type: 'string', function: 'object' }, 'activity')
    assertShape(activity.function, {
      name: 'string',
      arguments: 'object',
      id: 'string',
      ...(activity.type === 'response' ? { result: 'string' } : { 'signature?': 'string' }),
    }, 'function')
  }
}

/** What an activity says: its type, name, arguments and, of a response, its result. */
export function activity({ meta }) {
  const { type, function: f } = meta.activity
  return [type, f.name, f.arguments, ...('result' in f ? [JSON.parse(f.result)] : [])]
}

const activities = (lines) => ofType(lines, 'message').filter((l) => l.data.type === 'activity').map((l) => l.data)

/** What the activities of a turn say, in their order. */
export const calls = (lines) => activities(lines).map(activity)

/** The names of the functions that were called, and of those that were answered. */
export const requested = (lines) => calls(lines).filter(([type]) => type === 'request').map(([, name]) => name)
export const responded = (lines) => calls(lines).filter(([type]) => type === 'response').map(([, name]) => name)

// What a line is, for the order of lines.
const word = ({ type, data }) =>
  ({
    message: data.type === 'activity' ? data.meta?.activity.type : data.type,
    waitForChannelMessageBegin: 'wait',
    waitForChannelMessageEnd: 'waited',
  })[type] ?? type

/**
 * Checks the stream of a turn with calls: every line, the order of each
 * iteration, and that of each call.
 */
export function assertCalls(lines, { stateful, reason = 'stop' }) {
  lines.forEach((line) => assertLine(line, stateful))
  const words = lines.map(word).join(' ')
  const closing = { abort: 'abort ', error: 'error ' }[reason] ?? ''
  assert.match(
    words,
    new RegExp(`^completeBegin (((reasoningToken )+reasoning )?((token )+bot )?((request|wait|waited|response) )*usage )+${closing}completeEnd result$`),
  )
  assert.deepEqual(lines.at(-1).data.end, { reason })
  const seen = {}
  for (const { data } of ofType(lines, 'message')) {
    if (data.type === 'activity') {
      const { type, function: f } = data.meta.activity
      seen[f.id] = [...(seen[f.id] ?? []), type]
    }
  }
  const open = Object.values(seen).filter((types) => types.join(' ') !== 'request response')
  assert.ok(open.every((types) => types.join(' ') === 'request'), JSON.stringify(seen))
  assert.equal(open.length > 0, reason === 'activity', 'a request without a response is left to the caller')
  let said = ''
  for (const { type, data } of lines) {
    if (type === 'token') {
      said += data.token
    } else if (type === 'message' && data.type === 'bot') {
      assert.equal(data.text, said, 'a bot message is its tokens')
      said = ''
    }
  }
  assertNumbers(lines, stateful)
}

// Where one event of the log makes several lines, only the last has its number.
function assertNumbers(lines, stateful) {
  const numbers = lines.filter((l) => 'seq' in l).map((l) => l.seq)
  if (!stateful) {
    assert.deepEqual(numbers, [])
    return
  }
  numbers.forEach((seq, i) => assert.ok(i === 0 || seq > numbers[i - 1], `numbers rise: ${numbers}`))
  lines.forEach((l) => assert.equal('seq' in l, !['completeEnd', 'abort', 'error', 'waitForChannelMessageEnd'].includes(l.type), JSON.stringify(l)))
}
