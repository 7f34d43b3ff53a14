package live_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exported is what the package exports: types and functions, and under
// "Type.Name" the methods and fields of types. comment is its documentation.
func exported(t *testing.T) (names map[string]bool, comment string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names = map[string]bool{}
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
			for _, name := range declared(d) {
				if ast.IsExported(name[strings.LastIndex(name, ".")+1:]) {
					names[name] = true
				}
			}
		}
	}
	return names, comment
}

// declared is what a declaration names.
func declared(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		receiver := d.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		if of, ok := receiver.(*ast.Ident); ok {
			return []string{of.Name + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			names = append(names, s.Name.Name)
			if fields, ok := s.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						names = append(names, s.Name.Name+"."+name.Name)
					}
				}
			}
		}
	}
	return names
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

func TestEveryPublishedNameHasItsCounterpart(t *testing.T) {
	t.Parallel()
	names, comment := exported(t)
	rows := table(comment)
	text, err := os.ReadFile(filepath.Join("testdata", "names.txt"))
	if err != nil {
		t.Fatal(err)
	}
	published := map[string]bool{}
	for name := range strings.Lines(string(text)) {
		if name = strings.TrimSpace(name); name != "" && !strings.HasPrefix(name, "#") {
			published[name] = true
		}
	}
	if len(published) < 140 { // more can come, none can go
		t.Errorf("the list has %d names", len(published))
	}
	for name := range published {
		if len(rows[name]) == 0 {
			t.Errorf("%s is not in the table of the package's documentation", name)
		}
	}
	for name, counterparts := range rows {
		if !published[name] {
			t.Errorf("%s is in the table, and in no published document", name)
		}
		for _, counterpart := range counterparts {
			if !names[counterpart] {
				t.Errorf("%s is said to be %q, which is not there", name, counterpart)
			}
		}
	}
}

// What a conversation, a session and what belongs to it can do is in the table,
// unless it is this package's own.
func TestEveryMethodIsInTheTable(t *testing.T) {
	t.Parallel()
	names, comment := exported(t)
	known := map[string]bool{}
	for _, counterparts := range table(comment) {
		for _, counterpart := range counterparts {
			known[counterpart] = true
		}
	}
	own := map[string]bool{
		"Run": true, "Events": true, "Seq": true, "OnMetaEvent": true, "Session": true, "Exchange": true, "Message": true, "StartEvent": true,
		"Text": true, "ToolName": true, "RequiresConfirmation": true, "OnErrorEnd": true, "OnCompleted": true, "ID": true,
	}
	for name := range names {
		of, method, ok := strings.Cut(name, ".")
		if !ok || of != "Conversation" && !strings.HasSuffix(of, "Stream") {
			continue
		}
		if !own[method] && !known[name] && !fieldOfNoDocument(name) {
			t.Errorf("%s is not in the table", name)
		}
	}
}

// fieldOfNoDocument reports whether a field of a conversation is on the wire and
// in no published document.
func fieldOfNoDocument(name string) bool {
	switch name {
	case "Conversation.FolderKey", "Conversation.AgentKey", "Conversation.AgentInput":
		return true
	}
	return false
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
	names, _ := exported(t)
	for name := range names {
		service, method, ok := strings.Cut(name, ".")
		if ok && strings.HasSuffix(service, "Service") && !checked[service+"_"+method] {
			t.Errorf("there is no Example%s_%s with a checked output", service, method)
		}
	}
}
