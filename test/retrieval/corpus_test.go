//go:build !race

package retrieval

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

// question is one of testdata/questions.txt.
type question struct {
	text    string
	answers []string // ids of records
}

func questions(t *testing.T) []question {
	t.Helper()
	f, err := os.Open("testdata/questions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []question
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, answers, ok := strings.Cut(lines.Text(), "\t"); ok {
			all = append(all, question{text, strings.Fields(answers)})
		}
	}
	return all
}

// documentation has a record for each package of the standard library and for each
// documented declaration that it exports.
func documentation(t *testing.T) []convo.Record {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{.Dir}}", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []convo.Record
	for line := range strings.Lines(string(out)) {
		path, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.Contains("/"+path+"/", "/internal/") && !strings.Contains("/"+path+"/", "/vendor/") {
			all = append(all, declarations(t, path, folder)...)
		}
	}
	return all
}

// declarations are the records of a package, as it is on Linux.
func declarations(t *testing.T, path, folder string) []convo.Record {
	t.Helper()
	platform := build.Default
	platform.GOOS, platform.GOARCH = "linux", "amd64"
	pkg, err := platform.ImportDir(folder, 0)
	if err != nil {
		return nil // nothing for this platform
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range append(pkg.GoFiles, pkg.CgoFiles...) {
		file, err := parser.ParseFile(files, filepath.Join(folder, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	d, err := doc.NewFromFiles(files, parsed, path)
	if err != nil {
		t.Fatal(err)
	}
	r := reader{path: path, files: files}
	r.add(path, "package "+d.Name, d.Doc)
	r.values(d.Consts, d.Vars)
	r.funcs("", d.Funcs)
	for _, kind := range d.Types {
		r.add(path+"."+kind.Name, "type "+kind.Name, kind.Doc)
		r.values(kind.Consts, kind.Vars)
		r.funcs("", kind.Funcs)
		r.funcs(kind.Name+".", kind.Methods)
	}
	return r.records
}

// reader makes records of what a package declares.
type reader struct {
	path    string
	files   *token.FileSet
	records []convo.Record
}

func (r *reader) add(id, declared, text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	record := convo.Record{ID: id, Title: id}
	record.Text = declared + "\n\n" + text
	r.records = append(r.records, record)
}

func (r *reader) values(groups ...[]*doc.Value) {
	for _, group := range groups {
		for _, v := range group {
			for _, spec := range v.Decl.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					own := spec.(*ast.ValueSpec).Doc.Text() + spec.(*ast.ValueSpec).Comment.Text()
					if name.IsExported() {
						r.add(r.path+"."+name.Name, v.Decl.Tok.String()+" "+name.Name, v.Doc+"\n"+own)
					}
				}
			}
		}
	}
}

func (r *reader) funcs(of string, all []*doc.Func) {
	for _, f := range all {
		var declared bytes.Buffer
		f.Decl.Body = nil
		if err := printer.Fprint(&declared, r.files, f.Decl); err != nil {
			declared.WriteString(fmt.Sprint("func ", f.Name))
		}
		r.add(r.path+"."+of+f.Name, declared.String(), f.Doc)
	}
}
