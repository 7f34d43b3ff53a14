// The package @uipath/uipath-typescript reports its use to its vendor by itself.
// Nothing of a test leaves this machine: whoever imports this module, or is run
// with it (node --import), asks no other.

const ask = globalThis.fetch

/** The hosts that were not asked. */
export const strays = new Set()

globalThis.fetch = (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : input)
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') {
    strays.add(hostname)
    return Promise.resolve(new Response('{}'))
  }
  return ask(input, init)
}
