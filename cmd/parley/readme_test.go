package main

import (
	"os"
	"strings"
	"testing"
)

// answering are the commands of the README by which a bot answers from a folder of
// Markdown, without a network. They are run as they are printed there.
const answering = "parley serve                     # unless it runs\n" +
	"parley dataset add manual docs/\n" +
	"parley chat --dataset manual \"How do I restore a backup?\"\n"

func TestABotAnswersFromAFolderInThreeCommands(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```sh\n"+answering+"```\n") {
		t.Errorf("the README fills a dataset in another way than is tested here:\n%s", answering)
	}
	var env []string
	var said, sources string
	for line := range strings.Lines(answering) {
		command, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "parley "), "  #")
		if strings.TrimSpace(command) == "serve" {
			_, env = serve(t)
			continue
		}
		said, sources = run(t, exitFine, env, words(strings.Replace(command, " docs/", " ../../docs/", 1))...)
	}
	for _, want := range []string{"I am no language model, and only quote", "[1]", "restore"} {
		if !strings.Contains(said, want) {
			t.Errorf("the answer %q lacks %q", said, want)
		}
	}
	if !strings.Contains(sources, "[1] ") || !strings.Contains(sources, "operations.md") {
		t.Errorf("its sources are %q, and not that of the page about operations", sources)
	}
}

// words takes a command line apart, as a shell does with quotes.
func words(line string) (list []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}
