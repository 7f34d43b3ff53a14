package socketio_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if count, address, ok := strings.Cut(os.Getenv(peersEnv), " "); ok {
		n, err := strconv.Atoi(count)
		if err == nil {
			err = peers(address, n)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
