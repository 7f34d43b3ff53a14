package client_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// exported is what the package exports: types, functions, constants, and under
// "Type.Name" the methods and fields of types, promoted ones included. tags are
// the names of fields in JSON.
func exported(t *testing.T) (names map[string]bool, tags map[string]string, comment string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names, tags = map[string]bool{}, map[string]string{}
	embedded := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Doc != nil {
			comment += parsed.Doc.Text()
		}
		for _, d := range parsed.Decls {
			declared(d, names, tags, embedded)
		}
	}
	for outer, inners := range embedded {
		for _, inner := range inners {
			for name := range names {
				if _, member, ok := strings.Cut(name, "."); ok && strings.HasPrefix(name, inner+".") {
					names[outer+"."+member] = names[outer+"."+member] || names[name]
					if tag, field := tags[name]; field {
						tags[outer+"."+member] = tag
					}
				}
			}
		}
	}
	return names, tags, comment
}

// declared adds what a declaration exports.
func declared(d ast.Decl, names map[string]bool, tags map[string]string, embedded map[string][]string) {
	add := func(name string) {
		last := name[strings.LastIndex(name, ".")+1:]
		names[name] = names[name] || ast.IsExported(last)
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			add(d.Name.Name)
			return
		}
		add(typeName(d.Recv.List[0].Type) + "." + d.Name.Name)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range s.Names {
					add(name.Name)
				}
			case *ast.TypeSpec:
				add(s.Name.Name)
				if like, ok := s.Type.(*ast.Ident); ok {
					embedded[s.Name.Name] = append(embedded[s.Name.Name], like.Name) // its fields are the same
				}
				fields, ok := s.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						add(s.Name.Name + "." + name.Name)
						tags[s.Name.Name+"."+name.Name] = jsonName(f.Tag)
					}
					if len(f.Names) == 0 {
						embedded[s.Name.Name] = append(embedded[s.Name.Name], typeName(f.Type))
					}
				}
			}
		}
	}
}

// jsonName is what a field's tag calls it, or "".
func jsonName(tag *ast.BasicLit) string {
	if tag == nil {
		return ""
	}
	name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(tag.Value, "`")).Get("json"), ",")
	return name
}

// typeName is the name of a type that may be a pointer or have parameters.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// table reads the rows of the package's documentation: an original name, and its
// counterparts here.
func table(comment string) map[string][]string {
	rows := map[string][]string{}
	_, comment, _ = strings.Cut(comment, "\n# Names\n")
	for row := range strings.Lines(comment) {
		text, indented := strings.CutPrefix(row, "\t")
		name, counterparts, ok := strings.Cut(strings.TrimSpace(text), "  ")
		if !indented || !ok {
			continue
		}
		for counterpart := range strings.SplitSeq(counterparts, ",") {
			rows[name] = append(rows[name], strings.TrimSpace(counterpart))
		}
	}
	return rows
}

// published reads the names of the published documents.
func published(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "names.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(text)) {
		if name = strings.TrimSpace(name); name != "" && !strings.HasPrefix(name, "#") {
			names = append(names, name)
		}
	}
	return names
}

func TestEveryPublishedNameHasItsCounterpart(t *testing.T) {
	t.Parallel()
	names, tags, comment := exported(t)
	rows := table(comment)
	list := published(t)
	if len(list) < 214 { // more can come, none can go
		t.Fatalf("the list has %d names", len(list))
	}
	for _, name := range list {
		if len(rows[name]) == 0 {
			t.Errorf("%s is not in the table of the package's documentation", name)
		}
	}
	for name, counterparts := range rows {
		for _, counterpart := range counterparts {
			if !names[counterpart] {
				t.Errorf("%s is said to be %q, which is not there", name, counterpart)
			}
			if tag := tags[counterpart]; tag != "" && tag != name[strings.LastIndex(name, ".")+1:] {
				t.Errorf("%s is said to be %q, which is %q on the wire", name, counterpart, tag)
			}
		}
	}
}

// The table of the server names its operations as the published API does.
func TestEveryOperationOfTheServerIsInTheTable(t *testing.T) {
	t.Parallel()
	_, _, comment := exported(t)
	rows := table(comment)
	operations := 0
	find := func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 4 {
			return true
		}
		if name, ok := call.Args[0].(*ast.BasicLit); ok && name.Kind == token.STRING {
			operations++
			if len(rows[strings.Trim(name.Value, `"`)]) == 0 {
				t.Errorf("the operation %s has no method", name.Value)
			}
		}
		return true
	}
	for _, file := range []string{"operations.go", "configured.go", "knowledge.go", "contacts.go", "memories.go", "usage.go", "compaction.go", "attachments.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "internal", "wire", "chatbotkit", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, find)
	}
	if operations < 119 {
		t.Errorf("only %d operations were found", operations)
	}
}

func TestEveryOperationHasAnExample(t *testing.T) {
	t.Parallel()
	checked := map[string]bool{}
	files, err := filepath.Glob("example*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range doc.Examples(parsed) {
			checked[example.Name] = example.Output != ""
		}
	}
	names, tags, _ := exported(t)
	for name := range names {
		service, method, ok := strings.Cut(name, ".")
		if _, field := tags[name]; field || !ok || !strings.HasSuffix(service, "Service") {
			continue
		}
		if names[name] && !checked[service+"_"+method] {
			t.Errorf("there is no Example%s_%s with a checked output", service, method)
		}
	}
}
