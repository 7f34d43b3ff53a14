package identity

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// maxTries is how often the page is shown again after a wrong password. After that
// the application is told that the sign-in failed.
const maxTries = 3

// errWrong says that a name and a password do not belong together.
var errWrong = errors.New("the name or the password is wrong")

// submitted answers the form. Another site cannot send it: a browser would say so.
func (p *Provider) submitted(c *call, r *request) error {
	if err := c.guard.Check(c.r); err != nil {
		return convo.WrapError(convo.Forbidden, err, "this form was sent from another page; go back to the application and sign in again")
	}
	entered, err := c.form()
	if err != nil {
		return err
	}
	if entered.Get("cancel") != "" {
		return back(c.w, r, "error", "access_denied", "error_description", "the sign-in was cancelled")
	}
	f := form{Name: entered.Get("name"), Tenant: entered.Get("tenant"), Tries: triesOf(entered.Get("tries"))}
	if f.Tenant == "" {
		f.Tenant = r.tenants[0]
	}
	a, err := p.signIn(c.r.Context(), httpio.ClientAddress(c.r, p.o.Proxies), r, f, entered.Get("password"))
	switch kind := convo.ErrorKind(err); {
	case err == nil:
		p.o.Log.InfoContext(c.r.Context(), "somebody signed in", "tenant", a.tenant, "user", a.id, "client", r.client)
		return p.grantCode(c.w, r, a)
	case errors.Is(err, errWrong):
		return p.wrong(c.w, r, f)
	case kind == convo.RateLimited || kind == convo.Unavailable:
		public := convo.PublicError(err)
		httpio.SetRetryAfter(c.w.Header(), public.RetryAfter)
		f.Problem = public.Message
		return p.page.show(c.w, r, statusOf(kind), f)
	}
	return err
}

// wrong shows the page again, or gives up.
func (p *Provider) wrong(w *httpio.Response, r *request, f form) error {
	f.Tries++
	if f.Tries >= maxTries {
		return back(w, r, "error", "access_denied", "error_description", errWrong.Error())
	}
	f.Problem = "That name and that password do not belong together. Try again."
	return p.page.show(w, r, http.StatusForbidden, f)
}

// signIn finds whose name and password these are, unless too many were tried.
// That nobody has the name takes as long to say as that the password is wrong.
func (p *Provider) signIn(ctx context.Context, from netip.Addr, r *request, f form, password string) (account, error) {
	if !slices.Contains(r.tenants, f.Tenant) {
		return account{}, errWrong
	}
	if err := p.attempts.MayTry(from); err != nil {
		return account{}, tooMany(err)
	}
	// The name stands in a table: what is longer than any is not kept there.
	name := convo.Handle(f.Name[:min(len(f.Name), 100)])
	if _, err := p.attempts.Admit(convo.Actor{Tenant: f.Tenant, Token: name}, false); err != nil {
		return account{}, tooMany(err)
	}
	a, err := p.byName(ctx, f.Tenant, f.Name)
	if err != nil && convo.ErrorKind(err) != convo.NotFound {
		return account{}, err
	}
	right, err := p.hasher.matches(ctx, a.password, password)
	if err == nil && !right {
		p.attempts.TriedWrong(from)
		err = errWrong
	}
	return a, err
}

// tooMany says in a person's words what the limiter said of tokens.
func tooMany(err error) error {
	limited := convo.PublicError(err)
	return &convo.Error{
		Kind: limited.Kind, RetryAfter: limited.RetryAfter, Cause: err,
		Message: "Too many tries. Wait a minute, then try again.",
	}
}
