package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// fileShare is the part of a model's window that the files of one message may fill.
const fileShare = 4

// render gives a message of several parts the text that prompts have of it: its
// texts apart from each other, and for each file what it is and, of a text or a document
// that is kept here, what it says, cut where all files of the message have so many bytes. Of
// its parts, only images stay. The
// same message gives the same, so that prompts keep their beginnings: a file
// does not change once it is part of a message.
func (e *Engine) render(ctx context.Context, m convo.Message, most int64, own contents) (convo.Message, error) {
	if m.Parts == nil {
		return m, nil
	}
	var texts []string
	var images []convo.Part
	for _, part := range m.Parts {
		if part.File == nil {
			texts = appendPart(texts, m, part)
			continue
		}
		text, image, err := e.renderFile(ctx, part, most, own)
		if err != nil {
			return m, fmt.Errorf("reading the file of a message: %w", err)
		}
		texts = append(texts, text)
		most -= int64(len(text))
		if image {
			images = append(images, part)
		}
	}
	m.Text, m.Parts = strings.Join(texts, partBreak), images
	return m, nil
}

// partBreak stands between the parts of a message in prompts.
const partBreak = "\n\n"

// partTexts is what render makes of a message without files.
func partTexts(m convo.Message) string {
	var texts []string
	for _, part := range m.Parts {
		texts = appendPart(texts, m, part)
	}
	return strings.Join(texts, partBreak)
}

func appendPart(texts []string, m convo.Message, part convo.Part) []string {
	if part.Start >= part.End {
		return texts
	}
	return append(texts, m.Text[part.Start:part.End])
}

// renderFile tells the model of a file, and whether it is an image.
func (e *Engine) renderFile(ctx context.Context, part convo.Part, most int64, own contents) (told string, image bool, err error) {
	name := fmt.Sprintf("file %q", part.Name)
	line := name
	if part.MediaType != "" {
		line += ", " + part.MediaType
	}
	if part.File.Size > 0 {
		line += fmt.Sprintf(", %d bytes", part.File.Size)
	}
	line = "[" + line + "]"
	id, ours := convo.FileID(part.File.URI)
	if !ours || !mayBeText(part.MediaType) || most <= 0 {
		return line, ours && mayBeImage(part.MediaType), nil
	}
	file, err := e.content(ctx, id, own)
	var text string
	var whole bool
	if err == nil {
		text, whole, err = e.fileText(ctx, file, int(most))
	}
	if err == nil && text == "" {
		image, err = holdsImage(file)
	}
	// It may be of a message from an import that came without its files, or be deleted
	// while it is read.
	if convo.ErrorKind(err) == convo.NotFound {
		return line, false, nil
	}
	if err != nil || text == "" {
		return line, image, err
	}
	end := "[end of " + name + "]"
	if !whole {
		end = "[the rest of " + name + " is left out]"
	}
	return line + "\n" + text + "\n" + end, false, nil
}

// mayBeText reports whether it is worth while to look at a file's content for a text.
func mayBeText(mediaType string) bool {
	mediaType = plainType(mediaType)
	kind, _, _ := strings.Cut(mediaType, "/")
	switch kind {
	case "image", "audio", "video", "font":
		return strings.HasSuffix(mediaType, "+xml")
	}
	return !strings.HasPrefix(mediaType, "application/zip")
}

// plainType is a media type without its parameters, in small letters.
func plainType(mediaType string) string {
	plain, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(plain))
}
