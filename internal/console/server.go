package console

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// chatLasts is how long the token of a chat works.
const chatLasts = 24 * time.Hour

// maxBody bounds a request to the console.
const maxBody = 64 << 10

// Server is what the console serves.
type Server struct {
	Tokens  Tokens
	Users   Users
	Archive Archive
	// Chat makes a token for one chat of a tenant, the first one with "".
	Chat func(r *http.Request, tenant string, lasts time.Duration) (secret string, err error)
	API  http.Handler
}

// The wire forms. Client and server are of the same program, but not always of
// the same version: fields are only added.
type tokenWire struct {
	ID      string    `json:"id"`
	Tenant  string    `json:"tenant"`
	Name    string    `json:"name,omitempty"`
	App     string    `json:"app,omitempty"`
	Source  string    `json:"source"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
}

type createRequest struct {
	Tenant string        `json:"tenant,omitempty"`
	Name   string        `json:"name,omitempty"`
	App    string        `json:"app,omitempty"`
	Lasts  time.Duration `json:"lasts,omitempty"`
}

type createAnswer struct {
	Secret string    `json:"secret"`
	Token  tokenWire `json:"token"`
}

type listAnswer struct {
	Tokens []tokenWire `json:"tokens"`
}

type revokeRequest struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"id"`
}

type chatAnswer struct {
	Secret string `json:"secret"`
}

type failure struct {
	Kind    convo.Kind `json:"kind"`
	Message string     `json:"message"`
}

// Handler routes the console's own operations, and the API's.
func (s *Server) Handler() http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /console/token/list", serve(s.list))
	own.HandleFunc("POST /console/token/create", serve(s.create))
	own.HandleFunc("POST /console/token/revoke", serve(s.revoke))
	own.HandleFunc("GET /console/user/list", serve(s.listUsers))
	own.HandleFunc("POST /console/user/add", serve(s.addUser))
	own.HandleFunc("POST /console/user/password", serve(s.setPassword))
	own.HandleFunc("POST /console/user/remove", serve(s.removeUser))
	own.HandleFunc("POST /console/chat", serve(s.chat))
	own.HandleFunc("GET "+exportPath, s.export)
	own.HandleFunc("GET "+exportValuesPath, s.export)
	own.HandleFunc("POST /console/import", s.importArchive)
	own.HandleFunc("POST /console/conversation/updated", serve(s.updated))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only its own requests go through the mux, which redirects odd paths.
		if strings.HasPrefix(r.URL.Path, "/console/") {
			own.ServeHTTP(w, r)
			return
		}
		s.API.ServeHTTP(w, r)
	})
}

// serve decodes a request, and renders what its operation returns.
func serve[In any](operation func(r *http.Request, in In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil && len(body) > 0 {
			err = json.Unmarshal(body, &in)
		}
		if err != nil {
			err = convo.WrapError(convo.Invalid, err, "the request is not what this version of parley understands")
		}
		var out any
		if err == nil {
			out, err = operation(r, in)
		}
		answer(w, out, err)
	}
}

// answer renders what an operation returned.
func answer(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest) // the kind says more
		out = failureOf(err)
	}
	// A failure means that the command has gone.
	_ = json.NewEncoder(w).Encode(out)
}

// failureOf says also what only the owner of the server may know: its reader is.
func failureOf(err error) *failure {
	public := convo.PublicError(err)
	if public.Kind == convo.Internal {
		return &failure{public.Kind, err.Error()}
	}
	return &failure{public.Kind, public.Message}
}

// err is the error that a failure was made of, without its cause.
func (f *failure) err() error { return convo.Errorf(f.Kind, "%s", f.Message) }

func (s *Server) list(r *http.Request, _ struct{}) (any, error) {
	list, err := s.Tokens.List(r.Context(), r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	out := listAnswer{Tokens: make([]tokenWire, 0, len(list))}
	for _, t := range list {
		out.Tokens = append(out.Tokens, toWire(t))
	}
	return out, nil
}

func (s *Server) create(r *http.Request, in createRequest) (any, error) {
	secret, t, err := s.Tokens.Create(r.Context(), in.Tenant, in.Name, in.App, in.Lasts)
	return createAnswer{Secret: secret, Token: toWire(t)}, err
}

func (s *Server) revoke(r *http.Request, in revokeRequest) (any, error) {
	return struct{}{}, s.Tokens.Revoke(r.Context(), in.Tenant, in.ID)
}

func (s *Server) chat(r *http.Request, in createRequest) (any, error) {
	secret, err := s.Chat(r, in.Tenant, chatLasts)
	return chatAnswer{Secret: secret}, err
}

func toWire(t convo.Token) tokenWire {
	return tokenWire{t.ID, t.Tenant, t.Name, t.App, t.Source, t.Created, t.Expires, t.Revoked}
}

func fromWire(t tokenWire) convo.Token {
	return convo.Token{
		ID: t.ID, Tenant: t.Tenant, Name: t.Name, App: t.App, Source: t.Source,
		Created: t.Created, Expires: t.Expires, Revoked: t.Revoked,
	}
}
