package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Users is what commands do with the users of the built-in identity provider. The
// tenant "" is the first one. What is returned has no hashes of passwords.
type Users interface {
	// AddUser makes a user; the email may be "".
	AddUser(ctx context.Context, tenant, name, email, password string) (convo.Member, error)
	// ListUsers gives the users that were added, by their names.
	ListUsers(ctx context.Context, tenant string) ([]convo.Member, error)
	// SetPassword gives a user another password, and signs him out.
	SetPassword(ctx context.Context, tenant, name, password string) error
	// RemoveUser removes a user, and signs him out.
	RemoveUser(ctx context.Context, tenant, name string) error
}

type userWire struct {
	ID      string    `json:"id"`
	Tenant  string    `json:"tenant"`
	Name    string    `json:"name"`
	Email   string    `json:"email,omitempty"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
}

// userRequest is what all changes of users take. The password goes through a
// socket that nobody but the server's owner may open.
type userRequest struct {
	Tenant   string `json:"tenant,omitempty"`
	Name     string `json:"name"`
	Email    string `json:"email,omitempty"`
	Password string `json:"password,omitempty"`
}

type usersAnswer struct {
	Users []userWire `json:"users"`
}

func (s *Server) addUser(r *http.Request, in userRequest) (any, error) {
	m, err := s.Users.AddUser(r.Context(), in.Tenant, in.Name, in.Email, in.Password)
	return userToWire(m), err
}

func (s *Server) listUsers(r *http.Request, _ struct{}) (any, error) {
	list, err := s.Users.ListUsers(r.Context(), r.URL.Query().Get("tenant"))
	out := usersAnswer{Users: make([]userWire, 0, len(list))}
	for _, m := range list {
		out.Users = append(out.Users, userToWire(m))
	}
	return out, err
}

func (s *Server) setPassword(r *http.Request, in userRequest) (any, error) {
	return struct{}{}, s.Users.SetPassword(r.Context(), in.Tenant, in.Name, in.Password)
}

func (s *Server) removeUser(r *http.Request, in userRequest) (any, error) {
	return struct{}{}, s.Users.RemoveUser(r.Context(), in.Tenant, in.Name)
}

func userToWire(m convo.Member) userWire {
	return userWire{m.ID, m.Tenant, m.Name, m.Email, m.Created, m.Changed}
}

func userFromWire(w userWire) convo.Member {
	return convo.Member{ID: w.ID, Tenant: w.Tenant, Name: w.Name, Email: w.Email, Created: w.Created, Changed: w.Changed}
}

var _ Users = (*Client)(nil)

// AddUser implements Users.
func (c *Client) AddUser(ctx context.Context, tenant, name, email, password string) (convo.Member, error) {
	var out userWire
	err := c.call(ctx, http.MethodPost, "/console/user/add", userRequest{tenant, name, email, password}, &out)
	return userFromWire(out), err
}

// ListUsers implements Users.
func (c *Client) ListUsers(ctx context.Context, tenant string) ([]convo.Member, error) {
	var out usersAnswer
	err := c.call(ctx, http.MethodGet, "/console/user/list?tenant="+url.QueryEscape(tenant), nil, &out)
	list := make([]convo.Member, 0, len(out.Users))
	for _, w := range out.Users {
		list = append(list, userFromWire(w))
	}
	return list, err
}

// SetPassword implements Users.
func (c *Client) SetPassword(ctx context.Context, tenant, name, password string) error {
	return c.call(ctx, http.MethodPost, "/console/user/password", userRequest{Tenant: tenant, Name: name, Password: password}, nil)
}

// RemoveUser implements Users.
func (c *Client) RemoveUser(ctx context.Context, tenant, name string) error {
	return c.call(ctx, http.MethodPost, "/console/user/remove", userRequest{Tenant: tenant, Name: name}, nil)
}
