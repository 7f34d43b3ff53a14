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
    usage: usageLine,
    abort: { reason: 'string' },
    error: { message: 'string', code: 'string' },
  }
  if (line.type !== 'result') {
    assert.ok(line.type in shapes, `an unexpected line: ${JSON.stringify(line)}`)
    assertShape(line.data, shapes[line.type], line.type)
  }
  if (line.type === 'message') {
    assert.match(line.data.type, /^(bot|reasoning)$/, 'the user\'s own message is never sent')
  }
}

// Where one event of the log makes several lines, only the last has its number.
function assertNumbers(lines, stateful) {
  const numbers = lines.filter((l) => 'seq' in l).map((l) => l.seq)
  if (!stateful) {
    assert.deepEqual(numbers, [])
    return
  }
  numbers.forEach((seq, i) => assert.ok(i === 0 || seq > numbers[i - 1], `numbers rise: ${numbers}`))
  lines.forEach((l) => assert.equal('seq' in l, !['completeEnd', 'abort', 'error'].includes(l.type), JSON.stringify(l)))
}
