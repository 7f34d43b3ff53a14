// The published package in a browser: signing in, and a conversation. It is run
// by browser_test.go, which says where the browser is.

import assert from 'node:assert/strict'
import fs from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { after, afterEach, before, test } from 'node:test'

import esbuild from 'esbuild'
import puppeteer from 'puppeteer-core'

import * as fake from './fake.mjs'
import { control, url } from './lib.mjs'

const address = process.env.PAGE_ADDRESS
const origin = `http://${address}`
let browser
let pages
let opened = []

before(async () => {
  const { outputFiles } = await esbuild.build({ entryPoints: ['page.mjs'], bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'error' })
  const [script] = outputFiles
  const settings = JSON.stringify({ baseUrl: url, clientId: 'web', agentId: 101, folderId: 1 })
  pages = http.createServer(async (request, response) => {
    if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript')
      response.end(`window.settings = ${settings};\n${script.text}`)
    } else {
      response.setHeader('content-type', 'text/html')
      response.end(await fs.readFile('page.html'))
    }
  })
  const [host, port] = address.split(':')
  await new Promise((resolve) => pages.listen(Number(port), host, resolve))
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    headless: true,
    // No sandbox: tests run as root in containers. Nothing but this machine is
    // reached: the package reports its use to its vendor by itself.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  })
})

after(async () => {
  await browser?.close()
  pages?.closeAllConnections()
  pages?.close()
})

afterEach(async () => {
  for (const context of opened) {
    await context.close()
  }
  opened = []
})

/** A page of a browser that knows nothing of earlier ones. */
async function fresh() {
  const context = await browser.createBrowserContext()
  opened.push(context)
  return context.newPage()
}

/** Keeps what a page looks like, where somebody wants it. */
async function screenshot(page, name) {
  const folder = process.env.PARLEY_TEST_SCREENSHOTS
  if (folder) {
    await fs.mkdir(folder, { recursive: true })
    await page.screenshot({ path: path.join(folder, `${name}.png`) })
  }
}

async function signIn(page, name, password) {
  await page.waitForSelector('#name')
  for (const [field, value] of [['#name', name], ['#password', password]]) {
    await page.$eval(field, (input) => {
      input.value = '' // a second try finds the name there
    })
    await page.type(field, value)
  }
  await Promise.all([page.waitForNavigation(), page.click('button:not([name=cancel])')])
}

const state = (page, wanted) => page.waitForFunction((text) => document.getElementById('state')?.textContent === text, {}, wanted)

/** Opens the page, signs in, and waits for the session. */
async function open(name = 'ann') {
  const page = await fresh()
  await page.goto(`${origin}/`)
  await signIn(page, name, 'correct horse')
  await state(page, 'ready')
  return page
}

async function send(page, text) {
  await page.$eval('#text', (input) => {
    input.value = ''
  })
  await page.type('#text', text)
  await page.click('#send')
}

const texts = (page) => page.$$eval('#messages > *', (nodes) => nodes.map((n) => [n.className, n.textContent]))

test('a user signs in and talks', async () => {
  const page = await fresh()
  await page.goto(`${origin}/`)
  await page.waitForSelector('#name')
  assert.ok(page.url().startsWith(`${url}/`), page.url())
  await screenshot(page, 'sign-in')
  await signIn(page, 'ann', 'correct horse')
  await state(page, 'ready')
  assert.ok(!page.url().includes('code='), 'the code is gone from the address')
  await send(page, 'Hello from a browser!')
  await page.waitForFunction((text) => document.querySelector('.assistant')?.textContent === text, {}, fake.echo('Hello from a browser!'))
  await state(page, 'ready')
  assert.deepEqual(await texts(page), [['user', 'Hello from a browser!'], ['assistant', fake.echo('Hello from a browser!')]])
  await screenshot(page, 'conversation')
})

test('a wrong password is asked for again', async () => {
  const page = await fresh()
  await page.goto(`${origin}/`)
  await signIn(page, 'eve', 'wrong')
  assert.ok(await page.$('#password'), 'the form is there again')
  await screenshot(page, 'wrong-password')
  await signIn(page, 'ann', 'correct horse')
  await state(page, 'ready')
})

test('an answer is stopped', async () => {
  const page = await open('ben')
  await send(page, fake.slow(1000, 20))
  await page.waitForFunction(() => document.querySelector('.assistant')?.textContent.length > 20)
  await page.click('#stop')
  await state(page, 'ready')
  await send(page, 'And on')
  await page.waitForFunction((text) => [...document.querySelectorAll('.assistant')].at(-1).textContent === text, {}, fake.echo('And on'))
})

test('two pages of one conversation show the same, also over a restart of the server', async () => {
  const one = await open('cleo')
  const id = await one.evaluate(() => window.conversation.id)
  const two = await fresh()
  await two.goto(`${origin}/`)
  await signIn(two, 'cleo', 'correct horse')
  await state(two, 'ready')
  await two.goto(`${origin}/#conversation=${id}`)
  await two.reload()
  await state(two, 'ready')
  await send(one, fake.slow(80, 25))
  for (const page of [one, two]) {
    await page.waitForFunction(() => document.querySelector('.assistant')?.textContent.length > 20)
  }
  await control('stop')
  await control('start')
  for (const page of [one, two]) {
    await page.waitForFunction((text) => document.querySelector('.assistant')?.textContent === text, { timeout: 60_000 }, fake.slowText(80))
    await state(page, 'ready')
  }
  assert.deepEqual(await texts(two), await texts(one))
  await screenshot(two, 'second-page')
})
