package engine

import (
	"fmt"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// album makes a history of messages of the user with so many images each, all of one
// size.
func album(l ImageLimits, window, size int64, counts ...int) history {
	h := history{shows: l, window: window}
	for place, count := range counts {
		m := convo.Message{Place: int64(place), MessageFields: convo.MessageFields{Type: convo.User}}
		for n := range count {
			m.Parts = append(m.Parts, convo.Part{Name: fmt.Sprintf("%d.%d", place, n), File: &convo.FileRef{Size: size}})
		}
		h.messages = append(h.messages, m)
	}
	return h
}

// names are the images that a history shows, in their order.
func (h history) names() (list []string) {
	shown := h.shown()
	for _, m := range h.messages {
		for _, part := range shown[m.Place] {
			list = append(list, part.Name)
		}
	}
	return list
}

func TestOfTooManyImagesTheNewestAreShown(t *testing.T) {
	t.Parallel()
	const wide = 1 << 20
	l := ImageLimits{Count: 4, Each: 10, Total: 100}
	for name, c := range map[string]struct {
		h    history
		want string
	}{
		"all that fit":                           {album(l, wide, 1, 1, 2, 1), "[0.0 1.0 1.1 2.0]"},
		"half, when there is one more":           {album(l, wide, 1, 1, 2, 1, 1), "[2.0 3.0]"},
		"as before, when there are more":         {album(l, wide, 1, 1, 2, 1, 1, 1, 1), "[2.0 3.0 4.0 5.0]"},
		"those of the last message all":          {album(l, wide, 1, 2, 4), "[1.0 1.1 1.2 1.3]"},
		"no more than there may be":              {album(l, wide, 1, 1, 6), "[1.2 1.3 1.4 1.5]"},
		"none that is too large":                 {album(l, wide, 11, 2), "[]"},
		"not more bytes than there may be":       {album(ImageLimits{Count: 4, Each: 10, Total: 20}, wide, 10, 1, 1, 1), "[2.0]"},
		"at least one of a model with no window": {album(l, 100, 1, 1, 1), "[1.0]"},
		"as many as half a window holds":         {album(l, 3*2*imageTokens, 1, 1, 1, 1, 1), "[3.0]"},
		"none without a limit":                   {album(ImageLimits{}, wide, 0, 1), "[]"},
	} {
		if got := fmt.Sprint(c.h.names()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAModelOfTextsOnlyIsShownNoImages(t *testing.T) {
	t.Parallel()
	e := &Engine{limits: DefaultLimits()}
	if got := e.imagesFor(model.Choice{TextOnly: true}); got != (ImageLimits{}) {
		t.Errorf("%+v", got)
	}
	if got := e.imagesFor(model.Choice{}); got.Count == 0 || got.Total < 2*got.Each {
		t.Errorf("%+v", got)
	}
}

func TestImagesAreToldByHowTheyBegin(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"\x89PNG\r\n\x1a\nx": "image/png", "\xff\xd8\xff\xe0": "image/jpeg", "GIF89a": "image/gif", "GIF87a": "image/gif",
		"RIFF\x00\x00\x00\x00WEBPVP8 ": "image/webp", "RIFF\x00\x00\x00\x00WAVE": "", "RIFF": "", "": "", "\x89PNG": "", "<svg/>": "", "BM": "",
	} {
		if got := imageType([]byte(data)); got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}

func TestParametersOfAMediaTypeDoNotChangeWhatAFileIs(t *testing.T) {
	t.Parallel()
	for mediaType, want := range map[string][2]bool{ // a text, an image
		"image/svg+xml":                {true, false},
		"image/svg+xml; charset=utf-8": {true, false},
		"Image/SVG+XML":                {true, false},
		"image/png; name=a+xml":        {false, true},
		"Application/ZIP":              {false, false},
	} {
		if got := [2]bool{mayBeText(mediaType), mayBeImage(mediaType)}; got != want {
			t.Errorf("%s: %v", mediaType, got)
		}
	}
}

// deleted is the content of a file that was deleted since it was found.
type deleted struct{}

func (deleted) ReadAt([]byte, int64) (int, error) {
	return 0, convo.Errorf(convo.NotFound, "there is no file")
}

func TestAFileThatIsDeletedWhileItIsReadIsOnlyNamed(t *testing.T) {
	t.Parallel()
	file := func(mediaType string) (convo.Part, contents) {
		f := convo.File{ID: "f", MediaType: mediaType, Size: 10}
		return convo.Part{Name: "a", MediaType: mediaType, File: &convo.FileRef{URI: f.URI(), Size: 10}}, contents{"f": {deleted{}, f}}
	}
	part, own := file("text/plain")
	told, image, err := (&Engine{}).renderFile(t.Context(), part, 100, own)
	if err != nil || image || told != `[file "a", text/plain, 10 bytes]` {
		t.Errorf("a text: %q, %v, %v", told, image, err)
	}
	part, own = file("image/png")
	if shown, err := (&Engine{}).readImage(t.Context(), part, own); err != nil || shown.MediaType != "" {
		t.Errorf("an image: %+v, %v", shown, err)
	}
}
