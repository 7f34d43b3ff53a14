package bench

import (
	"context"
	"encoding/json"
	"io"
)

// createSpec asks for new conversations.
type createSpec struct {
	To address
	N  int
}

// createConversations gives the ids of new, empty conversations.
func createConversations(ctx context.Context, s createSpec) (any, error) {
	c, err := dial(ctx, s.To)
	if err != nil {
		return nil, err
	}
	defer c.close()
	ids := make([]string, s.N)
	for i := range ids {
		body, err := c.ask("POST", "/v1/conversation/create", "application/json", []byte("{}"))
		if err != nil {
			return nil, err
		}
		var created struct{ ID string }
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &created); err != nil {
			return nil, err
		}
		ids[i] = created.ID
	}
	return ids, nil
}
