package engine

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// A message that answers a call of a private turn is kept on its channel encrypted:
// those who listen there see it as it was published, the database does not.

// sealedMessage is such a message as it is kept.
type sealedMessage struct {
	Sealed []byte `json:"$sealed"`
}

// sealedPrefix is how one begins.
const sealedPrefix = `{"$sealed":"`

// channelContext binds a message to its channel.
func channelContext(key channelKey) []byte {
	return []byte("channel/" + key.tenant + "/" + key.channel)
}

// sealMessage encrypts a message of a channel.
func (e *Engine) sealMessage(key channelKey, message convo.JSON) (convo.JSON, error) {
	return json.Marshal(sealedMessage{e.sealer.Seal(message, channelContext(key))})
}

// openMessages gives messages of a channel as they were published. What only looks
// like one that was sealed stays.
func (e *Engine) openMessages(key channelKey, page []convo.Published) {
	for i := range page {
		var kept sealedMessage
		if !bytes.HasPrefix(page[i].Message, []byte(sealedPrefix)) || json.Unmarshal(page[i].Message, &kept) != nil {
			continue
		}
		if plain, err := e.sealer.Open(kept.Sealed, channelContext(key)); err == nil {
			page[i].Message = plain
		}
	}
}

// Publish implements store.Tx.
func (t *maskingTx) Publish(channel string, message convo.JSON, at time.Time) (int64, error) {
	if t.Head() == nil {
		return t.Tx.Publish(channel, message, at)
	}
	config, err := t.configOf(t.Head().Fields)
	if err == nil && private(config) {
		message, err = t.e.sealMessage(channelKey{t.key.Tenant, channel}, message)
	}
	if err != nil {
		return 0, err
	}
	return t.Tx.Publish(channel, message, at)
}
