package crash_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// How many do what in a round.
const (
	conversations = 3
	talkers       = 2 // of each conversation: with two, turns queue
)

// load is the clients of one round.
type load struct {
	client    *client
	witnesses []*witness
	count     atomic.Int64
	running   sync.WaitGroup
}

// newLoad opens the round's conversations.
func newLoad(ctx context.Context, c *client, round string) (*load, error) {
	l := &load{client: c}
	for n := range conversations {
		id, err := c.newConversation(ctx, round+"."+strconv.Itoa(n))
		if err != nil {
			return nil, err
		}
		l.witnesses = append(l.witnesses, newWitness(id))
	}
	return l, nil
}

// start lets all clients work until the server does not answer any more.
func (l *load) start(ctx context.Context, rng *rand.Rand) {
	for _, w := range l.witnesses {
		for range talkers {
			own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
			l.running.Go(func() { l.work(ctx, w, own, l.talk) })
		}
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		l.running.Go(func() { l.work(ctx, w, own, l.tell) })
		l.running.Go(func() { l.follow(ctx, w) })
	}
}

// work makes one request after the other until one gets no answer.
func (l *load) work(ctx context.Context, w *witness, rng *rand.Rand, next func(*rand.Rand) *ask) {
	for {
		a := next(rng)
		w.add(a)
		if w.perform(ctx, l.client, a) != nil {
			return
		}
	}
}

// talk asks for an answer, mostly a slow one.
func (l *load) talk(rng *rand.Rand) *ask {
	orders := []string{
		"fake:slow n=" + strconv.Itoa(1+rng.IntN(20)) + " rate=100",
		"fake:slow n=" + strconv.Itoa(1+rng.IntN(20)) + " rate=100",
		"fake:slow n=300 rate=0",
		"fake:reasoning rate=50",
		"fake:cut after=3 rate=50",
		"Hello there,",
	}
	a := l.ask(rng, complete, orders[rng.IntN(len(orders))])
	a.stream = rng.IntN(4) > 0
	return a
}

// tell stores a message.
func (l *load) tell(rng *rand.Rand) *ask {
	operation := send
	if rng.IntN(2) == 0 {
		operation = create
	}
	return l.ask(rng, operation, "Note this,")
}

func (l *load) ask(rng *rand.Rand, operation, text string) *ask {
	n := strconv.FormatInt(l.count.Add(1), 10)
	id := n + "-" + strconv.FormatUint(rng.Uint64(), 36)
	a := &ask{operation: operation, text: text + " id=" + id}
	if rng.IntN(3) == 0 {
		a.key = id
	}
	return a
}

// follow reads the log of a conversation as it grows.
func (l *load) follow(ctx context.Context, w *witness) {
	// It ends with the server.
	_ = l.client.lines(ctx, http.MethodGet, "/v1/conversation/"+w.conversation+"/events?live=true", "", nil, w.saw)
}

// repeat makes the requests again that got no answer. All at once: turns of one
// conversation wait for each other in any order.
func (l *load) repeat(ctx context.Context) {
	var group sync.WaitGroup
	for _, w := range l.witnesses {
		for _, a := range w.asks {
			if a.answered {
				continue
			}
			group.Go(func() {
				if err := w.perform(ctx, l.client, a); err != nil {
					w.problem("%s of %q got no answer after the restart: %v", a.operation, a.text, err)
				}
			})
		}
	}
	group.Wait()
}

// check compares what the clients know with what the server has.
func (l *load) check(ctx context.Context) (problems []string, err error) {
	for _, w := range l.witnesses {
		log, err := l.client.log(ctx, w.conversation)
		if err != nil {
			return nil, err
		}
		stored, err := l.client.messages(ctx, w.conversation)
		if err != nil {
			return nil, err
		}
		for _, p := range compare(w, log, stored) {
			problems = append(problems, w.conversation+": "+p)
		}
	}
	return problems, nil
}
