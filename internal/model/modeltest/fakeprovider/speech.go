package fakeprovider

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// transcribe answers as a service that writes down speech: with the name and the
// length of the recording, or what it is told by a name of a model.
func transcribe(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	file, header, err := r.FormFile("file")
	if err != nil {
		writeJSON(w, http.StatusBadRequest, object{"error": object{"message": "no file: " + err.Error()}})
		return
	}
	defer file.Close()
	n, err := io.Copy(io.Discard, file)
	if err != nil || r.FormValue("model") == "" {
		writeJSON(w, http.StatusBadRequest, object{"error": object{"message": "no model"}})
		return
	}
	told := strings.TrimPrefix(r.FormValue("model"), "fake:")
	switch status, err := strconv.Atoi(told); {
	case err == nil && status >= 400 && status < 600:
		writeJSON(w, status, object{"error": object{"message": "told to"}})
	case told == "empty":
		writeJSON(w, http.StatusOK, object{"text": ""})
	case told == "mute":
		<-r.Context().Done()
	default:
		text := fmt.Sprintf("You spoke %d bytes of %s.", n, strings.TrimPrefix(path.Ext(header.Filename), "."))
		writeJSON(w, http.StatusOK, object{"text": text})
	}
}
