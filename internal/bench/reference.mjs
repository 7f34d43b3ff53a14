// The reference of the rows about sessions: Node's own socket.io server, which
// emits the events of answers from memory. It is a worker as those in worker.go
// are: a line of JSON asks, a line answers.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false, maxHttpBufferSize: 1e7 });

// A reader joins the rooms of the conversations that it names.
io.on("connection", (socket) => {
  socket.on("ConversationEvent", (event) => {
    socket.join(event.conversationId);
    socket.emit("ConversationEvent", { conversationId: event.conversationId, sessionStarted: { capabilities: {} } });
  });
});

const digits = (n, width) => String(n).padStart(width, "0");

// emit sends an answer to every room, a token of each at a time.
async function emit({ Conversations, Tokens, Pause, Stamp, Exchange }) {
  const send = (id, exchange, seq) =>
    io.to(id).emit("ConversationEvent", { conversationId: id, exchange: { exchangeId: Exchange, ...exchange } }, `1;0:${seq}`);
  const began = performance.now();
  for (let n = 0; n < Tokens; n++) {
    const late = began + (n * Pause) / 1e6 - performance.now();
    if (late > 0) await new Promise((resolve) => setTimeout(resolve, late));
    for (const id of Conversations) {
      let data = ` ${digits(n, 7)}`;
      if (Stamp) data += `@${digits(Math.round((performance.timeOrigin + performance.now()) * 1000), 16)}`;
      send(id, { message: { messageId: Exchange, contentPart: { contentPartId: Exchange, chunk: { data } } } }, n);
    }
  }
  for (const id of Conversations) send(id, { endExchange: { metaData: { reason: "done" } } }, Tokens);
}

const operations = {
  start: () =>
    new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve({ URL: `http://127.0.0.1:${http.address().port}` }))),
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { CPU: (user + system) * 1000, Resident: process.memoryUsage.rss() };
  },
  collect: () => {
    globalThis.gc();
    return process.memoryUsage().heapUsed;
  },
  emit,
};

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { op, in: argument } = JSON.parse(line);
  let answer;
  try {
    answer = { out: (await operations[op](argument)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
});
lines.on("close", () => process.exit(0));
