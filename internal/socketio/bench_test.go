package socketio_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
	"github.com/parleyhq/parley/test/strict"
)

// chunk is an event of about the size of a token's.
const chunk = `{"conversationId":"0198a7f2-8d6e-7cc3-98c4-dc0c0c07398f","exchange":{"exchangeId":"0198A7F2-8D6E-7CC3-98C4-DC0C0C073990","message":{"messageId":"0198a7f2-8d6e-7cc3-98c4-dc0c0c073991","contentPart":{"contentPartId":"0198a7f2-8d6e-7cc3-98c4-dc0c0c073991","chunk":{"data":" token"}}}}}`

const offset = `"0;1:123456"`

// peersEnv makes of the test binary a process with so many peers of a server:
// their cost must not be taken for its own.
const peersEnv = "PARLEY_SOCKETIO_PEERS"

// peers connects, says that it has, and discards what comes, until its input
// ends.
func peers(address string, count int) error {
	for range count {
		socket, _, err := websocket.DefaultDialer.Dial(address, nil)
		if err != nil {
			return err
		}
		if err := socket.WriteMessage(websocket.TextMessage, []byte("40")); err != nil {
			return err
		}
		go func() {
			for {
				_, r, err := socket.NextReader()
				if err != nil {
					return
				}
				if first, err := io.ReadAll(io.LimitReader(r, 2)); err == nil && string(first) == "2" {
					_ = socket.WriteMessage(websocket.TextMessage, []byte("3"))
				}
			}
		}()
	}
	fmt.Println("connected")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// connected runs a server with so many peers of another process.
func connected(b *testing.B, count int, options socketio.Options) []*socketio.Socket {
	b.Helper()
	o := newOwner()
	o.sockets = make(chan *socketio.Socket, count)
	o.ends = make(chan error, count)
	server := socketio.NewServer(o, options)
	web := httptest.NewServer(server)
	address := "ws" + strings.TrimPrefix(web.URL, "http") + "/?EIO=4&transport=websocket"
	child := exec.CommandContext(b.Context(), os.Args[0])
	child.Env = append(os.Environ(), peersEnv+"="+strconv.Itoa(count)+" "+address)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = child.Wait()
		_ = server.Close(b.Context())
		web.Close()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatal(line, err)
	}
	sockets := make([]*socketio.Socket, count)
	for i := range sockets {
		sockets[i] = <-o.sockets
	}
	return sockets
}

// resident is the memory of this process that is in use, in bytes.
func resident(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		strict.Missing(b, "the memory of a process cannot be read here: "+err.Error())
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	kib, err := strconv.Atoi(strings.Fields(string(rest))[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) * 1024
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkIdle says what an idle connection costs, after it was pinged.
func BenchmarkIdle(b *testing.B) {
	const count = 9500 // each process may usually have some more files
	for b.Loop() {
		runtime.GC()
		before := resident(b)
		connected(b, count, socketio.Options{Options: engineio.Options{PingInterval: 3 * time.Second}})
		<-time.After(7 * time.Second) // two pings
		for range 3 {
			runtime.GC() // halves the stacks
		}
		b.ReportMetric((resident(b)-before)/count/1024, "KiB/connection")
		b.ReportMetric(float64(runtime.NumGoroutine())/count, "goroutines/connection")
	}
}

// BenchmarkFanOut says what an event costs for each of 200 receivers, the
// system's part included.
func BenchmarkFanOut(b *testing.B) {
	sockets := connected(b, 200, socketio.Options{})
	ticker := time.NewTicker(5 * time.Millisecond) // events of one peer should not gather
	defer ticker.Stop()
	began := processorTime()
	b.ResetTimer()
	for b.Loop() {
		<-ticker.C
		f, err := socketio.NewFrame("/", "ConversationEvent", raw(chunk))
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range sockets {
			if err := s.Emit(b.Context(), f, json.RawMessage(offset)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(processorTime()-began)/1e3/float64(b.N*len(sockets)), "µs-cpu/event")
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := socketio.NewFrame("/", "ConversationEvent", raw(chunk)); err != nil {
			b.Fatal(err)
		}
	}
}
