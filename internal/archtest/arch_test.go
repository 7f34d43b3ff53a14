package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/parleyhq/parley/"

// layer says which of our packages some packages may import, and why no others.
// Patterns are those of path.Match, relative to the module.
type layer struct {
	packages []string
	may      []string
	stdlib   bool // imports nothing from elsewhere
	why      string
}

// layers go from the bottom up. The first one that names a package counts.
func layers() []layer {
	return []layer{
		{
			packages: []string{"client"}, stdlib: true,
			why: "programs of other people import the client; it brings them nothing of the server and no dependency",
		}, {
			packages: []string{"client/live"}, may: []string{"client"},
			why: "programs of other people import it for sessions; it brings them nothing of the server, and one library for WebSockets",
		}, {
			packages: []string{"internal/convo"}, stdlib: true,
			why: "convo is the bottom: the domain knows no wire format, no database and no library",
		}, {
			packages: []string{"internal/store", "internal/model", "internal/tool", "internal/transcribe", "internal/speak", "internal/moderate", "internal/retrieve", "internal/embed"}, may: []string{"internal/convo"}, stdlib: true,
			why: "a port speaks of the domain only, so that every driver can implement it",
		}, {
			packages: []string{"internal/hub"}, may: []string{"internal/convo"}, stdlib: true,
			why: "the hub hands events on; what they mean is not its business",
		}, {
			packages: []string{"internal/archive"}, may: []string{"internal/convo"}, stdlib: true,
			why: "a file format knows the domain and neither who writes it nor where it goes",
		}, {
			packages: []string{"internal/seal", "internal/config"},
			why:      "it knows nothing of conversations",
		}, {
			packages: []string{"internal/schema"}, may: []string{"internal/convo"},
			why: "it knows the domain's errors, and nothing of who calls what",
		}, {
			packages: []string{"docs"}, stdlib: true,
			why: "pages are texts",
		}, {
			packages: []string{"internal/openapi"}, stdlib: true,
			why: "it knows the formats of descriptions, and nothing of what is described",
		}, {
			packages: []string{"internal/httpio", "internal/console", "internal/ratelimit"}, may: []string{"internal/convo", "internal/openapi"},
			why: "plumbing knows the domain's errors and no use case",
		}, {
			packages: []string{"internal/engineio"},
			why:      "it carries messages, and knows nothing of what is in them",
		}, {
			packages: []string{"internal/socketio"}, may: []string{"internal/engineio"},
			why: "a protocol layer knows the one below it, and nothing of what events mean",
		}, {
			packages: []string{"internal/outbound"}, may: []string{"internal/convo"}, stdlib: true,
			why: "a guard is small and knows the domain's errors only, so that it can be read in one go",
		}, {
			packages: []string{"internal/store/record", "internal/store/replay"}, may: []string{"internal/convo"},
			why: "the stored form and the replay of a log are every driver's, and speak of the domain only",
		}, {
			packages: []string{"internal/store/audit"},
			may:      []string{"internal/convo", "internal/store", "internal/store/replay"},
			why:      "an audit reads through the port, so that every driver has it",
		}, {
			packages: []string{"internal/store/sqlite", "internal/store/memory", "internal/store/storetest"},
			may: []string{
				"internal/convo", "internal/store", "internal/store/record", "internal/store/replay", "internal/store/audit",
			},
			why: "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/model/modeltest", "internal/model/modeltest/*"},
			may:      []string{"internal/convo", "internal/model", "internal/model/modeltest/*"},
			why:      "a conformance suite knows its port, and no driver of it",
		}, {
			packages: []string{"internal/model/*"},
			may:      []string{"internal/convo", "internal/model", "internal/model/remote"},
			why:      "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/upstream"}, may: []string{"internal/convo"}, stdlib: true,
			why: "how services are asked is every driver's, and knows none",
		}, {
			packages: []string{"internal/moderate/openai"}, may: []string{"internal/convo", "internal/moderate", "internal/upstream"}, stdlib: true,
			why: "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/transcribe/openai"}, may: []string{"internal/convo", "internal/transcribe", "internal/upstream"}, stdlib: true,
			why: "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/speak/openai"}, may: []string{"internal/convo", "internal/speak", "internal/upstream"}, stdlib: true,
			why: "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/embed/*"}, may: []string{"internal/convo", "internal/embed", "internal/upstream"}, stdlib: true,
			why: "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/retrieve/*"}, may: []string{"internal/convo", "internal/retrieve", "internal/retrieve/retrievetest", "internal/store"},
			why: "an index is made of what the store keeps, and knows the ports only",
		}, {
			packages: []string{"internal/document", "internal/privacy"}, may: []string{"internal/convo"},
			why: "it reads texts, and knows nothing of who needs them",
		}, {
			packages: []string{"internal/tool/tooltest"}, may: []string{"internal/convo", "internal/tool"},
			why: "a conformance suite knows its port, and no driver of it",
		}, {
			packages: []string{"internal/tool/request"}, may: []string{"internal/convo", "internal/tool"},
			why: "how requests are filled in and answers are told is every driver's, and knows none",
		}, {
			packages: []string{"internal/tool/ability", "internal/tool/configured", "internal/tool/mcp"},
			may:      []string{"internal/convo", "internal/tool", "internal/tool/request", "internal/outbound", "internal/schema"},
			why:      "a driver knows its port, the domain and how other servers are reached, never another driver",
		}, {
			packages: []string{"internal/auth"}, may: []string{"internal/convo", "internal/store"},
			why: "auth knows tokens and the port that keeps them",
		}, {
			packages: []string{"internal/auth/openid"}, may: []string{"internal/convo", "internal/auth"},
			why: "a driver knows its port and the domain, never another driver",
		}, {
			packages: []string{"internal/identity"},
			may:      []string{"internal/convo", "internal/store", "internal/auth", "internal/httpio", "internal/ratelimit"},
			why:      "an identity provider signs people in, and knows nothing of what they do then",
		}, {
			packages: []string{"internal/engine"},
			may:      []string{"internal/convo", "internal/store", "internal/store/record", "internal/model", "internal/tool", "internal/transcribe", "internal/speak", "internal/moderate", "internal/retrieve", "internal/embed", "internal/document", "internal/privacy", "internal/schema", "internal/hub"},
			why:      "the engine knows ports, and the stored form of events; drivers are chosen in app, dialects belong to fronts",
		}, {
			packages: []string{"internal/pull"}, may: []string{"client", "internal/convo", "internal/archive"},
			why: "it is a caller of somebody else's server, and knows nothing of ours",
		}, {
			packages: []string{"internal/transfer"},
			may:      []string{"internal/convo", "internal/store", "internal/store/replay", "internal/archive", "internal/seal", "internal/engine"},
			why:      "use cases know ports and the archive's format; drivers are chosen in app",
		}, {
			packages: []string{"internal/wire/*"},
			may:      []string{"internal/convo", "internal/store", "internal/model", "internal/engine", "internal/httpio", "internal/ratelimit", "internal/openapi", "internal/engineio", "internal/socketio"},
			why:      "a front decodes, calls the engine and renders; it knows neither drivers nor another front",
		}, {
			packages: []string{"internal/telemetry"},
			may:      []string{"internal/convo", "internal/store", "internal/model", "internal/hub", "internal/engine", "internal/httpio", "internal/ratelimit"},
			why:      "telemetry observes through the ports; it knows neither drivers nor fronts, and nobody but app knows it",
		}, {
			packages: []string{"internal/app"},
			may: []string{
				"internal/store/audit",
				"internal/convo", "internal/store", "internal/store/sqlite", "internal/tool", "internal/model", "internal/model/openai",
				"internal/model/gemini", "internal/model/ollama",
				"internal/model/anthropic", "internal/model/quote", "internal/hub", "internal/seal", "internal/config",
				"internal/httpio", "internal/console", "internal/ratelimit", "internal/auth", "internal/auth/openid", "internal/identity", "internal/engine", "internal/telemetry", "internal/transfer",
				"internal/outbound", "internal/tool/ability", "internal/tool/configured", "internal/tool/mcp", "internal/moderate", "internal/moderate/openai", "internal/transcribe", "internal/transcribe/openai", "internal/speak", "internal/speak/openai", "internal/embed", "internal/embed/remote", "internal/retrieve", "internal/retrieve/fulltext", "internal/retrieve/vector", "internal/document", "internal/wire/*",
			},
			why: "app is the composition root; test kits do not belong into a server",
		}, {
			packages: []string{"internal/bench"}, may: []string{"internal/*", "internal/*/*"},
			why: "bench measures every part beside the whole; nothing but its command may need it",
		}, {
			packages: []string{"cmd/parley"},
			may:      []string{"client", "docs", "internal/app", "internal/bench", "internal/config", "internal/console", "internal/convo", "internal/pull"},
			why:      "the command line parses, calls app and prints; it does not wire",
		}, {
			packages: []string{"test/*", "test/*/*", "internal/archtest"}, may: []string{"client", "client/live", "internal/*/*/*", "internal/*/*", "internal/*", "test/*"},
			why: "tests may import what they test",
		},
	}
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Doc        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out := run(t, "go", "list", "-e", "-json=ImportPath,Doc,GoFiles,Imports", "./...")
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// run runs a command in the root of the module.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

func TestImportsGoDownward(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if len(all) < 5 {
		t.Fatalf("go list names %d packages", len(all))
	}
	for _, p := range all {
		for _, wrong := range violations(p) {
			t.Error(wrong)
		}
	}
}

// violations says what is wrong with the imports of a package.
func violations(p listed) []string {
	own := strings.TrimPrefix(p.ImportPath, module)
	for _, l := range layers() {
		if !matches(l.packages, own) {
			continue
		}
		var wrong []string
		for _, imported := range p.Imports {
			inner, ours := strings.CutPrefix(imported, module)
			switch {
			case ours && !matches(l.may, inner):
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", own, inner, l.why))
			case !ours && l.stdlib && isModule(imported):
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s; the standard library is enough here", own, imported, l.why))
			}
		}
		return wrong
	}
	return []string{own + " is in no layer: decide where it belongs, in layers"}
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// isModule reports whether an import is none of the standard library.
func isModule(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// The check itself must be able to fail.
func TestWrongImportsAreFound(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]listed{
		"the domain uses a library": {ImportPath: module + "internal/convo", Imports: []string{"github.com/google/uuid"}},
		"the domain uses a port":    {ImportPath: module + "internal/convo", Imports: []string{module + "internal/store"}},
		"a driver uses a driver":    {ImportPath: module + "internal/store/sqlite", Imports: []string{module + "internal/store/memory"}},
		"a model uses a model":      {ImportPath: module + "internal/model/openai", Imports: []string{module + "internal/model/anthropic"}},
		"a front uses a front":      {ImportPath: module + "internal/wire/chatbotkit", Imports: []string{module + "internal/wire/uipath"}},
		"the engine uses a driver":  {ImportPath: module + "internal/engine", Imports: []string{module + "internal/store/sqlite"}},
		"a command uses a driver":   {ImportPath: module + "cmd/parley", Imports: []string{module + "internal/store/sqlite"}},
		"app uses a test kit":       {ImportPath: module + "internal/app", Imports: []string{module + "internal/model/scripted"}},
		"the client uses a library": {ImportPath: module + "client", Imports: []string{"github.com/google/uuid"}},
		"the client uses a server":  {ImportPath: module + "client", Imports: []string{module + "internal/convo"}},
		"a package has no layer":    {ImportPath: module + "internal/util"},
	} {
		if len(violations(p)) != 1 {
			t.Errorf("%s: %v", name, violations(p))
		}
	}
	fine := listed{ImportPath: module + "internal/engine", Imports: []string{"context", "github.com/google/uuid", module + "internal/convo"}}
	if wrong := violations(fine); len(wrong) != 0 {
		t.Errorf("a good package fails: %v", wrong)
	}
}

// The tree of the design is where newcomers look for a package.
func TestTheDesignNamesEveryPackage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n## 5. Layout and direction\n```\n")
	tree, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/design.md has no tree")
	}
	for _, p := range packages(t) {
		own := strings.TrimPrefix(p.ImportPath, module)
		if name := path.Base(own) + "/"; !strings.Contains(tree, name) {
			t.Errorf("docs/design.md says nothing of %s", own)
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		switch path.Base(p.ImportPath) {
		case "util", "utils", "common", "helpers", "types", "manager", "misc":
			t.Errorf("%s: the name says nothing about what is in it", p.ImportPath)
		}
	}
}
