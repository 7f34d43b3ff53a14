package app

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatHangsIsNotWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, hang := time.Now(), make(chan struct{})
		a := &App{}
		a.onClose(func() error { <-hang; return nil })
		err := a.Close()
		if err == nil || !strings.Contains(err.Error(), "closing the data did not end in 10s") || time.Since(start) != closeTime {
			t.Errorf("Close gives %v after %v", err, time.Since(start))
		}
		close(hang)
		if err := a.Close(); err != nil {
			t.Errorf("the second Close gives %v", err)
		}
		broken := errors.New("broken")
		if err := within(time.Minute, "it", func() error { return broken }); err != broken {
			t.Errorf("what ends in time gives %v", err)
		}
	})
}
