package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// ImageLimits bound the images that a prompt shows. The newest stay; of the others the
// model is told what they are called.
type ImageLimits struct {
	Count int   // images of a prompt; those that half a model's window holds, and at least one, if that is fewer
	Each  int64 // bytes of one: a larger one is only named
	Total int64 // bytes of all of a prompt, at least twice Each
}

// The limits of images are those that all providers take: 5 MiB for one, and 20 MB for
// a request, in base64.
const (
	maxImages      = 20
	maxImageBytes  = 5 << 20 / 4 * 3
	maxImagesBytes = 12 << 20
)

// imageTokens is about how many tokens an image takes. Providers count by its size in
// pixels; this is near the most that one takes which they do not divide.
const imageTokens = 1600

// most is how many images the prompt may show of a model with a window of so many
// tokens: they fill no more than half of it.
func (l ImageLimits) most(window int64) int64 {
	return max(min(int64(l.Count), window/2/imageTokens), min(int64(l.Count), 1))
}

// placedImage is a part with the place of its message.
type placedImage struct {
	place int64
	part  convo.Part
}

// shown chooses the images of a history that its prompt shows, by the places of their
// messages. Where there are too many, those of older messages are left out down to half
// of what there may be, so that the next ones do not change how the prompt begins.
func (h history) shown() map[int64][]convo.Part {
	var kept []placedImage
	count, size := h.shows.most(h.window), int64(0)
	over := func(count, bytes int64) bool { return int64(len(kept)) > count || size > bytes }
	for _, m := range h.messages[h.start():] {
		older := len(kept)
		for _, part := range m.Parts {
			if m.Type == convo.User && part.File != nil && part.File.Size <= h.shows.Each {
				kept, size = append(kept, placedImage{m.Place, part}), size+part.File.Size
			}
		}
		if !over(count, h.shows.Total) {
			continue
		}
		for ; over(count/2, h.shows.Total/2) && older > 0 || over(count, h.shows.Total); older-- {
			size -= kept[0].part.File.Size
			kept = kept[1:]
		}
	}
	if len(kept) == 0 {
		return nil
	}
	chosen := map[int64][]convo.Part{}
	for _, p := range kept {
		chosen[p.place] = append(chosen[p.place], p.part)
	}
	return chosen
}

// imagesFor are the limits of a model: it may be known to take none.
func (e *Engine) imagesFor(c model.Choice) ImageLimits {
	if c.TextOnly {
		return ImageLimits{}
	}
	return e.limits.Images
}

// show gives a history the images that its prompt shows, from their files. A file that
// is none after all, or is gone, is only named.
func (e *Engine) show(ctx context.Context, h *history, own contents) error {
	h.images = nil
	for place, parts := range h.shown() {
		for _, part := range parts {
			image, err := e.readImage(ctx, part, own)
			if err != nil {
				return err
			}
			if image.MediaType != "" {
				h.picture(place, image)
			}
		}
	}
	return nil
}

// foreshow is show for who only needs to know how much of the window images take.
func (h *history) foreshow() {
	h.images = nil
	for place, parts := range h.shown() {
		h.picture(place, make([]model.Image, len(parts))...)
	}
}

func (h *history) picture(place int64, images ...model.Image) {
	if h.images == nil {
		h.images = map[int64][]model.Image{}
	}
	h.images[place] = append(h.images[place], images...)
}

// readImage reads one; without a media type, if it is none.
func (e *Engine) readImage(ctx context.Context, part convo.Part, own contents) (model.Image, error) {
	id, _ := convo.FileID(part.File.URI)
	found, err := e.content(ctx, id, own)
	if convo.ErrorKind(err) == convo.NotFound {
		return model.Image{}, nil
	}
	if err != nil {
		return model.Image{}, err
	}
	data := make([]byte, min(found.file.Size, part.File.Size))
	n, err := found.ReadAt(data, 0)
	if convo.ErrorKind(err) == convo.NotFound { // it went meanwhile, with its message
		return model.Image{}, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return model.Image{}, err
	}
	return model.Image{MediaType: imageType(data[:n]), Data: data[:n]}, nil
}

// mayBeImage reports whether a media type is one of images that models are shown.
func mayBeImage(mediaType string) bool {
	kind, rest, _ := strings.Cut(plainType(mediaType), "/")
	return kind == "image" && !strings.HasSuffix(rest, "+xml")
}

// holdsImage reports whether a file begins like an image, whatever it is said to be.
func holdsImage(f readable) (bool, error) {
	head := make([]byte, min(f.file.Size, imageHead))
	n, err := f.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return imageType(head[:n]) != "", err
}

// imageHead is how many bytes say which format an image has.
const imageHead = 12

// imageType gives the media type of an image by how it begins: "" if it is none that
// models are shown. What its sender calls it does not count: providers refuse an image
// that is not what it is said to be.
func imageType(data []byte) string {
	begins := func(with string) bool { return bytes.HasPrefix(data, []byte(with)) }
	switch {
	case begins("\x89PNG\r\n\x1a\n"):
		return "image/png"
	case begins("\xff\xd8\xff"):
		return "image/jpeg"
	case begins("GIF87a"), begins("GIF89a"):
		return "image/gif"
	case begins("RIFF") && len(data) >= imageHead && string(data[8:imageHead]) == "WEBP":
		return "image/webp"
	}
	return ""
}
