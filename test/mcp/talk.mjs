import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const client = new Client({ name: 'my-app', version: '1.0.0' })

await client.connect(
  new StreamableHTTPClientTransport(new URL('http://127.0.0.1:8787/mcp'), {
    requestInit: { headers: { Authorization: `Bearer ${process.env.PARLEY_SECRET}` } },
  })
)

const { content } = await client.callTool({
  name: 'send_message',
  arguments: { agent: 'support', text: process.argv[2] ?? 'What is on the menu?' },
})

console.log(content[0].text)

await client.close()
