package convo

import (
	"strings"
	"time"
)

// FileURI begins the names of files that this server keeps; the file's id follows.
const FileURI = "urn:parley:file:"

// FileID gives the id of a file by its name; ok is false for a file that is not
// kept here.
func FileID(uri string) (id string, ok bool) {
	id, ok = strings.CutPrefix(uri, FileURI)
	return id, ok && id != ""
}

// File is what somebody brought to a conversation, or a message of it that was
// spoken, without its content. It goes with the conversation, and with the last message
// that has it as a part or that it says. Its id is unique in the store.
type File struct {
	Tenant       string
	ID           string
	Conversation string
	Name         string
	MediaType    string // as it came with the content; "" = none did
	Size         int64  // bytes
	Upload       string // the pieces that its content is; "" = it has none yet
	Uses         int64  // parts that it is, and one more for its message; from the first on its content stays
	Message      string // the message that it says; "" = somebody brought it
	Created      time.Time
	Stored       time.Time // when its content came; zero = it has none yet
}

// URI is the name by which parts of messages mean the file.
func (f File) URI() string { return FileURI + f.ID }
