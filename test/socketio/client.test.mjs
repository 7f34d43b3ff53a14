// The published client against internal/socketio, by the server of setup_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";

const url = process.env.SOCKETIO_URL;

// next waits for an event of an emitter of the client's, whose own error events
// are no errors here.
function next(emitter, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 20_000);
    emitter.once(name, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

function connect(t, auth = {}, query = {}) {
  const socket = io(url, {
    transports: ["websocket"], forceNew: true, auth, query, reconnectionDelay: 10, reconnectionDelayMax: 50,
  });
  t.after(() => socket.disconnect());
  return socket;
}

test("it connects with its query, and is greeted", async (t) => {
  const socket = connect(t, { token: "good" }, { who: "ann" });
  const greeting = next(socket, "hello");
  await next(socket, "connect");
  assert.equal(socket.id, "sid-new");
  assert.deepEqual(await greeting, ["ann"]);
});

test("events go both ways, with any text", async (t) => {
  const socket = connect(t);
  for (const value of ["ü 🗼 \u2028 \\ \"", "", { a: [1, null, { b: true }] }, "x".repeat(1_000_000)]) {
    socket.emit("echo", value);
    assert.deepEqual(await next(socket, "echo"), [value]);
  }
});

test("an acknowledgement brings what was sent", async (t) => {
  const socket = connect(t).timeout(20_000);
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => socket.emitWithAck("echo", { n }))), [{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test("many events come in order", async (t) => {
  const socket = connect(t);
  const seen = [];
  const done = new Promise((resolve) => socket.on("flood", (n) => seen.push(n) === 10_000 && resolve()));
  socket.emit("flood");
  await done;
  assert.deepEqual(seen, Array.from({ length: 10_000 }, (_, n) => n));
});

test("a refusal is told, and final", async (t) => {
  const socket = connect(t, { token: "bad" });
  const [error] = await next(socket, "connect_error");
  assert.equal(error.message, "the token is not valid");
  assert.deepEqual(error.data, { status: 401, errorCode: 4011 });
  assert.equal(socket.active, false);
});

test("an unknown namespace is refused", async (t) => {
  const socket = io(`${url}/nowhere`, { transports: ["websocket"], forceNew: true });
  t.after(() => socket.disconnect());
  const [error] = await next(socket, "connect_error");
  assert.equal(error.message, "Invalid namespace");
});

test("whoever is turned away for now comes back", async (t) => {
  for (const [auth, query] of [[{ token: "busy once" }, {}], [{}, { who: "late" }]]) {
    const socket = connect(t, auth, query);
    const tries = next(socket.io, "reconnect_attempt");
    await next(socket, "connect");
    await tries;
  }
});

test("a closed transport is made again, and the session recovered", async (t) => {
  const socket = connect(t);
  socket.emit("offset", "o-7");
  assert.deepEqual(await next(socket, "offset"), [1, "o-7"]);
  socket.emit("close");
  const [reason] = await next(socket, "disconnect");
  assert.equal(reason, "transport close");
  await next(socket, "connect");
  assert.equal(socket.id, "sid-o-7"); // it told the id of its session, and its offset
  assert.equal(socket.recovered, true);
});

test("a disconnected socket stays away", async (t) => {
  const socket = connect(t);
  await next(socket, "connect");
  socket.emit("leave");
  const [reason] = await next(socket, "disconnect");
  assert.equal(reason, "io server disconnect");
  assert.equal(socket.active, false);
});

test("a socket stays connected over pings", async (t) => {
  const socket = connect(t);
  for (let pings = 0; pings < 5; pings++) await next(socket.io, "ping");
  assert.equal(socket.connected, true);
});
