// A conversation by a client that is made of the document alone: api.ts holds
// what openapi-typescript makes of it. That this compiles is half of the test.
import createClient from 'openapi-fetch'
import type { components, paths } from './api.js'

type Line = components['schemas']['TurnLine']
type ChannelLine = components['schemas']['ChannelLine']

const { PARLEY_URL, PARLEY_SECRET } = process.env
const client = createClient<paths, 'application/json'>({
  baseUrl: `${PARLEY_URL}/v1`,
  headers: { Authorization: `Bearer ${PARLEY_SECRET}` },
})

function same(got: unknown, want: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)]
  if (a !== b) {
    throw new Error(`${what}: got ${a}, want ${b}`)
  }
}

type Failure = components['schemas']['Error']

function must<T>({ data, error }: { data?: T; error?: Failure }): NonNullable<T> {
  if (data === undefined || data === null) {
    throw new Error(`${error?.code}: ${error?.message}`)
  }
  return data
}

// A conversation is created and configured.
const created = must(
  await client.POST('/conversation/create', { body: { name: 'Made by a generated client', meta: { kind: 'test' } } }),
)
const path = { conversationId: created.id }
const conversation = must(await client.GET('/conversation/{conversationId}/fetch', { params: { path } }))
same([conversation.name, conversation.meta], ['Made by a generated client', { kind: 'test' }], 'the conversation')

// It is completed, and the answer awaited.
const result = must(
  await client.POST('/conversation/{conversationId}/complete', { params: { path }, body: { text: 'Hello there' } }),
)
same(result.end.reason, 'stop', 'the end')
if (result.text === '' || result.usage.token <= 0) {
  throw new Error(`an empty answer: ${JSON.stringify(result)}`)
}

// It is completed again, and the answer read as it comes.
const streamed = await client.POST('/conversation/{conversationId}/complete', {
  params: { path, header: { 'Idempotency-Key': 'once' } },
  body: { text: 'And once more' },
  headers: { Accept: 'application/jsonl' },
  parseAs: 'stream',
})
let tokens = ''
let finished: string | undefined
let last: Line | undefined
for await (const line of read(must(streamed))) {
  last = line
  switch (line.type) {
    case 'token':
      tokens += line.data.token
      break
    case 'message':
      finished = line.data.text
      break
    case 'error':
      throw new Error(line.data.message)
    case 'result':
    case 'usage':
    case 'waitForChannelMessageBegin':
    case 'waitForChannelMessageEnd':
    case 'abort':
    case 'reasoningToken':
    case 'completeBegin':
    case 'completeEnd':
      break
    default: {
      const nothing: never = line // every type of line is handled
      throw new Error(`an unknown line: ${JSON.stringify(nothing)}`)
    }
  }
}
same(last?.type, 'result', 'the last line')
same(finished, tokens, 'the message')

// All of it is in the list.
const page = must(
  await client.GET('/conversation/{conversationId}/message/list', { params: { path, query: { take: 10, order: 'asc' } } }),
)
same(
  page.items.map(({ type, text }) => [type, text]),
  [['user', 'Hello there'], ['bot', result.text], ['user', 'And once more'], ['bot', tokens]],
  'the messages',
)

// Conversations are found by their meta.
const other = must(await client.POST('/conversation/create', { body: { meta: { kind: { of: 'nested' } } } }))
for (const [meta, id] of [[{ kind: 'test' }, created.id], [{ 'kind.of': 'nested' }, other.id]] as const) {
  const found = must(await client.GET('/conversation/list', { params: { query: { meta } } }))
  same(found.items.map((item) => item.id), [id], `the conversations with ${JSON.stringify(meta)}`)
}

// A function is called, with a result that came along.
const called = must(
  await client.POST('/conversation/complete', {
    body: {
      messages: [{ type: 'user', text: 'What time is it?' }],
      functions: [{ name: 'get_time', parameters: { type: 'object' }, result: { data: 'half past two' }, call: { start: true } }],
      limits: { iterations: 2 },
    },
  }),
)
same([called.end.reason, called.text.includes('half past two')], ['stop', true], 'the end of a turn with a call')

// A bot has a skillset, whose ability is carried out.
const skillset = must(await client.POST('/skillset/create', { body: { name: 'Manners' } }))
const ability = must(
  await client.POST('/skillset/{skillsetId}/ability/create', {
    params: { path: { skillsetId: skillset.id } },
    body: { name: 'Greet', instruction: 'Hello $[name!|whom to greet]' },
  }),
)
const executed = must(
  await client.POST('/skillset/{skillsetId}/ability/{abilityId}/execute', {
    params: { path: { skillsetId: skillset.id, abilityId: ability.id } },
    body: { input: 'Ann' },
  }),
)
same([executed.result, executed.error, executed.usage.token], ['Hello Ann', undefined, 0], 'what the ability gave')
const bot = must(await client.POST('/bot/create', { body: { skillsetId: skillset.id, visibility: 'protected' } }))
const shown = must(await client.GET('/bot/{botId}/fetch', { params: { path: { botId: bot.id } } }))
same([shown.skillsetId, shown.visibility], [skillset.id, 'protected'], 'the bot')

// A secret has a type, and no value.
const secret = must(await client.POST('/secret/create', { body: { name: 'KEY', type: 'bearer', value: 'hidden' } }))
const kept = must(await client.GET('/secret/{secretId}/fetch', { params: { path: { secretId: secret.id } } }))
// @ts-expect-error nothing shows it
same([kept.type, kept.kind, kept.value], ['bearer', 'shared', undefined], 'the secret')

// A turn is dispatched, and read on its channel.
const { channelId } = must(await client.POST('/conversation/dispatch', { body: { text: 'Hello there' } }))
const channel = await client.POST('/channel/{channelId}/subscribe', { params: { path: { channelId } }, body: {}, parseAs: 'stream' })
let end: unknown
for await (const line of read<ChannelLine>(must(channel))) {
  if (line.type === 'message') {
    end = line.data
  }
}
same((end as Line).type, 'result', 'the last line of a dispatched turn')

// An error has its type, and what cannot be asked does not compile.
const refused = await client.POST('/conversation/{conversationId}/message/create', {
  params: { path },
  // @ts-expect-error there is no such type of message
  body: { type: 'nobody', text: 'x' },
})
same([refused.response.status, refused.error?.code], [400, 'BAD_REQUEST'], 'the error')

// @ts-expect-error there is no such operation
await client.GET('/conversation/fetch')

console.log('a conversation was held')

/** Reads lines, each as the document describes it. */
async function* read<L = Line>(body: ReadableStream<Uint8Array>): AsyncGenerator<L> {
  const decoder = new TextDecoder()
  let rest = ''
  const reader = body.getReader()
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    rest += decoder.decode(chunk.value, { stream: true })
    const whole = rest.split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) {
      yield JSON.parse(line) as L
    }
  }
}
