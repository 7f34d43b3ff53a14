// What the scripts that drive the package @uipath/uipath-typescript share: the
// client, waiting for what a session tells, and the raw protocol below it.

import assert from 'node:assert/strict'

import { ConversationalAgent, Exchanges, Messages } from '@uipath/uipath-typescript/conversational-agent'
import { UiPath } from '@uipath/uipath-typescript/core'
import { io } from 'socket.io-client'

import { request, secret, url } from './lib.mjs'
import './offline.mjs'

/** The agents of the server under test, as compat_test.go declares them. */
export const folder = 1
export const agents = { plain: 101, tools: 102 }

/** How long anything may take; only what fails takes it. */
const patience = 20_000

const clients = []

/** The real client, at the server under test unless the options say otherwise. */
export function connect({ baseUrl = url, orgName = 'default', tenantName = 'default', token = secret, ...options } = {}) {
  const sdk = new UiPath({ baseUrl, orgName, tenantName, secret: token })
  const client = new ConversationalAgent(sdk, options)
  clients.push(client)
  return Object.assign(client, { exchanges: new Exchanges(sdk), messages: new Messages(sdk), sdk })
}

/** Ends all connections, so that the process can end. */
export function disconnect() {
  for (const client of clients.splice(0)) {
    // The end of the connection is an error, also of sessions that have ended,
    // and one that nobody handles ends the process.
    client.conversations.events.onUnhandledErrorStart(() => {})
    client.conversations.disconnect()
  }
}

/** A promise and its two ends. It rejects by itself when it takes too long. */
export function later(what = 'it') {
  const out = {}
  const promise = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} does not come`)), patience).unref()
    out.resolve = (value) => {
      clearTimeout(timer)
      resolve(value)
    }
    out.reject = (error) => {
      clearTimeout(timer)
      reject(error)
    }
  })
  promise.catch(() => {}) // whoever awaits it is told
  return Object.assign(promise, out)
}

/** Waits until something is true. */
export async function until(what, condition) {
  const end = Date.now() + patience
  for (;;) {
    const value = await condition()
    if (value) {
      return value
    }
    assert.ok(Date.now() < end, `${what} does not come true`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A conversation with an agent. */
export function converse(client, agent = agents.plain, options = {}) {
  return client.conversations.create(agent, folder, options)
}

/** Starts a session and waits until the server has opened it. */
export async function start(conversation, options) {
  const session = conversation.startSession(options)
  const started = later('sessionStarted')
  session.onSessionStarted(started.resolve)
  session.onErrorStart((e) => started.reject(new Error(`${e.errorId}: ${e.message}`)))
  await started
  return session
}

/**
 * Notes what happens in an exchange: messages, their parts with all chunks,
 * calls and errors, as plain data that tests compare. done is a promise of its
 * end.
 */
export function note(exchange) {
  const notes = { id: exchange.exchangeId, messages: [], errors: [], log: [], done: later(`the end of exchange ${exchange.exchangeId}`) }
  exchange.onErrorStart((e) => {
    notes.errors.push(e)
    notes.log.push(`error ${e.errorId}`)
  })
  exchange.onExchangeEnd((end) => {
    notes.log.push('endExchange')
    notes.done.resolve(end)
  })
  exchange.onMessageStart((m) => notes.messages.push(noteMessage(m, notes.log)))
  return notes
}

function noteMessage(m, log) {
  const message = { id: m.messageId, role: m.role, parts: [], calls: [], interrupts: [], ended: false }
  log.push(`startMessage ${m.role}`)
  m.onContentPartStart((p) => {
    const part = { id: p.contentPartId, mimeType: p.mimeType, chunks: [], start: p.startEvent }
    message.parts.push(part)
    log.push('startContentPart')
    p.onErrorStart((e) => log.push(`part error ${e.errorId}`))
    p.onChunk((c) => {
      part.chunks.push(c.data ?? '')
      log.push(`chunk ${c.data ?? ''}`)
    })
    p.onContentPartEnd((end) => {
      part.end = end
      log.push(end.interrupted ? 'endContentPart interrupted' : 'endContentPart')
    })
    p.onCompleted((whole) => {
      part.text = whole.data
      part.citations = whole.citations
      part.citationErrors = whole.citationErrors
    })
  })
  m.onToolCallStart((c) => {
    const call = { id: c.toolCallId, start: c.startEvent, stream: c }
    message.calls.push(call)
    log.push(`startToolCall ${c.startEvent.toolName}`)
    c.onToolCallConfirm?.((e) => {
      call.confirm = e
      log.push('confirmToolCall')
    })
    c.onToolCallEnd((end) => {
      call.end = end
      log.push('endToolCall')
    })
  })
  m.onInterruptStart((i) => {
    message.interrupts.push(i)
    log.push('startInterrupt')
  })
  m.onInterruptEnd((i) => log.push('endInterrupt'))
  m.onMessageEnd(() => {
    message.ended = true
    log.push('endMessage')
  })
  return message
}

/** The answer's text: that of all parts of the assistant. */
export function answer(notes) {
  return notes.messages.filter((m) => m.role === 'assistant').flatMap((m) => m.parts).map((p) => p.text).join('')
}

/** Says a text and waits for the end of the answer. */
export async function ask(session, text) {
  const exchange = session.startExchange()
  const notes = note(exchange)
  await exchange.sendMessageWithContentPart({ data: text })
  await notes.done
  return notes
}

/** Notes each exchange that others begin. */
export function watch(session) {
  const seen = []
  session.onExchangeStart((x) => seen.push(note(x)))
  return seen
}

/**
 * A socket below the package: for wire features that it does not have, for bad
 * input, and to see exactly what comes. events are all that came.
 */
export async function socket({ token = secret, org = 'default', tenant = 'default', query = {}, path = '/socket.io/', baseUrl = url } = {}) {
  const s = io(baseUrl, {
    path,
    transports: ['websocket'],
    forceNew: true,
    auth: { token },
    query: { 'x-uipath-internal-accountid': org, 'x-uipath-internal-tenantid': tenant, ...query },
  })
  const events = []
  const waiting = new Set()
  s.on('ConversationEvent', (e, offset) => {
    events.push(e)
    s.lastOffset = offset
    for (const look of waiting) {
      look()
    }
  })
  const connected = later('the connection')
  s.on('connect', connected.resolve)
  s.on('connect_error', (e) => s.active || connected.reject(e))
  await connected
  sockets.push(s)
  return Object.assign(s, {
    events,
    send: (event) => s.emit('ConversationEvent', event),
    /** Sends an event and waits for its acknowledgement. */
    sendAcked: (event) => s.timeout(patience).emitWithAck('ConversationEvent', event),
    /** Waits for the first event, from a place on, that is as wanted. */
    async find(wanted, from = 0) {
      const found = later('the event')
      const look = () => {
        const e = events.slice(from).find(wanted)
        if (e) {
          found.resolve(e)
        }
      }
      waiting.add(look)
      look()
      try {
        return await found
      } finally {
        waiting.delete(look)
      }
    },
  })
}

const sockets = []

/** Closes all raw sockets. */
export function close() {
  for (const s of sockets.splice(0)) {
    s.disconnect()
  }
}

/** A request to the REST part, below the package. */
export function rest(path, { org = 'default', tenant = 'default', ...options } = {}) {
  return request(`/${org}/${tenant}/autopilotforeveryone_/api/v1${path}`, options)
}
