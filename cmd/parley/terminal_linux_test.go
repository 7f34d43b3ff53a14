package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/parleyhq/parley/test/strict"
)

// screen is a terminal: what is typed is written to it, and what it shows is
// read from out.
type screen struct {
	*os.File
	out *buffer
}

// openScreen makes a terminal, and gives the end that a program has of it. It
// neither echoes nor changes line breaks.
func openScreen(t *testing.T) (screen, *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		strict.Missing(t, "there are no pseudo terminals: "+err.Error())
	}
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number uint32
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	own, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := term.MakeRaw(int(own.Fd())); err != nil {
		t.Fatal(err)
	}
	s := screen{master, newBuffer()}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(s.out, master) // it ends with an error, as terminals do
	}()
	t.Cleanup(func() {
		_ = master.Close() // ends also a read of the other end
		<-read
		_ = own.Close()
	})
	return s, own
}

func (s screen) enter(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(s.File, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// A person sees prompts, is told why a message was refused and may send another
// one, and learns how to go on later. Nothing that comes from far away reaches
// the terminal but text.
func TestAChatAtATerminalGoesOnAfterARefusal(t *testing.T) {
	t.Parallel()
	turns := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/create") {
			_, _ = io.WriteString(w, `{"id":"c9"}`)
			return
		}
		if turns <- struct{}{}; len(turns) == 1 {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"message":"not\u001b[2J today","code":"NOT_AUTHORIZED"}`)
			return
		}
		_, _ = io.WriteString(w, `{"type":"token","data":{"token":"well,\u001b[2J\u0007 hello"}}`+"\n"+
			`{"type":"result","data":{"text":"well","end":{"reason":"stop"}}}`+"\n")
	}))
	t.Cleanup(server.Close)
	screen, own := openScreen(t)
	noise, interrupts := newBuffer(), make(chan os.Signal, 1)
	p := program{in: own, out: own, err: noise, interrupts: interrupts}
	code := make(chan int, 1)
	go func() {
		code <- p.run(context.WithoutCancel(t.Context()), []string{"chat", "--url", server.URL, "--secret", "s"})
	}()

	screen.out.await(t, "> ")
	screen.enter(t, "one")
	noise.await(t, "not[2J today")
	screen.enter(t, "two")
	screen.out.await(t, "> > well,[2J hello\n> ")
	interrupts <- os.Interrupt
	if got := <-code; got != exitFailed { // one message was not answered
		t.Errorf("it ends with %d", got)
	}
	if strings.Contains(screen.out.String(), "\x1b") || strings.Contains(noise.String(), "\x1b") {
		t.Errorf("a control character came through: %q and %q", screen.out, noise)
	}
	for _, want := range []string{"Conversation c9.", "Ctrl-C", "Go on with: parley chat --url " + server.URL + " --conversation c9\n"} {
		if !strings.Contains(noise.String(), want) {
			t.Errorf("%q lacks %q", noise, want)
		}
	}
	if strings.Contains(noise.String(), "--secret") {
		t.Errorf("the secret is shown: %q", noise)
	}
}

// setEcho lets a terminal show what is typed, as a person's does.
func setEcho(t *testing.T, own *os.File) {
	t.Helper()
	settings := termios(t, own)
	settings.Lflag |= unix.ECHO | unix.ICANON | unix.ISIG
	settings.Iflag |= unix.ICRNL
	control(t, own, func(fd int) error { return unix.IoctlSetTermios(fd, unix.TCSETS, settings) })
}

func termios(t *testing.T, own *os.File) (settings *unix.Termios) {
	t.Helper()
	control(t, own, func(fd int) (err error) {
		settings, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	return settings
}

func control(t *testing.T, f *os.File, do func(fd int) error) {
	t.Helper()
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}

func TestAPasswordIsAskedForTwiceAndNotShown(t *testing.T) {
	t.Parallel()
	for second, want := range map[string]int{"correct horse": exitFine, "another horse": exitFailed} {
		screen, own := openScreen(t)
		setEcho(t, own)
		noise, out := newBuffer(), newBuffer()
		p := program{in: own, out: out, err: noise, interrupts: make(chan os.Signal, 1)}
		code := make(chan int, 1)
		go func() { code <- p.run(context.WithoutCancel(t.Context()), []string{"user", "hash"}) }()
		noise.await(t, "Password: ")
		screen.enter(t, "correct horse")
		noise.await(t, "Once more: ")
		screen.enter(t, second)
		if got := <-code; got != want {
			t.Errorf("it ends with %d: %s", got, noise)
		}
		if strings.HasPrefix(out.String(), "$argon2id$") != (want == exitFine) || strings.Contains(out.String(), "horse") {
			t.Errorf("it printed %q", out)
		}
		if shown := screen.out.String() + noise.String(); strings.Contains(shown, "horse") {
			t.Errorf("the terminal shows %q", shown)
		}
		if termios(t, own).Lflag&unix.ECHO == 0 {
			t.Error("after it the terminal shows nothing any more")
		}
	}
}

func TestTheQuestionForAPasswordCanBeLeft(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(screen, chan<- os.Signal) error{
		"by an interrupt": func(_ screen, interrupts chan<- os.Signal) error {
			interrupts <- os.Interrupt
			return nil
		},
		"by Ctrl-C": func(s screen, _ chan<- os.Signal) error {
			_, err := s.Write([]byte{3})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			screen, own := openScreen(t)
			setEcho(t, own)
			noise, interrupts := newBuffer(), make(chan os.Signal, 1)
			p := program{in: own, out: newBuffer(), err: noise, interrupts: interrupts}
			code := make(chan int, 1)
			go func() { code <- p.run(context.WithoutCancel(t.Context()), []string{"user", "hash"}) }()
			noise.await(t, "Password: ")
			if err := leave(screen, interrupts); err != nil {
				t.Fatal(err)
			}
			if got := <-code; got != exitFailed || !strings.Contains(noise.String(), "interrupted") {
				t.Errorf("it ends with %d: %s", got, noise)
			}
			if termios(t, own).Lflag&unix.ECHO == 0 {
				t.Error("after it the terminal shows nothing any more")
			}
		})
	}
}

func TestAddingFilesShowsAProgressBarOnATerminal(t *testing.T) {
	t.Parallel()
	_, env := serve(t)
	docs := t.TempDir()
	write(t, docs, "a\x1b[2J.md", "text")
	screen, own := openScreen(t)
	out := newBuffer()
	p := program{env: env, out: out, err: own}
	if code := p.run(t.Context(), []string{"dataset", "add", "inn", docs}); code != exitFine {
		t.Fatalf("it ends with %d: %q", code, screen.out)
	}
	screen.out.await(t, "\r\x1b[K[########################] 100 %  uploading a[2J.md")
	screen.out.await(t, "\r\x1b[K")
	if got := out.String(); got != "Dataset inn: 1 file uploaded, 0 unchanged; 1 record.\n" {
		t.Errorf("it prints %q", got)
	}
}
