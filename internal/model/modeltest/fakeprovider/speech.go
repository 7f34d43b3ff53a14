package fakeprovider

import (
	"encoding/json"
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
	switch told := strings.TrimPrefix(r.FormValue("model"), "fake:"); {
	case fails(w, told):
	case told == "empty":
		writeJSON(w, http.StatusOK, object{"text": ""})
	case told == "mute":
		<-r.Context().Done()
	default:
		text := fmt.Sprintf("You spoke %d bytes of %s.", n, strings.TrimPrefix(path.Ext(header.Filename), "."))
		writeJSON(w, http.StatusOK, object{"text": text})
	}
}

// speak answers as a service that says texts: with audio that is, in clear, what was
// asked for, or as it is told by a name of a model.
func speak(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Model  string `json:"model"`
		Voice  string `json:"voice"`
		Input  string `json:"input"`
		Format string `json:"response_format"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&asked)
	if err != nil || asked.Model == "" || asked.Voice == "" || asked.Input == "" {
		writeJSON(w, http.StatusBadRequest, object{"error": object{"message": "no model, voice or input"}})
		return
	}
	switch told := strings.TrimPrefix(asked.Model, "fake:"); {
	case fails(w, told):
	case told == "json":
		writeJSON(w, http.StatusOK, object{"error": object{"message": "told to"}})
	case told == "mute":
		<-r.Context().Done()
	default:
		w.Header().Set("Content-Type", "audio/"+asked.Format)
		_, _ = fmt.Fprintf(w, "%s says in %s: %s", asked.Voice, asked.Format, asked.Input) // the caller has gone
	}
}

// fails answers with the status that a model names, if it names one.
func fails(w http.ResponseWriter, told string) bool {
	status, err := strconv.Atoi(told)
	if err != nil || status < 400 || status >= 600 {
		return false
	}
	writeJSON(w, status, object{"error": object{"message": "told to"}})
	return true
}
