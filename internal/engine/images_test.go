package engine_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

const (
	png  = "\x89PNG\r\n\x1a\n, a picture"
	jpeg = "\xff\xd8\xff\xe0, a photo"
)

// attachFile brings a file to a conversation.
func (b *bundle) attachFile(conversation, mediaType, content string) {
	b.t.Helper()
	c := engine.Content{Name: "file", MediaType: mediaType, Reader: strings.NewReader(content)}
	if _, err := b.Attach(b.t.Context(), b.actor, conversation, c, nil); err != nil {
		b.t.Fatal(err)
	}
}

// latestPrompt is the latest prompt of the model.
func (b *bundle) latestPrompt() []model.Message {
	b.t.Helper()
	calls := b.model.Calls()
	return calls[len(calls)-1].Request.Messages
}

// seen are the images of a prompt.
func seen(prompt []model.Message) (list []model.Image) {
	for _, m := range prompt {
		list = append(list, m.Images...)
	}
	return list
}

func TestAnImageReachesTheModelAsWhatItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{})
	b.attachFile(id, "image/png", png)
	b.attachFile(id, "image/png", jpeg) // its sender is wrong
	b.attachFile(id, "text/plain", png) // and does not know
	b.attachFile(id, "image/png", "no picture")
	b.attachFile(id, "image/svg+xml", "<svg>a text</svg>")
	b.attachFile(id, "image/gif", "GIF89a"+strings.Repeat("x", 4<<20)) // too large
	b.say(id, "Look")
	first := b.latestPrompt()
	var got []string
	for _, image := range seen(first) {
		got = append(got, image.MediaType+" "+string(image.Data))
	}
	want := []string{"image/png " + png, "image/jpeg " + jpeg, "image/png " + png}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	said := first[len(first)-2]
	if said.Role != model.User || len(said.Images) != 3 || strings.Count(said.Text, "[file") != 6 || !strings.Contains(said.Text, "a text") {
		t.Errorf("the user said %q with %d images", said.Text, len(said.Images))
	}
}

func TestImagesStayInThePromptsOfLaterTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{})
	b.attachFile(id, "image/png", png)
	b.say(id, "Look")
	first := b.latestPrompt()
	b.say(id, "Again") // what is read anew
	second := b.latestPrompt()
	b.say(id, "And again") // what is remembered
	third := b.latestPrompt()
	b.stop()
	b.start()
	b.say(id, "Now")
	for name, prompt := range map[string][]model.Message{"read": second, "remembered": third, "after a restart": b.latestPrompt()} {
		if len(prompt) <= len(first) || !reflect.DeepEqual(prompt[:len(first)], first) {
			t.Errorf("%s: the prompt does not go on with the first one: %v", name, prompt)
		}
		if len(seen(prompt)) != 1 {
			t.Errorf("%s: %d images", name, len(seen(prompt)))
		}
	}
}

func TestImagesTakeTheirShareOfTheWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 9000
	id := b.conversation(convo.Fields{})
	b.say(id, strings.Repeat("x", 20_000))
	b.attachFile(id, "image/png", png)
	b.attachFile(id, "image/png", jpeg)
	b.attachFile(id, "image/png", png)
	b.say(id, "Look")
	prompt := b.latestPrompt()
	if len(seen(prompt)) != 2 || len(prompt) != 2 {
		t.Errorf("%d images in %d messages, want two that leave the first exchange out", len(seen(prompt)), len(prompt))
	}
}

func TestAnImageIsNotShownOnceItsConversationIsPrivate(t *testing.T) {
	t.Parallel()
	for name, lets := range map[string]bool{"strictly": false, "partly": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.conversation(convo.Fields{})
			b.attachFile(id, "image/png", png)
			b.say(id, "Look")
			err := b.UpdateConversation(t.Context(), b.actor, id, func(f *convo.Fields) { f.Privacy, f.Unmasked = new(true), &lets }, nil)
			if err != nil {
				t.Fatal(err)
			}
			b.say(id, "Again")
			if shown := len(seen(b.latestPrompt())) == 1; shown != lets {
				t.Errorf("shown: %v", shown)
			}
		})
	}
}
