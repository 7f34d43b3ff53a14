package model

import "strings"

// vendor is a maker of models whose names can be told from others.
type vendor struct {
	kind    string // the kind of the provider that serves them
	setting string // what configures it, in the words of an error
	usual   string // the model that answers where only the vendor was named
	family  func(name string) bool
}

// elsewhere is the setting for vendors that have no driver of their own.
const elsewhere = "a provider with a base URL that serves it, under providers in the configuration file"

// vendors are those that model strings name by a family. A name that belongs
// to none of them is a name of somebody's own.
func vendors() []vendor {
	return []vendor{
		{"openai", "OPENAI_API_KEY (or OPENAI_BASE_URL for a compatible server)", "gpt-4o", isOpenAI},
		{"anthropic", "ANTHROPIC_API_KEY", "claude-sonnet-4-6", begins("claude-")},
		{"gemini", "GEMINI_API_KEY", "gemini-flash-latest", begins("gemini-")},
		{"ollama", "OLLAMA_HOST (or start Ollama on this machine)", "", func(string) bool { return false }},
		{"mistral", elsewhere, "", begins("mistral-")},
		{"deepseek", elsewhere, "", begins("deepseek-")},
		{"perplexity", elsewhere, "", begins("sonar")},
		{"meta", elsewhere, "", begins("llama-")},
	}
}

// vendorOf finds the vendor by a family of names.
func vendorOf(name string) (vendor, bool) {
	for _, v := range vendors() {
		if v.family(name) {
			return v, true
		}
	}
	return vendor{}, false
}

// vendorNamed finds the vendor by its own name.
func vendorNamed(kind string) (vendor, bool) {
	for _, v := range vendors() {
		if v.kind == kind {
			return v, true
		}
	}
	return vendor{}, false
}

func begins(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

// isOpenAI knows gpt-*, chatgpt-* and o1, o3-mini, … by their form. The models
// called gpt-oss are for others to serve.
func isOpenAI(name string) bool {
	if strings.HasPrefix(name, "gpt-oss") {
		return false
	}
	if strings.HasPrefix(name, "gpt-") || strings.HasPrefix(name, "chatgpt-") {
		return true
	}
	return len(name) >= 2 && name[0] == 'o' && name[1] >= '1' && name[1] <= '9' && (len(name) == 2 || name[2] == '-')
}

// vendorID turns a name that ChatBotKit made for a model into the vendor's id.
// The vendors' own names come back as they are. The configuration extends this
// table by its aliases.
func vendorID(name string) string {
	switch name {
	case "gpt-4-next":
		return "gpt-4-turbo"
	case "gpt-4-classic":
		return "gpt-4"
	case "gpt-3.5-classic":
		return "gpt-3.5-turbo"
	case "claude-3-opus", "claude-v3-opus":
		return "claude-3-opus-latest"
	case "claude-3-sonnet", "claude-v3-sonnet":
		return "claude-3-sonnet-20240229"
	case "claude-3-haiku", "claude-v3-haiku":
		return "claude-3-haiku-20240307"
	case "claude-3.5-sonnet", "claude-v3.5-sonnet":
		return "claude-3-5-sonnet-latest"
	case "claude-3.5-haiku":
		return "claude-3-5-haiku-latest"
	case "claude-3.7-sonnet":
		return "claude-3-7-sonnet-latest"
	case "claude-4-sonnet":
		return "claude-sonnet-4-0"
	case "claude-4-opus":
		return "claude-opus-4-0"
	}
	return claudeID(name)
}

// claudeID turns claude-4.5-sonnet into claude-sonnet-4-5: since version 4 the
// vendor writes the version behind the line. A table would need a row for each
// model to come.
func claudeID(name string) string {
	rest, isClaude := strings.CutPrefix(name, "claude-")
	version, line, found := strings.Cut(rest, "-")
	if !isClaude || !found || version == "" || strings.Trim(version, "0123456789.") != "" || version < "4" || strings.ContainsAny(line, "-.0123456789") {
		return name
	}
	return "claude-" + line + "-" + strings.ReplaceAll(version, ".", "-")
}

// unknownWindow is the prompt of a model of which nothing is known, in tokens:
// small enough for most local servers as they are started.
const unknownWindow = 32768

// limits of a model, in tokens; 0 = not known. Input and output together may
// be more than the context that they share.
type limits struct{ context, input, output int64 }

// limitsOf knows the families' limits. Where prompt and answer share a window,
// input leaves room for the answer that the vendor takes as agreed.
func limitsOf(name string) limits {
	name = name[strings.LastIndexByte(name, '/')+1:]
	for _, row := range []struct {
		prefix string
		limits limits
	}{ // the first prefix that fits counts
		{"gpt-3.5-turbo", limits{16385, 12289, 4096}},
		{"gpt-4o", limits{128000, 111616, 16384}},
		{"chatgpt-4o", limits{128000, 111616, 16384}},
		{"gpt-4.1", limits{1047576, 1014808, 32768}},
		{"gpt-4-turbo", limits{128000, 123904, 4096}},
		{"gpt-4", limits{8192, 6144, 4096}},
		{"gpt-5", limits{400000, 272000, 128000}},
		{"gpt-oss", limits{131072, 98304, 32768}},
		{"gpt-", limits{400000, 272000, 128000}},
		{"o1-mini", limits{128000, 64000, 65536}},
		{"o1", limits{200000, 100000, 100000}},
		{"o3", limits{200000, 100000, 100000}},
		{"o4", limits{200000, 100000, 100000}},
		{"claude-3-5", limits{200000, 191808, 8192}},
		{"claude-3-7", limits{200000, 168000, 64000}},
		{"claude-3", limits{200000, 195904, 4096}},
		{"claude-opus-4-1", limits{200000, 168000, 32000}},
		{"claude-opus-4-0", limits{200000, 168000, 32000}},
		{"claude-", limits{200000, 168000, 64000}},
		{"gemini-", limits{1048576, 983040, 65536}},
	} {
		if strings.HasPrefix(name, row.prefix) {
			return row.limits
		}
	}
	return limits{}
}

// familyOf is the word by which a name's family goes.
func familyOf(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if end := strings.IndexAny(name, "-:."); end > 0 {
		name = name[:end]
	}
	return name
}
