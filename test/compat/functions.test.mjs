// Functions: what the model calls in a turn, whose result comes with the
// function, or from the caller who goes on with it.

import assert from 'node:assert/strict'
import test from 'node:test'

import * as fake from './fake.mjs'
import { collect, connect, failure, ofType, request } from './lib.mjs'
import { activity, assertCalls, calls, requested, responded } from './turn.mjs'

const client = connect()
const { conversation } = client

const location = { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] }
const weather = (result) => ({ name: 'get_weather', description: 'The weather of a place', parameters: location, ...(result === undefined ? {} : { result }) })

/** Runs a piece of work with and without a stored conversation. */
async function both(work) {
  await work(null)
  await work((await conversation.create({})).id)
}

test('a result that comes with the function is a result, whatever it is', async () => {
  for (const data of [{ celsius: 21 }, [1, 'two'], 'Ahoj 🌍', null, false, 0, '']) {
    await both(async (id) => {
      const body = { text: 'How is the weather in Paris?', functions: [weather({ data })] }
      await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
      const answer = await conversation.complete(id, body)
      assert.equal(answer.text, `The tool said: ${JSON.stringify(data)}`)
      assert.deepEqual(answer.end, { reason: 'stop' })

      await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
      const lines = await collect(conversation.complete(id, body).stream())
      assertCalls(lines, { stateful: id !== null })
      assert.deepEqual(calls(lines), [['request', 'get_weather', { location: 'Paris' }], ['response', 'get_weather', { location: 'Paris' }, data]])
      assert.equal(ofType(lines, 'usage').length, 2)
      assert.equal(lines.at(-1).data.text, `The tool said: ${JSON.stringify(data)}`)
    })
  }
})

test('a result without data is null', async () => {
  await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  const { text } = await conversation.complete(null, { text: 'Hi', functions: [weather({})] })
  assert.equal(text, 'The tool said: null')
})

test('calls are stored as activities, in their order', async () => {
  const { id } = await conversation.create({})
  await fake.next({ text: 'Let me look.', calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  const lines = await collect(conversation.complete(id, { text: 'Hi', functions: [weather({ data: 21 })] }).stream())
  assertCalls(lines, { stateful: true })
  const { items } = await conversation.message.list(id)
  assert.deepEqual(items.map(({ type, text }) => [type, text]), [
    ['user', 'Hi'],
    ['bot', 'Let me look.'],
    ['activity', ''],
    ['activity', ''],
    ['bot', 'The tool said: 21'],
  ])
  const shown = ofType(lines, 'message').map((l) => l.data)
  assert.deepEqual(items.slice(1).map(({ id, meta }) => [id, meta?.activity]), shown.map(({ id, meta }) => [id, meta?.activity]))
  assert.equal(lines.at(-1).data.id, items[4].id)

  // A later turn replays them to the model.
  const later = `And now? ${Date.now()}`
  await conversation.complete(id, { text: later, functions: [weather({ data: 21 })] })
  const { messages } = await fake.asked(later)
  assert.deepEqual(messages.map((m) => m.role).filter((r) => r !== 'system'), ['user', 'assistant', 'tool', 'assistant', 'user'])
})

test('the log has the lines of the stream', async () => {
  const { id } = await conversation.create({})
  await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  const lines = await collect(conversation.complete(id, { text: 'Hi', functions: [weather({ data: 21 })] }).stream())
  const { json } = await request(`/v1/conversation/${id}/events`)
  const own = json.items.filter((l) => l.type !== 'turnBegin' && l.data.type !== 'user')
  const plain = (list) => list.map(({ type, data, seq }) => ({ type, data, seq })).filter((l) => l.type !== 'token')
  assert.deepEqual(plain(own), plain(lines))
})

test('a function without a result is left to the caller, without a conversation', async () => {
  const messages = [{ type: 'user', text: 'How is the weather in Paris?' }]
  await fake.next({ text: 'I ask.', calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  const lines = await collect(conversation.complete(null, { messages, functions: [weather()] }).stream())
  assertCalls(lines, { stateful: false, reason: 'activity' })
  assert.equal(lines.at(-1).data.text, '')
  messages.push(...ofType(lines, 'message').map((l) => l.data))
  const call = messages.at(-1)
  assert.deepEqual(activity(call), ['request', 'get_weather', { location: 'Paris' }])

  const { id: callID, ...known } = call.meta.activity.function
  for (const answered of [{ ...known, id: callID }, known]) {
    const response = { type: 'activity', text: 'any', meta: { activity: { type: 'response', function: { ...answered, result: '{"celsius":21}' } } } }
    const answer = await conversation.complete(null, { messages: [...messages, response], functions: [weather()] })
    assert.equal(answer.text, 'The tool said: {"celsius":21}')
    assert.deepEqual(answer.end, { reason: 'stop' })
  }
})

test('a function without a result is left to the caller, in a conversation', async () => {
  const { id } = await conversation.create({})
  await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  const first = await conversation.complete(id, { text: 'How is the weather in Paris?', functions: [weather()] })
  assert.deepEqual([first.text, first.end], ['', { reason: 'activity' }])
  const [, call] = (await conversation.message.list(id)).items
  assert.equal(first.id, call.id, 'the last message that was stored')
  assert.deepEqual(activity(call), ['request', 'get_weather', { location: 'Paris' }])

  const { function: f } = call.meta.activity
  await conversation.message.create(id, { type: 'activity', text: '', meta: { activity: { type: 'response', function: { ...f, result: '21' } } } })
  const lines = await collect(conversation.complete(id, { functions: [weather()] }).stream())
  assertCalls(lines, { stateful: true })
  assert.equal(lines.at(-1).data.text, 'The tool said: 21')
  assert.deepEqual((await conversation.message.list(id)).items.map((m) => m.type), ['user', 'activity', 'activity', 'bot'])
})

test('a request that nobody answered does not break the next turn', async () => {
  const { id } = await conversation.create({})
  await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  await conversation.complete(id, { text: 'Hi', functions: [weather()] })
  const { text, end } = await conversation.complete(id, { text: 'Never mind', functions: [weather()] })
  assert.deepEqual([text, end.reason], [fake.echo('Never mind'), 'stop'])
})

test('calls of one answer all run, and those without a result come last', async () => {
  await both(async (id) => {
    const functions = [weather({ data: 21 }), { name: 'ask_user', description: 'Asks' }, { name: 'get_time', description: 'The time', result: { data: '10:30' } }]
    await fake.next({
      calls: [
        { name: 'ask_user', arguments: {} },
        { name: 'get_weather', arguments: { location: 'Paris' } },
        { name: 'get_time', arguments: {} },
      ],
    })
    const lines = await collect(conversation.complete(id, { text: 'Hi', functions }).stream())
    assertCalls(lines, { stateful: id !== null, reason: 'activity' })
    assert.deepEqual(requested(lines).sort(), ['ask_user', 'get_time', 'get_weather'])
    assert.deepEqual(responded(lines).sort(), ['get_time', 'get_weather'])
    assert.deepEqual(activity(ofType(lines, 'message').at(-1).data).slice(0, 2), ['request', 'ask_user'])
  })
})

test('call.start and call.end force a call', async () => {
  await both(async (id) => {
    const text = `Start ${Date.now()} ${id}`
    await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
    const lines = await collect(conversation.complete(id, { text, functions: [{ ...weather({ data: 21 }), call: { start: true } }] }).stream())
    assertCalls(lines, { stateful: id !== null })
    assert.deepEqual((await fake.asked(text)).tool_choice, { type: 'function', function: { name: 'get_weather' } })
    assert.deepEqual(responded(lines), ['get_weather'])
  })
  await both(async (id) => {
    const functions = [{ ...weather({ data: 21 }), call: { end: true } }]
    await fake.next({ text: 'Done.' }, { calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
    const lines = await collect(conversation.complete(id, { text: 'Hi', functions }).stream())
    assertCalls(lines, { stateful: id !== null })
    assert.deepEqual(responded(lines), ['get_weather'])
    assert.deepEqual([lines.at(-1).data.text, lines.at(-1).data.end.reason], ['Done.', 'stop'])

    // Called by itself, it ends the run.
    await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
    const { end } = await conversation.complete(id, { text: 'Hi', functions })
    assert.deepEqual(end, { reason: 'activity' })
  })
})

test('limits end a run that would go on', async () => {
  await both(async (id) => {
    const body = { text: 'Hi', functions: [weather({ data: 21 })], limits: { iterations: 1 } }
    await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
    const lines = await collect(conversation.complete(id, body).stream())
    assertCalls(lines, { stateful: id !== null, reason: 'iteration' })
    assert.deepEqual(responded(lines), ['get_weather'])
    assert.equal(lines.at(-1).data.text, '')
    const { end } = await conversation.complete(id, body)
    assert.deepEqual(end, { reason: 'stop' }, 'a plain answer is one iteration')
  })
  for (const limits of [{ iterations: 0 }, { calls: -1 }, { continuations: 1.5 }, { iterations: '1' }, []]) {
    await assert.rejects(conversation.complete(null, { text: 'Hi', limits }), failure('BAD_REQUEST', /limits/), JSON.stringify(limits))
  }
})

test('a model that calls for ever is ended', async () => {
  const answers = Array.from({ length: 20 }, () => ({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] }))
  await fake.next(...answers)
  const lines = await collect(conversation.complete(null, { text: 'Hi', functions: [weather({ data: 21 })] }).stream())
  assertCalls(lines, { stateful: false, reason: 'iteration' })
  assert.equal(ofType(lines, 'usage').length, 20)
})

test('an answer that was cut is gone on with', async () => {
  await fake.next({ text: 'The first half', stop: 'length' }, { text: ' and the second.' })
  const lines = await collect(conversation.complete(null, { text: 'Hi', limits: { continuations: 1 } }).stream())
  assert.deepEqual(ofType(lines, 'message').map((l) => l.data.text), ['The first half', ' and the second.'])
  assert.deepEqual(lines.at(-1).data.end, { reason: 'stop' })
  await fake.next({ text: 'The first half', stop: 'length' })
  assert.deepEqual((await conversation.complete(null, { text: 'Hi' })).end, { reason: 'length' })
})

test('what the model got wrong is told to the model', async () => {
  for (const [name, args, why] of [
    ['get_weather', {}, /location/],
    ['get_weather', { location: 7 }, /location/],
    ['get_weather', '{"location":', /JSON/],
    ['no_such_tool', { location: 'Paris' }, /no_such_tool|unknown|no tool|not/i],
  ]) {
    await fake.next({ calls: [{ name, arguments: args }] })
    const lines = await collect(conversation.complete(null, { text: 'Hi', functions: [weather({ data: 21 })] }).stream())
    assertCalls(lines, { stateful: false })
    const [, response] = calls(lines)
    assert.deepEqual(response.slice(0, 2), ['response', name])
    assert.match(response[3].error, why)
    assert.equal(lines.at(-1).data.end.reason, 'stop')
  }
})

test('a trigger forces its function, and a request is that very call', async () => {
  const text = `Trigger ${Date.now()}`
  const functions = [weather({ data: 21 }), { name: 'get_time', description: 'The time', result: { data: '10:30' } }]
  await fake.next({ calls: [{ name: 'get_time', arguments: {} }] })
  const trigger = { type: 'activity', text: '', meta: { activity: { type: 'trigger', function: { name: 'get_time' } } } }
  const answer = await conversation.complete(null, { messages: [{ type: 'user', text }, trigger], functions })
  assert.equal(answer.text, 'The tool said: "10:30"')
  assert.deepEqual((await fake.asked(text)).tool_choice, { type: 'function', function: { name: 'get_time' } })

  const call = { type: 'activity', text: '', meta: { activity: { type: 'request', function: { name: 'get_weather', arguments: { location: 'Rome' } } } } }
  const lines = await collect(conversation.complete(null, { messages: [{ type: 'user', text: 'Hi' }, call], functions }).stream())
  assert.deepEqual(calls(lines), [['request', 'get_weather', { location: 'Rome' }], ['response', 'get_weather', { location: 'Rome' }, 21]])
  assert.equal(lines.at(-1).data.text, 'The tool said: 21')

  const { id } = await conversation.create({})
  await conversation.send(id, { text: 'Hi' })
  await conversation.message.create(id, call)
  const stored = await collect(conversation.complete(id, { functions }).stream())
  assert.equal(stored.at(-1).data.text, 'The tool said: 21')
})

test('receive takes functions too', async () => {
  const { id } = await conversation.create({})
  await conversation.send(id, { text: 'How is the weather?', functions: [weather({ data: 7 })] })
  await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
  const lines = await collect(conversation.receive(id, { functions: [weather({ data: 21 })] }).stream())
  assertCalls(lines, { stateful: true })
  assert.equal(lines.at(-1).data.text, 'The tool said: 21')
})

test('a bad definition is named, and changes nothing', async () => {
  const { id } = await conversation.create({})
  let deep = { type: 'string' }
  for (let i = 0; i < 100; i++) {
    deep = { type: 'object', properties: { a: deep } }
  }
  for (const [functions, named] of [
    [[{ description: 'd' }], /name/],
    [[{ name: '9lives' }], /name/],
    [[{ name: 'with-dash' }], /name/],
    [[{ name: 'x'.repeat(65) }], /name/],
    [[weather({ data: 1 }), weather({ data: 2 })], /get_weather/],
    [[{ name: 'f', parameters: [] }], /parameters/],
    [[{ name: 'f', parameters: deep }], /f/],
    [[{ name: 'f', parameters: { description: 'x'.repeat(256 * 1024) } }], /f/],
    [[weather({ channel: 'too-short' })], /channel/],
    [[weather({ channel: 'with a blank in it' })], /channel/],
    [[weather(7)], /result/],
    [[{ ...weather({ data: 1 }), call: { start: 1 } }], /call.start/],
  ]) {
    for (const target of [id, null]) {
      await assert.rejects(conversation.complete(target, { text: 'Hi', functions }), failure('BAD_REQUEST', named), JSON.stringify(functions).slice(0, 200))
    }
  }
  assert.deepEqual((await conversation.message.list(id)).items, [])
})

test('a schema that cannot be compiled is not checked', async () => {
  for (const parameters of [
    { type: 'object', properties: { location: { $ref: '#/properties/location' } } },
    { type: 'object', properties: { location: { type: 'no such type' } } },
    { type: 'object', properties: { location: { type: 'string', nullable: true, exclusiveMinimum: true } } },
  ]) {
    await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
    const { text } = await conversation.complete(null, { text: 'Hi', functions: [{ name: 'get_weather', parameters, result: { data: 21 } }] })
    assert.equal(text, 'The tool said: 21')
  }
})

test('extensions add to a turn and are stored nowhere', async () => {
  const { id } = await conversation.create({ backstory: 'You are kind.' })
  const text = `Extended ${Date.now()}`
  const skills = [{ name: 'Tea', description: 'How to make tea', path: '/skills/tea/SKILL.md' }]
  await conversation.complete(id, { text, extensions: { backstory: 'You are brief.', features: [{ name: 'skills', options: { skills } }, { name: 'unheard-of' }] } })
  const said = JSON.stringify((await fake.asked(text)).messages[0])
  for (const part of ['You are kind.', 'You are brief.', 'How to make tea', '/skills/tea/SKILL.md']) {
    assert.ok(said.includes(part), `${part}: ${said}`)
  }
  assert.ok(said.indexOf('kind') < said.indexOf('brief'))
  assert.equal((await conversation.fetch(id)).backstory, 'You are kind.')
  const again = `Not extended ${Date.now()}`
  await conversation.complete(id, { text: again })
  assert.ok(!JSON.stringify((await fake.asked(again)).messages).includes('brief'))
  for (const [extensions, named] of [
    [{ datasets: [{ records: [{ text: 7 }] }] }, /text/],
    [{ features: [{ name: 'skills', options: { skills: [{ name: 7 }] } }] }, /skills/],
    [{ skillsets: [{ abilities: [{ instruction: 7 }] }] }, /instruction/],
  ]) {
    await assert.rejects(conversation.complete(id, { text, extensions }), failure('BAD_REQUEST', named))
  }
})

test('a result that comes on a channel', async () => {
  for (const [message, result] of [
    [{ celsius: 21 }, { celsius: 21 }],
    [{ data: null }, null],
    [{ data: [1] }, [1]],
    [{ data: 1, more: 2 }, { data: 1, more: 2 }],
    [{ error: 'The sea is too loud.' }, { error: 'The sea is too loud.' }],
  ]) {
    await both(async (id) => {
      const channel = `weather-${crypto.randomUUID()}`
      await client.channel.publish(channel, { message: { early: 'does not count' } })
      await fake.next({ calls: [{ name: 'get_weather', arguments: { location: 'Paris' } }] })
      const lines = []
      for await (const line of conversation.complete(id, { text: 'Hi', functions: [weather({ channel })] }).stream()) {
        lines.push(line)
        if (line.type === 'waitForChannelMessageBegin') {
          assert.deepEqual(line.data, { channel, function: { name: 'get_weather', args: { location: 'Paris' } } })
          await client.channel.publish(channel, { message })
        }
      }
      assertCalls(lines, { stateful: id !== null })
      assert.deepEqual(calls(lines)[1], ['response', 'get_weather', { location: 'Paris' }, result])
      const [ended] = ofType(lines, 'waitForChannelMessageEnd')
      assert.deepEqual(ended.data, { channel, function: { name: 'get_weather', args: { location: 'Paris' } } })
      assert.equal(lines.indexOf(ended) + 1, lines.findIndex((l) => l.data.meta?.activity?.type === 'response'))
      assert.equal(lines.at(-1).data.end.reason, 'stop')
    })
  }
})

test('each message on a channel answers the oldest wait', async () => {
  const channel = `weather-${crypto.randomUUID()}`
  await fake.next({
    calls: [
      { name: 'get_weather', arguments: { location: 'Paris' } },
      { name: 'get_weather', arguments: { location: 'Rome' } },
    ],
  })
  const { id } = await conversation.create({})
  const waits = []
  const lines = []
  for await (const line of conversation.complete(id, { text: 'Hi', functions: [weather({ channel })] }).stream()) {
    lines.push(line)
    if (line.type === 'waitForChannelMessageBegin' && waits.push(line.data.function.args.location) === 2) {
      await client.channel.publish(channel, { message: { data: 'first' } })
      await client.channel.publish(channel, { message: { data: 'second' } })
    }
  }
  assertCalls(lines, { stateful: true })
  const results = Object.fromEntries(calls(lines).filter(([type]) => type === 'response').map(([, , { location }, result]) => [location, result]))
  assert.deepEqual(results, { [waits[0]]: 'first', [waits[1]]: 'second' })
})

test('a history that repeats its activities counts each once', async () => {
  const text = `Twice ${Date.now()}`
  const known = { name: 'get_weather', arguments: { location: 'Paris' }, id: 'call_mine' }
  const say = (type, f) => ({ type: 'activity', text: '', meta: { activity: { type, function: f } } })
  const call = say('request', known)
  const messages = [{ type: 'user', text }, call, call]
  const functions = [weather({ data: 21 })]
  const lines = await collect(conversation.complete(null, { messages, functions }).stream())
  assert.deepEqual(responded(lines), ['get_weather'])
  assert.equal(lines.at(-1).data.text, 'The tool said: 21')

  const response = say('response', { ...known, result: '22' })
  const again = await conversation.complete(null, { messages: [...messages, response, response], functions })
  assert.equal(again.text, 'The tool said: 22')
  const body = await fake.asked(text)
  assert.equal(body.messages.filter((m) => m.role === 'tool').length, 1)

  // React cuts histories: a response without its request stands for both.
  const cut = await conversation.complete(null, { messages: [{ type: 'user', text: 'Hi' }, response], functions })
  assert.equal(cut.text, 'The tool said: 22')
})
