package identity

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the page
	"encoding/base64"
	"html/template"
	"strconv"

	"github.com/parleyhq/parley/internal/httpio"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// loginPage is the page with the form. It needs no script and nothing from
// elsewhere.
type loginPage struct {
	template *template.Template
	style    template.CSS
	policy   string // the Content-Security-Policy, without form-action
}

func newLoginPage() (*loginPage, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(pageStyle))
	return &loginPage{
		template: t, style: template.CSS(pageStyle),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; frame-ancestors 'none'",
	}, nil
}

// form is what the page shows of what was entered before.
type form struct {
	Problem      string // what was wrong with it
	Name, Tenant string
	Tries        int // that were wrong
}

// show writes the page for a request.
func (p *loginPage) show(w *httpio.Response, r *request, status int, f form) error {
	view := struct {
		form
		Style          template.CSS
		Client, Origin string
		Tenants        []string
	}{f, p.style, r.client, r.origin(), nil}
	if len(r.tenants) > 1 {
		view.Tenants = r.tenants
	}
	// Browsers hold the address that the form's answer leads to against it too.
	w.Header().Set("Content-Security-Policy", p.policy+"; form-action 'self' "+r.source())
	return p.write(w, status, view)
}

// fail writes the page that says why nobody can sign in.
func (p *loginPage) fail(w *httpio.Response, status int, problem string) error {
	w.Header().Set("Content-Security-Policy", p.policy+"; form-action 'none'")
	return p.write(w, status, struct {
		form
		Style  template.CSS
		Client string
	}{form{Problem: problem}, p.style, ""})
}

func (p *loginPage) write(w *httpio.Response, status int, view any) error {
	var page bytes.Buffer
	if err := p.template.Execute(&page, view); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	// Without one, browsers would send the form with the origin null, which cannot be
	// told from another's.
	h.Set("Referrer-Policy", "same-origin")
	return w.Send(status, "text/html; charset=utf-8", page.Bytes())
}

// triesOf reads how often the form was wrong before, which anybody may have
// written: it only decides when the application is told.
func triesOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
